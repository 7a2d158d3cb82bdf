"""What a sample's covariance does not tell: kurtosis and extremes of each of its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
THIRD, FOURTH, ABOVE, BELOW = range(4)  # columns of what kernels leave as `higher`


@dataclass(frozen=True, eq=False)
class Shape:
    """Moments of each of m numbers by itself, over those samples for which the higher ones are known.

    count: (m,); mean: (m,); second: (m,), the sum of (x - mean)^2; higher: (m, 4), the sums of (x - mean)^3 and
    (x - mean)^4, how far the largest is above the mean and the least below it.

    >>> shape = Shape.of(np.array([[1.0], [1.0], [1.0], [5.0]]))
    >>> shape.kurtosis.round(4), shape.largest_share
    (array([2.3333]), array([0.75]))
    """

    count: NDArray[np.int64]
    mean: Array
    second: Array
    higher: Array

    @property
    def kurtosis(self) -> Array:
        """n sum (x - mean)^4 / (sum (x - mean)^2)^2, (m,): 3 for a normal law, n where one sample has it all.

        NaN where no two samples differ, or nothing is known.
        """
        with np.errstate(all="ignore"):
            return self.count * (self.higher[:, FOURTH] / self.second / self.second)

    @property
    def largest_share(self) -> Array:
        """The part of sum (x - mean)^2 that the one farthest sample has, (m,); NaN as in `kurtosis`."""
        with np.errstate(all="ignore"):
            farthest = np.maximum(self.higher[:, ABOVE], self.higher[:, BELOW])
            return farthest * farthest / self.second

    @staticmethod
    def of(sample: Array) -> Shape:
        """The shape of the rows of `sample`, (n, m), n > 0."""
        count, mean = np.full(sample.shape[1], len(sample)), sample.mean(axis=0)
        d = sample - mean
        higher = np.stack([(d**3).sum(axis=0), (d**4).sum(axis=0), d.max(axis=0), -d.min(axis=0)], axis=1)
        return Shape(count, mean, (d * d).sum(axis=0), higher)

    @staticmethod
    def united(counts: NDArray[np.int64], means: Array, seconds: Array, higher: Array) -> Shape:
        """The shape of k samples together: counts (k,), means, seconds (k, m), higher (k, m, 4), NaN where unknown.

        Source: Pebay (2008), "Formulas for robust, one-pass parallel computation of covariances and arbitrary-order
        statistical moments", proposition 3.1, for many samples about their common mean.
        """
        known = ~np.isnan(higher[..., FOURTH])
        n = np.where(known, counts[:, None], 0)
        count = n.sum(axis=0)
        with np.errstate(all="ignore"):
            first = means[known.argmax(axis=0), np.arange(means.shape[1])]
            shift = np.where(known, means - first, 0.0)
            centre = (n * shift).sum(axis=0) / count
            parts = np.where(known, seconds, 0.0), np.where(known[..., None], higher, 0.0)
            return Shape(count, first + centre, *_about(np.where(known, shift - centre, 0.0), n, *parts))


def _about(d: Array, n: NDArray[np.int64], seconds: Array, higher: Array) -> tuple[Array, Array]:
    """The second and higher moments of all samples about a point from which the mean of each is d away."""
    third, fourth, above, below = np.moveaxis(higher, 2, 0)
    square = d * d
    between = n * square
    powers = (
        third + d * (3.0 * seconds + between),
        fourth + 4.0 * d * third + square * (6.0 * seconds + between),
    )
    moments = [p.sum(axis=0) for p in powers] + [(above + d).max(axis=0), (below - d).max(axis=0)]
    return (seconds + between).sum(axis=0), np.stack(moments, axis=1)
