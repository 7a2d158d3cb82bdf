"""Jumps replaced by steep but smooth steps: biased, by request only."""

from greeks.estimators.smoothed.estimator import Smoothed

__all__ = ["Smoothed"]
