"""Monte Carlo prices and Greeks."""
