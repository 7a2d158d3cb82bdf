"""One coordinate of a randomised point set: scrambled Sobol numbers, or Latin hypercubes, a point at a time.

Coordinates are 32 binary digits, kept with their order reversed: digit 1 is bit 0. Then the numbers of Sobol's first
dimension are the indices themselves, and a map whose lower bits never depend on higher ones is a nested scrambling.
Digits 33 to 52 are random.

A randomisation is a family of paths (`path >> 32`); a point's index is `path & 0xFFFFFFFF`. Philox gives each family
and dimension its scrambling, from counters that no draw has.

Source: Owen (1995), "Randomly permuted (t,m,s)-nets and (t,s)-sequences"; Laine and Karras (2011), "Stratified
sampling for stochastic transparency", section 3.3; Burley (2020), "Practical hash-based Owen scrambling", section 3.
The multipliers are those of Vegdahl (2021), "Building a better LK hash".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .normal import centred, normal_single, quantile
from .philox import philox

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Array = NDArray[float64]

DIGITS = 32
SCRAMBLES = 0xFFFFFFFF  # the counter's last word where a scrambling is drawn: paths have less
SHUFFLES = 0xFFFFFFFE  # where the order of a Latin hypercube's strata is
# Where a section of the table that describes the noise of a path has what; `engine.noise` writes it.
NORMALS = 0  # how many normals a path has: one a dimension
NETTED = 1  # dimensions of the net; those after it are Philox's
LATIN = 2  # 1 for Latin hypercubes, 0 for Sobol numbers
ROWS = 3  # where the rows begin that the normals go to, one for each dimension
TURNS = 4  # rotations of two rows: how many ...
TURNS_AT = 5  # ... and where they begin, (row, row, cosine, sine) each
BLOCKS = 6  # dense mixings of rows: how many ...
BLOCKS_AT = 7  # ... and where they begin, (size, stride, first row, size up to a multiple of 4, matrix) each
HELD = 8  # rows that all this needs
HEADER = 9  # the direction numbers follow, 32 for each dimension of the net


def reversed_bits(x: int) -> int:
    """32 bits in reverse order.

    >>> hex(reversed_bits(0x00000003))
    '0xc0000000'
    """
    x = ((x >> 1) & 0x55555555) | ((x & 0x55555555) << 1)
    x = ((x >> 2) & 0x33333333) | ((x & 0x33333333) << 2)
    x = ((x >> 4) & 0x0F0F0F0F) | ((x & 0x0F0F0F0F) << 4)
    x = ((x >> 8) & 0x00FF00FF) | ((x & 0x00FF00FF) << 8)
    return (x >> 16) | ((x & 0xFFFF) << 16)


def scrambled(x: int, add: int, odd: int) -> int:
    """A nested scrambling of reversed digits: a permutation of 32 bits in which none depends on a higher one.

    For `add` uniform the result is uniform, whatever x.
    """
    x ^= (x * 0x3D20ADEA) & 0xFFFFFFFF
    x = (x + add) & 0xFFFFFFFF
    x = (x * odd) & 0xFFFFFFFF
    x ^= (x * 0x05526C56) & 0xFFFFFFFF
    x ^= (x * 0x53A22864) & 0xFFFFFFFF
    return x


def shuffled(index: int, add: int, odd: int) -> int:
    """A nested scrambling of an index: a permutation of every range [k 2**m, (k + 1) 2**m) into another such range."""
    return reversed_bits(scrambled(reversed_bits(index), add, odd))


def uniform_of(x: int, add: int, odd: int, more: int, factor: int) -> float:
    """u - 1/2 for the uniform whose first 32 digits are x scrambled, and whose others are random."""
    y = scrambled(x, add, odd)
    return centred(reversed_bits(y), (y * factor + more) & 0xFFFFFFFF)


def sobol_number(directions: Array, dimension: int, index: int) -> int:
    """The index-th number of a dimension, in reversed digits: the sum over GF(2) of its direction numbers."""
    x = 0
    for j in range(DIGITS):
        x ^= int(directions[dimension * DIGITS + j]) * ((index >> j) & 1)
    return x


def net_normal(section: Array, dimension: int, path: int, seed: int, stream: int) -> float:
    """The normal of one path in one dimension: what a lane of `noise.net_row` gets, bit for bit."""
    if dimension >= int(section[NETTED]):
        return normal_single(path, dimension, seed, stream)
    index, family = path & 0xFFFFFFFF, (path >> 32) & 0xFFFFFFFF
    low, high = seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF
    x = index
    if section[LATIN] > 0.0:
        a, b, c, d = philox(dimension, stream, family, SHUFFLES, low, high)
        x = shuffled(index, a, b | 1)
    else:
        x = sobol_number(section[HEADER:], dimension, index)
    a, b, c, d = philox(dimension, stream, family, SCRAMBLES, low, high)
    return quantile(uniform_of(x, a, b | 1, c, d | 1))
