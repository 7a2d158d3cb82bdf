"""Run a program on NVIDIA devices: one row of moments a chunk comes back, in the order of the paths.

Chunks are those of `cpu`, so are the draws; a chunk's row has the same bits whatever launch, device or neighbours it
was simulated with.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from .compile import CompiledProgram
from .cpu import check, matrix, ranges, vector
from .cuda_errors import refused
from .cuda_flight import Pending, Work, simulated
from .moments import Array, Chunks, Moments, combine


@lru_cache(maxsize=1)
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

    Raises UnsupportedError without a device, SchemaError for a bad range, DeviceError where the device fails.
    """
    require()
    check(stream, first, paths, families)
    contract = vector(theta), matrix(grid), None if mixing is None else matrix(mixing), stream
    return Pending(Work.of(program, [contract], seed, ranges(first, paths, families), normals, batches))


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
