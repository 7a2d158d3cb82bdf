"""The section of the table from which kernels make all normals of a path: a point set, and where its dimensions go."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from greeks.engine.programs.draws import Factors
from greeks.engine.programs.host import Array
from greeks.engine.terms.grid import TimeGrid
from greeks.samplers import PointSet
from greeks.samplers.order import Construction

SECTION = 5  # the column of the grid's rows that says where the section is
KEPT = 64  # sections in memory
HEADER, HELD = 9, 8  # see `kernels.net`


def section(sampler: PointSet, grid: TimeGrid, factors: Factors) -> Array:
    """As `kernels.net` says: header, direction numbers, rows of the dimensions, rotations, dense mixings.

    The j-th dimension of dates comes before the j-th of fine steps, whatever the number of factors of each.
    """
    return _section(sampler, factors, np.diff(grid.ends, prepend=0.0).tobytes(), grid.fine[:, 1].tobytes())


def held(table: Array, rows: Array) -> int:
    """Normals that a path holds at a time, as a section in the table says; 0 without one."""
    return int(table[int(rows[0, SECTION]) + HELD]) if rows.shape[1] > SECTION else 0


@lru_cache(maxsize=KEPT)
def _section(sampler: PointSet, factors: Factors, intervals: bytes, steps: bytes) -> Array:
    families = _families(sampler, factors, (np.frombuffer(intervals), np.frombuffer(steps)))
    placed = sorted(r for first, stride, c in families for r in _placed(first, stride, c, factors.once))
    rows = [row for _, row in placed]
    turns = [
        (first + i * stride + e, first + j * stride + e, a, b)
        for first, stride, c in families
        for i, j, a, b in c.turns
        for e in range(stride)
    ]
    blocks = [
        _block(c.matrix, stride, first + e) for first, stride, c in families if c.matrix.size for e in range(stride)
    ]
    netted = min(sampler.dimensions, len(rows))
    parts = [sampler.directions(netted), np.array(rows), np.array(turns).ravel(), *blocks]
    held = len(rows) + max((2 * _padded(len(c.matrix)) for _, _, c in families), default=0)
    begins = HEADER + np.cumsum([0, *map(len, parts[:3])])
    header = [len(rows), netted, sampler.latin, begins[1], len(turns), begins[2], len(blocks), begins[3], held]
    found = np.concatenate([np.array(header, dtype=float), *parts])
    found.setflags(write=False)
    return found


def _families(
    sampler: PointSet, factors: Factors, variances: tuple[Array, Array]
) -> list[tuple[int, int, Construction]]:
    """(first row, normals a step, construction) of what is drawn once, of dates and of fine steps, if there is any."""
    found, first = [], 0
    strides = (factors.once, factors.date, factors.fine)
    for stride, of in zip(strides, (np.ones(1), *variances), strict=True):
        if stride:
            found.append((first, stride, sampler.order.construction(of)))
        first += stride * len(of)
    return found


def _block(matrix: Array, stride: int, first: int) -> Array:
    """A dense mixing: its size, its rows, and the matrix with zeros up to a multiple of 4."""
    n, padded = len(matrix), _padded(len(matrix))
    return np.concatenate([[n, stride, first, padded], np.pad(matrix, (0, padded - n)).ravel()])


def _padded(n: int) -> int:
    return -(-n // 4) * 4


def _placed(first: int, stride: int, c: Construction, once: int) -> Iterator[tuple[float, int]]:
    """(importance, row) of every normal of a family; what is drawn once comes after the first of what steps draw."""
    for j, step in enumerate(c.row):
        for e in range(stride):
            row = first + step * stride + e
            yield (j if row >= once else 0.5), row
