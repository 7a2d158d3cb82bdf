"""From rows to trades: what a table, a file or a market holds, and what is wrong with it."""
