"""Where a job is done: its trades through the engine, and what to do when one is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from greeks.engine.crowd.many import Group, estimate_many
from greeks.notes import grouped
from greeks.portfolio.jobs.job import Job
from greeks.portfolio.jobs.shelter import one_line, portable, sheltered, told
from greeks.portfolio.numbers.outcome import Outcome, estimators


@dataclass(frozen=True)
class Answer:
    """The outcomes of a job's trades, in the order of its positions, and the first exception that was none of ours."""

    outcomes: tuple[Outcome, ...]
    bug: Exception | None = None


def answer(job: Job) -> Answer:
    """Price a job: all of every trade that can be had. Runs on any machine, and never raises for a trade."""
    parts = list(sheltered(job, _priced, failed))
    bugs = (part.bug for part in parts if part.bug is not None)
    return Answer(tuple(outcome for part in parts for outcome in part.outcomes), next(bugs, None))


def failed(job: Job, error: BaseException) -> Answer:
    """The answer to a job that nobody could do."""
    return Answer((Outcome(f"failed: {told(error)}"),) * len(job), portable(error))


def _priced(job: Job) -> Answer:
    return Answer(_outcomes(job))


def _outcomes(job: Job) -> tuple[Outcome, ...]:
    found: dict[int, Outcome] = {}
    for group in estimate_many(job.contracts, job.greeks, job.settings, job.streams):
        found |= zip(group.at.tolist(), _outcomes_of(group), strict=True)
    return tuple(found[i] for i in range(len(job)))


def _outcomes_of(group: Group) -> Iterator[Outcome]:
    """The outcomes of a group, in its order."""
    named = {id(of): estimators(group.greeks, [r.estimator for r in of]) for of in group.readings if of}
    batches = np.ascontiguousarray(np.moveaxis(group.batches, 1, 2))
    numbers = zip(group.values, group.std_errors, batches, group.paths.tolist(), group.readings, strict=True)
    for position, (values, errors, means, paths, of) in zip(group.at.tolist(), numbers, strict=True):
        error = group.failures.get(position)
        if error is not None:
            yield Outcome(f"failed: {one_line(str(error)) or type(error).__name__}")
        else:
            status = _status(group.refusals, group.warnings.get(position, {}))
            yield Outcome(status, group.greeks, values, errors, means, named[id(of)], paths, group.degrees or 0)


def _status(refused: Mapping[str, str], notes: Mapping[str, Sequence[str]]) -> str:
    if refused:
        return f"refused: {'; '.join(f'{greek}: {one_line(reason)}' for greek, reason in refused.items())}"
    return "; ".join(["ok", *grouped(notes)]) if notes else "ok"
