"""Moments of the chunks of a run, merged in a tree that does not depend on the batches that brought them.

Chunk i of a stream has the same moments whoever simulates it. Chunks FAN j, ..., FAN j + FAN - 1 become one node as
soon as all of them are there, FAN such nodes one of the next level, and so on; what is left over stays as it is. So a
set of chunks has one tree, whether it came in one run, in many, or from several machines: the same bits, in memory
that grows with the logarithm of the number of paths.

Source: Chan, Golub, LeVeque (1983), equation (2.1); Pebay (2008), proposition 3.1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from greeks.kernels.moments import Chunks
    from greeks.kernels.shape import Shape

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
FAN = 32
POWERS, EXTREMES, VARIANCES = range(3)  # rows of `Rows.sets`
COUNT, MEAN, SQUARES = range(3)  # columns of `Rows.sets`


class Rows(NamedTuple):
    """Moments of k nodes, of m numbers in each of f families of points, or runs (1 where paths are independent).

    counts: (k,), samples of a family; means: (k, f, m); comoments: (k, f, m, m);
    sets: (k, f, 3, m, 3), (count, mean, sum of (x - mean)^2) of the samples whose powers are known, of those whose
    extremes are known, and of the variances of the whole chunks;
    higher: (k, f, m, 4), as in `kernels.shape`, about these means, 0 where nothing is known;
    batches: (k, m, B), as in `kernels.moments.Chunks`, where wanted, else (k, 0, B); of n runs (k, n m, B).
    """

    counts: Integers
    means: Array
    comoments: Array
    sets: Array
    higher: Array
    batches: Array

    @classmethod
    def of(cls, chunks: Chunks, families: int = 1) -> Rows:
        """The rows of chunks as kernels return them, which go round the families; runs side by side are as families."""
        from greeks.kernels.chunks import CHUNK
        from greeks.kernels.reduction import BATCHES
        from greeks.kernels.shape import ABOVE, FOURTH

        counts, m = chunks.counts[::families], chunks.means.shape[-1]
        k, f = len(counts), families * math.prod(chunks.means.shape[1:-1])
        means, comoments = chunks.means.reshape(k, f, m), chunks.comoments.reshape(k, f, m, m)
        higher = chunks.higher.reshape(k, f, m, 4)
        squares, unknown = np.diagonal(comoments, axis1=2, axis2=3), np.isnan(higher)
        sets = np.zeros((k, f, 3, m, 3))
        for which, column in ((POWERS, FOURTH), (EXTREMES, ABOVE)):
            known = ~unknown[..., column]
            sets[:, :, which, :, COUNT] = known * counts[:, None, None]
            np.copyto(sets[:, :, which, :, MEAN], means, where=known)
            np.copyto(sets[:, :, which, :, SQUARES], squares, where=known)
        whole = (counts == CHUNK)[:, None, None]
        sets[:, :, VARIANCES, :, COUNT] = whole
        sets[:, :, VARIANCES, :, MEAN] = np.where(whole, squares / (CHUNK - 1), 0.0)
        dealt = np.empty((k, 0, BATCHES))
        if families == 1 and len(chunks.batches):
            dealt = chunks.batches.reshape(k, -1, BATCHES)
        return cls(counts, means, comoments, sets, np.where(unknown, 0.0, higher), dealt)

    @classmethod
    def joined(cls, parts: Sequence[Rows]) -> Rows:
        """Rows of several, one after another."""
        return parts[0] if len(parts) == 1 else cls(*map(np.concatenate, zip(*parts, strict=True)))

    def at(self, which: Integers | npt.NDArray[np.bool_]) -> Rows:
        """Some of the rows, in the order given."""
        counts, means, comoments, sets, higher, batches = self
        moments = means[which], comoments[which], sets[which], higher[which]
        return Rows(counts[which], *moments, batches[which])

    def merged(self, size: int) -> Rows:
        """Moments of every `size` successive rows together; the order of addition is that of the rows."""
        if size == 1:
            return self
        counts, *rest = (of.reshape(len(of) // size, size, *of.shape[1:]) for of in self)
        means, comoments, sets, higher, batches = (np.asarray(of, dtype=np.float64) for of in rest)
        with np.errstate(invalid="ignore", over="ignore"):  # an infinite sample leaves NaN, for the caller to judge
            total, weight = counts.sum(axis=1), counts[:, :, None, None]
            shift = means - means[:, :1]
            middle = _sum(weight * shift) / total[:, None, None]
            centred = shift - middle[:, None]
            between = _sum((weight * centred)[..., :, None] * centred[..., None, :])
            dealt = _sum(weight * batches) / total[:, None, None]
            united = means[:, 0] + middle, _sum(comoments) + between
            return Rows(total, *united, *_shapes(sets, higher), dealt)

    @property
    def shape(self) -> Shape:
        """Kurtosis and extremes of the numbers of the only row, of its first family."""
        from greeks.kernels.shape import Shape

        count, mean, squares = self.sets[0, 0].transpose(2, 0, 1)
        known, seen = count[POWERS].astype(np.int64), count[EXTREMES].astype(np.int64)
        return Shape(known, mean[POWERS], squares[POWERS], self.higher[0, 0], seen, squares[EXTREMES])

    @property
    def variances(self) -> Array:
        """(count, mean, sum of (x - mean)^2) of the variances of the only row's whole chunks: (3, m)."""
        return np.asarray(self.sets[0, 0, VARIANCES].T)


