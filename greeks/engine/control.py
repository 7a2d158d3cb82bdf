"""Controls of known mean 0, with coefficients from a pilot, so that they add no bias.

Every score has mean 0; a sample less a multiple of its score has the same mean and, with the right multiple, less
variance. Coefficients come from the first two chunks of paths: those of one for the other, both for all the rest.
No sample is ever paired with a coefficient that it helped to choose, so the estimate stays unbiased, and only the
samples, not their controls, need covariances after the pilot.
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
CHANCE = 10.0  # standard errors that no honest score is away from its mean of 0, heavy tails included
NEGLIGIBLE = 1e-8  # relative size of a control that is left out


@dataclass(frozen=True)
class Pairing:
    """Which output is the control of each sample; -1 where there is none. Samples are the first outputs."""

    partners: tuple[int, ...]

    def coefficients(self, chunks: Chunks) -> Array:
        """Cov(sample, control) / Var(control) of each sample, 0 without control, from whole chunks of all outputs."""
        from greeks.kernels.moments import combine

        found = np.zeros(len(self.partners))
        moments = combine(chunks)
        if moments.count < FEWEST:
            return found
        c = np.asarray(moments.comoment)
        deviation = np.sqrt(np.diag(c) / moments.count)
        payoff = abs(float(moments.mean[0])) + deviation[0]
        for i, j in enumerate(self.partners):
            # A control that vanishes identically is computed as noise of 1e-16 with a mean of its own: leave it out.
            if j >= 0 and deviation[j] * payoff > NEGLIGIBLE * deviation[i]:
                found[i] = c[i, j] / c[j, j]
        return np.where(np.isfinite(found), found, 0.0)

    def suspects(self, chunks: Chunks) -> list[int]:
        """Samples whose control has a mean that is not 0 beyond all chance: its score cannot be right."""
        from greeks.kernels.moments import combine

        moments = combine(chunks)
        if moments.count < FEWEST:
            return []
        mean, deviation = np.asarray(moments.mean), np.sqrt(np.diag(moments.comoment) / moments.count)
        payoff = abs(mean[0]) + deviation[0]
        beyond = np.abs(mean) > CHANCE * deviation / np.sqrt(moments.count)
        return [
            i
            for i, j in enumerate(self.partners)
            if j >= 0 and beyond[j] and abs(mean[j]) * payoff > NEGLIGIBLE * (deviation[i] + abs(mean[i]))
        ]

    def applied(self, chunks: Chunks, coefficients: Array) -> Chunks:
        """Chunks of all outputs as chunks of controlled samples; a difference's higher moments are not known."""
        weights = np.zeros((len(self.partners), chunks.means.shape[1]))
        higher = chunks.higher[:, : len(self.partners)].copy()
        for i, (j, b) in enumerate(zip(self.partners, coefficients, strict=True)):
            weights[i, i] = 1.0
            if b:
                weights[i, j] -= b
                higher[:, i] = np.nan
        with np.errstate(invalid="ignore"):
            comoments = np.stack([_sandwich(weights, c) for c in chunks.comoments])
            dealt = np.stack([_product(weights, b) for b in chunks.batches]) if chunks.batches.size else chunks.batches
            means = _product(weights, chunks.means.T).T
            return chunks._replace(means=means, comoments=comoments, higher=higher, batches=dealt)

    def mixing(self, coefficients: Array) -> Array:
        """(coefficient, partner) of each sample, as the kernels take them."""
        return np.column_stack([coefficients, np.asarray(self.partners, dtype=float)])


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
