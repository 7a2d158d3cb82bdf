"""Moments of a block of outputs, accumulated about the chunk's first path.

A shift by any sample of the same law removes the cancellation that a large mean would cause, at no cost.
Sums may be reassociated (in this file only), which is what lets them run in vector registers; the order is
then fixed by the compiled code, not by the number of threads.

Source: Chan, Golub, LeVeque (1983), "Algorithms for computing the sample variance", section 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .scalars import opaque

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Array = NDArray[float64]

ROW = 264


def add_row(w: Array, i: int, out: int, m: int, n: int, shift: Array, sums: Array, cross: Array) -> None:
    """Add n lanes of output i: its sum, and its products with outputs i..m-1, four at a time.

    Rows are sliced first: an index that might be negative would need a test in every lane.
    """
    a, x = w[out + i * ROW :], shift[i]
    total = 0.0
    for p in range(n):
        total += a[p] - x
    sums[i] += total
    j = i
    while j + 4 <= m:
        b = w[out + j * ROW :]
        y0, y1, y2, y3 = shift[j], shift[j + 1], shift[j + 2], shift[j + 3]
        s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
        for p in range(n):
            d = a[p] - x
            s0 += d * (b[p] - y0)
            s1 += d * (b[p + 264] - y1)
            s2 += d * (b[p + 528] - y2)
            s3 += d * (b[p + 792] - y3)
        cross[i, j] += s0
        cross[i, j + 1] += s1
        cross[i, j + 2] += s2
        cross[i, j + 3] += s3
        j += 4
    while j < m:
        b, y, s = w[out + j * ROW :], shift[j], 0.0
        for p in range(n):
            s += (a[p] - x) * (b[p] - y)
        cross[i, j] += s
        j += 1


def accumulate(w: Array, out: int, outputs: int, n: int, shift: Array, sums: Array, cross: Array) -> None:
    """Add the first n lanes of the output rows at `out` to `sums` (m,) and to the upper half of `cross`."""
    m = opaque(outputs)
    for i in range(m):
        add_row(w, i, out, m, n, shift, sums, cross)


def begin(w: Array, out: int, shift: Array, sums: Array, cross: Array) -> None:
    """Start a chunk: shift by its first path, clear the sums."""
    for i in range(shift.size):
        shift[i] = w[out + i * ROW]
        sums[i] = 0.0
        for j in range(shift.size):
            cross[i, j] = 0.0


def finish(n: int, shift: Array, sums: Array, cross: Array) -> None:
    """Turn the sums of n paths into the mean (left in `shift`) and the co-moments (in all of `cross`)."""
    for i in range(shift.size):
        for j in range(i, shift.size):
            cross[i, j] -= sums[i] * sums[j] / n
            cross[j, i] = cross[i, j]
    for i in range(shift.size):
        shift[i] += sums[i] / n
