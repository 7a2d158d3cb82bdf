"""All valid estimators of a request side by side, on a few paths that no run has.

It is longer where the choice is not clear: 512 paths instead of 256. A run that is shorter than sixteen times the
least pilot has none.

The paths are drawn from a seed and a stream of their own, so that a contract always gets the same pilot and the run
that follows is independent of it: a choice, or weights, made on other paths bias nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from greeks.engine.choosing.control import CANCELLED, Pairing
from greeks.engine.choosing.plan import Plan, Sample
from greeks.engine.choosing.residuals import Residuals

if TYPE_CHECKING:
    from greeks.kernels.moments import Chunks, Moments

Array = npt.NDArray[np.float64]
FIRST, SECOND = 256, 512  # at first, and where these leave a choice open
PATHS = 2048  # where more than a choice is wanted: weights, shifts of the law
WORTH = 16  # times a pilot's paths that a run has at least
CLEAR = 1.5  # standard errors by which two variances must lie apart, both ways
SEED, STREAM = 20021, 2**32 - 1
UNSURE, ASTRAY = 0.25, 5.0  # relative error of a control's variance, standard errors of its mean: it was not seen
ROUNDING = 1e-6  # of the largest standard error of a sample, beneath which a control is nothing
REACHED = 0.1  # share of paths on which what is integrated out must be able to decide something


@dataclass(frozen=True, eq=False)
class Pilot:
    """What a few paths show of every sample before a run, each less its own regression on its controls.

    pairing : which controls each sample has. chunks : what was seen of all outputs, before any control.
    """

    pairing: Pairing
    chunks: Chunks

    @cached_property
    def raw(self) -> Moments:
        """Of all outputs before any control."""
        from greeks.kernels.moments import combine

        return combine(self.chunks)

    @property
    def paths(self) -> int:
        """How many there are."""
        return self.raw.count

    @cached_property
    def mean(self) -> Array:
        """Of every sample."""
        return np.asarray(self.raw.mean[: len(self.pairing.partners)])

    @cached_property
    def covariance(self) -> Array:
        """Of the samples, less their controls."""
        return residual(self.pairing, self.paths, np.asarray(self.raw.mean), np.asarray(self.raw.comoment))

    @cached_property
    def residuals(self) -> Residuals:
        """The variances of weighted samples, less their controls."""
        return Residuals(self.pairing, self.raw)

    @cached_property
    def kurtosis(self) -> Array:
        """Of the samples before control."""
        return np.asarray(self.chunks.shape(slice(len(self.pairing.partners))).kurtosis)

    @cached_property
    def contradicted(self) -> tuple[str, ...]:
        """Controls whose mean over the paths is not 0, beyond all chance."""
        return tuple(self.pairing.contradicted(self.chunks))

    @cached_property
    def astray(self) -> frozenset[int]:
        """Controls whose mean is not what it must be: all but nothing was seen of what makes them.

        So it is with the mean of a price whose logarithm has a deviation of ten, which paths nobody ever sees make up.
        """
        m, mean = len(self.pairing.partners), np.asarray(self.raw.mean)
        errors = np.sqrt(np.asarray(self.raw.comoment).diagonal()) / self.paths
        rounding = ROUNDING * np.fmax.reduce(errors[:m], initial=0.0)  # a control that vanishes has a mean of its own
        with np.errstate(invalid="ignore"):
            there = np.abs(mean[m:]) <= np.maximum(ASTRAY * errors[m:], rounding)
        return frozenset(np.flatnonzero(~there & (errors[m:] > 0.0)).tolist())

    @cached_property
    def unseen(self) -> frozenset[int]:
        """Controls that were hardly seen: few paths make their variance, or their mean is not what it must be.

        So it is where paths have been shifted away from what a control is made of. What was not seen of it would come
        in a run, on rare paths with large weights.
        """
        m = len(self.pairing.partners)
        kurtosis = np.asarray(self.chunks.shape(slice(m, None)).kurtosis)
        with np.errstate(invalid="ignore"):
            spread = kurtosis - 1.0 <= UNSURE**2 * self.paths
        return self.astray | frozenset(np.flatnonzero(~spread).tolist())

    @cached_property
    def doubt(self) -> Array:
        """The relative standard error of every sample's variance; 0 where it is not known."""
        return np.sqrt(np.fmax(self.kurtosis - 1.0, 0.0) / self.paths)

    def bounds(self, columns: npt.NDArray[np.int64], squares: Array) -> Array:
        """What the variances of some samples may well be, by the sums of squares that controls leave of them.

        Infinite where that is not to be believed: of a narrow spike most pilots see nothing, and would take it for the
        best; what was 0 on every path has seen nothing at all. A heavy tail counts for more than was seen of it, three
        times at most.
        """
        left = np.maximum(squares, CANCELLED * self.raw.comoment.diagonal()[columns])  # below it is rounding
        believed = np.isfinite(left) & ((left > 0.0) | (self.mean[columns] != 0.0))
        return np.where(believed, left / (self.paths - 1) * (1.0 + 2.0 * self.doubt[columns]), math.inf)

    def clear(self, options: Sequence[Sequence[Sample]], work: Sequence[float]) -> bool:
        """Whether more paths would hardly change which option has the least work."""
        if not all(map(math.isfinite, work)):
            return False
        errors = [1.0 + CLEAR * max(float(self.doubt[s.column]) for s in samples) for samples in options]
        best = work.index(min(work))
        most = work[best] * errors[best]
        return all(w / e > most for k, (w, e) in enumerate(zip(work, errors, strict=True)) if k != best)

    def reached(self, s: Sample) -> bool:
        """Whether what is integrated out of a sample decides something on paths enough."""
        return s.reach is None or float(self.mean[s.reach]) >= REACHED


def residual(pairing: Pairing, paths: int, mean: Array, comoment: Array) -> Array:
    """The covariance of samples less their regression on their controls, from the moments of all outputs."""
    m = len(pairing.partners)
    b = pairing.fitted(paths, mean, comoment)
    used = np.flatnonzero(b.any(axis=0))  # others may be no numbers
    b, at = b[:, used], m + used
    taken = b @ comoment[at, :m]
    return np.asarray(comoment[:m, :m] - taken - taken.T + b @ comoment[at[:, None], at] @ b.T) / (paths - 1)


def sampled(plan: Plan, table: Array, rows: Array, paths: int = PATHS, seed: int = SEED) -> Pilot:
    """Every output on the same few paths, of draws that no run has.

    The processor plays them for a run on a device, too: so few are not worth a launch, nor seconds of a compiler for
    all that is not chosen, and choices are the same wherever a run goes.
    """
    from greeks.kernels import cpu
    from greeks.kernels.compile import load

    program = load(plan.program.cpu)
    found = cpu.rows(program, table, rows, seed=seed, stream=STREAM, first=0, paths=paths, threads=1)
    return Pilot(plan.pairing, found)


def stages(paths: int) -> tuple[int, ...]:
    """The sizes of the pilots for a run of so many paths, one after the other as long as the choice is not clear.

    All runs but short ones have the same, so that those of several lengths make the same choices and can be merged.

    >>> stages(2**20), stages(2**13), stages(2**12), stages(2**11)
    ((256, 512), (256, 512), (256,), ())
    """
    most = min(paths // WORTH // FIRST * FIRST, SECOND)
    return tuple(sorted({min(FIRST, most), most} - {0}))
