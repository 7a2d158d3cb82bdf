"""Estimators: transformations of the pricing fold into folds whose mean is a Greek. One a file."""

from greeks.estimators.base import Estimator
from greeks.estimators.blend import Blend
from greeks.estimators.conditional import Conditional
from greeks.estimators.finite_difference import FiniteDifference
from greeks.estimators.likelihood_ratio import LikelihoodRatio
from greeks.estimators.malliavin import Malliavin
from greeks.estimators.mixed import Mixed
from greeks.estimators.pathwise import Pathwise
from greeks.estimators.smoothed import Smoothed
from greeks.estimators.vibrato import Vibrato

__all__ = [
    "Blend",
    "Conditional",
    "Estimator",
    "FiniteDifference",
    "LikelihoodRatio",
    "Malliavin",
    "Mixed",
    "Pathwise",
    "Smoothed",
    "Vibrato",
]
