"""A book cut into pieces of work: trades of one kind, as plain data that any process can take."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import Any

from greeks.engine.sampling.settings import Settings
from greeks.portfolio.rows.book import Trade

PIECE = 128
"""Trades in a job at most where a run, or a worker, may be killed: few enough that little is lost."""
WHOLE = 2**14
"""Trades in a job at most elsewhere: many, for those on one underlying share the making of their noise."""


@dataclass(frozen=True)
class Job:
    """Some trades of one kind and what is asked of them; `positions` are their rows in the book, `likes` whose choice
    of estimators they take.

    Numbers do not depend on how a book is cut, for each trade's are what they would be alone.
    """

    positions: tuple[int, ...]
    contracts: tuple[tuple[Any, Any], ...]
    streams: tuple[int, ...]
    greeks: tuple[str, ...]
    settings: Settings
    likes: tuple[tuple[Any, Any] | None, ...]

    def __len__(self) -> int:
        return len(self.positions)

    def part(self, at: Sequence[int], greeks: Sequence[str] | None = None) -> Job:
        """Some of the trades, by their place in the job; perhaps with other Greeks."""
        return Job(
            tuple(self.positions[i] for i in at),
            tuple(self.contracts[i] for i in at),
            tuple(self.streams[i] for i in at),
            self.greeks if greeks is None else tuple(greeks),
            self.settings,
            tuple(self.likes[i] for i in at),
        )

    def within(self, seconds: float | None) -> Job:
        """The job with a time limit."""
        if seconds is None:
            return self
        return dataclasses.replace(self, settings=dataclasses.replace(self.settings, time_limit=seconds))


def jobs_of(
    trades: Sequence[Trade],
    greeks: Sequence[str],
    settings: Settings,
    paths: Mapping[str, int] | None = None,
    *,
    size: int | None = None,
) -> list[Job]:
    """The jobs of a book: trades of one kind, and of equally many paths, are worked on together, underlyings in turn.

    paths : by underlying, where it differs from that of the settings. size : trades in a job at most.
    """
    paths = paths or {}
    kinds: dict[tuple[tuple[str, ...], int], list[Trade]] = {}
    for trade in trades:
        kinds.setdefault((trade.kind, paths.get(trade.underlying, settings.paths)), []).append(trade)
    return [
        _job(piece, greeks, dataclasses.replace(settings, paths=count))
        for (_, count), alike in sorted(kinds.items(), key=itemgetter(0))
        for piece in _pieces(sorted(alike, key=attrgetter("underlying", "position")), size or PIECE)
    ]


def _pieces(trades: Sequence[Trade], size: int) -> Iterator[Sequence[Trade]]:
    for begin in range(0, len(trades), size):
        yield trades[begin : begin + size]


def _job(trades: Sequence[Trade], greeks: Sequence[str], settings: Settings) -> Job:
    return Job(
        tuple(trade.position for trade in trades),
        tuple((trade.model, trade.payoff) for trade in trades),
        tuple(trade.stream for trade in trades),
        tuple(greeks),
        settings,
        tuple(trade.like for trade in trades),
    )
