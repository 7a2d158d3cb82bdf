"""All normals of a block's paths before their first step, so that a construction may give the best points to what
matters most: rows of a randomised point set, turned into the noise of one step after the other.

A Brownian bridge is a sequence of rotations of two rows. The noise z of an interval of length v, split into v1 and v2,
and a new normal x give those of its parts, sqrt(v1/v) z + sqrt(v2/v) x and sqrt(v2/v) z - sqrt(v1/v) x.

Source: Glasserman (2004), "Monte Carlo methods in financial engineering", sections 3.1 and 5.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lanes import LANES, ROW, SCRATCH, invert, normal
from .net import (
    BLOCKS,
    BLOCKS_AT,
    DIGITS,
    HEADER,
    LATIN,
    NETTED,
    NORMALS,
    ROWS,
    SCRAMBLES,
    SHUFFLES,
    TURNS,
    TURNS_AT,
    net_normal,
    shuffled,
    uniform_of,
)
from .normal import central
from .philox import philox
from .scalars import bits_float, float_bits, fma

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Array = NDArray[float64]


def fill(u: Array, table: Array, at: int, path0: int, seed: int, stream: int) -> None:
    """The rows of noise of the paths from path0 on, as the section at `at` describes them; u ends in scratch."""
    section = table[at:]
    rows, turns = section[int(section[ROWS]) :], section[int(section[TURNS_AT]) :]
    for dimension in range(int(section[NORMALS])):
        row = int(rows[dimension]) * ROW
        if dimension < int(section[NETTED]):
            net_row(u, row, section, dimension, path0, seed, stream)
        else:
            normal(u, row, path0, dimension, seed, stream)
    for k in range(int(section[TURNS])):
        turn(u, int(turns[4 * k]) * ROW, int(turns[4 * k + 1]) * ROW, turns[4 * k + 2], turns[4 * k + 3])
    mix(u, section, int(section[NORMALS]))


def net_row(u: Array, row: int, section: Array, dimension: int, path0: int, seed: int, stream: int) -> None:
    """One row of normals: coordinate `dimension` of the points of 256 paths."""
    q, z = u[u.size - SCRATCH :], u[row:]
    digits, lanes = q[ROW:], q[2 * ROW :]
    index, family = path0 & 0xFFFFFFFF, (path0 >> 32) & 0xFFFFFFFF
    low, high = seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF
    if section[LATIN] > 0.0:
        a, b, c, d = philox(dimension, stream, family, SHUFFLES, low, high)
        for p in range(LANES):
            digits[p] = bits_float(shuffled(index + p, a, b | 1))
    else:
        sobol_numbers(digits, section[HEADER + dimension * DIGITS :], index)
    a, b, c, d = philox(dimension, stream, family, SCRAMBLES, low, high)
    for p in range(LANES):
        q[p] = uniform_of(float_bits(digits[p]), a, b | 1, c, d | 1)
    for p in range(LANES):
        z[p] = central(q[p])
    for p in range(invert(q, LANES)):
        z[float_bits(lanes[p])] = q[p]


def sobol_numbers(digits: Array, directions: Array, index: int) -> None:
    """The numbers of indices index, ..., index + 255, a multiple of 256 first, as the bits of floats.

    They are linear in the bits of the index: those of the low 8 bits double a filled part of the row at a time.
    """
    x = 0
    for j in range(8, DIGITS):
        x ^= int(directions[j]) * ((index >> j) & 1)
    digits[0] = bits_float(x)
    for j in range(8):
        size, direction = 1 << j, int(directions[j])
        upper = digits[size:]
        for p in range(size):
            upper[p] = bits_float(float_bits(digits[p]) ^ direction)


def turn(u: Array, first: int, second: int, cosine: float, sine: float) -> None:
    """Rotate two rows, and reflect the second: independent normals stay so."""
    a, b = u[first:], u[second:]
    for p in range(LANES):
        x, y = a[p], b[p]
        a[p] = cosine * x + sine * y
        b[p] = sine * x - cosine * y


def mix(u: Array, section: Array, spare: int) -> None:
    """Dense mixings: rows first, first + stride, ... become the product of a matrix with them.

    The matrix is padded with zeros to a multiple of 4; 2 size rows from `spare` on hold factors and products.
    """
    at = int(section[BLOCKS_AT])
    for _ in range(int(section[BLOCKS])):
        size, stride = int(section[at]), int(section[at + 1])
        first, padded = int(section[at + 2]), int(section[at + 3])
        for i in range(padded):
            fetch(u, (spare + i) * ROW, u, (first + min(i, size - 1) * stride) * ROW)
        multiply(u, spare * ROW, section[at + 4 :], padded)
        for i in range(size):
            fetch(u, (first + i * stride) * ROW, u, (spare + padded + i) * ROW)
        at += 4 + padded * padded


def multiply(u: Array, source: int, matrix: Array, size: int) -> None:
    """The rows after `size` rows as a matrix times these, four by four: what is loaded is used four times."""
    for p in range(size * ROW):
        u[source + size * ROW + p] = 0.0
    for i in range(0, size, 4):
        for k in range(0, size, 4):
            multiply4(u, source + (size + i) * ROW, source + k * ROW, matrix[i * size + k :], size)


def multiply4(u: Array, target: int, source: int, m: Array, size: int) -> None:
    """Add a 4 x 4 matrix times 4 rows to 4 rows."""
    x, z = u[source:], u[target:]
    a0, b0, c0, d0 = m[0], m[1], m[2], m[3]
    a1, b1, c1, d1 = m[size], m[size + 1], m[size + 2], m[size + 3]
    a2, b2, c2, d2 = m[2 * size], m[2 * size + 1], m[2 * size + 2], m[2 * size + 3]
    a3, b3, c3, d3 = m[3 * size], m[3 * size + 1], m[3 * size + 2], m[3 * size + 3]
    for p in range(LANES):
        a, b, c, d = x[p], x[p + 264], x[p + 528], x[p + 792]
        z[p] = fma(a0, a, fma(b0, b, fma(c0, c, fma(d0, d, z[p]))))
        z[p + 264] = fma(a1, a, fma(b1, b, fma(c1, c, fma(d1, d, z[p + 264]))))
        z[p + 528] = fma(a2, a, fma(b2, b, fma(c2, c, fma(d2, d, z[p + 528]))))
        z[p + 792] = fma(a3, a, fma(b3, b, fma(c3, c, fma(d3, d, z[p + 792]))))


def fetch(w: Array, target: int, u: Array, source: int) -> None:
    """Copy a row of noise to where a step reads it."""
    to, of = w[target:], u[source:]
    for p in range(LANES):
        to[p] = of[p]


def fill_one(u: Array, table: Array, at: int, path: int, seed: int, stream: int) -> None:
    """`fill` for one path: a number instead of a row."""
    section = table[at:]
    rows, turns = section[int(section[ROWS]) :], section[int(section[TURNS_AT]) :]
    count = int(section[NORMALS])
    for dimension in range(count):
        u[int(rows[dimension])] = net_normal(section, dimension, path, seed, stream)
    for k in range(int(section[TURNS])):
        i, j = int(turns[4 * k]), int(turns[4 * k + 1])
        x, y = u[i], u[j]
        u[i] = turns[4 * k + 2] * x + turns[4 * k + 3] * y
        u[j] = turns[4 * k + 3] * x - turns[4 * k + 2] * y
    mix_one(u, section, count)


def mix_one(u: Array, section: Array, spare: int) -> None:
    """`mix` for one path."""
    at = int(section[BLOCKS_AT])
    for _ in range(int(section[BLOCKS])):
        size, stride = int(section[at]), int(section[at + 1])
        first, padded = int(section[at + 2]), int(section[at + 3])
        for i in range(size):
            u[spare + i] = u[first + i * stride]
        for i in range(size):
            s = 0.0
            for k in range(size):
                s = fma(section[at + 4 + i * padded + k], u[spare + k], s)
            u[first + i * stride] = s
        at += 4 + padded * padded
