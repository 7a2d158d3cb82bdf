"""Noise before a jump integrated out. One concept a file."""

from greeks.estimators.conditional.estimator import Conditional

__all__ = ["Conditional"]
