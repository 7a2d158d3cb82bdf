"""Where a job is done: its trades through the engine, and what to do when one is refused."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from greeks.engine.many import Group, estimate_many
from greeks.errors import EstimationError
from greeks.portfolio.job import Job
from greeks.portfolio.outcome import Outcome, estimators


@dataclass(frozen=True)
class Answer:
    """The outcomes of a job's trades, in the order of its positions, and the first exception that was none of ours."""

    outcomes: tuple[Outcome, ...]
    bug: Exception | None = None


def answer(job: Job) -> Answer:
    """Price a job: all of every trade that can be had. Runs on any machine, and never raises for a trade."""
    try:
        return Answer(_outcomes(job))
    except Exception as error:  # one broken payoff must not cost the rest of the book
        if len(job) == 1:
            return Answer((Outcome(f"failed: {type(error).__name__}: {one_line(error)}"),), _portable(error))
    return joined(answer(job.part([i])) for i in range(len(job)))


def failed(job: Job, error: BaseException) -> Answer:
    """The answer to a job that nobody could do."""
    status = f"failed: {type(error).__name__}: {one_line(error)}"
    return Answer((Outcome(status),) * len(job), error if isinstance(error, Exception) else None)


def joined(answers: Iterable[Answer]) -> Answer:
    """The answers to the parts of a job as one."""
    parts = list(answers)
    bugs = (part.bug for part in parts if part.bug is not None)
    return Answer(tuple(outcome for part in parts for outcome in part.outcomes), next(bugs, None))


def _outcomes(job: Job) -> tuple[Outcome, ...]:
    found: dict[int, Outcome] = {}
    for group in estimate_many(job.contracts, job.greeks, job.settings, job.streams):
        found |= {int(position): _outcome(group, i) for i, position in enumerate(group.at)}
    return tuple(found[i] for i in range(len(job)))


def _outcome(group: Group, i: int) -> Outcome:
    position = int(group.at[i])
    error = group.failures.get(position)
    if error is not None:
        return Outcome(f"failed: {one_line(error)}")
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
        return f"refused: {'; '.join(f'{greek}: {_one(reason)}' for greek, reason in refused.items())}"
    return "; ".join(["ok", *(f"{greek}: {text}" for greek, texts in notes.items() for text in texts)])


def one_line(error: BaseException) -> str:
    return _one(str(error)) or type(error).__name__


def _one(text: str) -> str:
    return "; ".join(text.splitlines())


def _portable(error: Exception) -> Exception:
    """The exception, or one that can travel between processes and says the same."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return EstimationError(f"{type(error).__name__}: {one_line(error)}")
    return error
