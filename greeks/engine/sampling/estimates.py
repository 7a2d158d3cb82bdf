"""Estimates, with their errors and what to know of them, from the samples of a run."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from greeks.engine.sampling.bias import Bias
from greeks.engine.sampling.reading import Reading, mixed
from greeks.engine.sampling.samples import Samples
from greeks.engine.sampling.tails import EXACT, Tails, known, tails, warning
from greeks.engine.sampling.tally import Array, Rows
from greeks.results import Estimate

BIASED = 0.1  # standard errors by which stopping at a target may bias a number
ROUNDING = 2.0**-36  # relative; the error of a number that no path changes, after cancellations near expiry


@dataclass(frozen=True, eq=False)
class Means:
    """The means of all columns of samples, and the covariance of their errors.

    mean: (m,); parts: for each independent part (share of the paths, covariance of its means).
    """

    mean: Array
    parts: tuple[tuple[float, Array], ...]

    @classmethod
    def of(cls, samples: Samples) -> tuple[Means, Rows]:
        """Those of a run, and all its moments in one row.

        Independent samples of several streams count as one sample. Families of points do not: each stream is a part,
        whose families tell its error.
        """
        if samples.design.families == 1:
            rows = Rows.joined([t.rows for t in samples.tallies])
            whole = rows.merged(len(rows.counts))
            n = int(whole.counts[0])
            return cls(whole.means[0, 0], ((1.0, whole.comoments[0, 0] / (n - 1) / n),)), whole
        each = [rows.merged(len(rows.counts)) for rows in (t.rows for t in samples.tallies)]
        total = sum(int(r.counts[0]) for r in each)
        found = [(int(r.counts[0]) / total, *_of_families(r.means[0])) for r in each]
        mean = np.sum([share * m for share, m, _ in found], axis=0)
        together = Rows.joined(each)
        return cls(mean, tuple((share, c) for share, _, c in found)), together.merged(len(each))

    def covariance(self, readings: Sequence[Reading]) -> Array:
        """Of the errors of the numbers read."""
        return np.asarray(sum(share * share * mixed(readings, c) for share, c in self.parts))

    def bias(self, column: int | None) -> Bias | None:
        """The bias whose samples are in a column."""
        if column is None:
            return None
        variance = sum(share * share * float(c[column, column]) for share, c in self.parts)
        return Bias(float(self.mean[column]), math.sqrt(max(variance, 0.0)))

    def degrees(self, readings: Sequence[Reading], of_each: int) -> list[int]:
        """Degrees of freedom of the errors of the numbers read, where each part has so many.

        Source: Satterthwaite (1946), "An approximate distribution of estimates of variance components".
        """
        variances = np.array([share * share * np.diag(mixed(readings, c)) for share, c in self.parts])
        with np.errstate(all="ignore"):
            found = of_each * variances.sum(axis=0) ** 2 / (variances**2).sum(axis=0)
        return [int(d) for d in np.nan_to_num(np.floor(found + 1e-9), nan=of_each)]


def _of_families(means: Array) -> tuple[Array, Array]:
    """The mean of (f, m) means of families, and its covariance."""
    mean = means.mean(axis=0)
    centred = means - mean
    return mean, centred.T @ centred / (len(means) - 1) / len(means)


def read(readings: Sequence[Reading], samples: Samples) -> tuple[dict[str, Estimate], Array]:
    """Estimates and the covariance of their errors."""
    means, whole = Means.of(samples)
    values = np.array([r.mean(means.mean) for r in readings])
    covariance = means.covariance(readings)
    errors = std_errors(values, np.diag(covariance))
    still: npt.NDArray[np.bool_] = np.diag(covariance) == 0.0
    with np.errstate(over="ignore"):
        np.fill_diagonal(covariance, errors**2)
    of_columns = tails(whole, samples.design)
    degrees: list[int | None] = [of_columns[0].degrees] * len(readings)
    if len(means.parts) > 1:
        degrees = [*means.degrees(readings, samples.design.families - 1)]
    estimates = {}
    for i, r in enumerate(readings):
        found = float(values[i]), float(errors[i]), r.tails(of_columns), bool(still[i])
        estimates[r.greek] = _estimate(r, *found, means.bias(r.bias), degrees[i])
    return estimates, covariance


def std_errors(values: Array, variances: Array) -> Array:
    """The standard errors of values whose errors have such variances: not less than rounding."""
    return np.asarray(np.maximum(np.sqrt(np.maximum(variances, 0.0)), ROUNDING * np.abs(values)))


def unbiased(readings: Sequence[Reading], samples: Samples, names: Collection[str]) -> float:
    """Paths from which a run may stop at the first look that likes the errors of some numbers.

    Where a sample is skewed, its mean and its standard error go together: runs that stop when the error is small have
    a mean that is too small, by -skewness / sqrt(n) standard errors to first order, n being the number of samples.
    This n makes it `BIASED`. What is not known of a skewness is taken for 0; scrambles of points have none to speak of.

    Source: the delta method on n(stop) ~ s^2 / target^2 with Cov(mean, s^2) = third moment / n.
    """
    if samples.design.families > 1:
        return 0.0
    skewness = np.nan_to_num(Means.of(samples)[1].shape.skewness)
    worst = max((abs(float(skewness[k])) for r in readings if r.greek in names for k in r.columns), default=0.0)
    return samples.design.together * (worst / BIASED) ** 2


def _estimate(
    r: Reading, value: float, error: float, tails: Tails, still: bool, bias: Bias | None, degrees: int | None
) -> Estimate:
    return Estimate(
        r.greek,
        value,
        error,
        tails.paths,
        r.estimator,
        "; ".join(filter(None, (r.reason, str(bias or "")))),
        warning(tails, r.estimator, r.random and still, r.controlled, error <= EXACT * abs(value))
        + (bias.warning(error) if bias else ()),
        known(tails.kurtosis),
        known(tails.largest_share),
        None if bias is None else bias.value,
        degrees,
    )
