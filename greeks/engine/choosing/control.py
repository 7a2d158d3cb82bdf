"""Controls of known mean 0, with coefficients from a pilot, so that they add no bias.

A sample less multiples of its controls, scores and what `greeks.controls` finds, has the same mean and, with the
multiples of a regression, the least variance. Coefficients come from the first two chunks of paths: those of one for
the other, both for all the rest. No sample is ever paired with a coefficient that it helped to choose, so the estimate
stays unbiased, and only the samples, not their controls, need covariances after the pilot.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from greeks.kernels.regression import NEGLIGIBLE, RIDGE

if TYPE_CHECKING:
    from greeks.kernels.moments import Chunks

Array = npt.NDArray[np.float64]
_Numbers = tuple[tuple[int, ...], ...]
PILOT = 2  # chunks
FEWEST = 256  # paths from which a coefficient is worth having
PATHS_EACH = 32  # paths in the pilot for each coefficient of a regression
CANCELLED = 2.0**-50  # of a variance is not known better once nearly all of it has been taken off
SCORE = "score"
CHANCE = 10.0  # standard errors that no honest score is away from its mean of 0, heavy tails included


@dataclass(frozen=True)
class Pairing:
    """Which outputs are controls of each sample. Samples are the first outputs, the controls follow.

    partners : for every sample the numbers of its controls, those that are most like it first. names : of every
    control, where it comes from; `SCORE` for the score of its own sample.
    """

    partners: tuple[tuple[int, ...], ...]
    names: tuple[str, ...]
    known: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)  # what was asked of its pilots

    def __getstate__(self) -> dict[str, Any]:
        """What is archived of it."""
        return self.__dict__ | {"known": {}}

    def coefficients(self, chunks: Chunks) -> Array:
        """Of each sample's regression on its controls, (samples, controls), from whole chunks of all outputs.

        Of n runs side by side (n, samples, controls), bit for bit what each has alone.
        """
        from greeks.kernels.moments import combine

        if not self.names:
            return np.zeros((*chunks.means.shape[1:-1], len(self.partners), 0))
        moments = combine(chunks)
        return self.fitted(moments.count, np.asarray(moments.mean), np.asarray(moments.comoment))

    def fitted(self, count: int, mean: Array, comoment: Array) -> Array:
        """The same from moments. Controls that are not finite, or nothing but rounding, take no part."""
        m, runs, k = len(self.partners), mean.shape[:-1], mean.shape[-1]
        found = np.zeros((math.prod(runs), m, len(self.names)))
        if count >= FEWEST and self.names:
            means, comoments = mean.reshape(-1, k), comoment.reshape(-1, k, k)
            for usable, at in self._alike(means, _deviations(count, comoments)):
                regression = Regression.of(comoments[at])
                for i, partners in enumerate(usable):
                    if js := [*partners[: count // PATHS_EACH]]:
                        found[np.ix_(at, [i], js)] = regression.coefficients(i, [m + j for j in js])[:, None]
        return np.where(np.isfinite(found), found, 0.0).reshape(*runs, m, len(self.names))

    def _alike(self, means: Array, deviations: Array) -> Iterable[tuple[_Numbers, list[int]]]:
        """The runs that can use the same controls, after these."""
        found: dict[_Numbers, list[int]] = {}
        for k, (first, deviation) in enumerate(zip(means[:, 0].tolist(), deviations.tolist(), strict=True)):
            found.setdefault(self._usable(first, deviation), []).append(k)
        return found.items()

    def _usable(self, first: float, deviation: Sequence[float]) -> _Numbers:
        """Of each sample the controls that are no mere rounding, from the mean of the first sample and all deviations.

        A control that vanishes identically is computed as noise of 1e-16 with a mean of its own.
        """
        m = len(self.partners)
        scale = max(1.0, abs(first) + deviation[0])
        return tuple(
            tuple(j for j in js if deviation[m + j] * scale > NEGLIGIBLE * deviation[i]) if deviation[i] > 0.0 else ()
            for i, js in enumerate(self.partners)
        )

    def suspects(self, chunks: Chunks) -> list[int]:
        """Samples whose score has a mean that is not 0 beyond all chance: it cannot be right."""
        off = self._off(chunks)
        return [i for i, js in enumerate(self.partners) if any(self.names[j] == SCORE and j in off for j in js)]

    def contradicted(self, chunks: Chunks) -> list[str]:
        """Names of the other controls that have such a mean."""
        return list(dict.fromkeys(self.names[j] for j in self._off(chunks) if self.names[j] != SCORE))

    def _off(self, chunks: Chunks) -> list[int]:
        """The controls whose mean is not 0, in any of the runs."""
        from greeks.kernels.moments import combine

        if not self.names:
            return []
        moments, m = combine(chunks), len(self.partners)
        if moments.count < FEWEST:
            return []
        with np.errstate(invalid="ignore"):
            mean, deviation = np.abs(moments.mean), _deviations(moments.count, moments.comoment)
            beyond = mean[..., m:] > CHANCE * deviation[..., m:] / np.sqrt(moments.count)
            size = (deviation + mean)[..., :m]
            candidates = np.flatnonzero(beyond.reshape(-1, len(self.names)).any(axis=0)).tolist()
            return [j for j in candidates if (beyond[..., j] & self._tells(j, mean[..., m + j], size)).any()]

    def _tells(self, j: int, mean: Array, size: Array) -> npt.NDArray[np.bool_]:
        """Whether a control's mean is no mere rounding of the least of its samples; a score meets the payoff itself."""
        least = np.fmin.reduce(size[..., [i for i, js in enumerate(self.partners) if j in js]], axis=-1, initial=np.inf)
        return np.asarray(mean * (size[..., 0] if self.names[j] == SCORE else 1.0) > NEGLIGIBLE * least)

    def applied(self, chunks: Chunks, coefficients: Array) -> Chunks:
        """Chunks of all outputs as chunks of controlled samples; a difference's higher moments are not known."""
        m = len(self.partners)
        mixed = np.any(coefficients != 0.0, axis=-1)[..., None]
        with np.errstate(invalid="ignore"):
            half = _controlled(chunks.comoments, coefficients)
            comoments = np.ascontiguousarray(_controlled(half.swapaxes(-1, -2), coefficients))
            left, whole = (np.einsum("...ii->...i", c) for c in (comoments, chunks.comoments))
            np.copyto(left, np.fmax(left, CANCELLED * whole[..., :m]), where=mixed[..., 0])
            return chunks._replace(
                means=_controlled(chunks.means[..., None], coefficients)[..., 0],
                comoments=comoments,
                higher=np.where(mixed, np.nan, chunks.higher[..., :m, :]),
                batches=_controlled(chunks.batches, coefficients) if chunks.batches.size else chunks.batches,
            )


