"""Moments of a block of outputs, accumulated about the chunk's first path.

A shift by any sample of the same law removes the cancellation that a large mean would cause, at no cost.
Sums may be reassociated (in this file only), which is what lets them run in vector registers; the order is
then fixed by the compiled code, not by the number of threads.

Extremes, and in one chunk of EVERY third and fourth powers, ride along where the numbers are in registers anyhow.
A chunk's shift is one of its own samples, at most sqrt(CHUNK) standard deviations from their mean, so
re-centring a fourth power loses seven digits at the very worst.

Source: Chan, Golub, LeVeque (1983), "Algorithms for computing the sample variance", section 3; Pebay (2008),
"Formulas for robust, one-pass parallel computation of covariances and arbitrary-order statistical moments".
"""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

from .scalars import bits_float, float_bits, fma

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Array = NDArray[float64]

LANES = 256
ROW = 264
BATCHES = 64  # sample s of a run is in batch s mod BATCHES; a divisor of the samples of a block
EVERY = 4  # chunks, of which the first has its third and fourth powers summed: in all of them it costs a twelfth


def offset(w: Array, out: int, mixing: Array) -> None:
    """Take the rows after the first m off those, mixing[i, j] times row m + j off row i, in place."""
    m = mixing.shape[0]
    for i in range(m):
        for j in range(mixing.shape[1]):
            if mixing[i, j] != 0.0:
                subtract(w, out + i * ROW, out + (m + j) * ROW, mixing[i, j])


def subtract(w: Array, target: int, source: int, weight: float) -> None:
    """Take weight times one row off another, in place."""
    a, b = w[target:], w[source:]
    for p in range(LANES):
        a[p] = fma(-weight, b[p], a[p])


def centre(w: Array, row: int, n: int, shift: float, higher: Array) -> float:
    """Subtract the shift from n lanes of a row, in place; their sum. The extremes go to higher[2] and higher[3].

    The shift is a sample, so neither extreme is below 0, where floats are ordered as their bits are: a maximum of
    integers vectorises without a promise that there be no NaN.
    """
    a, total = w[row:], 0.0
    above, below = float_bits(higher[2]), float_bits(higher[3])
    for p in range(n):
        d = a[p] - shift
        a[p] = d
        total += d
        above = max(above, float_bits(d))
        below = max(below, float_bits(-d))
    higher[2] = bits_float(above)
    higher[3] = bits_float(below)
    return total


def diagonal(w: Array, a: int, n: int, cross: Array, higher: Array) -> None:
    """Add the products of 4 rows with each other, and the cubes and fourth powers of each.

    fma(x, x, 0) is x x, but not the product that is added to a sum of squares: that one stays a single instruction.
    """
    x = w[a:]
    s00, s01, s02, s03 = 0.0, 0.0, 0.0, 0.0
    s11, s12, s13, s22, s23, s33 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    t0, t1, t2, t3 = 0.0, 0.0, 0.0, 0.0
    f0, f1, f2, f3 = 0.0, 0.0, 0.0, 0.0
    for p in range(n):
        x0, x1, x2, x3 = x[p], x[p + 264], x[p + 528], x[p + 792]
        q0, q1, q2, q3 = fma(x0, x0, 0.0), fma(x1, x1, 0.0), fma(x2, x2, 0.0), fma(x3, x3, 0.0)
        s00 += x0 * x0
        s01 += x0 * x1
        s02 += x0 * x2
        s03 += x0 * x3
        s11 += x1 * x1
        s12 += x1 * x2
        s13 += x1 * x3
        s22 += x2 * x2
        s23 += x2 * x3
        s33 += x3 * x3
        t0 += q0 * x0
        t1 += q1 * x1
        t2 += q2 * x2
        t3 += q3 * x3
        f0 += q0 * q0
        f1 += q1 * q1
        f2 += q2 * q2
        f3 += q3 * q3
    add4(cross[0], s00, s01, s02, s03)
    add4(cross[1], 0.0, s11, s12, s13)
    add4(cross[2], 0.0, 0.0, s22, s23)
    add4(cross[3], 0.0, 0.0, 0.0, s33)
    add2(higher[0], t0, f0)
    add2(higher[1], t1, f1)
    add2(higher[2], t2, f2)
    add2(higher[3], t3, f3)


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


