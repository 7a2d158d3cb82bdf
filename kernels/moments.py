"""Count, mean and co-moments of a sample of vectors: what a simulation leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .reduction import BATCHES
from .shape import Shape

Array: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]


class Chunks(NamedTuple):
    """Moments of k chunks of paths, about the mean of each: what kernels return and `combine` merges.

    counts: (k,); means: (k, m); comoments: (k, m, m); higher: (k, m, 4), see `Shape`, NaN where unknown;
    batches: (k, m, BATCHES), where wanted, means over the chunk's samples s with the same s mod BATCHES.

    Those of n runs over the same paths, `side_by_side`, have another axis after the first: means (k, n, m), and so on.
    """

    counts: NDArray[np.int64]
    means: Array
    comoments: Array
    higher: Array
    batches: Array = np.empty((0, 0, BATCHES))

    @classmethod
    def unfilled(cls, counts: NDArray[np.int64], m: int, batches: bool = False) -> Chunks:
        """Room for chunks of so many samples of m numbers."""
        k = len(counts)
        dealt = np.empty((k, m if batches else 0, BATCHES))
        return cls(counts, np.empty((k, m)), np.empty((k, m, m)), np.empty((k, m, 4)), dealt)

    @classmethod
    def side_by_side(cls, runs: Sequence[Chunks]) -> Chunks:
        """The chunks of n runs over the same paths."""
        return cls(runs[0].counts, *(np.stack(of, axis=1) for of in list(zip(*runs, strict=True))[1:]))

    def part(self, begin: int, end: int) -> Chunks:
        """Some successive chunks, as views."""
        at = slice(begin, end)
        return self._at(at)

    def family(self, k: int, families: int) -> Chunks:
        """The rows k, k + families, ..., as views: those of one family where rows go round them."""
        at = slice(k, None, families)
        return self._at(at)

    def _at(self, at: slice) -> Chunks:
        return Chunks(self.counts[at], self.means[at], self.comoments[at], self.higher[at], self.batches[at])

    def shape(self, columns: slice | Sequence[int]) -> Shape:
        """Kurtosis and extremes of some of the m numbers over all the chunks for which they are known."""
        seconds = self.comoments.diagonal(axis1=-2, axis2=-1)
        return Shape.united(self.counts, self.means[:, columns], seconds[:, columns], self.higher[:, columns])


@dataclass(frozen=True, eq=False)
class Moments:
    """Moments of `count` samples of m numbers.

    mean: (m,); comoment: (m, m), the sum over samples of (x - mean)(x - mean)^T.

    >>> sample = np.array([[1.0, 2.0], [3.0, 5.0]])
    >>> moments = Moments.of(sample)
    >>> moments.mean, moments.covariance
    (array([2. , 3.5]), array([[2. , 3. ],
           [3. , 4.5]]))
    """

    count: int
    mean: Array
    comoment: Array

    @property
    def covariance(self) -> Array:
        """Unbiased covariance of one sample, (m, m); infinite below two samples."""
        return self.comoment / (self.count - 1) if self.count > 1 else np.full_like(self.comoment, np.inf)

    @property
    def std_error(self) -> Array:
        """Standard error of each mean, (m,): sqrt(variance / count)."""
        return np.sqrt(np.diagonal(self.covariance) / max(self.count, 1))

    @staticmethod
    def of(sample: Array) -> Moments:
        """Moments of the rows of `sample`, (n, m)."""
        mean = sample.mean(axis=0)
        centred = sample - mean
        return Moments(len(sample), mean, centred.T @ centred)

    @staticmethod
    def empty(m: int) -> Moments:
        """Moments of no samples."""
        return Moments(0, np.zeros(m), np.zeros((m, m)))


def combine(chunks: Chunks) -> Moments:
    """Moments of the union of k samples.

    Deviations are taken from the first mean, so a large common mean costs no digits; the order of addition
    is that of the rows.

    Source: Chan, Golub, LeVeque (1983), equation (2.1), for many samples at once.
    """
    return united(chunks.counts, chunks.means, chunks.comoments)


def united(counts: NDArray[np.int64], means: Array, comoments: Array) -> Moments:
    """`combine` for arrays: counts (k,), means (k, m), comoments (k, m, m); with n runs side by side (k, n, m), ...."""
    count = int(counts.sum())
    if count == 0:
        return Moments.empty(means.shape[-1])
    if len(counts) == 1:
        return Moments(count, means[0], comoments[0])
    with np.errstate(invalid="ignore", over="ignore"):  # an infinite sample leaves NaN, for the caller to judge
        weight = counts.reshape(-1, *[1] * (means.ndim - 1))
        shift = means - means[0]
        mean_shift = (weight * shift).sum(axis=0) / count
        centred = shift - mean_shift
        between = ((weight * centred)[..., :, None] * centred[..., None, :]).sum(axis=0)
        return Moments(count, means[0] + mean_shift, comoments.sum(axis=0) + between)


def merge(a: Moments, b: Moments) -> Moments:
    """Moments of two samples together, in this order."""
    if a.count == 0 or b.count == 0:
        return b if a.count == 0 else a
    counts = np.array([a.count, b.count], dtype=np.int64)
    return united(counts, np.stack([a.mean, b.mean]), np.stack([a.comoment, b.comoment]))