@dataclass(frozen=True)
class Regression:
    """Least squares from co-moments, in units of each column's deviation.

    comoment : (k, k). deviation : (k,). correlation : (k, k), with a ridge far below anything that matters: of controls
    that say the same each takes a part. Of n runs at once, with their axis in front, the same bits.
    """

    comoment: Array
    correlation: Array
    deviation: Array

    @classmethod
    def of(cls, comoment: Array) -> Regression:
        """That of all columns."""
        with np.errstate(all="ignore"):
            deviation = np.sqrt(comoment.diagonal(axis1=-2, axis2=-1))
            correlation = comoment / (deviation[..., :, None] * deviation[..., None, :])
        return cls(comoment, correlation + RIDGE * np.eye(comoment.shape[-1]), deviation)

    def coefficients(self, sample: int, controls: Sequence[int]) -> Array:
        """The coefficients b that minimise Var(Y - b . C): Cov(C)^-1 Cov(C, Y)."""
        at = np.array(controls)
        with_sample = self.comoment[..., at, sample] / self.deviation[..., at]
        found = np.linalg.solve(self.correlation[..., at[:, None], at], with_sample[..., None])[..., 0]
        return np.asarray(found / self.deviation[..., at])


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


def _deviations(count: int, comoment: Array) -> Array:
    """Standard deviations of the columns of `count` samples."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.sqrt(comoment.diagonal(axis1=-2, axis2=-1) / count))


def _controlled(outputs: Array, coefficients: Array) -> Array:
    """x_i - sum_j b_ij c_j of (..., outputs, q), samples x before controls c; a NaN spoils only the sums it is part of.

    Summed in the order of the controls, so that it makes no difference how many runs are side by side.
    """
    m, controls = coefficients.shape[-2:]
    found = outputs[..., :m, :].copy()
    for j in range(controls):
        b = coefficients[..., j, None]
        found -= np.where(b != 0.0, b * outputs[..., m + j, None, :], 0.0)
    return found