def add2(to: Array, a: float, b: float) -> None:
    """Add two numbers to the first two of an array."""
    to[0] += a
    to[1] += b


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


def single(w: Array, a: int, n: int, higher: Array) -> float:
    """The sum of the squares of one row; its cubes and fourth powers are added as in `diagonal`."""
    x, s, t, f = w[a:], 0.0, 0.0, 0.0
    for p in range(n):
        d = x[p]
        q = fma(d, d, 0.0)
        s += d * d
        t += q * d
        f += q * q
    add2(higher, t, f)
    return s


def accumulate(
    w: Array, out: int, m: int, n: int, powers: int, shift: Array, sums: Array, cross: Array, higher: Array
) -> None:
    """Add the first n lanes of the m rows at `out` to `sums`, the upper half of `cross`, `higher`; rows are centred."""
    whole = m - m % 4
    for i in range(m):
        sums[i] += centre(w, out + i * ROW, n, shift[i], higher[i])
    for i in range(0, whole, 4):
        if powers:
            diagonal(w, out + i * ROW, n, cross[i:, i:], higher[i:])
        else:
            tile(w, out + i * ROW, out + i * ROW, n, cross[i:, i:])
        for j in range(i + 4, whole, 4):
            tile(w, out + i * ROW, out + j * ROW, n, cross[i:, j:])
        for j in range(whole, m):
            strip(w, out + i * ROW, out + j * ROW, n, cross[i:, j:])
    for i in range(whole, m):
        row = out + i * ROW
        cross[i, i] += single(w, row, n, higher[i]) if powers else pair(w, row, row, n)
        for j in range(i + 1, m):
            cross[i, j] += pair(w, out + i * ROW, out + j * ROW, n)


def begin(w: Array, out: int, shift: Array, sums: Array, cross: Array, higher: Array) -> None:
    """Start a chunk: shift by its first path, clear the sums."""
    for i in range(shift.size):
        shift[i] = w[out + i * ROW]
        sums[i] = 0.0
        for j in range(shift.size):
            cross[i, j] = 0.0
        for j in range(4):
            higher[i, j] = 0.0


def finish(n: int, powers: int, shift: Array, sums: Array, cross: Array, higher: Array) -> None:
    """Turn the sums of n paths into the mean (left in `shift`), co-moments (in all of `cross`) and higher moments."""
    for i in range(shift.size):
        recentre(n, sums[i] / n, cross[i, i], higher[i])
        if not powers:
            higher[i, 0] = nan
            higher[i, 1] = nan
    for i in range(shift.size):
        for j in range(i, shift.size):
            cross[i, j] -= sums[i] * sums[j] / n
            cross[j, i] = cross[i, j]
    for i in range(shift.size):
        shift[i] += sums[i] / n


def recentre(n: int, mean: float, second: float, higher: Array) -> None:
    """Sums of third and fourth powers and extremes about the shift as those about the mean, `mean` away from it."""
    third, fourth = higher[0], higher[1]
    higher[0] = third - 3.0 * mean * second + 2.0 * n * mean * mean * mean
    higher[1] = fourth - 4.0 * mean * third + 6.0 * mean * mean * second - 3.0 * n * mean * mean * mean * mean
    higher[2] -= mean
    higher[3] += mean


def begin_batches(batches: Array) -> None:
    """Clear the sums of m outputs over their batches."""
    for i in range(batches.shape[0]):
        for k in range(BATCHES):
            batches[i, k] = 0.0


def deal(w: Array, out: int, n: int, batches: Array) -> None:
    """Add the first n lanes of centred rows to their batches in turn."""
    for i in range(batches.shape[0]):
        to = batches[i]
        for first in range(0, n, BATCHES):
            of = w[out + i * ROW + first :]
            for k in range(min(BATCHES, n - first)):
                to[k] += of[k]


def finish_batches(n: int, shift: Array, batches: Array) -> None:
    """Turn sums about the shift, of n samples dealt out, into means; NaN in a batch that got none."""
    for i in range(batches.shape[0]):
        for k in range(BATCHES):
            own = (n - k + BATCHES - 1) // BATCHES
            batches[i, k] = shift[i] + batches[i, k] / own if own > 0 else nan
