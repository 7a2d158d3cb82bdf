"""Noise before a jump integrated out. One concept a file."""

from greeks.estimators.conditional.estimator import Conditional
from greeks.estimators.conditional.expected import Expected

__all__ = ["Conditional", "Expected"]
