"""The trades of a book: what each one is, which draws it gets, and the order that compiles least."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from greeks.fields import as_float
from greeks.portfolio.construct import parameters


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

    @property
    def stream(self) -> int:
        return stream_of(self.id)

    @property
    def kind(self) -> tuple[str, ...]:
        """Trades of one kind differ in numbers only, so one compiled program serves them all."""
        return (*_shape(self.model), *_shape(self.payoff))


def stream_of(id: str) -> int:
    """The random stream of a trade: 32 bits of the BLAKE2 hash of its id.

    So a trade's numbers depend on its id and on the seed, never on its row, its neighbours or the threads,
    and the errors of two trades are independent: variances add. (Two ids of n share a stream with
    probability about n^2 / 2^33: one chance in 10^4 for a thousand trades.)

    Examples
    --------
    >>> stream_of("T1") == stream_of("T1"), stream_of("T1") == stream_of("T2")
    (True, False)
    """
    return int.from_bytes(blake2b(id.encode(), digest_size=4).digest(), "little")


def by_kind(trades: Iterable[Trade]) -> list[Trade]:
    """The trades with those of one kind next to each other, in book order within a kind."""
    return sorted(trades, key=lambda trade: (trade.kind, trade.position))


def _shape(obj: Any) -> tuple[str, ...]:
    """The class, its settings that are no numbers, and which numbers are 0: that may switch features off."""
    return (
        type(obj).__qualname__,
        *(_setting(name, getattr(obj, name, None)) for name in parameters(type(obj))),
    )


def _setting(name: str, value: object) -> str:
    try:
        return f"{name}=0" if as_float(value) == 0.0 and name != "dates" else name
    except TypeError:
        return f"{name}={value!r}"
