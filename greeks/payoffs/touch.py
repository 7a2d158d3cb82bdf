"""Cash paid if a price is ever, or never, seen beyond a level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from greeks.expressions.functions import Scalar
from greeks.fields import choice, date_grid, positive, real
from greeks.payoffs.barrier import reached
from greeks.payoffs.base import Exits, Payoff, Stats


@dataclass(frozen=True)
class OneTouch(Payoff):
    """`cash` if the price reaches the barrier: S >= B (up) or S <= B (down), at any time or on some date.

    Parameters
    ----------
    barrier : B, in the currency of the spot.
    maturity : T > 0, years.
    dates : None for continuous monitoring, a count n (t_i = i T / n) or increasing year fractions.
    direction : "up" or "down".
    cash : amount paid.
    pays : "hit", when the barrier is reached, or "expiry", at maturity.
    """

    barrier: Scalar = positive()
    maturity: Scalar = positive()
    dates: int | Sequence[float] | None = date_grid(default=None, optional=True)
    direction: str = choice("up", "down", default="up")
    cash: Scalar = real(default=1.0)
    pays: str = choice("hit", "expiry", default="hit")

    def exits(self, stats: Stats, t: Scalar, x: Stats) -> Exits:
        return ((reached(self.direction, x[0], self.barrier), self.cash if self.pays == "hit" else 0.0),)

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return 0.0

    def settle_after_exit(self, stats: Stats, x: Stats) -> Scalar:
        return self.cash if self.pays == "expiry" else 0.0


@dataclass(frozen=True)
class NoTouch(Payoff):
    """`cash` at maturity unless the price reaches the barrier: S >= B (up) or S <= B (down).

    Parameters
    ----------
    barrier : B, in the currency of the spot.
    maturity : T > 0, years.
    dates : None for continuous monitoring, a count n (t_i = i T / n) or increasing year fractions.
    direction : "up" or "down".
    cash : amount paid.
    """

    barrier: Scalar = positive()
    maturity: Scalar = positive()
    dates: int | Sequence[float] | None = date_grid(default=None, optional=True)
    direction: str = choice("up", "down", default="up")
    cash: Scalar = real(default=1.0)

    def exits(self, stats: Stats, t: Scalar, x: Stats) -> Exits:
        return ((reached(self.direction, x[0], self.barrier), 0.0),)

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return self.cash
