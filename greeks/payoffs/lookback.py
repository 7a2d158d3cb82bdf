"""Options on the extreme price, over a set of dates or all the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from greeks.expressions.functions import Scalar, maximum, minimum
from greeks.fields import date_grid, positive, real
from greeks.payoffs.base import Payoff, Stats

NEVER = 1e300  # beyond every price, and finite so that no inf - inf can arise


@dataclass(frozen=True)
class LookbackCall(Payoff):
    """S_T - min S(t_i); with a strike, max(max S(t_i) - K, 0).

    Parameters
    ----------
    maturity : T > 0, years.
    dates : count n (t_i = i T / n) or increasing year fractions, 0 included to count today's price; None means
        continuous monitoring, from today's price on.
    strike : K for a fixed strike, None for a floating one.
    extreme : the lowest (with a strike, highest) price before today, a fixed number; None where there is none.
    """

    maturity: Scalar = positive()
    dates: int | Sequence[float] | None = date_grid(optional=True)
    strike: Scalar = real(default=None)
    extreme: Scalar = real(default=None)

    def start(self) -> Stats:
        return (_least(self.extreme) if self.strike is None else maximum(_most(self.extreme), self.strike),)

    def observe(self, stats: Stats, t: Scalar, x: Stats) -> Stats:
        return (minimum(stats[0], x[0]) if self.strike is None else maximum(stats[0], x[0]),)

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return x[0] - stats[0] if self.strike is None else stats[0] - self.strike


@dataclass(frozen=True)
class LookbackPut(Payoff):
    """max S(t_i) - S_T; with a strike, max(K - min S(t_i), 0).

    Parameters
    ----------
    maturity : T > 0, years.
    dates : count n (t_i = i T / n) or increasing year fractions, 0 included to count today's price; None means
        continuous monitoring, from today's price on.
    strike : K for a fixed strike, None for a floating one.
    extreme : the highest (with a strike, lowest) price before today, a fixed number; None where there is none.
    """

    maturity: Scalar = positive()
    dates: int | Sequence[float] | None = date_grid(optional=True)
    strike: Scalar = real(default=None)
    extreme: Scalar = real(default=None)

    def start(self) -> Stats:
        return (_most(self.extreme) if self.strike is None else minimum(_least(self.extreme), self.strike),)

    def observe(self, stats: Stats, t: Scalar, x: Stats) -> Stats:
        return (maximum(stats[0], x[0]) if self.strike is None else minimum(stats[0], x[0]),)

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return stats[0] - x[0] if self.strike is None else self.strike - stats[0]


def _least(extreme: Scalar | None) -> Scalar:
    return NEVER if extreme is None else extreme


def _most(extreme: Scalar | None) -> Scalar:
    return -NEVER if extreme is None else extreme
