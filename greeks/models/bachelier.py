"""Normal (Bachelier) dynamics of the spot with carry."""

from __future__ import annotations

from dataclasses import dataclass

from greeks.expressions.functions import Scalar, exp, exprel, sqrt
from greeks.fields import non_negative, real
from greeks.models.base import Model, State


@dataclass(frozen=True)
class Bachelier(Model):
    """dS = (r - q) S dt + sigma dW, a Gaussian spot.

    Parameters
    ----------
    spot : price of the underlying now, any sign.
    rate : r, continuously compounded, per year.
    volatility : sigma >= 0, in units of the price per square root of a year.
    dividend : q, continuous yield, per year.

    Examples
    --------
    >>> Bachelier(spot=100.0, rate=0.02, volatility=15.0).state
    ('spot',)

    References
    ----------
    Bachelier (1900), "Theorie de la speculation".
    """

    spot: Scalar = real()
    rate: Scalar = real()
    volatility: Scalar = non_negative(hint="give the volatility in price units per square root of a year")
    dividend: Scalar = real(default=0.0)
    state = ("spot",)

    def drift(self, t: Scalar, x: State) -> State:
        return ((self.rate - self.dividend) * x[0],)

    def diffusion(self, t: Scalar, x: State) -> tuple[State, ...]:
        return ((self.volatility,),)

    def discount(self, t: Scalar) -> Scalar:
        return exp(-self.rate * t)

    def transition(self, t: Scalar, dt: Scalar, x: State, z: State) -> State:
        carry = (self.rate - self.dividend) * dt
        deviation = self.volatility * sqrt(dt * exprel(2.0 * carry))
        return (x[0] * exp(carry) + deviation * z[0],)
