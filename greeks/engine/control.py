"""Controls of known mean 0, with coefficients from a pilot, so that they add no bias.

A sample less multiples of its controls, scores and what `greeks.controls` finds, has the same mean and, with the
multiples of a regression, the least variance. Coefficients come from the first two chunks of paths: those of one for
the other, both for all the rest. No sample is ever paired with a coefficient that it helped to choose, so the estimate
stays unbiased, and only the samples, not their controls, need covariances after the pilot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from greeks.kernels.moments import Chunks

Array = npt.NDArray[np.float64]
PILOT = 2  # chunks
FEWEST = 256  # paths from which a coefficient is worth having
PATHS_EACH = 32  # paths in the pilot for each coefficient of a regression
RIDGE = 1e-11
SCORE = "score"
CHANCE = 10.0  # standard errors that no honest score is away from its mean of 0, heavy tails included
NEGLIGIBLE = 1e-8  # relative size of a control that is left out


@dataclass(frozen=True)
class Pairing:
    """Which outputs are controls of each sample. Samples are the first outputs, the controls follow.

    partners : for every sample the numbers of its controls, those that are most like it first. names : of every
    control, where it comes from; `SCORE` for the score of its own sample.
    """

    partners: tuple[tuple[int, ...], ...]
    names: tuple[str, ...]

    def coefficients(self, chunks: Chunks) -> Array:
        """Of each sample's regression on its controls, (samples, controls), from whole chunks of all outputs."""
        from greeks.kernels.moments import combine

        if not self.names:
            return np.zeros((len(self.partners), 0))
        moments = combine(chunks)
        return self.fitted(moments.count, np.asarray(moments.mean), np.asarray(moments.comoment))

    def fitted(self, count: int, mean: Array, comoment: Array) -> Array:
        """The same from moments. Controls that are not finite, or nothing but rounding, take no part."""
        found = np.zeros((len(self.partners), len(self.names)))
        if count < FEWEST or not self.names:
            return found
        regression = Regression.of(comoment)
        for i, partners in enumerate(self.usable(count, mean, comoment)):
            js = partners[: count // PATHS_EACH]
            if js:
                found[i, js] = regression.coefficients(i, [len(self.partners) + j for j in js])
        return np.where(np.isfinite(found), found, 0.0)

    def usable(self, count: int, mean: Array, comoment: Array) -> list[list[int]]:
        """Of each sample the controls that are no mere rounding.

        One that vanishes identically is computed as noise of 1e-16 with a mean of its own.
        """
        m = len(self.partners)
        with np.errstate(invalid="ignore"):
            deviation = np.sqrt(comoment.diagonal() / count).tolist()
        scale = max(1.0, abs(float(mean[0])) + deviation[0])
        return [
            [j for j in js if deviation[m + j] * scale > NEGLIGIBLE * deviation[i]] if deviation[i] > 0.0 else []
            for i, js in enumerate(self.partners)
        ]

    def suspects(self, chunks: Chunks) -> list[int]:
        """Samples whose score has a mean that is not 0 beyond all chance: it cannot be right."""
        off = self._off(chunks)
        return [i for i, js in enumerate(self.partners) if any(self.names[j] == SCORE and j in off for j in js)]

    def contradicted(self, chunks: Chunks) -> list[str]:
        """Names of the other controls that have such a mean."""
        return list(dict.fromkeys(self.names[j] for j in self._off(chunks) if self.names[j] != SCORE))

    def _off(self, chunks: Chunks) -> list[int]:
        """The controls whose mean is not 0."""
        from greeks.kernels.moments import combine

        if not self.names:
            return []
        moments, m = combine(chunks), len(self.partners)
        if moments.count < FEWEST:
            return []
        with np.errstate(invalid="ignore"):
            mean, deviation = np.abs(moments.mean), np.sqrt(moments.comoment.diagonal() / moments.count)
        beyond = np.flatnonzero(mean[m:] > CHANCE * deviation[m:] / np.sqrt(moments.count)).tolist()
        size = deviation[:m] + mean[:m]
        return [j for j in beyond if mean[m + j] * self._factor(j, size[0]) > NEGLIGIBLE * self._least(j, size)]

    def _factor(self, j: int, payoff: float) -> float:
        """What a control is multiplied by where it meets its samples: a score the payoff itself."""
        return payoff if self.names[j] == SCORE else 1.0

    def _least(self, j: int, size: Array) -> float:
        """The least of the samples that have a control."""
        return min((float(size[i]) for i, js in enumerate(self.partners) if j in js), default=np.inf)

    def applied(self, chunks: Chunks, coefficients: Array) -> Chunks:
        """Chunks of all outputs as chunks of controlled samples; a difference's higher moments are not known."""
        m = len(self.partners)
        higher = chunks.higher[:, :m].copy()
        higher[:, np.any(coefficients != 0.0, axis=1)] = np.nan
        mixed = _Mixed(np.hstack([np.eye(m), -coefficients]))
        with np.errstate(invalid="ignore"):
            comoments = np.stack([mixed.sandwich(c) for c in chunks.comoments])
            dealt = np.stack([mixed.product(b) for b in chunks.batches]) if chunks.batches.size else chunks.batches
            means = mixed.product(chunks.means.T).T
            return chunks._replace(means=means, comoments=comoments, higher=higher, batches=dealt)

    def mixing(self, coefficients: Array) -> Array:
        """The coefficients as the kernels take them."""
        return coefficients


@dataclass(frozen=True)
class Regression:
    """Least squares from co-moments, in units of each column's deviation.

    comoment : (k, k). deviation : (k,). correlation : (k, k), with a ridge far below anything that matters: of controls
    that say the same each takes a part.
    """

    comoment: Array
    correlation: Array
    deviation: Array

    @classmethod
    def of(cls, comoment: Array) -> Regression:
        """That of all columns."""
        with np.errstate(all="ignore"):
            deviation = np.sqrt(comoment.diagonal())
            correlation = comoment / np.outer(deviation, deviation) + RIDGE * np.eye(len(comoment))
        return cls(comoment, correlation, deviation)

    def coefficients(self, sample: int, controls: Sequence[int]) -> Array:
        """The coefficients b that minimise Var(Y - b . C): Cov(C)^-1 Cov(C, Y)."""
        at = np.array(controls)
        with_sample = self.comoment[at, sample] / self.deviation[at]
        return np.asarray(np.linalg.solve(self.correlation[at[:, None], at], with_sample) / self.deviation[at])

    def many(self, sample: int, controls: Sequence[int], chosen: npt.NDArray[np.bool_]) -> Array:
        """Coefficients for many choices (n, controls) among some controls at once, 0 for what is not chosen."""
        at = np.array(controls)
        both = chosen[:, :, None] & chosen[:, None, :]
        systems = np.where(both, self.correlation[at[:, None], at], np.eye(len(at)))
        with_sample = np.where(chosen, self.comoment[at, sample] / self.deviation[at], 0.0)
        return np.asarray(np.linalg.solve(systems, with_sample[:, :, None])[:, :, 0] / self.deviation[at])


def cross_fitted(pairing: Pairing, pilot: Chunks) -> Chunks:
    """The pilot's own samples, each chunk controlled by the coefficients of the other."""
    if not pairing.names:
        return pilot
    halves = [pilot.part(k, k + 1) for k in range(len(pilot.counts))]
    if len(halves) < PILOT:
        return pairing.applied(pilot, pairing.coefficients(pilot))
    fitted = [pairing.coefficients(h) for h in halves]
    return joined([pairing.applied(h, b) for h, b in zip(halves, reversed(fitted), strict=True)])


def joined(parts: Sequence[Chunks]) -> Chunks:
    """The chunks of successive batches as those of one run."""
    return type(parts[0])(*(np.concatenate(p) for p in zip(*parts, strict=True)))


class _Mixed:
    """Weighted sums of outputs, row by row, so that a NaN spoils only the sums that it is part of."""

    def __init__(self, weights: Array) -> None:
        self.rows = [(at, row[at]) for row, at in zip(weights, weights != 0.0, strict=True)]

    def product(self, columns: Array) -> Array:
        """weights @ columns."""
        return np.stack([columns[at].T @ weights for at, weights in self.rows])

    def sandwich(self, c: Array) -> Array:
        """weights @ c @ weights.T."""
        return self.product(self.product(c).T)
