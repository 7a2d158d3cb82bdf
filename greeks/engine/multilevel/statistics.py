"""What the samples of levels say of their numbers, and of the sums over all levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from greeks.engine.choosing.control import Array
from greeks.engine.multilevel.remainder import ORDERS, remainder
from greeks.engine.sampling.bias import Bias
from greeks.engine.sampling.reading import Reading, mixed
from greeks.engine.sampling.tally import Rows


@dataclass(frozen=True)
class Statistics:
    """Of some samples of a level: how many, and mean (numbers,) and covariance (numbers, numbers) of one."""

    count: int
    mean: Array
    covariance: Array

    @classmethod
    def of(cls, readings: Sequence[Reading], rows: Rows) -> Statistics:
        whole = rows.merged(len(rows.counts))
        count, means, comoments = int(whole.counts[0]), whole.means[0, 0], whole.comoments[0, 0]
        mean = np.array([r.mean(means) for r in readings])
        return cls(count, mean, mixed(readings, comoments) / (count - 1))

    @property
    def variance(self) -> Array:
        """Of one sample (numbers,)."""
        return np.diag(self.covariance)


def values(levels: Sequence[Statistics]) -> Array:
    """The sums over levels (numbers,)."""
    return np.asarray(np.sum([s.mean for s in levels], axis=0))


def covariance(levels: Sequence[Statistics]) -> Array:
    """Of the sampling errors of these sums (numbers, numbers)."""
    return np.asarray(np.sum([s.covariance / s.count for s in levels], axis=0))


def errors(levels: Sequence[Statistics]) -> Array:
    """Standard errors of these sums (numbers,)."""
    return np.asarray(np.sqrt(np.diag(covariance(levels))))


def biases(levels: Sequence[Statistics], refine: int) -> list[Bias]:
    """What the finest level leaves of every number's bias; none where there is but one level."""
    corrections = levels[1:]
    if not corrections:
        return [Bias(0.0, 0.0)] * len(levels[0].mean)
    means = np.array([s.mean for s in corrections])
    deviations = np.array([np.sqrt(np.diag(s.covariance) / s.count) for s in corrections])
    return [remainder(m, e, refine) for m, e in zip(means.T, deviations.T, strict=True)]


def falling(levels: Sequence[Statistics], refine: int) -> Array:
    """How much less (numbers,) a correction's mean is than that of the level before, by the last two."""
    before, last = (np.abs(s.mean) for s in levels[-2:])
    ratios = np.divide(last, before, out=np.ones_like(last), where=before > 0.0)
    return np.asarray(np.clip(ratios, float(refine) ** -ORDERS[-1], float(refine) ** -ORDERS[0]))
