"""Launches under way: what they are to simulate, on which device each part of it flies, and where its rows land."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np

from .chunks import CHUNK
from .compile import CompiledProgram
from .cpu import signed
from .cuda_errors import clear_errors
from .cuda_memory import Pool, Slot
from .cuda_reduction import numbers_for
from .cuda_shape import THREADS, Launch, Room
from .cuda_source import SHARED, tile_of
from .moments import Array, Chunks, Integers

_pool = Pool()
_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class Work:
    """One simulation, of one contract or of several by one program: what to run, and the rows that it is to fill.

    thetas, grids, mixings : arguments of each of n contracts, one below the other; streams : (n,), of their draws.
    owners, starts : whose a chunk is, and where its paths start.
    """

    program: CompiledProgram
    thetas: Array
    grids: Array
    mixings: Array
    seed: int
    streams: Integers
    owners: Integers
    starts: Integers
    normals: int
    chunks: Chunks

    @classmethod
    def of(
        cls,
        program: CompiledProgram,
        contracts: Sequence[tuple[Array, Array, Array | None, int]],
        seed: int,
        ranges: tuple[Integers, Integers],
        normals: int = 0,
        batches: bool = False,
    ) -> Work:
        """That of contracts (theta, grid, mixing, stream) whose arguments have the same shapes, over the same paths.

        Without a mixing, output 1 is taken off output 0 no times.
        """
        starts, counts = ranges
        n, k = len(contracts), len(starts)
        thetas, grids, mixings, streams = zip(*contracts, strict=True)
        numbers = program.outputs if mixings[0] is None else len(mixings[0])
        mixed = np.zeros((n, 1, 1)) if mixings[0] is None or not mixings[0].size else np.stack(mixings)
        return cls(
            program, np.stack(thetas), np.stack(grids), mixed, signed(seed), np.array(streams, dtype=np.int64),
            np.repeat(np.arange(n), k), np.tile(starts, n), normals,
            Chunks.unfilled(np.tile(counts, n), numbers, batches),
        )  # fmt: skip

    @property
    def row(self) -> int:
        """Bytes that a chunk needs on the device beside the work of its block."""
        return sum(part[:1].nbytes for part in self.chunks) + self.starts.itemsize + self.owners.itemsize

    @property
    def steps(self) -> int:
        """Steps of a chunk's paths: those of dates, or between them, whichever are more."""
        return CHUNK * max(1, len(self.grids[0]), int(self.grids[0, :, 0].sum()))

    def block(self, threads: int) -> int:
        """Bytes that a block of so many threads works with in global memory."""
        return 8 * (self.width + self.normals * threads)

    @property
    def width(self) -> int:
        """Numbers that a block works with in global memory."""
        size = tile_of(self.program.outputs)
        return numbers_for(self.chunks.means.shape[1]) + (0 if 8 * size <= SHARED else size)


class Pending:
    """Chunks under way: as much as fits the devices is started at once, the rest when the result is asked for."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self._rounds = rounds(work, devices())
        self._flying: list[Flight] = []
        with clear_errors(self._drop):
            self._start()

    def result(self) -> Chunks:
        """The rows, when all are there."""
        with clear_errors(self._drop):
            while self._flying:
                while self._flying:
                    self._flying.pop(0).land()
                self._start()
        return self.work.chunks

    def _start(self) -> None:
        for device, launch, begin, end in next(self._rounds, ()):
            self._flying.append(Flight.start(self.work, device, launch, begin, end))

    def _drop(self) -> None:
        self._flying.clear()
        _pool.clear()


def rounds(work: Work, on: list[int]) -> Iterator[list[tuple[int, Launch, int, int]]]:
    """Rounds of launches, (device, shape, first chunk, chunk after the last): each device gets its part of a round."""
    begin, chunks = 0, len(work.starts)
    while begin < chunks:
        left = -(-(chunks - begin) // len(on))  # for each device
        one_round = []
        for device in on:
            if begin < chunks:
                with of_device(device):
                    launch = launch_for(work, min(left, chunks - begin))
                end = min(begin + launch.chunks, chunks)
                one_round.append((device, launch, begin, end))
                begin = end
        yield one_round


@dataclass(frozen=True, eq=False)
class Flight:
    """One launch in flight: where its rows are to go, and pinned copies of them on their way."""

    device: int
    slot: Slot
    into: Chunks
    copies: tuple[Array, ...]

    @classmethod
    def start(cls, work: Work, device: int, launch: Launch, begin: int, end: int) -> Flight:
        """Launch chunks begin, ..., end - 1 on a device, and order the copy of their rows."""
        with of_device(device):
            slot, into = _pool.take(device), work.chunks.part(begin, end)
            parts = dict(zip(("means", "comoments", "higher", "batches"), into[1:], strict=True))
            # An array without elements has a stride of 0, for which Numba would compile another kernel.
            found = {
                name: slot.room(name, part.shape if part.size else (len(part), 1, 1)) for name, part in parts.items()
            }
            inputs = {"theta": work.thetas, "grid": work.grids, "streams": work.streams}
            inputs |= {"owners": work.owners[begin:end], "starts": work.starts[begin:end], "counts": into.counts}
            theta, grid, *which = (slot.sent(name, array) for name, array in inputs.items())
            mixing = slot.sent("mixing", work.mixings)
            u = slot.room("u", (max(work.normals, 1), launch.blocks * launch.threads if work.normals else 1))
            space = slot.room("work", (launch.blocks, work.width))
            configured(work.program.entry, launch, slot.stream)(
                theta, grid, work.seed, *which, mixing, u, space, *found.values()
            )
            copies = tuple(slot.fetched(name, found[name]) for name, part in parts.items() if part.size)
        return cls(device, slot, into, copies)

    def land(self) -> None:
        """Wait for the rows, and put them where they belong."""
        with of_device(self.device):
            self.slot.wait()
        for to, of in zip((part for part in self.into[1:] if part.size), self.copies, strict=True):
            to[...] = of
        _pool.give(self.device, self.slot)


def devices() -> list[int]:
    """The devices that share the chunks: all that CUDA_VISIBLE_DEVICES lets be seen."""
    from numba import cuda

    return list(range(len(cuda.gpus)))


def of_device(device: int) -> AbstractContextManager[Any]:
    """Make a device's context the current one."""
    from numba import cuda

    found: AbstractContextManager[Any] = cuda.gpus[device]
    return found


def launch_for(work: Work, chunks: int) -> Launch:
    """The shape of a launch on the current device, or in the simulator, which plays threads one after the other."""
    if simulated():
        return Launch(1, 1, chunks)
    room = Room.on_current_device(work.program.entry)
    return Launch.fitted(room, work.block(THREADS), work.row, chunks, work.steps)


def configured(entry: Any, launch: Launch, stream: Any) -> Callable[..., None]:
    """A kernel with the shape of a launch; Numba's warning that it has few blocks says nothing of its neighbours."""
    from numba.core import config

    with _lock:  # the setting is everybody's
        warns, config.CUDA_LOW_OCCUPANCY_WARNINGS = config.CUDA_LOW_OCCUPANCY_WARNINGS, 0
        try:
            found: Callable[..., None] = entry[launch.blocks, launch.threads, stream]
        finally:
            config.CUDA_LOW_OCCUPANCY_WARNINGS = warns
    return found


def simulated() -> bool:
    """Whether Numba simulates the device."""
    from numba.core import config

    return bool(config.ENABLE_CUDASIM)
