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
SCRATCH = 4 * ROW  # the end of every workspace: two rows of q, two rows of lane numbers, and how many slots there are
SLOT = 2 * ROW  # two rows of normals, and in their last lanes whose they are
CALL = SLOT - 2
PATH = SLOT - 1


def uniforms(q: Workspace, first: int, count: int, call: int, seed: int, stream: int) -> None:
    """Fill 2 count lanes of scratch: first uniforms of paths first, first + 1, ..., then their second ones."""
    low, high = seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF
    second = q[count:]
    for p in range(count):
        path = first + p
        a, b, c, d = philox(call, stream, path & 0xFFFFFFFF, (path >> 32) & 0xFFFFFFFF, low, high)
        q[p] = centred(a, b)
        second[p] = centred(c, d)


def invert(q: Workspace, count: int) -> int:
    """Compact the tail lanes among the first `count` scratch uniforms, invert them; how many there were."""
    lanes, found = q[2 * ROW :], 0
    for p in range(count):
        x = q[p]
        q[found] = x
        lanes[found] = bits_float(p)
        found += abs(x) > CENTRE
    for p in range(found):
        q[p] = tail(q[p])
    return found


def normals(w: Workspace, offset: int, path0: int, call: int, seed: int, stream: int) -> None:
    """Two rows of normals, at `offset` and `offset + ROW`: both halves of this call for every lane.

    A workspace may hold what was drawn, for the next program that is run on the same block with the same seed and
    stream: its last number says in how many slots, which lie before the scratch.
    """
    slots = float_bits(w[w.size - 1])
    if slots == 0:
        draw_normals(w, offset, path0, call, seed, stream)
        return
    z, held = w[offset:], w[w.size - SCRATCH - (1 + call % slots) * SLOT :]
    if float_bits(held[CALL]) == call and float_bits(held[PATH]) == path0:
        for p in range(ROW + LANES):
            z[p] = held[p]
    else:
        draw_normals(w, offset, path0, call, seed, stream)
        for p in range(ROW + LANES):
            held[p] = z[p]
        held[CALL] = bits_float(call)
        held[PATH] = bits_float(path0)


def draw_normals(w: Workspace, offset: int, path0: int, call: int, seed: int, stream: int) -> None:
    """What `normals` gives, drawn afresh."""
    q, z = w[w.size - SCRATCH :], w[offset:]
    lanes = q[2 * ROW :]
    uniforms(q, path0, LANES, call, seed, stream)
    for p in range(LANES):
        z[p] = central(q[p])
    for p in range(LANES):
        z[p + ROW] = central(q[p + LANES])
    for p in range(invert(q, 2 * LANES)):
        lane = float_bits(lanes[p])
        z[lane + (ROW - LANES) * (lane >= LANES)] = q[p]


def normal(w: Workspace, offset: int, path0: int, call: int, seed: int, stream: int) -> None:
    """One row of normals from half as many Philox calls: what `normal.normal_single` gives each lane."""
    q, z = w[w.size - SCRATCH :], w[offset:]
    lanes = q[2 * ROW :]
    uniforms(q, SINGLES + (path0 >> 1), LANES // 2, call, seed, stream)
    for p in range(LANES):
        z[p] = central(q[p])
    for p in range(invert(q, LANES)):
        z[float_bits(lanes[p])] = q[p]


def copy(w: Workspace, target: int, source: int) -> None:
    """Copy one row onto another: the second normals of a call into the row that the step reads."""
    to, of = w[target:], w[source:]
    for p in range(LANES):
        to[p] = of[p]
