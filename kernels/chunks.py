"""The entry points of a compiled program: whole chunks of paths in, one row of moments a chunk out.

A chunk is a fixed range of CHUNK paths counted from path 0, whoever simulates it: its row never depends on
threads, batches or neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .lanes import LANES, ROW
from .reduction import accumulate, begin, finish

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Array = NDArray[float64]

CHUNK = 4096
OUT = 0  # the program's own values replace these two, and its `block` this stand-in
OUTPUTS = 1
block: Any = None


def simulate(
    theta: Array,
    grid: Array,
    seed: int,
    stream: int,
    first: int,
    paths: int,
    w: Array,
    u: Array,
    sums: Array,
    means: Array,
    comoments: Array,
) -> None:
    """Simulate `paths` paths from `first` on, block by block; one row of `means` and `comoments` a chunk."""
    for c in range(means.shape[0]):
        begun = c * CHUNK
        size = min(CHUNK, paths - begun)
        for b in range(0, size, LANES):
            block(theta, grid, seed, stream, first + begun + b, w, u)
            if b == 0:
                begin(w, OUT, means[c], sums, comoments[c])
            accumulate(w, OUT, OUTPUTS, min(LANES, size - b), means[c], sums, comoments[c])
        finish(size, means[c], sums, comoments[c])


def reduce(out: Array, outputs: int, paths: int, sums: Array, means: Array, comoments: Array) -> None:
    """The moments of outputs already computed elsewhere, laid out as blocks of `outputs` rows of lanes."""
    for c in range(means.shape[0]):
        begun = c * CHUNK
        size = min(CHUNK, paths - begun)
        begin(out, (begun // LANES) * outputs * ROW, means[c], sums, comoments[c])
        for b in range(0, size, LANES):
            at = ((begun + b) // LANES) * outputs * ROW
            accumulate(out, at, outputs, min(LANES, size - b), means[c], sums, comoments[c])
        finish(size, means[c], sums, comoments[c])
