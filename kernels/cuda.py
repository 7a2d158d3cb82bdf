"""Run a program on an NVIDIA device, one thread a path; moments are those of the CPU's reduction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np

from greeks.errors import UnsupportedError

from .chunks import CHUNK
from .compile import CompiledProgram
from .cpu import aligned, check, matrix, ranges, signed, vector
from .foundation import foundation
from .lanes import LANES, ROW, SCRATCH
from .moments import Array, Chunks, Moments, combine

THREADS = 128  # a block's threads
MEMORY = 2**28  # bytes of outputs in flight


def unavailable() -> str | None:
    """Why this machine cannot run CUDA programs; None if it can."""
    try:
        from numba import cuda
    except ImportError as error:
        return f"Numba has no CUDA target here ({error})"
    if cuda.is_available():
        return None
    found = getattr(cuda, "cuda_error", lambda: None)()
    return " ".join(str(found or "no NVIDIA device found").split())


def require() -> None:
    """Raise UnsupportedError with reason and remedy where CUDA cannot run."""
    reason = unavailable()
    if reason is not None:
        raise UnsupportedError(
            f"backend = 'cuda': {reason} Use backend='cpu', or install an NVIDIA driver and `pip install numba-cuda`."
        )


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
    """As `cpu.rows`, on the device, in batches that need at most about MEMORY bytes."""
    require()
    check(stream, first, paths, families)
    m = program.outputs if mixing is None else len(mixing)
    mixed = np.empty((0, 2)) if mixing is None else matrix(mixing)
    starts, counts = ranges(first, paths, families)
    chunks = Chunks.unfilled(counts, m, batches)
    step = max(1, MEMORY // (8 * (program.outputs * ROW // LANES + normals) * CHUNK))
    for family in range(families):
        own = chunks.family(family, families)
        for begin in range(0, len(own.counts), step):
            at = int(starts[family::families][begin])
            part = own.part(begin, begin + step)
            size = int(part.counts.sum())
            out = simulate(program, vector(theta), matrix(grid), (signed(seed), stream, at, size), normals)
            reduce(out, program.outputs, at, size, mixed, part)
    return chunks


def reduce(out: Array, m: int, first: int, paths: int, mixing: Array, into: Chunks) -> None:
    """The moments of outputs from the device, by the CPU's own reduction."""
    from .calling import address

    base, rows = foundation(), np.array([[float(m), float(first)]])
    w, u, sums = aligned(m * ROW + SCRATCH), aligned(1), np.empty(into.means.shape[1])
    found = [np.empty(part.shape) for part in into[1:]]
    starts, counts = ranges(first, paths)
    task = (address(base.replay), 0, LANES, out, rows, 0, 0, starts, counts, mixing)
    base.simulate(*task, w, u, sums, *found)
    for to, of in zip(into[1:], found, strict=True):
        to[...] = of


def simulate(
    program: CompiledProgram, theta: Array, grid: Array, task: tuple[int, int, int, int], normals: int = 0
) -> Array:
    """The outputs of one batch; task: seed, stream, first path, number of paths; normals: what a path keeps in `u`."""
    from numba import cuda

    paths = task[3]
    out = cuda.device_array(-(-paths // LANES) * program.outputs * ROW)
    u = cuda.device_array((max(normals, 1), paths if normals else 1))
    launch: Any = program.entry
    with np.errstate(all="ignore"):
        launch[-(-paths // THREADS), THREADS](cuda.to_device(theta), cuda.to_device(grid), *task, out, u)
    host: Array = out.copy_to_host()
    return host


def ptx(text: str, capability: tuple[int, int] = (8, 0)) -> str:
    """The program as PTX for a compute capability; needs NVVM (a CUDA toolkit), but no device or driver."""
    from numba import cuda, types

    from . import cuda_source

    source = cuda_source.assemble(text, simulated=False)
    key = hashlib.sha256(source.encode()).hexdigest()[:40]
    integers = (types.int64,) * 4
    signature = (types.float64[::1], types.float64[:, ::1], *integers, types.float64[::1], types.float64[:, ::1])
    with supposed_device(capability):
        module = cuda_source.execute(source, key)
        result: str = cuda.compile_ptx(module.simulate, signature, cc=capability)[0]
    return result


@contextmanager
def supposed_device(capability: tuple[int, int]) -> Iterator[None]:
    """Let device functions be compiled where there is no device: they only ask for its capability."""
    from numba.cuda import dispatcher

    supposed: Any = SimpleNamespace(compute_capability=capability)
    with mock.patch.object(dispatcher, "get_current_device", lambda: supposed):
        yield
