"""What comes out: the numbers of trades, of sums of trades, and how they vary together."""
