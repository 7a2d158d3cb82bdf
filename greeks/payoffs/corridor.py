"""Amounts paid for a price between two levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from greeks.expressions.functions import Scalar, where
from greeks.fields import date_grid, positive, real
from greeks.payoffs.base import Payoff, Stats


@dataclass(frozen=True)
class CorridorDigital(Payoff):
    """`cash` if L < S_T < U, else 0.

    Parameters
    ----------
    lower : L, in the currency of the spot.
    upper : U, in the currency of the spot; above the lower one, or nothing is ever paid.
    maturity : T > 0, years.
    cash : amount paid.
    """

    lower: Scalar = real()
    upper: Scalar = real()
    maturity: Scalar = positive()
    cash: Scalar = real(default=1.0)

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return where((x[0] > self.lower) & (x[0] < self.upper), self.cash, 0.0)


@dataclass(frozen=True)
class RangeAccrual(Payoff):
    """At maturity `cash` times the fraction of the dates on which L < S(t_i) < U.

    Parameters
    ----------
    lower : L, in the currency of the spot.
    upper : U, in the currency of the spot; above the lower one, or nothing ever accrues.
    maturity : T > 0, years.
    dates : count n (t_i = i T / n) or increasing year fractions.
    cash : amount paid if the price is in the range on all dates.
    """

    lower: Scalar = real()
    upper: Scalar = real()
    maturity: Scalar = positive()
    dates: int | Sequence[float] = date_grid()
    cash: Scalar = real(default=1.0)

    def start(self) -> Stats:
        return (0.0, 0.0)

    def observe(self, stats: Stats, t: Scalar, x: Stats) -> Stats:
        inside = where((x[0] > self.lower) & (x[0] < self.upper), 1.0, 0.0)
        return (stats[0] + inside, stats[1] + 1.0)

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return self.cash * stats[0] / stats[1]
