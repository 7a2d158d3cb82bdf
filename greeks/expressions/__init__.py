"""Symbolic expressions: tracing, derivatives, regularity, emission of source. Standard library only."""
