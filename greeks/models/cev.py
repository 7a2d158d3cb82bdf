"""Constant elasticity of variance."""

from __future__ import annotations

from dataclasses import dataclass

from greeks.expressions.functions import Scalar, exp
from greeks.fields import between, non_negative, positive, real
from greeks.models.base import Model, State


@dataclass(frozen=True)
class CEV(Model):
    """dS = (r - q) S dt + sigma S^beta dW, absorbed at 0.

    Parameters
    ----------
    spot : price of the underlying now, > 0.
    rate : r, continuously compounded, per year.
    sigma : scale of the local volatility, >= 0; the volatility at S is sigma S^(beta - 1).
    beta : elasticity, in (0, 1]; 1 is Black-Scholes.
    dividend : q, continuous yield, per year.

    Examples
    --------
    >>> CEV(spot=100.0, rate=0.05, sigma=2.0, beta=0.5).words["vega"]
    'sigma'

    References
    ----------
    Cox (1975), "Notes on option pricing I: constant elasticity of variance diffusions".
    """

    spot: Scalar = positive()
    rate: Scalar = real()
    sigma: Scalar = non_negative()
    beta: Scalar = between(0.0, 1.0, hint="beta above 1 is not a martingale model and is not offered")
    dividend: Scalar = real(default=0.0)
    state = ("spot",)
    nonnegative = ("spot",)
    words = {"vega": "sigma"}  # noqa: RUF012

    def drift(self, t: Scalar, x: State) -> State:
        return ((self.rate - self.dividend) * x[0],)

    def diffusion(self, t: Scalar, x: State) -> tuple[State, ...]:
        return ((self.sigma * x[0] ** self.beta,),)

    def discount(self, t: Scalar) -> Scalar:
        return exp(-self.rate * t)
