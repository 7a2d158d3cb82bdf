"""Contracts that die or come alive at a barrier, watched on dates or all the time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from greeks.expressions.functions import Scalar, maximum, where
from greeks.fields import choice, date_grid, flag, positive, real
from greeks.payoffs.base import Exits, Payoff, Stats


@dataclass(frozen=True)
class _Barrier(Payoff, ABC):
    """What is paid at maturity if the barrier was (in) or was not (out) reached; a rebate otherwise."""

    strike: Scalar = real()
    barrier: Scalar = positive()
    maturity: Scalar = positive()
    dates: int | Sequence[float] | None = date_grid(optional=True)
    direction: str = choice("down", "up", default="down")
    knock: str = choice("out", "in", default="out")
    call: bool = flag(default=True)

    def exits(self, stats: Stats, t: Scalar, x: Stats) -> Exits:
        return ((reached(self.direction, x[0], self.barrier), self.consolation() if self.knock == "out" else 0.0),)

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return self.amount(x[0]) if self.knock == "out" else self.consolation()

    def settle_after_exit(self, stats: Stats, x: Stats) -> Scalar:
        return 0.0 if self.knock == "out" else self.amount(x[0])

    @abstractmethod
    def amount(self, price: Scalar) -> Scalar:
        """Paid at maturity to a contract that is alive."""

    def consolation(self) -> Scalar:
        """Paid when an out contract dies, or at maturity for an in contract that never came alive."""
        return 0.0


@dataclass(frozen=True)
class BarrierOption(_Barrier):
    """A call or put that dies (out) or comes alive (in) when the price has reached the barrier.

    Down: S <= B; up: S >= B, on some date or, where `dates` is None, at any time up to maturity. An out option pays
    the rebate when the barrier is hit, an in option pays it at maturity if it was never hit.

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

    rebate: Scalar = real(default=0.0)
    off_when_zero = ("rebate",)

    def amount(self, price: Scalar) -> Scalar:
        return maximum(price - self.strike if self.call else self.strike - price, 0.0)

    def consolation(self) -> Scalar:
        return self.rebate


@dataclass(frozen=True)
class BarrierDigital(_Barrier):
    """`cash` at maturity if S_T > K (call) or S_T < K (put), and the barrier was not reached (out) or was (in).

    Parameters
    ----------
    strike : K, in the currency of the spot.
    barrier : B, in the currency of the spot; reached where S <= B (down) or S >= B (up).
    maturity : T > 0, years.
    dates : count n (t_i = i T / n) or increasing year fractions; None means continuous monitoring.
    direction : "down" or "up".
    knock : "out" or "in".
    call : True for S_T > K, False for S_T < K.
    cash : amount paid.
    """

    cash: Scalar = real(default=1.0)

    def amount(self, price: Scalar) -> Scalar:
        return where(price > self.strike if self.call else price < self.strike, self.cash, 0.0)


def reached(direction: str, price: Scalar, barrier: Scalar) -> Scalar:
    """Whether a price is at or beyond a barrier that lies "down" or "up"."""
    return price <= barrier if direction == "down" else price >= barrier
