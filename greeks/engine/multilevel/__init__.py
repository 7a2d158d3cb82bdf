"""Multilevel Monte Carlo: levels, how many samples each gets, and what bias the finest leaves."""
