"""Price and Greeks of many contracts at once, each bit for bit what it would be alone.

Contracts are grouped by kind: model and payoff of the same classes and structure. What is chosen, planned and
compiled for a kind serves all of it; which draws a contract has, and what is chosen for its numbers, depend on the
contract alone. Those that share a stream of draws have the same normals on the same path, so that their errors are
correlated, and cancel in a position that is long and short; `Group.batches` tells by how much.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from greeks.engine.crowd.lockstep import Job, SharedClock, is_swept, play
from greeks.engine.crowd.together import is_plain, read_together
from greeks.engine.run import Task, nonsense_in, refusal_of
from greeks.engine.sampling.devices import loaded
from greeks.engine.sampling.estimates import ROUNDING, read
from greeks.engine.sampling.reading import Reading
from greeks.engine.sampling.samples import Samples
from greeks.engine.sampling.settings import Settings
from greeks.errors import GreeksError, SchemaError, UnsupportedError
from greeks.models.base import Model
from greeks.payoffs.base import Payoff
from greeks.results import Estimate
from greeks.rubbish import seldom_collected

Array = npt.NDArray[np.float64]
NOTED = (UnsupportedError, SchemaError)
Integers = npt.NDArray[np.int64]
ABREAST = 512  # contracts that are simulated and read as one, at most


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
class _Block:
    """What n contracts came to, whose readings are the same.

    values, std_errors : (n, m). batches : (n, m, B). warnings : of each contract, what to know before trusting it.
    """

    positions: Sequence[int]
    tasks: Sequence[Task]
    values: Array
    std_errors: Array
    batches: Array
    paths: int
    warnings: Sequence[Mapping[str, tuple[str, ...]]]
    degrees: int | None = None

    def part(self, at: Sequence[int]) -> _Block:
        """That of some of the contracts."""
        return replace(
            self,
            positions=[self.positions[i] for i in at],
            tasks=[self.tasks[i] for i in at],
            values=self.values[at],
            std_errors=self.std_errors[at],
            batches=self.batches[at],
            warnings=[self.warnings[i] for i in at],
        )


@seldom_collected()
def estimate_many(
    contracts: Sequence[tuple[Model, Payoff]],
    greeks: Sequence[str],
    settings: Settings,
    streams: Sequence[int] | None = None,
    likes: Sequence[tuple[Model, Payoff] | None] | None = None,
) -> tuple[Group, ...]:
    """Price and Greeks of every contract, by kinds; what cannot be had is said, not raised.

    streams : one for each contract, those that are to share draws the same; that of the settings by default. likes :
    for each the contract that is decided instead, where it is one of the same kind.
    """
    clock = SharedClock(time.perf_counter(), settings.time_limit)
    own = {s: replace(settings, stream=s) for s in set(streams or (settings.stream,))}
    failures: dict[int, GreeksError] = {}
    tasks: dict[int, Task] = {}
    for position, (model, payoff) in enumerate(contracts):
        try:
            like = likes[position] if likes else None
            tasks[position] = Task.of(model, payoff, greeks, settings, NOTED, like=like)
        except GreeksError as error:
            failures[position] = error
    asked = {k: own[streams[k] if streams else settings.stream] for k in tasks}
    blocks = _sure({k: task for k, task in tasks.items() if _is_sure(task, settings)}, settings)
    done = {k for block in blocks for k in block.positions}
    for _ in range(2):  # choices that prove to be no number are made anew, once
        again: dict[int, Task] = {}
        for block in _simulated({k: task for k, task in tasks.items() if k not in done}, asked, clock, again, failures):
            blocks.append(block)
            done.update(block.positions)
        tasks = again
    failures = {k: error for k, error in failures.items() if k not in done}
    by_kind: dict[int, list[_Block]] = {}
    for block in sorted(blocks, key=lambda block: block.positions[0]):
        by_kind.setdefault(id(block.tasks[0].menu), []).append(block)
    groups = [_group(of_kind) for of_kind in by_kind.values()]
    return (*groups, _failed(failures)) if failures else tuple(groups)


def _is_sure(task: Task, settings: Settings) -> bool:
    """Whether one path tells all: none differs from another, and no more than that is asked for."""
    return settings.std_error is None and is_swept(task) and task.plan.sure


def _tables(tasks: Mapping[int, Task]) -> dict[int, tuple[Array, Array]]:
    """What the kernels are given for each task."""
    left = Counter(id(task.plan) for task in tasks.values())
    alike: dict[Any, list[int]] = {}
    for k, task in tasks.items():
        alike.setdefault((id(task.plan), task.grid.key, task.decision.shift), []).append(k)
    found: dict[int, tuple[Array, Array]] = {}
    for ks in alike.values():
        first, contracts = tasks[ks[0]], [tasks[k].contract for k in ks]
        found |= zip(ks, first.plan.each(contracts, first.grid, first.decision.shift), strict=True)
        left[id(first.plan)] -= len(ks)
        first.plan.expect(left[id(first.plan)])
    return found


def _sure(tasks: Mapping[int, Task], settings: Settings) -> list[_Block]:
    """What contracts integrated in closed form came to, as far as they are numbers."""
    from greeks.kernels import backends, sweeping
    from greeks.kernels.reduction import BATCHES

    tables = _tables(tasks)
    swept = [sweeping.Task(loaded(t.plan.program, settings), *tables[k], 0, None, 0) for k, t in tasks.items()]
    found = backends.sweeper(settings.backend)(swept, seed=0, first=0, paths=1, threads=1) if swept else []
    means = {k: chunks.means[0] for k, chunks in zip(tasks, found, strict=True)}
    alike: dict[int, list[int]] = {}
    for k, task in tasks.items():
        alike.setdefault(id(task.readings), []).append(k)
    blocks = []
    for ks in alike.values():
        of_columns = np.array([means[k] for k in ks])
        values = np.column_stack([r.means(of_columns) for r in tasks[ks[0]].readings])
        batches = np.repeat(values[:, :, None], BATCHES, axis=2)
        of_all = _Block(
            ks, [tasks[k] for k in ks], values, ROUNDING * np.abs(values), batches, settings.paths, [{}] * len(ks)
        )
        blocks += _sound(of_all, np.asarray(np.isfinite(values).all(axis=1)))
    return blocks


def _sound(block: _Block, sound: npt.NDArray[np.bool_]) -> list[_Block]:
    """A block without the contracts of which something is no number; none if nothing is left."""
    if sound.all():
        return [block]
    return [block.part(np.flatnonzero(sound).tolist())] if sound.any() else []


def _simulated(
    tasks: Mapping[int, Task],
    settings: Mapping[int, Settings],
    clock: SharedClock,
    again: dict[int, Task],
    failures: dict[int, GreeksError],
) -> Iterator[_Block]:
    """What simulation gives; adds what to do again, otherwise, where a choice proved to be no number."""
    tables = _tables(tasks)

    def job(crew: Sequence[int]) -> Job:
        return Job(crew, [tasks[k] for k in crew], [settings[k] for k in crew], clock, [tables[k] for k in crew])

    jobs = [job(crew) for crew in _crews(tasks, settings)]
    play(jobs)
    alone = [j for j in jobs if j.alone]
    for several in (j for j in jobs if not j.alone):
        blocks = _together(several)
        yield from blocks
        done = {k for block in blocks for k in block.positions}
        alone += [job([k]) for k in several.positions if k not in done]
    play(alone)
    for one in alone:
        yield from _read_alone(one, again, failures)


def _crews(tasks: Mapping[int, Task], settings: Mapping[int, Settings]) -> list[list[int]]:
    """Positions of contracts that can be simulated and read as one: of one plan, with one number of paths."""
    crews: dict[tuple[int, ...], list[list[int]]] = {}
    for k, task in tasks.items():
        s = settings[k]
        alike = s.std_error is None and is_swept(task) and is_plain(task.readings)
        of_kind = crews.setdefault((id(task.plan), id(task.readings)) if alike else (k,), [[]])
        if len(of_kind[-1]) == ABREAST:
            of_kind.append([])
        of_kind[-1].append(k)
    return [crew for of_kind in crews.values() for crew in of_kind]


def _together(job: Job) -> list[_Block]:
    """What several contracts came to, as far as they are numbers."""
    if job.samples is None:
        return []
    found = read_together(job.tasks[0].readings, job.samples)
    numbers = found.values, found.std_errors, found.batches
    return _sound(_Block(job.positions, job.tasks, *numbers, found.paths, found.warnings), found.sound)


def _read_alone(job: Job, again: dict[int, Task], failures: dict[int, GreeksError]) -> list[_Block]:
    """What one contract came to; or adds why it is nothing, and what to do instead."""
    (k,), (task,), (settings,) = job.positions, job.tasks, job.settings
    if job.error is not None:
        failures[k] = job.error
        return []
    assert job.samples is not None
    estimates = read(task.readings, job.samples)[0]
    if bad := nonsense_in(estimates):
        failures[k] = refusal_of(bad, type(task.contract.model).__name__)
        if other := task.instead(estimates, settings):
            again[k] = other
        return []
    numbers = list(estimates.values())
    warnings = {name: e.warnings for name, e in estimates.items() if e.warnings}
    return [
        _Block(
            [k],
            [task],
            np.array([[e.value for e in numbers]]),
            np.array([[e.std_error for e in numbers]]),
            batch_means(task.readings, job.samples)[None],
            numbers[0].paths,
            [warnings],
            numbers[0].degrees,
        )
    ]


def batch_means(readings: Sequence[Reading], samples: Samples) -> Array:
    """(m, B), the numbers as each batch of samples alone gives them; of families of points, as each family does."""
    means = samples.batch_means()
    return np.stack([np.asarray(r.weights) @ means[list(r.columns)] for r in readings])


def _group(blocks: Sequence[_Block]) -> Group:
    """The contracts of one menu, in the order in which they were given."""
    positions = np.concatenate([block.positions for block in blocks])
    order = np.argsort(positions)
    readings = [task.readings for block in blocks for task in block.tasks]
    values, errors, batches = (
        np.concatenate(of)[order]
        for of in zip(*((block.values, block.std_errors, block.batches) for block in blocks), strict=True)
    )
    first = blocks[0].tasks[0]
    return Group(
        positions[order],
        tuple(reading.greek for reading in first.readings),
        values,
        errors,
        np.moveaxis(batches, 1, 2),
        np.concatenate([np.full(len(block.positions), block.paths) for block in blocks])[order],
        tuple(readings[i] for i in order),
        {k: told for block in blocks for k, told in zip(block.positions, block.warnings, strict=True) if told},
        first.menu.refusals,
        {},
        blocks[0].degrees,
    )


def _failed(failures: Mapping[int, GreeksError]) -> Group:
    """The contracts of which nothing is known."""
    n = len(failures)
    none = np.empty((n, 0))
    return Group(
        np.array(list(failures)), (), none, none, np.empty((n, 0, 0)), np.zeros(n, dtype=np.int64), ((),) * n, {}, {},
        failures,
    )  # fmt: skip
