"""Moments of a block of outputs, accumulated about the chunk's first path.

A shift by any sample of the same law removes the cancellation that a large mean would cause, at no cost.
Sums may be reassociated (in this file only), which is what lets them run in vector registers; the order is
then fixed by the compiled code, not by the number of threads.

Source: Chan, Golub, LeVeque (1983), "Algorithms for computing the sample variance", section 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .scalars import fma

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Array = NDArray[float64]

LANES = 256
ROW = 264


def subtract(w: Array, target: int, source: int, weight: float) -> None:
    """Take weight times one row off another, in place."""
    a, b = w[target:], w[source:]
    for p in range(LANES):
        a[p] = fma(-weight, b[p], a[p])


def centre(w: Array, row: int, n: int, shift: float) -> float:
    """Subtract the shift from n lanes of a row, in place; their sum."""
    a, total = w[row:], 0.0
    for p in range(n):
        d = a[p] - shift
        a[p] = d
        total += d
    return total


def tile(w: Array, a: int, b: int, n: int, cross: Array) -> None:
    """Add the products of 4 rows at a with 4 rows at b to a 4 x 4 corner: 16 sums in registers over 8 loads."""
    x, y = w[a:], w[b:]
    s00, s01, s02, s03 = 0.0, 0.0, 0.0, 0.0
    s10, s11, s12, s13 = 0.0, 0.0, 0.0, 0.0
    s20, s21, s22, s23 = 0.0, 0.0, 0.0, 0.0
    s30, s31, s32, s33 = 0.0, 0.0, 0.0, 0.0
    for p in range(n):
        x0, x1, x2, x3 = x[p], x[p + 264], x[p + 528], x[p + 792]
        y0, y1, y2, y3 = y[p], y[p + 264], y[p + 528], y[p + 792]
        s00 += x0 * y0
        s01 += x0 * y1
        s02 += x0 * y2
        s03 += x0 * y3
        s10 += x1 * y0
        s11 += x1 * y1
        s12 += x1 * y2
        s13 += x1 * y3
        s20 += x2 * y0
        s21 += x2 * y1
        s22 += x2 * y2
        s23 += x2 * y3
        s30 += x3 * y0
        s31 += x3 * y1
        s32 += x3 * y2
        s33 += x3 * y3
    add4(cross[0], s00, s01, s02, s03)
    add4(cross[1], s10, s11, s12, s13)
    add4(cross[2], s20, s21, s22, s23)
    add4(cross[3], s30, s31, s32, s33)


def add4(to: Array, a: float, b: float, c: float, d: float) -> None:
    """Add four numbers to the first four of an array."""
    to[0] += a
    to[1] += b
    to[2] += c
    to[3] += d


def strip(w: Array, a: int, b: int, n: int, cross: Array) -> None:
    """Add the products of 4 rows at a with one row at b to a column of 4."""
    x, y = w[a:], w[b:]
    s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
    for p in range(n):
        d = y[p]
        s0 += x[p] * d
        s1 += x[p + 264] * d
        s2 += x[p + 528] * d
        s3 += x[p + 792] * d
    cross[0, 0] += s0
    cross[1, 0] += s1
    cross[2, 0] += s2
    cross[3, 0] += s3


def pair(w: Array, a: int, b: int, n: int) -> float:
    """The sum of the products of two rows."""
    x, y, s = w[a:], w[b:], 0.0
    for p in range(n):
        s += x[p] * y[p]
    return s


def accumulate(w: Array, out: int, m: int, n: int, shift: Array, sums: Array, cross: Array) -> None:
    """Add the first n lanes of the m rows at `out` to `sums` and to the upper half of `cross`; the rows are centred."""
    whole = m - m % 4
    for i in range(m):
        sums[i] += centre(w, out + i * ROW, n, shift[i])
    for i in range(0, whole, 4):
        for j in range(i, whole, 4):
            tile(w, out + i * ROW, out + j * ROW, n, cross[i:, j:])
        for j in range(whole, m):
            strip(w, out + i * ROW, out + j * ROW, n, cross[i:, j:])
    for i in range(whole, m):
        for j in range(i, m):
            cross[i, j] += pair(w, out + i * ROW, out + j * ROW, n)


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
