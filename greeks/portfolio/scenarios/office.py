"""Where the revaluations of a book are worked out: here, or wherever an executor sends them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from greeks.engine.sampling.settings import Settings
from greeks.portfolio.jobs.dispatch import Craft, answers, pool_of
from greeks.portfolio.jobs.job import WHOLE, jobs_of
from greeks.portfolio.jobs.progress import Advance, watching
from greeks.portfolio.rows.book import Trade
from greeks.portfolio.scenarios.sheet import Sheet, failed, sheets_of
from greeks.portfolio.scenarios.valuation import Valuation, collected


@dataclass(frozen=True)
class Request:
    """Trades, each under the model that it has in one market, what is asked of them, and in which time steps.

    scheme : where the settings name none.
    """

    trades: Sequence[Trade]
    greeks: tuple[str, ...]
    scheme: Any = None

    @property
    def what(self) -> tuple[Any, ...]:
        """What those that are worked on together have in common."""
        return self.greeks, self.scheme


@dataclass(frozen=True)
class Where:
    """Who does the work, and whether somebody watches: the `executor` and `progress` of `run`."""

    executor: Any = None
    progress: bool = False

    def __post_init__(self) -> None:
        pool_of(self.executor)

    @property
    def size(self) -> int | None:
        """Trades in a job at most; small ones only where somebody waits for them."""
        return WHOLE if self.executor is None and not self.progress else None


@dataclass
class Office:
    """Does requests; `bug` is the first exception on the way that was none of ours.

    left : trades that are still to be valued, which share the time that is left.
    """

    settings: Settings
    where: Where
    advance: Advance
    left: int
    deadline: float | None
    bug: Exception | None = None

    def valuations(self, requests: Sequence[Request]) -> list[Valuation]:
        """One for each request, its trades in their order.

        Those that ask for the same numbers are worked on together: a trade that is in several markets shares the
        making of its draws with itself. Its numbers are what they would be alone.
        """
        found: dict[int, Valuation] = {}
        for what in dict.fromkeys(request.what for request in requests):
            alike = [k for k, request in enumerate(requests) if request.what == what]
            whole = self._valuation([trade for k in alike for trade in requests[k].trades], *what)
            begin = 0
            for k in alike:
                end = begin + len(requests[k].trades)
                found[k], begin = whole.between(begin, end), end
        return [found[k] for k in range(len(requests))]

    def _valuation(self, trades: Sequence[Trade], greeks: tuple[str, ...], scheme: Any) -> Valuation:
        placed = [replace(trade, position=i) for i, trade in enumerate(trades)]
        settings = replace(self.settings, scheme=self.settings.scheme or scheme)
        jobs = jobs_of(placed, greeks, settings, size=self.where.size)
        sheets: list[Sheet] = []
        for job, handed_in in answers(jobs, Craft(sheets_of, failed), self.where.executor, self._seconds(len(trades))):
            self.advance(len(job))
            sheets += handed_in
        self.left -= len(trades)
        self.bug = next((sheet.bug for sheet in sheets if sheet.bug is not None), self.bug)
        return collected(sheets, len(trades), greeks)

    def _seconds(self, trades: int) -> float | None:
        if self.deadline is None:
            return None
        return max(self.deadline - monotonic(), 0.0) * trades / max(self.left, 1)


@contextmanager
def opened(settings: Settings, where: Where, trades: int) -> Iterator[Office]:
    """An office for so many trades in all, with a progress bar while it is open."""
    deadline = None if settings.time_limit is None else monotonic() + settings.time_limit
    with watching(trades, where.progress, "revaluing") as advance:
        yield Office(settings, where, advance, trades, deadline)
