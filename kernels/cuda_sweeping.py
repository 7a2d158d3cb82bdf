"""Many programs over the same paths on a device: a launch for all contracts that one program plays.

`sweeping` does the same on the processor. What a contract's chunk comes to does not depend on its company.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .backends import IN_FLIGHT
from .cpu import check, matrix, ranges, vector
from .cuda import require
from .cuda_flight import Pending, Work
from .moments import Chunks, Integers
from .reduction import BATCHES
from .sweeping import Task

TOGETHER, BYTES = 512, 2**26  # contracts of a launch, at most, and what they may leave


def rows_of_all(
    tasks: Sequence[Task], *, seed: int, first: int, paths: int, threads: int | None = None
) -> list[Chunks]:
    """For every task what `cuda.rows` gives it, with the means of batches; all draw from one seed.

    threads : accepted, and without a meaning here. Raises UnsupportedError without a device, SchemaError for a bad
    range, DeviceError where the device fails.
    """
    require()
    for task in tasks:
        check(task.stream, first, paths)
    span = ranges(first, paths)
    found: dict[int, Chunks] = {}
    flying: list[tuple[list[int], Pending]] = []
    for crew in crews(tasks, len(span[0])):
        if len(flying) == IN_FLIGHT:
            found |= landed(*flying.pop(0), span[0])
        flying.append((crew, started([tasks[i] for i in crew], seed, span)))
    for crew, pending in flying:
        found |= landed(crew, pending, span[0])
    return [found[i] for i in range(len(tasks))]


def crews(tasks: Sequence[Task], chunks: int) -> Iterator[list[int]]:
    """Which tasks fly together: those of one program whose arguments have the same shapes, within BYTES."""
    alike: dict[Any, list[int]] = {}
    for i, task in enumerate(tasks):
        mixing = None if task.mixing is None else task.mixing.shape
        alike.setdefault((task.program.key, task.theta.shape, task.grid.shape, mixing), []).append(i)
    for crew in alike.values():
        m = tasks[crew[0]].numbers
        most = max(1, min(TOGETHER, BYTES // (8 * chunks * m * (m + 5 + BATCHES))))
        yield from (crew[begin : begin + most] for begin in range(0, len(crew), most))


def started(tasks: Sequence[Task], seed: int, span: tuple[Integers, Integers]) -> Pending:
    """One launch for all of them."""
    contracts = [
        (vector(t.theta), matrix(t.grid), None if t.mixing is None else matrix(t.mixing), t.stream) for t in tasks
    ]
    return Pending(Work.of(tasks[0].program, contracts, seed, span, batches=True))


def landed(crew: Sequence[int], pending: Pending, starts: Integers) -> dict[int, Chunks]:
    """The rows of each, when all are there."""
    rows, k = pending.result(), len(starts)
    return {i: rows.part(at * k, (at + 1) * k) for at, i in enumerate(crew)}
