"""Contracts of other libraries as ours."""
