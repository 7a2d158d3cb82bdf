"""Run a program on NVIDIA devices: one row of moments a chunk comes back, in the order of the paths.

Chunks are those of `cpu`, so are the draws; a chunk's row has the same bits whatever launch, device or neighbours it
was simulated with.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np

from .compile import CompiledProgram
from .cpu import check, matrix, ranges, signed, vector
from .cuda_errors import clear_errors, refused
from .cuda_memory import Pool, Slot
from .cuda_reduction import numbers_for
from .cuda_shape import Device, Launch, Needs
from .cuda_source import SHARED, tile_of
from .moments import Array, Chunks, Integers, Moments, combine

_pool = Pool()


def unavailable() -> str | None:
    """Why this machine cannot run CUDA programs; None if it can."""
    from .cuda_found import missing

    return missing()


def require() -> None:
    """Raise UnsupportedError with reason and remedy where CUDA cannot run."""
    reason = unavailable()
    if reason is not None:
        raise refused(reason)


def run(
    program: CompiledProgram,
    theta: Array,
    grid: Array,
    *,
    seed: int,
    stream: int = 0,
    first: int = 0,
    paths: int,
    threads: int | None = None,
) -> Moments:
    """As `cpu.run`, on the device; `threads` is accepted and has no meaning here.

    Raises UnsupportedError without a device, SchemaError for a bad range.
    """
    return combine(rows(program, theta, grid, seed=seed, stream=stream, first=first, paths=paths))


def rows(
    program: CompiledProgram,
    theta: Array,
    grid: Array,
    *,
    seed: int,
    stream: int = 0,
    first: int = 0,
    paths: int,
    threads: int | None = None,
    mixing: Array | None = None,
    families: int = 1,
    normals: int = 0,
    batches: bool = False,
) -> Chunks:
    """As `cpu.rows`, on the device: `submit`, and wait for it."""
    return submit(
        program, theta, grid, seed=seed, stream=stream, first=first, paths=paths, mixing=mixing, families=families,
        normals=normals, batches=batches,
    ).result()  # fmt: skip


def submit(
    program: CompiledProgram,
    theta: Array,
    grid: Array,
    *,
    seed: int,
    stream: int = 0,
    first: int = 0,
    paths: int,
    threads: int | None = None,
    mixing: Array | None = None,
    families: int = 1,
    normals: int = 0,
    batches: bool = False,
) -> Pending:
    """Start what `rows` asks for, and return at once: others may be started before its `result` is wanted.

    Raises UnsupportedError without a device, SchemaError for a bad range, EstimationError where the device fails.
    """
    require()
    check(stream, first, paths, families)
    starts, counts = ranges(first, paths, families)
    mixed = np.empty((0, 1)) if mixing is None else matrix(mixing)
    chunks = Chunks.unfilled(counts, program.outputs if mixing is None else len(mixed), batches)
    work = Work(program, vector(theta), matrix(grid), (signed(seed), stream), starts, mixed, normals, chunks)
    return Pending(work)


@dataclass(frozen=True, eq=False)
class Work:
    """One simulation: what to run, where its chunks start, and the rows that it is to fill."""

    program: CompiledProgram
    theta: Array
    grid: Array
    draws: tuple[int, int]  # seed, stream
    starts: Integers
    mixing: Array
    normals: int
    chunks: Chunks

    @property
    def row(self) -> int:
        """Bytes that a chunk needs on the device beside the work of its block."""
        return sum(part[:1].nbytes for part in self.chunks) + self.starts.itemsize

    def needs(self, threads: int) -> Needs:
        """What a block of the launch takes."""
        shared = 8 * tile_of(self.program.outputs)
        inside = shared <= SHARED
        registers = registers_of(self.program)
        return Needs(registers, shared if inside else 0, 8 * (self.width + self.normals * threads))

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
            found = {name: slot.room(name, part.shape) for name, part in parts.items()}
            inputs = {"theta": work.theta, "grid": work.grid, "mixing": work.mixing}
            theta, grid, mixing = (slot.sent(name, array) for name, array in inputs.items())
            starts, counts = slot.sent("starts", work.starts[begin:end]), slot.sent("counts", into.counts)
            u = slot.room("u", (max(work.normals, 1), launch.blocks * launch.threads if work.normals else 1))
            space = slot.room("work", (launch.blocks, work.width))
            entry: Any = work.program.entry
            entry[launch.blocks, launch.threads, slot.stream](
                theta, grid, *work.draws, starts, counts, mixing, u, space, *found.values()
            )
            copies = tuple(slot.fetched(name, array) for name, array in found.items())
        return cls(device, slot, into, copies)

    def land(self) -> None:
        """Wait for the rows, and put them where they belong."""
        with of_device(self.device):
            self.slot.wait()
        for to, of in zip(self.into[1:], self.copies, strict=True):
            to[...] = of
        _pool.give(self.device, self.slot)


def devices() -> list[int]:
    """The devices that share the chunks: all that CUDA_VISIBLE_DEVICES lets be seen."""
    from numba import cuda

    return list(range(len(cuda.gpus)))


def hardware() -> tuple[str, ...]:
    """What the devices are, for people to read."""
    if simulated():
        return ("Numba's simulator",)
    from numba import cuda

    return tuple(described(device) for device in cuda.gpus)


def described(device: Any) -> str:
    """Name and compute capability of a device."""
    name = device.name.decode() if isinstance(device.name, bytes) else str(device.name)
    return f"{name} (compute capability {'.'.join(map(str, device.compute_capability))})"


def of_device(device: int) -> AbstractContextManager[Any]:
    """Make a device's context the current one."""
    from numba import cuda

    found: AbstractContextManager[Any] = cuda.gpus[device]
    return found


def launch_for(work: Work, chunks: int) -> Launch:
    """The shape of a launch on the current device, or in the simulator, which plays threads one after the other."""
    if simulated():
        return Launch(1, 1, chunks)
    from .cuda_shape import THREADS

    return Launch.fitted(Device.current(), work.needs(THREADS), work.row, chunks)


def registers_of(program: CompiledProgram) -> int:
    """Registers a thread of the kernel has on the current device, as its compiler says."""
    entry: Any = program.entry
    return int(max(entry.get_regs_per_thread().values()))


def simulated() -> bool:
    """Whether Numba simulates the device."""
    from numba.core import config

    return bool(config.ENABLE_CUDASIM)
