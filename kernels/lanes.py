"""Normals for a whole block of paths, a row of lanes at a time: the CPU's form of `normal.normal_pair`.

Every loop but the compaction vectorises. The centre is evaluated in all lanes; the few lanes in the tails
(1/16) are compacted, evaluated side by side and scattered back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .normal import CENTRE, SINGLES, central, centred, tail
from .philox import philox
from .scalars import bits_float, float_bits

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Workspace = NDArray[float64]

LANES = 256
ROW = 264  # lanes and 8 more: rows at a stride of 2048 bytes would share two L1 sets out of 64
SCRATCH = 4 * ROW  # two rows of q, two rows of lane numbers, behind the program's own WORK floats
WORK = 0  # the program's own value replaces this one


def uniforms(w: Workspace, first: int, count: int, call: int, seed: int, stream: int) -> None:
    """Fill 2 count scratch lanes: first uniforms of paths first, first + 1, ..., then their second ones."""
    low, high = seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF
    second = w[WORK + count :]
    for p in range(count):
        path = first + p
        a, b, c, d = philox(call, stream, path & 0xFFFFFFFF, (path >> 32) & 0xFFFFFFFF, low, high)
        w[p + WORK] = centred(a, b)
        second[p] = centred(c, d)


def invert(w: Workspace, count: int) -> int:
    """Compact the tail lanes among the first `count` scratch uniforms, invert them; how many there were."""
    found = 0
    for p in range(count):
        q = w[p + WORK]
        w[found + WORK] = q
        w[found + (WORK + 2 * ROW)] = bits_float(p)
        found += abs(q) > CENTRE
    for p in range(found):
        w[p + WORK] = tail(w[p + WORK])
    return found


def normals(w: Workspace, offset: int, path0: int, call: int, seed: int, stream: int) -> None:
    """Two rows of normals, at `offset` and `offset + ROW`: both halves of this call for every lane."""
    uniforms(w, path0, LANES, call, seed, stream)
    z = w[offset:]
    for p in range(LANES):
        z[p] = central(w[p + WORK])
    for p in range(LANES):
        z[p + ROW] = central(w[p + (WORK + LANES)])
    for p in range(invert(w, 2 * LANES)):
        lane = float_bits(w[p + (WORK + 2 * ROW)])
        z[lane + (ROW - LANES) * (lane >= LANES)] = w[p + WORK]


def normal(w: Workspace, offset: int, path0: int, call: int, seed: int, stream: int) -> None:
    """One row of normals from half as many Philox calls: what `normal.normal_single` gives each lane."""
    uniforms(w, SINGLES + (path0 >> 1), LANES // 2, call, seed, stream)
    z = w[offset:]
    for p in range(LANES):
        z[p] = central(w[p + WORK])
    for p in range(invert(w, LANES)):
        z[float_bits(w[p + (WORK + 2 * ROW)])] = w[p + WORK]


def copy(w: Workspace, target: int, source: int) -> None:
    """Copy one row onto another: the second normals of a call into the row that the step reads."""
    to, of = w[target:], w[source:]
    for p in range(LANES):
        to[p] = of[p]
