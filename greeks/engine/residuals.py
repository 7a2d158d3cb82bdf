"""Variances of samples less their regressions on controls, many choices of controls at once: how a pilot is read."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from greeks.engine.control import FEWEST, PATHS_EACH, RIDGE, SCORE, Pairing

if TYPE_CHECKING:
    from greeks.kernels.moments import Moments

Array = npt.NDArray[np.float64]
Weighted = tuple[tuple[int, float], ...]  # samples by their number, each with its weight


@dataclass(frozen=True)
class Question:
    """A weighted sum of samples, each less its own regression on its score and on those of its controls named."""

    samples: Weighted
    controls: Set[str]


@dataclass(frozen=True, eq=False)
class Residuals:
    """What moments of all outputs of a plan say of such sums.

    All regressions are solved at once. So that they are of one size, each has columns at the end that are nothing but
    noise of its own: they take no part.
    """

    pairing: Pairing
    moments: Moments
    answers: dict[Question, float] = field(default_factory=dict)

    def of(self, asked: Sequence[Question]) -> list[float]:
        """The sum of squares about the mean for each question; NaN where a sample is no number on some path."""
        new = [q for q in dict.fromkeys(asked) if q not in self.answers]
        if new:
            self.answers.update(zip(new, self._measured(new), strict=True))
        return [self.answers[q] for q in asked]

    def _measured(self, asked: Sequence[Question]) -> list[float]:
        weights = np.zeros((len(asked), len(self._comoment)))
        systems = []
        for k, question in enumerate(asked):
            for i, weight in question.samples:
                weights[k, i] = weight
                systems.append((k, i, weight, self._controls(i, question.controls)))
        most = max(len(js) for *_, js in systems)
        if most:
            self._less_regressions(weights, systems, most)
        found = ((weights @ self._comoment) * weights).sum(axis=1)
        if self._broken.size:
            found[weights[:, self._broken].any(axis=1)] = np.nan
        answers: list[float] = found.tolist()
        return answers

    def _less_regressions(
        self, weights: Array, systems: Sequence[tuple[int, int, float, list[int]]], most: int
    ) -> None:
        """Give every control the weight that its coefficient has."""
        rows, samples, shares, _ = zip(*systems, strict=True)
        outputs = len(self.moments.comoment)
        spare = range(outputs, outputs + most)
        at = np.array([[*js, *spare[len(js) :]] for *_, js in systems])
        sample = np.array(samples)[:, None]
        found = np.linalg.solve(self._correlation[at[:, :, None], at[:, None, :]], self._correlation[at, sample, None])
        coefficients = found[..., 0] * (np.array(shares)[:, None] * self._deviation[sample] / self._deviation[at])
        np.subtract.at(weights, (np.array(rows)[:, None], at), coefficients)

    def _controls(self, sample: int, named: Set[str]) -> list[int]:
        """The columns of a sample's controls of some names, as many as there are paths for."""
        names, m = self.pairing.names, len(self.pairing.partners)
        return [m + j for j in self._usable[sample] if names[j] in named or names[j] == SCORE][: self._most]

    @cached_property
    def _most(self) -> int:
        return self.moments.count // PATHS_EACH if self.moments.count >= FEWEST else 0

    @cached_property
    def _usable(self) -> tuple[tuple[int, ...], ...]:
        return self.pairing.usable(self.moments.count, self.moments.mean, self.moments.comoment)

    @cached_property
    def _comoment(self) -> Array:
        """That of the outputs, then of noise; 0 for what is no number."""
        k = len(self.moments.comoment)
        whole = np.zeros((k + self._spare, k + self._spare))
        whole[:k, :k] = self.moments.comoment
        return np.nan_to_num(whole, copy=False, posinf=0.0, neginf=0.0) if self._broken.size else whole

    @cached_property
    def _deviation(self) -> Array:
        """The square root of the diagonal; 1 where nothing is known, or nothing differs."""
        deviation = np.sqrt(self._comoment.diagonal())
        deviation[deviation == 0.0] = 1.0
        return deviation

    @cached_property
    def _correlation(self) -> Array:
        """With a ridge, as in `Regression`."""
        found = self._comoment / self._deviation / self._deviation[:, None]
        found.flat[:: len(found) + 1] = 1.0 + RIDGE
        return np.asarray(found)

    @cached_property
    def _spare(self) -> int:
        return min(max(map(len, self._usable), default=0), self._most)

    @cached_property
    def _broken(self) -> npt.NDArray[np.int64]:
        """The outputs that are no number on some path."""
        return np.flatnonzero(~np.isfinite(self.moments.comoment.diagonal()))
