"""Where a job is done: its trades through the engine, and what to do when one is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from greeks.engine.many import Group, estimate_many
from greeks.notes import grouped
from greeks.portfolio.job import Job
from greeks.portfolio.outcome import Outcome, estimators
from greeks.portfolio.shelter import one_line, portable, sheltered, told


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
        found |= {int(position): _outcome(group, i) for i, position in enumerate(group.at)}
    return tuple(found[i] for i in range(len(job)))


def _outcome(group: Group, i: int) -> Outcome:
    position = int(group.at[i])
    error = group.failures.get(position)
    if error is not None:
        return Outcome(f"failed: {one_line(str(error)) or type(error).__name__}")
    notes = group.warnings.get(position, {})
    return Outcome(
        _status(group.refusals, notes),
        group.greeks,
        np.asarray(group.values[i]),
        np.asarray(group.std_errors[i]),
        np.ascontiguousarray(np.asarray(group.batches[i]).T),
        estimators(group.greeks, [reading.estimator for reading in group.readings[i]]),
        int(group.paths[i]),
        group.degrees or 0,
    )


def _status(refused: Mapping[str, str], notes: Mapping[str, Sequence[str]]) -> str:
    if refused:
        return f"refused: {'; '.join(f'{greek}: {one_line(reason)}' for greek, reason in refused.items())}"
    return "; ".join(["ok", *grouped(notes)])
