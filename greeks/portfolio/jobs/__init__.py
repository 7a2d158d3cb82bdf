"""Who does what, where, and what is done already: jobs, benches, ledgers."""
