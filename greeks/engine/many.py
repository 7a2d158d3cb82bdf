"""Price and Greeks of many contracts at once, each bit for bit what it would be alone.

Contracts are grouped by kind: model and payoff of the same classes and structure. What is chosen, planned and
compiled for a kind serves all of it; which draws a contract has, and what is chosen for its numbers, depend on the
contract alone. Those that share a stream of draws have the same normals on the same path, so that their errors are
correlated, and cancel in a position that is long and short; `Group.batches` tells by how much.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from greeks.engine.estimates import ROUNDING, read
from greeks.engine.lockstep import Job, SharedClock, play
from greeks.engine.reading import Reading
from greeks.engine.run import Task, nonsense_in, refusal_of
from greeks.engine.samples import Samples
from greeks.engine.settings import Settings
from greeks.errors import GreeksError, SchemaError, UnsupportedError
from greeks.models.base import Model
from greeks.payoffs.base import Payoff
from greeks.results import Estimate
from greeks.samplers import Philox

Array = npt.NDArray[np.float64]
NOTED = (UnsupportedError, SchemaError)
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Group:
    """The n contracts of one kind and their m numbers.

    Attributes
    ----------
    at : (n,), positions in the list that was given.
    greeks : (m,), names, "price" first; a Greek in each of several assets is spread: "delta[0]", "delta[1]".
    values, std_errors : (n, m); NaN where a contract failed.
    batches : (n, B, m), means of the samples of each of B batches of paths; B is that of all groups of a call.
        With quantities q the variance of a net number over the contracts of one stream is that of
        sum_i q_i batches[i] over the batches, divided by B.
    paths : (n,), how many each contract took.
    readings : (n,) times (m,), how each number was estimated, and why so.
    warnings : position -> Greek -> what to know before trusting the number, where there is anything.
    refusals : Greek -> why this kind has none.
    failures : position -> why nothing could be estimated.
    degrees : degrees of freedom of the standard errors where these rest on few scrambles, else None.
    """

    at: Integers
    greeks: tuple[str, ...]
    values: Array
    std_errors: Array
    batches: Array
    paths: Integers
    readings: tuple[tuple[Reading, ...], ...]
    warnings: Mapping[int, Mapping[str, tuple[str, ...]]]
    refusals: Mapping[str, str]
    failures: Mapping[int, GreeksError]
    degrees: int | None = None

    def estimates(self, i: int) -> Mapping[str, Estimate]:
        """The numbers of the i-th contract of the group, as `sensitivities` reports them."""
        return {r.greek: self._estimate(i, j, r) for j, r in enumerate(self.readings[i])}

    def _estimate(self, i: int, j: int, r: Reading) -> Estimate:
        warnings = self.warnings.get(int(self.at[i]), {}).get(r.greek, ())
        numbers = float(self.values[i, j]), float(self.std_errors[i, j]), int(self.paths[i])
        return Estimate(r.greek, *numbers, r.estimator, r.reason, warnings, degrees=self.degrees)


@dataclass(frozen=True)
class _Result:
    """What one contract came to: (m,) numbers and errors, (m, B) batches, and what to know before trusting them."""

    position: int
    task: Task
    values: Array
    std_errors: Array
    batches: Array
    paths: int
    warnings: Mapping[str, tuple[str, ...]]
    degrees: int | None = None


def estimate_many(
    contracts: Sequence[tuple[Model, Payoff]],
    greeks: Sequence[str],
    settings: Settings,
    streams: Sequence[int] | None = None,
) -> tuple[Group, ...]:
    """Price and Greeks of every contract, by kinds; what cannot be had is said, not raised.

    streams : one for each contract, those that are to share draws the same; that of the settings by default.
    """
    clock = SharedClock(time.perf_counter(), settings.time_limit)
    own = {s: replace(settings, stream=s) for s in set(streams or (settings.stream,))}
    failures: dict[int, GreeksError] = {}
    tasks: dict[int, Task] = {}
    for position, (model, payoff) in enumerate(contracts):
        try:
            tasks[position] = Task.of(model, payoff, greeks, settings, NOTED)
        except GreeksError as error:
            failures[position] = error
    asked = {k: own[streams[k] if streams else settings.stream] for k in tasks}
    results = _sure({k: task for k, task in tasks.items() if _is_sure(task, settings)}, settings)
    _simulated({k: task for k, task in tasks.items() if k not in results}, asked, clock, results, failures)
    by_kind: dict[int, list[_Result]] = {}
    for k in sorted(results):
        by_kind.setdefault(id(results[k].task.menu), []).append(results[k])
    groups = [_group(of_kind) for of_kind in by_kind.values()]
    return (*groups, _failed(failures)) if failures else tuple(groups)


def _is_sure(task: Task, settings: Settings) -> bool:
    """Whether one path tells all: none differs from another, and no more than that is asked for."""
    plain = settings.std_error is None and settings.backend == "cpu" and isinstance(task.plan.sampler, Philox)
    return plain and task.plan.sure


def _tables(tasks: Mapping[int, Task]) -> dict[int, tuple[Array, Array]]:
    """What the kernels are given for each task."""
    left = Counter(id(task.plan) for task in tasks.values())
    found = {}
    for k, task in tasks.items():
        found[k] = task.table()
        if more := left.pop(id(task.plan), 0):
            task.plan.expect(more)
    return found


def _sure(tasks: Mapping[int, Task], settings: Settings) -> dict[int, _Result]:
    """The results of contracts integrated in closed form, as far as they are numbers."""
    from greeks.kernels import sweeping
    from greeks.kernels.compile import load
    from greeks.kernels.reduction import BATCHES

    tables = _tables(tasks)
    swept = [sweeping.Task(load(t.plan.program.cpu), *tables[k], 0, None, 0) for k, t in tasks.items()]
    found = sweeping.rows_of_all(swept, seed=0, first=0, paths=1, threads=1) if swept else []
    results = {}
    for (k, task), chunks in zip(tasks.items(), found, strict=True):
        values = np.array([r.mean(chunks.means[0]) for r in task.readings])
        if np.isfinite(values).all():
            batches = np.repeat(values[:, None], BATCHES, axis=1)
            results[k] = _Result(k, task, values, ROUNDING * np.abs(values), batches, settings.paths, {})
    return results


def _simulated(
    tasks: Mapping[int, Task],
    settings: Mapping[int, Settings],
    clock: SharedClock,
    results: dict[int, _Result],
    failures: dict[int, GreeksError],
) -> None:
    """Add what simulation gives; a choice that proves to be no number gives way to the next."""
    again: dict[int, Task] = {}
    tables = _tables(tasks)
    jobs = [Job(k, task, settings[k], clock, *tables[k]) for k, task in tasks.items()]
    play(jobs)
    for job in jobs:
        k = job.position
        if job.error is not None:
            failures[k] = job.error
            continue
        assert job.samples is not None
        estimates = read(job.task.readings, job.samples)[0]
        other = job.task.instead(estimates, job.settings)
        if other is not None:
            again[k] = other
        elif bad := nonsense_in(estimates):
            failures[k] = refusal_of(bad, type(job.task.contract.model).__name__)
        else:
            results[k] = _result(job, estimates)
    if again:
        _simulated(again, settings, clock, results, failures)


def _result(job: Job, estimates: Mapping[str, Estimate]) -> _Result:
    assert job.samples is not None
    numbers = list(estimates.values())
    return _Result(
        job.position,
        job.task,
        np.array([e.value for e in numbers]),
        np.array([e.std_error for e in numbers]),
        batch_means(job.task.readings, job.samples),
        numbers[0].paths,
        {name: e.warnings for name, e in estimates.items() if e.warnings},
        numbers[0].degrees,
    )


def batch_means(readings: Sequence[Reading], samples: Samples) -> Array:
    """(m, B), the numbers as each batch of samples alone gives them; of families of points, as each family does."""
    means = samples.batch_means()
    return np.stack([np.asarray(r.weights) @ means[list(r.columns)] for r in readings])


def _group(results: Sequence[_Result]) -> Group:
    first = results[0].task
    return Group(
        np.array([r.position for r in results]),
        tuple(reading.greek for reading in first.readings),
        np.stack([r.values for r in results]),
        np.stack([r.std_errors for r in results]),
        np.stack([r.batches.T for r in results]),
        np.array([r.paths for r in results]),
        tuple(r.task.readings for r in results),
        {r.position: r.warnings for r in results if r.warnings},
        first.menu.refusals,
        {},
        results[0].degrees,
    )


def _failed(failures: Mapping[int, GreeksError]) -> Group:
    """The contracts of which nothing is known."""
    n = len(failures)
    none = np.empty((n, 0))
    return Group(
        np.array(list(failures)), (), none, none, np.empty((n, 0, 0)), np.zeros(n, dtype=np.int64), ((),) * n, {}, {},
        failures,
    )  # fmt: skip