def _shapes(sets: Array, higher: Array) -> tuple[Array, Array]:
    """`Rows.sets` and `Rows.higher` of groups of rows, (g, n, ...), merged over their second axis."""
    n, mean, squares = (sets[..., i] for i in (COUNT, MEAN, SQUARES))
    count = n.sum(axis=1)
    some = np.maximum(count, 1.0)
    near = _sum(n * mean) / some
    d = mean - near[:, None]
    off = _sum(n * d) / some
    d -= off[:, None]
    square = n * d * d
    second = _sum(squares + square)
    third, fourth, above, below = (higher[..., i] for i in range(4))
    a, s, q = d[..., POWERS, :], squares[..., POWERS, :], square[..., POWERS, :]
    known, b = n[..., EXTREMES, :] > 0.0, d[..., EXTREMES, :]
    found = (
        _sum(third + a * (3.0 * s + q)),
        _sum(fourth + 4.0 * a * third + a * a * (6.0 * s + q)),
        np.where(known, above + b, 0.0).max(axis=1),
        np.where(known, below - b, 0.0).max(axis=1),
    )
    return np.stack([count, near + off, second], axis=-1), np.stack(found, axis=-1)


def _sum(of: Array) -> Array:
    """The sum over the second axis, term after term: `sum` adds in another order where all other axes have length 1."""
    return np.asarray(np.add.accumulate(of, axis=1)[:, -1])


@dataclass(frozen=True, eq=False)
class Tally:
    """The moments of some chunks of a stream: `levels[l]` has nodes of FAN^l whole chunks, by number, in order.

    Node i of level l are the chunks from FAN^l i up to, and without, FAN^l (i + 1); one of level 0 may have less than
    a whole chunk of samples, and then waits to be replaced or stays alone.
    """

    levels: tuple[tuple[Integers, Rows], ...] = ()

    @classmethod
    def of(cls, chunks: Chunks, first: int = 0, families: int = 1) -> Tally:
        """The tally of successive chunks, the first of which has the number `first`."""
        rows = Rows.of(chunks, families)
        return cls(_grown((), 0, first + np.arange(len(rows.counts), dtype=np.int64), rows))

    @cached_property
    def samples(self) -> int:
        """Samples of each family."""
        return sum(int(rows.counts.sum()) for _, rows in self.levels)

    @property
    def spans(self) -> Integers:
        """(first chunk, first after it) of every node, in order: (k, 2)."""
        found = [np.stack([at, at + 1], axis=1) * FAN**level for level, (at, _) in enumerate(self.levels)]
        spans = np.concatenate([np.empty((0, 2), dtype=np.int64), *found])
        return spans[spans[:, 0].argsort()]

    @property
    def rows(self) -> Rows:
        """All nodes in the order of their chunks."""
        if len(self.levels) == 1:
            return self.levels[0][1]
        begins = np.concatenate([at * FAN**level for level, (at, _) in enumerate(self.levels)])
        return Rows.joined([rows for _, rows in self.levels]).at(begins.argsort())

    def plus(self, other: Tally) -> Tally:
        """The tally of the chunks of both, which have none in common."""
        levels = self.levels
        for level, (at, rows) in enumerate(other.levels):
            levels = _grown(levels, level, at, rows)
        return Tally(levels)

    def whole(self) -> Tally:
        """Without the last chunk if that is not a whole one."""
        from greeks.kernels.chunks import CHUNK

        if not self.levels or not len(self.levels[0][0]):
            return self
        at, rows = self.levels[0]
        last = bool(at[-1] + 1 == self.spans[-1, 1]) and int(rows.counts[-1]) < CHUNK
        return Tally(((at[:-1], rows.at(np.arange(len(at) - 1))), *self.levels[1:])) if last else self

    def begin(self) -> Tally:
        """The whole chunks from the first on, up to one that is missing or has less."""
        from greeks.kernels.chunks import CHUNK

        if not self.levels:
            return self
        reached = 0
        for (first, after), count in zip(self.spans.tolist(), self.rows.counts.tolist(), strict=True):
            if first != reached or count < (after - first) * CHUNK:
                break
            reached = after
        inside = [(at, rows, (at + 1) * FAN**level <= reached) for level, (at, rows) in enumerate(self.levels)]
        return Tally(tuple((at[kept], rows.at(kept)) for at, rows, kept in inside))

    @property
    def end(self) -> int:
        """The first chunk after all that there are."""
        return int(self.spans[-1, 1]) if self.levels else 0

    def overlaps(self, other: Tally) -> bool:
        """Whether the two have a chunk in common."""
        spans = np.concatenate([self.spans, other.spans])
        spans = spans[spans[:, 0].argsort(kind="stable")]
        return bool((spans[1:, 0] < spans[:-1, 1]).any())


def _grown(
    levels: tuple[tuple[Integers, Rows], ...], level: int, at: Integers, rows: Rows
) -> tuple[tuple[Integers, Rows], ...]:
    """Levels with more nodes on one of them; every FAN siblings that are complete become their parent."""
    from greeks.kernels.chunks import CHUNK

    if level < len(levels):
        at, rows = np.concatenate([levels[level][0], at]), Rows.joined([levels[level][1], rows])
        order = at.argsort()
        at, rows = at[order], rows.at(order)
    elif level > len(levels):
        levels = _grown(levels, level - 1, at[:0], rows.at(np.zeros(0, dtype=np.int64)))
    grown = (*levels[:level], (at, rows), *levels[level + 1 :])
    if len(at) < FAN:
        return grown
    parents, sizes = np.unique(at[rows.counts == CHUNK * FAN**level] // FAN, return_counts=True)
    full = parents[sizes == FAN]
    member = np.isin(at // FAN, full)
    grown = (*levels[:level], (at[~member], rows.at(~member)), *levels[level + 1 :])
    return _grown(grown, level + 1, full, rows.at(member).merged(FAN)) if len(full) else grown
