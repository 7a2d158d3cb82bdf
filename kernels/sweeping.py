"""Many programs over the same paths: the normals of a block are drawn once for all that share a stream.

Units of work are a chunk of paths for some of the programs of one stream. What a program's chunk comes to does not
depend on the others, so neither company nor order nor threads can be seen in the numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

import numpy as np

from .compile import CompiledProgram
from .cpu import aligned, available, check, ranges, signed
from .foundation import foundation
from .lanes import SCRATCH, SLOT
from .moments import Array, Chunks, Integers
from .reduction import BATCHES

TOGETHER = 64  # programs in a unit of work, at most
MOST_SLOTS = 512  # calls whose normals are held, 2 MiB; of longer paths nothing is


@dataclass(frozen=True, eq=False)
class Task:
    """A program with its arguments: see `cpu.rows`. calls: how often it draws two rows of normals for a path."""

    program: CompiledProgram
    theta: Array
    grid: Array
    stream: int
    mixing: Array | None
    calls: int

    @property
    def numbers(self) -> int:
        return self.program.outputs if self.mixing is None else len(self.mixing)


def rows_of_all(tasks: Sequence[Task], *, seed: int, first: int, paths: int, threads: int | None) -> list[Chunks]:
    """For every task what `cpu.rows` gives it, with the means of batches; all draw from one seed, by counted calls."""
    for task in tasks:
        check(task.stream, first, paths)
    order = sorted(range(len(tasks)), key=lambda i: tasks[i].stream)
    room = _Room([tasks[i] for i in order], *ranges(first, paths))
    room.run(signed(seed), available() if threads is None else threads)
    found = dict(zip(order, room.chunks(), strict=True))
    return [found[i] for i in range(len(tasks))]


class _Room:
    """The arguments of some tasks side by side, and room for their moments, chunk after chunk."""

    def __init__(self, tasks: Sequence[Task], starts: Integers, counts: Integers) -> None:
        self.tasks, self.starts, self.counts = tasks, starts, counts
        self.sizes = np.array([t.numbers for t in tasks], dtype=np.int64)
        k = len(counts)
        self.at, self.corner = _begins(self.sizes * k), _begins(self.sizes**2 * k)
        n, corners = int(self.at[-1]), int(self.corner[-1])
        self.means, self.sums, self.comoments = np.empty(n), np.empty(n), np.empty(corners)
        self.higher, self.batches = np.empty((n, 4)), np.empty((n, BATCHES))
        self.mixings = [np.empty((0, 0)) if t.mixing is None else t.mixing for t in tasks]
        self.arguments = tuple(
            np.ascontiguousarray(np.concatenate(of), dtype=np.float64)
            for of in ([t.theta for t in tasks], [t.grid for t in tasks], [m.ravel() for m in self.mixings])
        )
        self.rows = self._rows()
        self.sweep = foundation().sweep  # compiled, if it has to be, before there are threads

    def _rows(self) -> Integers:
        """A row for each task, as `chunks.sweep` reads it, of the first chunk."""
        table, grid, mixing = (
            _begins(np.array(list(map(len, of)), dtype=np.int64))
            for of in ([t.theta for t in self.tasks], [t.grid for t in self.tasks], [m.ravel() for m in self.mixings])
        )
        known = np.array([(t.program.address, t.program.out, t.program.work, t.calls) for t in self.tasks])
        self.work, self.calls = known[:, 2], known[:, 3]
        columns = np.array([m.shape[1] for m in self.mixings])
        parts = table[:-1], table[1:], grid[:-1], grid[1:], mixing[:-1], columns, self.at[:-1], self.corner[:-1]
        return np.column_stack([known[:, 0], known[:, 1], self.sizes, *parts]).astype(np.int64)

    def run(self, seed: int, threads: int) -> None:
        units = list(self._units())
        if min(threads, len(units)) <= 1:
            for unit in units:
                self._play(seed, *unit)
            return
        with ThreadPoolExecutor(threads) as pool:
            for done in [pool.submit(self._play, seed, *unit) for unit in units]:
                done.result()

    def _units(self) -> Iterator[tuple[int, int, int]]:
        """(begin, end, chunk): tasks of one stream."""
        begin = 0
        for _, of_stream in groupby(self.tasks, attrgetter("stream")):
            end = begin + len(list(of_stream))
            for part in range(begin, end, TOGETHER):
                yield from ((part, min(part + TOGETHER, end), c) for c in range(len(self.counts)))
            begin = end

    def _play(self, seed: int, begin: int, end: int, chunk: int) -> None:
        rows = self.rows[begin:end].copy()
        rows[:, 9] += chunk * self.sizes[begin:end]
        rows[:, 10] += chunk * self.sizes[begin:end] ** 2
        slots = int(self.calls[begin:end].max())
        slots = slots if slots <= MOST_SLOTS and end > begin + 1 else 0
        w = aligned(int(self.work[begin:end].max()) + slots * SLOT + SCRATCH)
        w[-1:].view(np.int64)[0] = slots
        self.sweep(
            rows, *self.arguments, seed, self.tasks[begin].stream, int(self.starts[chunk]), int(self.counts[chunk]),
            w, aligned(1), self.sums, self.means, self.comoments, self.higher, self.batches,
        )  # fmt: skip

    def chunks(self) -> Iterator[Chunks]:
        """The moments of each task."""
        k = len(self.counts)
        for m, at, corner in zip(self.sizes.tolist(), self.at.tolist(), self.corner.tolist(), strict=False):
            to, end = at + k * m, corner + k * m * m
            means, comoments = self.means[at:to].reshape(k, m), self.comoments[corner:end].reshape(k, m, m)
            higher, batches = self.higher[at:to].reshape(k, m, 4), self.batches[at:to].reshape(k, m, BATCHES)
            yield Chunks(self.counts, means, comoments, higher, batches)


def _begins(sizes: Integers) -> Integers:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
