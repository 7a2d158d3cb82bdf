"""What a sample's covariance does not tell: kurtosis and extremes of each of its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
THIRD, FOURTH, ABOVE, BELOW = range(4)  # columns of what kernels leave as `higher`


@dataclass(frozen=True, eq=False)
class Shape:
    """Moments of each of m numbers by itself, as far as they are known.

    count: (m,), samples for which all are known; mean, second: (m,), of these, second the sum of (x - mean)^2;
    higher: (m, 4), the sums of (x - mean)^3 and (x - mean)^4, how far the largest is above the mean and the least
    below it; seen: (m,), samples of which at least the extremes are known; total: (m,), their sum of (x - mean)^2.

    >>> shape = Shape.of(np.array([[1.0], [1.0], [1.0], [5.0]]))
    >>> shape.kurtosis.round(4), shape.skewness.round(4), shape.largest_share
    (array([2.3333]), array([1.1547]), array([0.75]))
    """

    count: NDArray[np.int64]
    mean: Array
    second: Array
    higher: Array
    seen: NDArray[np.int64]
    total: Array

    @property
    def kurtosis(self) -> Array:
        """n sum (x - mean)^4 / (sum (x - mean)^2)^2, (m,): 3 for a normal law, n where one sample has it all.

        Not less than n share^2, to which the largest sample alone amounts, whether or not its fourth power was
        summed. NaN where no two samples differ, or nothing is known.
        """
        with np.errstate(all="ignore"):
            summed = self.count * (self.higher[:, FOURTH] / self.second / self.second)
            return np.maximum(summed, self.seen * self.largest_share**2)

    @property
    def skewness(self) -> Array:
        """sqrt(n) sum (x - mean)^3 / (sum (x - mean)^2)^1.5, (m,); NaN as in `kurtosis`."""
        with np.errstate(all="ignore"):
            return np.sqrt(self.count) * (self.higher[:, THIRD] / self.second / np.sqrt(self.second))

    @cached_property
    def largest_share(self) -> Array:
        """The part of sum (x - mean)^2 that the one farthest sample has, (m,); NaN as in `kurtosis`."""
        with np.errstate(all="ignore"):
            farthest = np.maximum(self.higher[:, ABOVE], self.higher[:, BELOW])
            return farthest * farthest / self.total

    @staticmethod
    def of(sample: Array) -> Shape:
        """The shape of the rows of `sample`, (n, m), n > 0."""
        count, mean = np.full(sample.shape[1], len(sample)), sample.mean(axis=0)
        d = sample - mean
        higher = np.stack([(d**3).sum(axis=0), (d**4).sum(axis=0), d.max(axis=0), -d.min(axis=0)], axis=1)
        second = (d * d).sum(axis=0)
        return Shape(count, mean, second, higher, count, second)

    @staticmethod
    def alone(count: int, mean: Array, second: Array, higher: Array) -> Shape:
        """The shape of one sample: mean, second (m,), higher (m, 4), NaN where unknown."""
        unknown = np.isnan(higher)
        if not unknown.any():
            counts = np.full(len(mean), count)
            return Shape(counts, mean, second, higher, counts, second)
        powers, extremes = ~unknown[:, FOURTH], ~unknown[:, ABOVE]
        known, total = np.where(powers, second, 0.0), np.where(extremes, second, 0.0)
        return Shape(powers * count, mean, known, np.where(unknown, 0.0, higher), extremes * count, total)

    @staticmethod
    def united(counts: NDArray[np.int64], means: Array, seconds: Array, higher: Array) -> Shape:
        """The shape of k samples together: counts (k,), means, seconds (k, m), higher (k, m, 4), NaN where unknown.

        Source: Pebay (2008), "Formulas for robust, one-pass parallel computation of covariances and arbitrary-order
        statistical moments", proposition 3.1, for many samples about their common mean.
        """
        if len(counts) == 1:
            return Shape.alone(counts[0], means[0], seconds[0], higher[0])
        summed = ~np.isnan(higher[..., FOURTH]).all(axis=1)
        with np.errstate(all="ignore"):
            seen, total, extremes = _extremes(counts, means.T.copy(), seconds.T.copy(), higher)
            parts = counts[summed], means[summed].T, seconds[summed].T, higher[summed]
            count, mean, second, powers = _powers(*parts)
        return Shape(count, mean, second, np.stack([*powers, *extremes], axis=1), seen, total)


def _extremes(
    counts: NDArray[np.int64], means: Array, seconds: Array, higher: Array
) -> tuple[NDArray[np.int64], Array, list[Array]]:
    """Size, sum of squares, and both extremes about the mean, of those among k samples whose extremes are known."""
    above, below = higher[..., ABOVE].T.copy(), higher[..., BELOW].T.copy()
    known = ~np.isnan(above)
    n, _, d, seconds = _about(counts, means, seconds, known)
    extremes = [np.where(known, e, 0.0).max(axis=1) for e in (above + d, below - d)]
    return n.sum(axis=1), (seconds + n * d * d).sum(axis=1), extremes


def _powers(
    counts: NDArray[np.int64], means: Array, seconds: Array, higher: Array
) -> tuple[NDArray[np.int64], Array, Array, list[Array]]:
    """Size, mean, sums of squares, of third and of fourth powers of those among k samples where all are known."""
    if counts.size == 0:
        none = np.zeros(len(means))
        return none.astype(np.int64), none, none, [none, none]
    known = ~np.isnan(higher[..., FOURTH].T)
    n, mean, d, seconds = _about(counts, means, seconds, known)
    third, fourth = (np.where(known, higher[..., p].T, 0.0) for p in (THIRD, FOURTH))
    square = d * d
    sums = (
        seconds + n * square,
        third + d * (3.0 * seconds + n * square),
        fourth + 4.0 * d * third + square * (6.0 * seconds + n * square),
    )
    second, *powers = (s.sum(axis=1) for s in sums)
    return n.sum(axis=1), mean, second, powers


def _about(
    counts: NDArray[np.int64], means: Array, seconds: Array, known: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], Array, Array, Array]:
    """Sizes of k samples in rows, 0 where unknown; their common mean, how far each is above it; their squares."""
    n = known * counts
    first = means[np.arange(len(means)), known.argmax(axis=1)]
    shift = np.where(known, means - first[:, None], 0.0)
    centre = (n * shift).sum(axis=1) / n.sum(axis=1)
    return n, first + centre, np.where(known, shift - centre[:, None], 0.0), np.where(known, seconds, 0.0)
