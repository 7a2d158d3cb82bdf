"""Controls of known mean 0, with coefficients from a pilot, so that they add no bias.

A sample less multiples of its controls, scores and what `greeks.controls` finds, has the same mean and, with the
multiples of a regression, the least variance. Coefficients come from the first two chunks of paths: those of one for
the other, both for all the rest. No sample is ever paired with a coefficient that it helped to choose, so the estimate
stays unbiased, and only the samples, not their controls, need covariances after the pilot.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
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

    def among(self, kept: Collection[str], samples: Collection[int]) -> Pairing:
        """Only with controls of these names, and only for these samples."""
        partners = (
            tuple(j for j in js if self.names[j] in kept and i in samples) for i, js in enumerate(self.partners)
        )
        return Pairing(tuple(partners), self.names)

    def coefficients(self, chunks: Chunks) -> Array:
        """Of each sample's regression on its controls, (samples, controls), from whole chunks of all outputs."""
        from greeks.kernels.moments import combine

        moments = combine(chunks)
        return self.fitted(moments.count, np.asarray(moments.mean), np.asarray(moments.comoment))

    def fitted(self, count: int, mean: Array, comoment: Array) -> Array:
        """The same from moments. Controls that are not finite, or nothing but rounding, take no part."""
        m = len(self.partners)
        found = np.zeros((m, len(self.names)))
        if count < FEWEST or not self.names:
            return found
        with np.errstate(invalid="ignore"):
            deviation = np.sqrt(np.diag(comoment) / count)
        scale = max(1.0, abs(float(mean[0])) + deviation[0])
        for i, partners in enumerate(self.partners):
            # A control that vanishes identically is computed as noise of 1e-16 with a mean of its own: leave it out.
            usable = [j for j in partners if deviation[m + j] * scale > NEGLIGIBLE * deviation[i]]
            js = usable[: count // PATHS_EACH]
            if js and deviation[i] > 0.0:
                found[i, js] = regression(comoment, i, [m + j for j in js])
        return np.where(np.isfinite(found), found, 0.0)

    def suspects(self, chunks: Chunks) -> list[int]:
        """Samples whose score has a mean that is not 0 beyond all chance: it cannot be right."""
        off = self._off(chunks)
        return [i for i, js in enumerate(self.partners) if any(self.names[j] == SCORE and off[j] for j in js)]

    def contradicted(self, chunks: Chunks) -> list[str]:
        """Names of the other controls that have such a mean."""
        off = self._off(chunks)
        return list(dict.fromkeys(name for name, wrong in zip(self.names, off, strict=True) if wrong and name != SCORE))

    def _off(self, chunks: Chunks) -> list[bool]:
        """Of every control, whether its mean is not 0."""
        from greeks.kernels.moments import combine

        moments, m = combine(chunks), len(self.partners)
        if moments.count < FEWEST:
            return [False] * len(self.names)
        with np.errstate(invalid="ignore"):
            mean, deviation = np.abs(moments.mean), np.sqrt(np.diag(moments.comoment) / moments.count)
        beyond = mean > CHANCE * deviation / np.sqrt(moments.count)
        of_sample = deviation[:m] + mean[:m]
        least = [min((of_sample[i] for i, js in enumerate(self.partners) if j in js), default=np.inf) for j in
                 range(len(self.names))]  # fmt: skip
        payoff = np.where([name == SCORE for name in self.names], mean[0] + deviation[0], 1.0)
        return [bool(x) for x in beyond[m:] & (mean[m:] * payoff > NEGLIGIBLE * np.array(least))]

    def applied(self, chunks: Chunks, coefficients: Array) -> Chunks:
        """Chunks of all outputs as chunks of controlled samples; a difference's higher moments are not known."""
        m = len(self.partners)
        weights = np.hstack([np.eye(m), -coefficients])
        higher = chunks.higher[:, :m].copy()
        higher[:, np.any(coefficients != 0.0, axis=1)] = np.nan
        with np.errstate(invalid="ignore"):
            comoments = np.stack([_sandwich(weights, c) for c in chunks.comoments])
            dealt = np.stack([_product(weights, b) for b in chunks.batches]) if chunks.batches.size else chunks.batches
            means = _product(weights, chunks.means.T).T
            return chunks._replace(means=means, comoments=comoments, higher=higher, batches=dealt)

    def mixing(self, coefficients: Array) -> Array:
        """The coefficients as the kernels take them."""
        return coefficients


def regression(comoment: Array, sample: int, controls: Sequence[int]) -> Array:
    """The coefficients b that minimise Var(Y - b . C): Cov(C)^-1 Cov(C, Y).

    In units of each control's deviation, with a ridge far below anything that matters: of controls that say the same
    each takes a part.
    """
    deviation = np.sqrt(np.diag(comoment)[controls])
    correlation = comoment[np.ix_(controls, controls)] / np.outer(deviation, deviation)
    with_sample = comoment[controls, sample] / deviation
    found = np.linalg.solve(correlation + RIDGE * np.eye(len(controls)), with_sample)
    return np.asarray(found / deviation)


def cross_fitted(pairing: Pairing, pilot: Chunks) -> Chunks:
    """The pilot's own samples, each chunk controlled by the coefficients of the other."""
    halves = [pilot.part(k, k + 1) for k in range(len(pilot.counts))]
    if len(halves) < PILOT:
        return pairing.applied(pilot, pairing.coefficients(pilot))
    fitted = [pairing.coefficients(h) for h in halves]
    return joined([pairing.applied(h, b) for h, b in zip(halves, reversed(fitted), strict=True)])


def joined(parts: Sequence[Chunks]) -> Chunks:
    """The chunks of successive batches as those of one run."""
    return type(parts[0])(*(np.concatenate(p) for p in zip(*parts, strict=True)))


def _product(weights: Array, columns: Array) -> Array:
    """weights @ columns where a NaN spoils only the rows that use it."""
    return np.stack([columns[row != 0.0].T @ row[row != 0.0] for row in weights])


def _sandwich(weights: Array, c: Array) -> Array:
    return _product(weights, _product(weights, c).T)
