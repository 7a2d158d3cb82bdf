"""What a payoff is: running statistics of a path, amounts paid on the way, exits, and a settlement at maturity."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from greeks import fields
from greeks.expressions.functions import Scalar

Stats = tuple[Any, ...]
Exits = tuple[tuple[Any, Any], ...]


@dataclass(frozen=True)
class Payoff(ABC):
    """Cash flows as a functional of the path, seen on `dates` and settled at `maturity` (years from now).

    A payoff is a frozen dataclass; its numeric fields are parameters and have Greeks too ("d_strike"). `dates`, where
    there is such a field, is a count n (the dates i * maturity / n, i = 1..n) or an increasing sequence of year
    fractions, 0 included where today's state is observed; None where it may be, and the path is then watched all the
    time: `exits` are conditions on the price at any moment, `observe` may keep the highest or the lowest price, and
    nothing is paid on dates, for there are none. The methods are called once, with symbols: branch-free
    arithmetic and the functions of `greeks`.
    """

    off_when_zero: ClassVar[tuple[str, ...]] = ()  # fields whose 0 means that the feature is absent

    def __post_init__(self) -> None:
        fields.check(self)

    def start(self) -> Stats:
        """The statistics before the first date."""
        return ()

    def observe(self, stats: Stats, t: Scalar, x: Stats) -> Stats:
        """The statistics after the date t on which the model's state is x."""
        return stats

    def pay(self, stats: Stats, t: Scalar, x: Stats) -> Scalar:
        """The amount paid on the date t, given the statistics before it."""
        return 0.0

    def exits(self, stats: Stats, t: Scalar, x: Stats) -> Exits:
        """(condition, amount) pairs: what ends the contract on the date t, and what is then paid.

        The first condition that holds counts; the statistics are those before the date.
        """
        return ()

    def settle_after_exit(self, stats: Stats, x: Stats) -> Scalar:
        """The amount paid at maturity if the contract has ended before."""
        return 0.0

    @abstractmethod
    def settle(self, stats: Stats, x: Stats) -> Scalar:
        """The amount paid at maturity, given all statistics and the state then, unless the contract has ended."""


def is_continuous(payoff: Payoff) -> bool:
    """Whether a payoff watches the path all the time: it has `dates`, and they are None.

    >>> from greeks.payoffs import BarrierOption, Call
    >>> is_continuous(BarrierOption(100.0, 90.0, 1.0, dates=None)), is_continuous(Call(100.0, 1.0))
    (True, False)
    """
    return getattr(payoff, "dates", 1) is None


def year_fractions(payoff: Payoff) -> tuple[float, ...]:
    """The observation dates of a payoff, as year fractions.

    >>> from greeks.payoffs import AsianCall
    >>> year_fractions(AsianCall(strike=100.0, maturity=1.0, dates=4))
    (0.25, 0.5, 0.75, 1.0)
    """
    return fractions_of(getattr(payoff, "dates", None), float(payoff.maturity))  # type: ignore[attr-defined]


def fractions_of(dates: int | Sequence[float] | None, maturity: float) -> tuple[float, ...]:
    """Dates given as a count or one by one, as year fractions."""
    if dates is None:
        return ()
    if isinstance(dates, Sequence) or getattr(dates, "shape", ()) != ():
        return tuple(float(t) for t in dates)  # type: ignore[union-attr]
    n = int(dates)
    return (*(maturity * i / n for i in range(1, n)), maturity)
