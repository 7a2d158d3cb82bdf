"""Moments of a chunk of samples on a device, by the threads of one CUDA block; `reduction` has the CPU's form.

Threads share items of work, such as the sum over every STRANDS-th sample of a tile. What an item adds up, and the tree
by which strands are joined, does not depend on who takes it: the bits are the same for any shape of the launch. What is
then made of the sums is `reduction`'s, the same text as the CPU's: a chunk is summed about its first sample, its powers
are taken about its mean at the end.

Arrays are flat: x[i TILE + s] is number i of the tile's sample s. `work` holds m BATCHES sums, the products of pairs,
third and fourth powers and extremes by strands, and m totals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .functions import maximum
from .reduction import BATCHES, finish, finish_batches
from .scalars import fma

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Array = NDArray[float64]

TILE = 256  # samples that a CUDA block holds at a time
STRANDS = 8  # sample s of a tile is in strand s mod STRANDS, those of sums in strand s mod BATCHES


def pairs_of(m: int) -> int:
    """How many pairs (i, i + d mod m), d <= m / 2, cover all unordered pairs of m numbers.

    >>> [pairs_of(m) for m in (1, 2, 3, 4)]
    [1, 4, 6, 12]
    """
    return m * (m // 2 + 1)


def numbers_for(m: int) -> int:
    """Numbers that the reduction of m outputs needs beside its results."""
    return m * BATCHES + (pairs_of(m) + 4 * m) * STRANDS + m


def keep_sample(results: Array, mixing: Array, m: int, x: Array, s: int) -> None:
    """The first m results of a sample, less their controls as in `reduction.offset`, into the tile."""
    for i in range(m):
        value = float(results[i])
        if i < mixing.shape[0]:
            for j in range(mixing.shape[1]):
                if mixing[i, j] != 0.0:
                    value = fma(-mixing[i, j], results[m + j], value)
        x[i * TILE + s] = value


def clear_work(work: Array, thread: int, threads: int) -> None:
    """Start a chunk."""
    for i in range(thread, work.size, threads):
        work[i] = 0.0


def add_tile(x: Array, n: int, powers: int, shift: Array, work: Array, thread: int, threads: int) -> None:
    """Add the n samples of a tile to what a chunk has summed."""
    m = shift.size
    products = work[m * BATCHES :]
    add_sums(x, n, shift, work, thread, threads)
    add_products(x, n, shift, products, thread, threads)
    add_higher(x, n, powers, shift, products[pairs_of(m) * STRANDS :], thread, threads)


def add_sums(x: Array, n: int, shift: Array, sums: Array, thread: int, threads: int) -> None:
    """The sum of each number over each batch of samples."""
    for item in range(thread, shift.size * BATCHES, threads):
        i = item // BATCHES
        total = sums[item]
        for s in range(item % BATCHES, n, BATCHES):
            total += x[i * TILE + s] - shift[i]
        sums[item] = total


def add_products(x: Array, n: int, shift: Array, products: Array, thread: int, threads: int) -> None:
    """The products of each pair of numbers."""
    m = shift.size
    for item in range(thread, pairs_of(m) * STRANDS, threads):
        pair = item // STRANDS
        i = pair % m
        j = (i + pair // m) % m
        total = products[item]
        for s in range(item % STRANDS, n, STRANDS):
            total += (x[i * TILE + s] - shift[i]) * (x[j * TILE + s] - shift[j])
        products[item] = total


def add_higher(x: Array, n: int, powers: int, shift: Array, higher: Array, thread: int, threads: int) -> None:
    """Third and fourth powers of each number, if wanted, and its extremes about the shift, which is a sample."""
    for item in range(thread, shift.size * STRANDS, threads):
        i, k = item // STRANDS, item % STRANDS
        at = 4 * i * STRANDS + k
        third, fourth = higher[at], higher[at + STRANDS]
        above, below = higher[at + 2 * STRANDS], higher[at + 3 * STRANDS]
        for s in range(k, n, STRANDS):
            d = x[i * TILE + s] - shift[i]
            above, below = maximum(above, d), maximum(below, -d)
            if powers:
                third += d * d * d
                fourth += d * d * (d * d)
        higher[at], higher[at + STRANDS] = third, fourth
        higher[at + 2 * STRANDS], higher[at + 3 * STRANDS] = above, below


def join_strands(
    n: int, shift: Array, work: Array, cross: Array, powers: Array, batches: Array, thread: int, threads: int
) -> None:
    """Join the strands of a chunk of n samples; its batches are finished where there is room for them."""
    m = shift.size
    products = work[m * BATCHES :]
    higher = products[pairs_of(m) * STRANDS :]
    totals = higher[4 * m * STRANDS :]
    for i in range(thread, m, threads):
        if batches.shape[1] == BATCHES:
            for k in range(BATCHES):
                batches[i, k] = work[i * BATCHES + k]
            finish_batches(n, shift[i:], batches[i : i + 1])
        totals[i] = total_of(work[i * BATCHES :], BATCHES)
        for p in range(2):
            powers[i, p] = total_of(higher[(4 * i + p) * STRANDS :], STRANDS)
        for p in range(2, 4):
            powers[i, p] = largest_of(higher[(4 * i + p) * STRANDS :], STRANDS)
    for pair in range(thread, pairs_of(m), threads):
        i = pair % m
        j = (i + pair // m) % m
        total = total_of(products[pair * STRANDS :], STRANDS)
        if i < j:
            cross[i, j] = total
        else:
            cross[j, i] = total


def conclude_chunk(n: int, powers: int, shift: Array, work: Array, cross: Array, higher: Array) -> None:
    """Moments about the mean from joined sums about the shift, by one thread."""
    m = shift.size
    finish(n, powers, shift, work[m * BATCHES + (pairs_of(m) + 4 * m) * STRANDS :], cross, higher)


def total_of(a: Array, n: int) -> float:
    """The sum of the first n numbers, a power of two, by a tree; they are used up.

    >>> import numpy as np
    >>> total_of(np.array([1.0, 2.0, 4.0, 8.0]), 4)
    15.0
    """
    half = n // 2
    while half > 0:
        for k in range(half):
            a[k] += a[k + half]
        half = half // 2
    return float(a[0])


def largest_of(a: Array, n: int) -> float:
    """The largest of the first n numbers; NaN if one is."""
    value = a[0]
    for k in range(1, n):
        value = maximum(value, a[k])
    return float(value)
