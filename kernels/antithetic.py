"""Antithetic pairs: the lanes of a block's first half, and after them the same paths with every normal negated.

A block of 256 lanes is 128 samples, each the mean of a pair: half the draws, and independent samples again.

Source: Hammersley and Morton (1956), "A new Monte Carlo technique: antithetic variates".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lanes import ROW, SCRATCH, invert, uniforms
from .normal import SINGLES, central, normal_pair
from .scalars import float_bits

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Workspace = NDArray[float64]

PAIRS = 128


def mirrored_normals(w: Workspace, offset: int, path0: int, call: int, seed: int, stream: int) -> None:
    """Two rows of normals for 128 pairs: what `normal_pair` gives each, and its negative 128 lanes on."""
    q, z = w[w.size - SCRATCH :], w[offset:]
    lanes = q[2 * ROW :]
    uniforms(q, path0, PAIRS, call, seed, stream)
    for p in range(PAIRS):
        z[p] = central(q[p])
    for p in range(PAIRS):
        z[p + ROW] = central(q[p + PAIRS])
    for p in range(invert(q, 2 * PAIRS)):
        lane = float_bits(lanes[p])
        z[lane + (ROW - PAIRS) * (lane >= PAIRS)] = q[p]
    for p in range(PAIRS):
        z[p + PAIRS] = -z[p]
    for p in range(PAIRS):
        z[p + ROW + PAIRS] = -z[p + ROW]


def mirrored_normal(w: Workspace, offset: int, path0: int, call: int, seed: int, stream: int) -> None:
    """One row of normals for 128 pairs from half as many Philox calls: what `single_of_side` gives each."""
    q, z = w[w.size - SCRATCH :], w[offset:]
    lanes = q[2 * ROW :]
    uniforms(q, SINGLES + (path0 >> 1), PAIRS // 2, call, seed, stream)
    for p in range(PAIRS):
        z[p] = central(q[p])
    for p in range(invert(q, PAIRS)):
        z[float_bits(lanes[p])] = q[p]
    for p in range(PAIRS):
        z[p + PAIRS] = -z[p]


def pair_of_side(sample: int, call: int, seed: int, stream: int, side: float) -> tuple[float, float]:
    """Two normals of one side, 1.0 or -1.0, of a pair: what `mirrored_normals` gives its lane, bit for bit."""
    pair = normal_pair(sample, call, seed, stream)
    return side * pair[0], side * pair[1]


def single_of_side(sample: int, call: int, seed: int, stream: int, side: float) -> float:
    """One normal of one side of a pair: both halves of a Philox call are used, by a sample and the one 64 on."""
    pair = normal_pair(SINGLES + ((sample >> 7) << 6) + (sample & 63), call, seed, stream)
    return side * pair[1] if sample & 64 else side * pair[0]


def fold(w: Workspace, row: int) -> None:
    """The mean of each pair into the first half of a row."""
    a = w[row:]
    for p in range(PAIRS):
        a[p] = 0.5 * (a[p] + a[p + PAIRS])
