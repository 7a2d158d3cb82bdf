"""The numbers of some trades, as whoever worked them out hands them in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from greeks.engine.crowd.many import Group, estimate_many
from greeks.portfolio.jobs.job import Job
from greeks.portfolio.jobs.shelter import portable, sheltered, told

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sheet:
    """k trades of one kind and their m numbers, each for one contract.

    Attributes
    ----------
    at : (k,), the trades' places among those that were asked for.
    greeks : (m,), names.
    values : (k, m), NaN where there is none.
    batches : (k, m, B), means of the samples of each of B batches of paths.
    troubles : {(trade, number): why there is none}.
    bug : what a payoff or model raised that was no refusal.
    """

    at: Sequence[int]
    greeks: tuple[str, ...] = ()
    values: Array = field(default_factory=lambda: np.empty((0, 0)))
    batches: Array = field(default_factory=lambda: np.empty((0, 0, 0)))
    troubles: Mapping[tuple[int, str], str] = field(default_factory=dict)
    bug: Exception | None = None


def sheets_of(job: Job) -> tuple[Sheet, ...]:
    """Do a job: all of every trade that can be had. Runs on any machine, and never raises for a trade."""
    return tuple(sheet for part in sheltered(job, _valued, failed) for sheet in part)


def failed(job: Job, error: BaseException) -> tuple[Sheet, ...]:
    """What is handed in for a job that nobody could do."""
    troubles = {(i, "price"): f"failed: {told(error)}" for i in job.positions}
    return (Sheet(job.positions, troubles=troubles, bug=portable(error)),)


def _valued(job: Job) -> tuple[Sheet, ...]:
    groups = estimate_many(job.contracts, job.greeks, job.settings, job.streams, job.likes)
    return tuple(_sheet(group, [job.positions[i] for i in group.at]) for group in groups)


def _sheet(group: Group, at: Sequence[int]) -> Sheet:
    refused = {(i, greek): why for greek, why in group.refusals.items() for i in at}
    placed = dict(zip(group.at.tolist(), at, strict=True))
    broken = {(placed[i], "price"): str(error) for i, error in group.failures.items()}
    return Sheet(at, group.greeks, group.values, np.swapaxes(group.batches, 1, 2), refused | broken)
