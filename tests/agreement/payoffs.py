"""Contracts of the oracle that the library does not sell, written as a user would write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import greeks as gk

Stats = tuple[Any, ...]
NONE_YET = 1e300  # in place of the price before the first date, when there is none to compare with


@dataclass(frozen=True)
class CashOnAverage(gk.Payoff):
    """1 if the average of the prices on the dates exceeds K."""

    strike: gk.Scalar
    maturity: gk.Scalar
    dates: int | Sequence[float]
    geometric: bool = False

    def start(self) -> Stats:
        return (0.0, 0.0)

    def observe(self, stats: Stats, t: gk.Scalar, x: Stats) -> Stats:
        return (stats[0] + (gk.log(x[0]) if self.geometric else x[0]), stats[1] + 1.0)

    def settle(self, stats: Stats, x: Stats) -> gk.Scalar:
        mean = stats[0] / stats[1]
        return gk.where((gk.exp(mean) if self.geometric else mean) > self.strike, 1.0, 0.0)


@dataclass(frozen=True)
class UpAndOut(gk.Payoff):
    """1 at maturity if S_T > K and all S(t_i) < B."""

    strike: gk.Scalar
    barrier: gk.Scalar
    maturity: gk.Scalar
    dates: int | Sequence[float]

    def start(self) -> Stats:
        return (1.0,)

    def observe(self, stats: Stats, t: gk.Scalar, x: Stats) -> Stats:
        return (gk.where(x[0] < self.barrier, stats[0], 0.0),)

    def settle(self, stats: Stats, x: Stats) -> gk.Scalar:
        return stats[0] * gk.where(x[0] > self.strike, 1.0, 0.0)


@dataclass(frozen=True)
class Corridor(gk.Payoff):
    """A call, a put or 1 at maturity, if all L < S(t_i) < U."""

    strike: gk.Scalar
    lower: gk.Scalar
    upper: gk.Scalar
    maturity: gk.Scalar
    dates: int | Sequence[float]
    right: str = "call"

    def start(self) -> Stats:
        return (1.0,)

    def observe(self, stats: Stats, t: gk.Scalar, x: Stats) -> Stats:
        above = gk.where(x[0] > self.lower, stats[0], 0.0)
        return (gk.where(x[0] < self.upper, above, 0.0),)

    def settle(self, stats: Stats, x: Stats) -> gk.Scalar:
        if self.right == "one":
            return stats[0]
        return stats[0] * gk.maximum(x[0] - self.strike if self.right == "call" else self.strike - x[0], 0.0)


@dataclass(frozen=True)
class ForwardStart(gk.Payoff):
    """max(S_T - a S(t_1), 0), or the put; `dates` holds t_1."""

    moneyness: gk.Scalar
    maturity: gk.Scalar
    dates: int | Sequence[float]
    call: bool = True

    def start(self) -> Stats:
        return (0.0,)

    def observe(self, stats: Stats, t: gk.Scalar, x: Stats) -> Stats:
        return (x[0],)

    def settle(self, stats: Stats, x: Stats) -> gk.Scalar:
        gain = x[0] - self.moneyness * stats[0]
        return gk.maximum(gain if self.call else -gain, 0.0)


@dataclass(frozen=True)
class ReturnCalls(gk.Payoff):
    """sum_i max(S(t_i) / S(t_i-1) - a, 0) at maturity; the dates begin with 0."""

    moneyness: gk.Scalar
    maturity: gk.Scalar
    dates: int | Sequence[float]

    def start(self) -> Stats:
        return (NONE_YET, 0.0)

    def observe(self, stats: Stats, t: gk.Scalar, x: Stats) -> Stats:
        return (x[0], stats[1] + gk.maximum(x[0] / stats[0] - self.moneyness, 0.0))

    def settle(self, stats: Stats, x: Stats) -> gk.Scalar:
        return stats[1]


@dataclass(frozen=True)
class Cliquet(gk.Payoff):
    """max(global floor, sum_i clip(S(t_i) / S(t_i-1) - 1, floor, cap)) at maturity; the dates begin with 0."""

    floor: gk.Scalar
    cap: gk.Scalar
    global_floor: gk.Scalar
    maturity: gk.Scalar
    dates: int | Sequence[float]

    def start(self) -> Stats:
        return (NONE_YET, 0.0, 0.0)

    def observe(self, stats: Stats, t: gk.Scalar, x: Stats) -> Stats:
        clipped = gk.minimum(gk.maximum(x[0] / stats[0] - 1.0, self.floor), self.cap)
        return (x[0], stats[1] + stats[2] * clipped, 1.0)

    def settle(self, stats: Stats, x: Stats) -> gk.Scalar:
        return gk.maximum(stats[1], self.global_floor)


@dataclass(frozen=True)
class VarianceSwap(gk.Payoff):
    """(1 / T) sum_i log(S(t_i) / S(t_i-1))^2 - K at maturity; the dates begin with 0."""

    strike: gk.Scalar
    maturity: gk.Scalar
    dates: int | Sequence[float]

    def start(self) -> Stats:
        return (0.0, 0.0, 0.0)

    def observe(self, stats: Stats, t: gk.Scalar, x: Stats) -> Stats:
        change = gk.log(x[0]) - stats[0]
        return (gk.log(x[0]), stats[1] + stats[2] * change * change, 1.0)

    def settle(self, stats: Stats, x: Stats) -> gk.Scalar:
        return stats[1] / self.maturity - self.strike


@dataclass(frozen=True)
class WorstOfDigital(gk.Payoff):
    """1 if every S_i > K at maturity."""

    strike: gk.Scalar
    maturity: gk.Scalar

    def settle(self, stats: Stats, x: Stats) -> gk.Scalar:
        return gk.where(gk.smallest(x[0]) > self.strike, 1.0, 0.0)


@dataclass(frozen=True)
class BestOfDigital(gk.Payoff):
    """1 if some S_i > K at maturity."""

    strike: gk.Scalar
    maturity: gk.Scalar

    def settle(self, stats: Stats, x: Stats) -> gk.Scalar:
        return gk.where(gk.largest(x[0]) > self.strike, 1.0, 0.0)


@dataclass(frozen=True)
class BasketDigital(gk.Payoff):
    """1 if the average of the prices at maturity, arithmetic or geometric, exceeds K."""

    strike: gk.Scalar
    maturity: gk.Scalar
    geometric: bool = False

    def settle(self, stats: Stats, x: Stats) -> gk.Scalar:
        level = gk.exp(gk.mean(gk.log(x[0]))) if self.geometric else gk.mean(x[0])
        return gk.where(level > self.strike, 1.0, 0.0)
