"""Stochastic volatility with a square-root variance."""

from __future__ import annotations

from dataclasses import dataclass

from greeks.expressions.functions import Scalar, exp, sqrt
from greeks.fields import between, non_negative, positive, real
from greeks.models.base import Model, State


@dataclass(frozen=True)
class Heston(Model):
    """dS = (r - q) S dt + sqrt(v) S dW_S, dv = kappa (theta - v) dt + xi sqrt(v) dW_v, d<W_S, W_v> = rho dt.

    Parameters
    ----------
    spot : price of the underlying now, > 0.
    rate : r, continuously compounded, per year.
    variance : v(0) >= 0, per year.
    kappa : speed of mean reversion, >= 0, per year.
    theta : long-run variance, >= 0, per year.
    xi : volatility of variance, >= 0, per square root of a year.
    rho : correlation in [-1, 1].
    dividend : q, continuous yield, per year.

    `"theta"` and `"rho"` as Greeks are time decay and d/drate; the parameters of those names are meant by
    `"d_theta"` and `"d_rho"`.

    Examples
    --------
    >>> Heston(100.0, 0.03, 0.04, kappa=2.0, theta=0.04, xi=0.3, rho=-0.7).state
    ('spot', 'variance')

    References
    ----------
    Heston (1993), "A closed-form solution for options with stochastic volatility".
    """

    spot: Scalar = positive()
    rate: Scalar = real()
    variance: Scalar = non_negative()
    kappa: Scalar = non_negative()
    theta: Scalar = non_negative()
    xi: Scalar = non_negative()
    rho: Scalar = between(-1.0, 1.0)
    dividend: Scalar = real(default=0.0)
    state = ("spot", "variance")
    nonnegative = ("variance",)

    def drift(self, t: Scalar, x: State) -> State:
        return ((self.rate - self.dividend) * x[0], self.kappa * (self.theta - x[1]))

    def diffusion(self, t: Scalar, x: State) -> tuple[State, ...]:
        volatility = sqrt(x[1])
        own = sqrt(1.0 - self.rho * self.rho)
        return (
            (self.rho * volatility * x[0], own * volatility * x[0]),
            (self.xi * volatility, 0.0),
        )

    def discount(self, t: Scalar) -> Scalar:
        return exp(-self.rate * t)
