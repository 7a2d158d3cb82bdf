"""The numbers of several contracts of one plan, read at once off their samples side by side.

Every operation goes element by element over the contracts, or sums in an order that does not depend on how many they
are, so that each has the bits that `estimates.read` gives it alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from greeks.engine.sampling.estimates import std_errors
from greeks.engine.sampling.reading import Reading
from greeks.engine.sampling.samples import Samples
from greeks.engine.sampling.tails import EXACT, Tails, tails, warning
from greeks.engine.sampling.tally import Array, Rows
from greeks.samplers import Design

Warnings = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class Figures:
    """m numbers of each of n contracts.

    values, std_errors : (n, m). batches : (n, m, B), means over each batch of samples. warnings : of each contract, by
    Greek, where there are any.
    """

    values: Array
    std_errors: Array
    batches: Array
    paths: int
    warnings: Sequence[Warnings]

    @property
    def sound(self) -> npt.NDArray[np.bool_]:
        """(n,), whether all numbers of a contract are numbers."""
        return np.asarray((np.isfinite(self.values) & np.isfinite(self.std_errors)).all(axis=1))


def is_plain(readings: Sequence[Reading]) -> bool:
    """Whether every number is the mean of a column, without a bias that is told."""
    return all(len(r.columns) == 1 and r.weights == (1.0,) and r.bias is None for r in readings)


def read_together(readings: Sequence[Reading], samples: Samples) -> Figures:
    """The numbers of all contracts, from independent samples side by side."""
    rows = Rows.joined([t.rows for t in samples.tallies])
    whole = rows.merged(len(rows.counts))
    means, n = whole.means[0], int(whole.counts[0])
    columns = [r.columns[0] for r in readings]
    variances = whole.comoments[0][:, columns, columns] / (n - 1) / n
    values = means[:, columns]
    batches = samples.batch_means().reshape(*means.shape, -1)[:, columns]
    of_columns = _tails(whole, samples.design)
    errors = std_errors(values, variances)
    exact = errors <= EXACT * np.abs(values)
    told = [_told(readings, *of) for of in zip(of_columns, variances == 0.0, exact, strict=True)]
    return Figures(values, errors, batches, of_columns[0][0].paths, told)


def _told(
    readings: Sequence[Reading], of_columns: Sequence[Tails], still: Iterable[bool], exact: Iterable[bool]
) -> Warnings:
    """What to know of the numbers of one contract."""
    found = (
        (r.greek, warning(r.tails(of_columns), r.estimator, r.random and bool(s), r.controlled, bool(e)))
        for r, s, e in zip(readings, still, exact, strict=True)
    )
    return {greek: told for greek, told in found if told}


def _tails(whole: Rows, design: Design) -> list[list[Tails]]:
    """The tails of the m samples of each of n contracts."""
    n, m = whole.means.shape[1:]
    sets = np.moveaxis(whole.sets[0], 0, 1).reshape(1, 1, 3, n * m, 3)
    means, higher = whole.means.reshape(1, 1, n * m), whole.higher.reshape(1, 1, n * m, 4)
    of_all = tails(whole._replace(means=means, sets=sets, higher=higher), design)
    return [of_all[k : k + m] for k in range(0, n * m, m)]
