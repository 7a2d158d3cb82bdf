"""Geometric Brownian motion."""

from __future__ import annotations

from dataclasses import dataclass

from greeks.expressions.functions import Scalar, exp
from greeks.fields import non_negative, positive, real
from greeks.models.base import Model, State


@dataclass(frozen=True)
class BlackScholes(Model):
    """dS = (r - q) S dt + sigma S dW.

    Parameters
    ----------
    spot : price of the underlying now, > 0.
    rate : r, continuously compounded, per year.
    volatility : sigma >= 0, per square root of a year.
    dividend : q, continuous yield (or foreign rate), per year.

    Examples
    --------
    >>> BlackScholes(spot=100.0, rate=0.05, volatility=0.2).dividend
    0.0

    References
    ----------
    Black and Scholes (1973), "The pricing of options and corporate liabilities"; Merton (1973) for the yield.
    """

    spot: Scalar = positive()
    rate: Scalar = real()
    volatility: Scalar = non_negative()
    dividend: Scalar = real(default=0.0)
    state = ("spot",)

    def drift(self, t: Scalar, x: State) -> State:
        return ((self.rate - self.dividend) * x[0],)

    def diffusion(self, t: Scalar, x: State) -> tuple[State, ...]:
        return ((self.volatility * x[0],),)

    def discount(self, t: Scalar) -> Scalar:
        return exp(-self.rate * t)
