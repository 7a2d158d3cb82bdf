"""Options on the average price over a set of dates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from greeks.expressions.functions import Scalar, exp, log, maximum
from greeks.fields import choice, date_grid, positive, real
from greeks.payoffs.base import Payoff, Stats


@dataclass(frozen=True)
class _Asian(Payoff):
    """The average A of the prices on the dates: arithmetic (1/n) sum S_i, or geometric exp((1/n) sum log S_i)."""

    strike: Scalar = real()
    maturity: Scalar = positive()
    dates: int | Sequence[float] = date_grid()
    average: str = choice("arithmetic", "geometric", default="arithmetic")

    def start(self) -> Stats:
        return (0.0, 0.0)

    def observe(self, stats: Stats, t: Scalar, x: Stats) -> Stats:
        price = x[0] if self.average == "arithmetic" else log(x[0])
        return (stats[0] + price, stats[1] + 1.0)

    def average_of(self, stats: Stats) -> Any:
        mean = stats[0] / stats[1]
        return mean if self.average == "arithmetic" else exp(mean)


@dataclass(frozen=True)
class AsianCall(_Asian):
    """max(A - K, 0), A the average of the prices on the dates.

    Parameters
    ----------
    strike : K, in the currency of the spot.
    maturity : T > 0, years, when it is paid.
    dates : count n (t_i = i T / n) or increasing year fractions; include 0 to count today's price.
    average : "arithmetic" or "geometric".
    """

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return maximum(self.average_of(stats) - self.strike, 0.0)


@dataclass(frozen=True)
class AsianPut(_Asian):
    """max(K - A, 0), A the average of the prices on the dates.

    Parameters
    ----------
    strike : K, in the currency of the spot.
    maturity : T > 0, years, when it is paid.
    dates : count n (t_i = i T / n) or increasing year fractions; include 0 to count today's price.
    average : "arithmetic" or "geometric".
    """

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return maximum(self.strike - self.average_of(stats), 0.0)
