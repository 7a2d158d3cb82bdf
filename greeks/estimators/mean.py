"""The plain estimate of the price itself."""

from __future__ import annotations

from dataclasses import dataclass

from greeks.errors import UnsupportedError
from greeks.estimators.base import Estimator
from greeks.estimators.direction import Direction
from greeks.expressions.fold import Fold


@dataclass(frozen=True)
class Mean(Estimator):
    """V = E[f(X)], the mean of the discounted cash flows: a derivative of order 0."""

    name = "mean"

    def apply(self, fold: Fold, directions: tuple[Direction, ...]) -> Fold:
        if directions:
            raise UnsupportedError("mean: estimates the price, not a derivative")
        return fold
