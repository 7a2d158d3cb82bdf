"""Several correlated geometric Brownian motions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from greeks.expressions.functions import Scalar, exp
from greeks.fields import correlation_matrix, non_negative_vector, positive_vector, real, vector
from greeks.models.base import Model, State


@dataclass(frozen=True)
class MultiBlackScholes(Model):
    """dS_i = (r - q_i) S_i dt + sigma_i S_i dW_i, d<W_i, W_j> = rho_ij dt.

    Parameters
    ----------
    spots : n prices now, > 0.
    rate : r, continuously compounded, per year.
    volatilities : n volatilities >= 0, per square root of a year.
    correlation : n x n matrix, symmetric, unit diagonal, positive definite.
    dividends : n continuous yields, per year.

    Greeks are per asset: `"delta[0]"`, `"vega[2]"`, `"gamma[0,1]"`; plain `"delta"` means all of them.

    Examples
    --------
    >>> MultiBlackScholes((100.0, 90.0), 0.05, (0.2, 0.3), ((1.0, 0.5), (0.5, 1.0)), (0.0, 0.0)).correlation_of
    'correlation'
    """

    spots: Any = positive_vector()
    rate: Scalar = real()
    volatilities: Any = non_negative_vector(length_of="spots")
    correlation: Any = correlation_matrix(length_of="spots")
    dividends: Any = vector(length_of="spots")
    state = ("spots",)
    correlation_of = "correlation"

    def drift(self, t: Scalar, x: State) -> State:
        return ((self.rate - self.dividends) * x[0],)

    def diffusion(self, t: Scalar, x: State) -> tuple[State, ...]:
        return ((self.volatilities * x[0],),)

    def discount(self, t: Scalar) -> Scalar:
        return exp(-self.rate * t)
