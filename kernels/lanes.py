"""Normals for a whole block of paths, a row of lanes at a time: the CPU's form of `normal.normal_pair`.

Every loop but the compaction vectorises. The centre is evaluated in all lanes; the few lanes in the tails
(1/16) are compacted, evaluated side by side and scattered back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .normal import CENTRE, central, centred, tail
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


def uniforms(w: Workspace, path0: int, call: int, seed: int, stream: int) -> None:
    """Fill the scratch rows with the two centred uniforms of every lane."""
    low, high = seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF
    for p in range(LANES):
        path = path0 + p
        a, b, c, d = philox(call, stream, path & 0xFFFFFFFF, (path >> 32) & 0xFFFFFFFF, low, high)
        w[p + WORK] = centred(a, b)
        w[p + (WORK + LANES)] = centred(c, d)


def uniform(w: Workspace, path0: int, call: int, seed: int, stream: int) -> None:
    """Fill one scratch row with the first centred uniform of every lane."""
    low, high = seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF
    for p in range(LANES):
        path = path0 + p
        a, b, _, _ = philox(call, stream, path & 0xFFFFFFFF, (path >> 32) & 0xFFFFFFFF, low, high)
        w[p + WORK] = centred(a, b)


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
    uniforms(w, path0, call, seed, stream)
    for p in range(LANES):
        w[p + offset] = central(w[p + WORK])
    for p in range(LANES):
        w[p + offset + ROW] = central(w[p + (WORK + LANES)])
    for p in range(invert(w, 2 * LANES)):
        lane = float_bits(w[p + (WORK + 2 * ROW)])
        w[offset + lane + (ROW - LANES) * (lane >= LANES)] = w[p + WORK]


def normal(w: Workspace, offset: int, path0: int, call: int, seed: int, stream: int) -> None:
    """One row of normals: the first of the two that `normals` makes."""
    uniform(w, path0, call, seed, stream)
    for p in range(LANES):
        w[p + offset] = central(w[p + WORK])
    for p in range(invert(w, LANES)):
        w[offset + float_bits(w[p + (WORK + 2 * ROW)])] = w[p + WORK]


def copy(w: Workspace, target: int, source: int) -> None:
    """Copy one row onto another: the second normals of a call into the row that the step reads."""
    for p in range(LANES):
        w[p + target] = w[p + source]
