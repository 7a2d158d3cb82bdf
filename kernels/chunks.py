"""What Python calls to run a compiled program: whole chunks of paths in, one row of moments a chunk out.

A chunk is a fixed range of at most CHUNK samples, whoever simulates it: its row never depends on threads, batches
or neighbours. A sample is a path, or the mean of a pair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .lanes import LANES, ROW
from .reduction import EVERY, accumulate, begin, begin_batches, deal, finish, finish_batches, subtract

if TYPE_CHECKING:
    from numpy import float64, int64
    from numpy.typing import NDArray

    Array = NDArray[float64]
    Integers = NDArray[int64]

CHUNK = 4096
invoke: Any = None  # compiled code has an intrinsic of this name, which calls a block by its address


def simulate(
    block: int,
    out: int,
    samples: int,
    theta: Array,
    grid: Array,
    seed: int,
    stream: int,
    starts: Integers,
    counts: Integers,
    mixing: Array,
    w: Array,
    u: Array,
    sums: Array,
    means: Array,
    comoments: Array,
    higher: Array,
    batches: Array,
) -> None:
    """Simulate samples starts[c], starts[c] + 1, ..., counts[c] of them, block by block, into row c of the moments.

    block: address of the program's machine code; out: where in `w` it leaves its outputs, means.shape[1] rows;
    samples: how many a block has, in its first lanes;
    mixing: a row (b, j) for output i says that b times output j is taken off it first, none for no mixing;
    batches: for every chunk the mean of each output over each batch, where wanted: sample s is in batch s mod BATCHES.
    """
    m = means.shape[1]
    for c in range(means.shape[0]):
        first, size = starts[c], counts[c]
        powers = int(first // CHUNK % EVERY == 0)
        for b in range(0, size, samples):
            invoke(block, theta, grid, seed, stream, first + b, w, u)
            for i in range(mixing.shape[0]):
                if mixing[i, 0] != 0.0:
                    subtract(w, out + i * ROW, out + int(mixing[i, 1]) * ROW, mixing[i, 0])
            if b == 0:
                begin(w, out, means[c], sums, comoments[c], higher[c])
                begin_batches(batches[c])
            accumulate(w, out, m, min(samples, size - b), powers, means[c], sums, comoments[c], higher[c])
            deal(w, out, min(samples, size - b), batches[c])
        finish_batches(size, means[c], batches[c])
        finish(size, powers, means[c], sums, comoments[c], higher[c])


def replay(theta: Array, grid: Array, seed: int, stream: int, path0: int, w: Array, u: Array) -> None:
    """A block computed elsewhere: theta holds grid[0, 0] rows of lanes a block, from path grid[0, 1] on."""
    size = int(grid[0, 0]) * ROW
    of = theta[(path0 - int(grid[0, 1])) // LANES * size :]
    for p in range(size):
        w[p] = of[p]
