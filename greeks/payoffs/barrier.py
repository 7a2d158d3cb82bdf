"""Knock-out and knock-in options monitored on dates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from greeks.expressions.functions import Scalar, maximum
from greeks.fields import choice, date_grid, flag, positive, real
from greeks.payoffs.base import Exits, Payoff, Stats


@dataclass(frozen=True)
class BarrierOption(Payoff):
    """A call or put that dies (out) or comes alive (in) when the price on some date has reached the barrier.

    Down: S(t_i) <= B; up: S(t_i) >= B. An out option pays the rebate on the date it is hit, an in option pays it at
    maturity if it was never hit.

    Parameters
    ----------
    strike : K, in the currency of the spot.
    barrier : B, in the currency of the spot.
    maturity : T > 0, years.
    dates : count n (t_i = i T / n) or increasing year fractions; None means continuous monitoring.
    direction : "down" or "up".
    knock : "out" or "in".
    call : True for a call, False for a put.
    rebate : amount paid on a hit (out) or at maturity (in).
    """

    strike: Scalar = real()
    barrier: Scalar = positive()
    maturity: Scalar = positive()
    dates: int | Sequence[float] | None = date_grid(optional=True)
    direction: str = choice("down", "up", default="down")
    knock: str = choice("out", "in", default="out")
    call: bool = flag(default=True)
    rebate: Scalar = real(default=0.0)
    off_when_zero = ("rebate",)

    def exits(self, stats: Stats, t: Scalar, x: Stats) -> Exits:
        reached = x[0] <= self.barrier if self.direction == "down" else x[0] >= self.barrier
        return ((reached, self.rebate if self.knock == "out" else 0.0),)

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return self._vanilla(x) if self.knock == "out" else self.rebate

    def settle_after_exit(self, stats: Stats, x: Stats) -> Scalar:
        return 0.0 if self.knock == "out" else self._vanilla(x)

    def _vanilla(self, x: Stats) -> Scalar:
        return maximum(x[0] - self.strike if self.call else self.strike - x[0], 0.0)
