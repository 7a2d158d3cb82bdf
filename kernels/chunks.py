"""What Python calls to run a compiled program: whole chunks of paths in, one row of moments a chunk out.

A chunk is a fixed range of at most CHUNK samples, whoever simulates it: its row never depends on threads, batches
or neighbours. A sample is a path, or the mean of a pair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .lanes import LANES, PATH, ROW, SCRATCH, SLOT
from .reduction import EVERY, accumulate, begin, begin_batches, deal, finish, finish_batches, offset
from .scalars import bits_float, float_bits, matrix_of

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
    mixing: (m, k), mixing[i, j] times output m + j is taken off output i first; no rows for no mixing;
    batches: for every chunk the mean of each output over each batch, where wanted: sample s is in batch s mod BATCHES.
    """
    for c in range(means.shape[0]):
        first, size = starts[c], counts[c]
        powers = int(first // CHUNK % EVERY == 0)
        for b in range(0, size, samples):
            invoke(block, theta, grid, seed, stream, first + b, w, u)
            take(w, out, b, min(samples, size - b), powers, mixing, means[c], sums, comoments[c], higher[c], batches[c])
        finish_batches(size, means[c], batches[c])
        finish(size, powers, means[c], sums, comoments[c], higher[c])


def take(
    w: Array,
    out: int,
    b: int,
    n: int,
    powers: int,
    mixing: Array,
    shift: Array,
    sums: Array,
    cross: Array,
    higher: Array,
    batches: Array,
) -> None:
    """Add the n samples of a block to the sums of a chunk, of which it has those from b on."""
    offset(w, out, mixing)
    if b == 0:
        begin(w, out, shift, sums, cross, higher)
        begin_batches(batches)
    accumulate(w, out, shift.size, n, powers, shift, sums, cross, higher)
    deal(w, out, n, batches)


def sweep(
    tasks: Integers,
    tables: Array,
    grids: Array,
    mixings: Array,
    seed: int,
    stream: int,
    first: int,
    size: int,
    w: Array,
    u: Array,
    sums: Array,
    means: Array,
    comoments: Array,
    higher: Array,
    batches: Array,
) -> None:
    """One chunk of many programs, block by block, so that all find the normals of a block in the workspace.

    tasks: a row for each: address of its block, where that leaves its outputs, how many numbers m are wanted, begin
    and end of its part of the tables and of the rows of grids, begin of its part of the mixings and columns of that,
    its first number in means (and in a 4th of higher, a 64th of batches), its first in comoments.
    Numbers come out as `simulate` gives them for each alone.
    """
    powers = int(first // CHUNK % EVERY == 0)
    for slot in range(w.size - SCRATCH - float_bits(w[w.size - 1]) * SLOT, w.size - SCRATCH, SLOT):
        w[slot + PATH] = bits_float(-1)
    for b in range(0, size, LANES):
        for t in range(tasks.shape[0]):
            block, out, m, mixing, k = tasks[t, 0], tasks[t, 1], tasks[t, 2], tasks[t, 7], tasks[t, 8]
            at, to, corner = tasks[t, 9], tasks[t, 9] + m, tasks[t, 10]
            weights = matrix_of(mixings[mixing:], m if k else 0, k)
            theta, grid = tables[tasks[t, 3] : tasks[t, 4]], grids[tasks[t, 5] : tasks[t, 6]]
            invoke(block, theta, grid, seed, stream, first + b, w, u)
            take(
                w, out, b, min(LANES, size - b), powers, weights, means[at:to], sums[at:to],
                matrix_of(comoments[corner:], m, m), higher[at:to], batches[at:to],
            )  # fmt: skip
    for t in range(tasks.shape[0]):
        m, at, corner = tasks[t, 2], tasks[t, 9], tasks[t, 10]
        cross = matrix_of(comoments[corner:], m, m)
        finish_batches(size, means[at : at + m], batches[at : at + m])
        finish(size, powers, means[at : at + m], sums[at : at + m], cross, higher[at : at + m])


def replay(theta: Array, grid: Array, seed: int, stream: int, path0: int, w: Array, u: Array) -> None:
    """A block computed elsewhere: theta holds grid[0, 0] rows of lanes a block, from path grid[0, 1] on."""
    size = int(grid[0, 0]) * ROW
    of = theta[(path0 - int(grid[0, 1])) // LANES * size :]
    for p in range(size):
        w[p] = of[p]
