"""Options on several assets at maturity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from greeks.expressions.functions import Scalar, dot, exp, largest, log, maximum, mean, smallest
from greeks.fields import choice, positive, real, vector
from greeks.payoffs.base import Payoff, Stats


@dataclass(frozen=True)
class _Basket(Payoff):
    """The basket's level: sum w_i S_i, or exp(sum w_i log S_i); weights 1/n where none are given."""

    strike: Scalar = real()
    maturity: Scalar = positive()
    weights: Any = vector(default=None)
    average: str = choice("arithmetic", "geometric", default="arithmetic")

    def level(self, prices: Any) -> Any:
        values = prices if self.average == "arithmetic" else log(prices)
        weighted = mean(values) if self.weights is None else dot(self.weights, values)
        return weighted if self.average == "arithmetic" else exp(weighted)


@dataclass(frozen=True)
class BasketCall(_Basket):
    """max(sum w_i S_i - K, 0).

    Parameters
    ----------
    strike : K.
    maturity : T > 0, years.
    weights : one a asset; None means 1/n each.
    average : "arithmetic" or "geometric".
    """

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return maximum(self.level(x[0]) - self.strike, 0.0)


@dataclass(frozen=True)
class BasketPut(_Basket):
    """max(K - sum w_i S_i, 0).

    Parameters
    ----------
    strike : K.
    maturity : T > 0, years.
    weights : one a asset; None means 1/n each.
    average : "arithmetic" or "geometric".
    """

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return maximum(self.strike - self.level(x[0]), 0.0)


@dataclass(frozen=True)
class ExchangeOption(Payoff):
    """max(S_1 - S_2, 0): the right to receive the first asset for the second (Margrabe, 1978).

    Parameters
    ----------
    maturity : T > 0, years.
    """

    maturity: Scalar = positive()

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return maximum(x[0][0] - x[0][1], 0.0)


@dataclass(frozen=True)
class SpreadCall(Payoff):
    """max(S_1 - S_2 - K, 0).

    Parameters
    ----------
    strike : K.
    maturity : T > 0, years.
    """

    strike: Scalar = real()
    maturity: Scalar = positive()

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return maximum(x[0][0] - x[0][1] - self.strike, 0.0)


@dataclass(frozen=True)
class BestOfCall(Payoff):
    """max(max_i S_i - K, 0).

    Parameters
    ----------
    strike : K.
    maturity : T > 0, years.
    """

    strike: Scalar = real()
    maturity: Scalar = positive()

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return maximum(largest(x[0]) - self.strike, 0.0)


@dataclass(frozen=True)
class WorstOfCall(Payoff):
    """max(min_i S_i - K, 0).

    Parameters
    ----------
    strike : K.
    maturity : T > 0, years.
    """

    strike: Scalar = real()
    maturity: Scalar = positive()

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return maximum(smallest(x[0]) - self.strike, 0.0)


@dataclass(frozen=True)
class WorstOfPut(Payoff):
    """max(K - min_i S_i, 0).

    Parameters
    ----------
    strike : K.
    maturity : T > 0, years.
    """

    strike: Scalar = real()
    maturity: Scalar = positive()

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return maximum(self.strike - smallest(x[0]), 0.0)
