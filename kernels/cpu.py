"""Run a compiled program on the processor's cores: chunks on threads, merged in the order of their paths."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import numpy as np

from greeks.errors import SchemaError

from .chunks import CHUNK
from .compile import CompiledProgram
from .lanes import LANES, ROW, SCRATCH
from .moments import Array, Chunks, Integers, Moments, combine

SLICE = 0.02  # seconds between looks at the stop flag: how long Ctrl-C may take


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
    """Moments of the program's outputs over paths first..first+paths-1.

    theta: (parameters,); grid: (steps, columns); seed: any 64-bit integer; stream: 32-bit, a family of draws;
    first: a multiple of CHUNK. The result has the same bits for any number of threads.
    Raises SchemaError for a bad `first`, `paths`, `stream` or `threads`.
    """
    return combine(rows(program, theta, grid, seed=seed, stream=stream, first=first, paths=paths, threads=threads))


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
    """The k chunks, each with its moments: `moments.combine` merges them.

    first, paths: these count samples, where a sample is the mean of several paths. mixing: (m, k), of the outputs only
    the first m count, less mixing[i, j] times output m + j; without it all outputs count as they are. families:
    simulate the range for each of so many families of paths, where path i of family r is path r 2**32 + i; rows go
    round the families. normals: rows of them that a block makes before its first step; batches: whether their means
    are wanted. A chunk's row has the same bits whatever range of chunks it is simulated with, so rows of successive
    calls may be concatenated.
    """
    check(stream, first, paths, families)
    starts, counts = ranges(first, paths, families)
    mixed = np.empty((0, 2)) if mixing is None else matrix(mixing)
    found = Chunks.unfilled(counts, len(mixed) or program.outputs, batches)
    work = Work(program, vector(theta), matrix(grid), signed(seed), stream, starts, mixed, normals, found)
    work.run(available() if threads is None else threads)
    return found


@dataclass
class Work:
    """One simulation: what to run, the chunks it fills, and which of them is next."""

    program: CompiledProgram
    theta: Array
    grid: Array
    seed: int
    stream: int
    starts: Integers
    mixing: Array
    normals: int
    found: Chunks
    next: int = 0
    stopped: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def chunks(self) -> int:
        return len(self.starts)

    def run(self, threads: int) -> None:
        """Simulate every chunk; an interrupt stops all threads within about SLICE seconds."""
        if threads < 1:
            raise SchemaError(f"threads = {threads}: expected at least 1; leave it out to use every core")
        self.threads = max(1, min(threads, self.chunks))
        if self.threads == 1:
            return self.worker()
        with ThreadPoolExecutor(self.threads) as pool:
            futures = [pool.submit(self.worker) for _ in range(self.threads)]
            try:
                wait(futures, return_when=FIRST_EXCEPTION)
            finally:
                self.stopped = True
        for future in futures:
            future.result()

    def worker(self) -> None:
        """Take chunks until none are left."""
        w = aligned(self.program.work + SCRATCH)
        u = aligned(self.normals * ROW + SCRATCH if self.normals else 1)
        sums = np.empty(self.found.means.shape[1])
        for begin, end in self.shares():
            counts, *moments = self.found.part(begin, end)
            self.program.entry(
                self.theta, self.grid, self.seed, self.stream, self.starts[begin:end], counts,
                self.mixing, w, u, sums, *moments,
            )  # fmt: skip

    def shares(self) -> Iterator[tuple[int, int]]:
        """Ranges of chunks, each about SLICE seconds long and smaller towards the end, for balance."""
        size = 1
        while True:
            with self.lock:
                begin = self.next
                end = self.next = min(
                    begin + min(size, max(1, (self.chunks - begin) // (2 * self.threads))), self.chunks
                )
            if self.stopped or begin == end:
                return
            started = time.perf_counter()
            yield begin, end
            each = (time.perf_counter() - started) / (end - begin)
            size = max(1, int(SLICE / max(each, 1e-9)))


def ranges(first: int, paths: int, families: int = 1) -> tuple[Integers, Integers]:
    """Where each chunk starts and how many it has: CHUNK, but for the last of a family.

    >>> ranges(4096, 5000, 2)[0].tolist(), ranges(4096, 5000, 2)[1].tolist()
    ([4096, 4294971392, 8192, 4294975488], [4096, 4096, 904, 904])
    """
    begins = np.arange(0, paths, CHUNK, dtype=np.int64)
    counts = np.minimum(paths - begins, CHUNK)
    starts = first + begins[:, None] + (np.arange(families, dtype=np.int64) << 32)
    return starts.ravel(), np.repeat(counts, families)


def check(stream: int, first: int, paths: int, families: int = 1) -> None:
    """Refuse ranges that are not whole chunks from path 0; families of paths start at whole blocks."""
    if paths < 0:
        raise SchemaError(f"paths = {paths}: expected at least 0")
    unit = CHUNK if families == 1 else LANES
    if first < 0 or first % unit:
        raise SchemaError(f"first = {first}: expected a multiple of {unit}, so that chunks are the same in every run")
    if not 0 <= stream < 2**32:
        raise SchemaError(f"stream = {stream}: expected an integer in [0, 2**32)")


def signed(seed: int) -> int:
    """A seed as the signed 64-bit integer that has its bits."""
    if not -(2**63) <= seed < 2**64:
        raise SchemaError(f"seed = {seed}: expected a 64-bit integer")
    return (int(seed) + 2**63) % 2**64 - 2**63


def vector(theta: Array) -> Array:
    """Parameters as compiled code wants them."""
    return np.ascontiguousarray(theta, dtype=np.float64).reshape(-1)


def matrix(grid: Array) -> Array:
    """Steps as compiled code wants them, one row each."""
    return np.ascontiguousarray(np.atleast_2d(grid), dtype=np.float64)


def aligned(size: int) -> Array:
    """Zeros that start on a cache line: a 512-bit access must not straddle two."""
    raw = np.zeros(size + 8)
    skip = (-raw.ctypes.data % 64) // 8
    return raw[skip : skip + size]


def available() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
