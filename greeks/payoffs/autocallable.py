"""Notes that redeem early once the price is high enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from greeks.expressions.functions import Scalar, where
from greeks.fields import date_grid, positive, real
from greeks.payoffs.base import Exits, Payoff, Stats


@dataclass(frozen=True)
class Autocallable(Payoff):
    """On date k the note pays notional (1 + k coupon) and ends if S(t_k) >= trigger.

    If it never does, it pays at maturity the notional if S_T >= protection, else notional S_T / reference.

    Parameters
    ----------
    trigger : level of the price that redeems the note.
    coupon : paid for every date passed, as a fraction of the notional.
    protection : level of the price below which capital is lost.
    reference : price at which capital is whole, usually that on the day of issue.
    maturity : T > 0, years.
    dates : count n (t_i = i T / n) or increasing year fractions.
    notional : amount invested.
    """

    trigger: Scalar = positive()
    coupon: Scalar = real()
    protection: Scalar = positive()
    reference: Scalar = positive()
    maturity: Scalar = positive()
    dates: int | Sequence[float] = date_grid()
    notional: Scalar = real(default=1.0)

    def start(self) -> Stats:
        return (0.0,)

    def observe(self, stats: Stats, t: Scalar, x: Stats) -> Stats:
        return (stats[0] + 1.0,)

    def exits(self, stats: Stats, t: Scalar, x: Stats) -> Exits:
        return ((x[0] >= self.trigger, self.notional * (1.0 + (stats[0] + 1.0) * self.coupon)),)

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return self.notional * where(x[0] >= self.protection, 1.0, x[0] / self.reference)
