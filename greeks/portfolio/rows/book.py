"""The trades of a book: what each one is, which draws it gets, and the order that compiles least."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import Any

from greeks.fields import as_float
from greeks.portfolio.rows.construct import parameters


@dataclass(frozen=True)
class Trade:
    """One good row of a book: `quantity` of `payoff` under `model`."""

    position: int
    """Row number in the book, from 0."""
    id: str
    underlying: str
    model: Any
    payoff: Any
    quantity: float
    currency: str = ""
    like: tuple[Any, Any] | None = None
    """Model and payoff whose choice of estimators and controls it takes, where it is a trade after a shift."""

    @property
    def stream(self) -> int:
        return stream_of(self.underlying)

    @cached_property
    def kind(self) -> tuple[str, ...]:
        """Trades of one kind differ in numbers only, so one compiled program serves them all."""
        return (*_shape_of_many(self.model), *_shape(self.payoff))


def stream_of(underlying: str) -> int:
    """The random stream of an underlying: 32 bits of the BLAKE2 hash of its name.

    All trades on an underlying share its draws, so that a hedge and what it hedges move together and the error of
    their sum is that of the difference. A trade's numbers depend on its own terms, its underlying's name and the
    seed, never on its row, its neighbours or the threads. Different underlyings are independent. (Two of n share a
    stream with probability about n^2 / 2^33; errors of sums are right even then.)

    Examples
    --------
    >>> stream_of("DAX") == stream_of("DAX"), stream_of("DAX") == stream_of("SMI")
    (True, False)
    """
    return int.from_bytes(blake2b(underlying.encode("utf-8", "surrogatepass"), digest_size=4).digest(), "little")


def by_kind(trades: Iterable[Trade]) -> list[Trade]:
    """The trades with those of one kind next to each other, in book order within a kind."""
    return sorted(trades, key=lambda trade: (trade.kind, trade.position))


def _shape_of_many(model: Any) -> tuple[str, ...]:
    """That of a model, which many trades have in common."""
    try:
        return _remembered(model)
    except TypeError:  # it holds an array, and cannot be looked up
        return _shape(model)


@lru_cache(maxsize=1024)
def _remembered(model: Any) -> tuple[str, ...]:
    return _shape(model)


def _shape(obj: Any) -> tuple[str, ...]:
    """The class, its settings that are no numbers, and which numbers are 0: that may switch features off."""
    return (
        type(obj).__qualname__,
        *[_setting(name, getattr(obj, name, None)) for name in parameters(type(obj))],
    )


def _setting(name: str, value: object) -> str:
    if isinstance(value, float):
        return name if value or name == "dates" else f"{name}=0"
    try:
        return f"{name}=0" if as_float(value) == 0.0 and name != "dates" else name
    except TypeError:
        return f"{name}={value!r}"
