"""Where jobs are done once: read where they were done before, else sent out, written down and counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from greeks.portfolio.jobs.desk import Answer, answer, failed
from greeks.portfolio.jobs.dispatch import Craft, answers
from greeks.portfolio.jobs.job import WHOLE, Job
from greeks.portfolio.jobs.ledger import Ledger
from greeks.portfolio.jobs.progress import Advance
from greeks.portfolio.numbers.outcome import Outcome


@dataclass
class Bench:
    """Does jobs; `bug` is the first exception on the way that was none of ours."""

    executor: Any
    ledger: Ledger | None
    advance: Advance
    watched: bool
    deadline: float | None
    bug: Exception | None = None

    def outcomes(self, jobs: Sequence[Job]) -> dict[int, Outcome]:
        """By row of the book."""
        found: dict[int, Outcome] = {}
        for job, outcomes in self._done(jobs):
            self.advance(len(job))
            found |= outcomes
        return found

    @property
    def size(self) -> int | None:
        """Trades in a job at most; small ones only where somebody waits for them."""
        waited_for = self.executor is not None or self.ledger or self.watched or self.deadline is not None
        return None if waited_for else WHOLE

    def late(self) -> bool:
        """Whether the time is up."""
        return self.deadline is not None and monotonic() >= self.deadline

    def _done(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, dict[int, Outcome]]]:
        left = []
        for job in jobs:
            before = self.ledger.find(job) if self.ledger else None
            if before is None:
                left.append(job)
            else:
                yield job, before
        seconds = None if self.deadline is None else max(self.deadline - monotonic(), 0.0)
        for job, found in answers(left, Craft(answer, failed), self.executor, seconds):
            yield job, self._kept(job, found)

    def _kept(self, job: Job, found: Answer) -> dict[int, Outcome]:
        self.bug = self.bug or found.bug
        outcomes = dict(zip(job.positions, found.outcomes, strict=True))
        if self.ledger:
            self.ledger.write(job, outcomes)
        return outcomes
