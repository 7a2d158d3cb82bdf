"""Variances of samples less their regressions on controls, many choices of controls at once: how a pilot is read."""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from greeks.engine.choosing.control import FEWEST, PATHS_EACH, SCORE, Pairing

if TYPE_CHECKING:
    from greeks.kernels.moments import Moments

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Weighted = tuple[tuple[int, float], ...]  # samples by their number, each with its weight


@dataclass(frozen=True)
class Question:
    """A weighted sum of samples, each less its own regression on its score and on those of its controls named."""

    samples: Weighted
    controls: Set[str]


@dataclass(frozen=True, eq=False)
class Sheet:
    """Questions as arrays: what is asked of the pilots of many contracts of a kind is written once.

    asked : how many there are. tasks : one regression each, (question, sample, where its controls begin, where they
    end). shares : the weight of the sample. controls : outputs. most : controls of one regression.
    """

    asked: int
    tasks: Integers
    shares: Array
    controls: Integers
    most: int

    @classmethod
    def of(cls, asked: Sequence[Question], pairing: Pairing) -> Sheet:
        """That of some questions about the samples of a pairing."""
        m, names = len(pairing.partners), pairing.names
        tasks, shares, controls, most = [], [], list[int](), 1
        for k, question in enumerate(asked):
            for i, share in question.samples:
                begin = len(controls)
                named = (j for j in pairing.partners[i] if names[j] in question.controls or names[j] == SCORE)
                controls += [m + j for j in named]
                tasks.append((k, i, begin, len(controls)))
                shares.append(share)
                most = max(most, len(controls) - begin)
        whole = (np.array(part, dtype=np.int64) for part in (tasks, controls))
        return cls(len(asked), next(whole), np.array(shares, dtype=np.float64), next(whole), most)


@dataclass(frozen=True, eq=False)
class Residuals:
    """What moments of all outputs of a plan say of such sums."""

    pairing: Pairing
    moments: Moments

    def on(self, sheet: Sheet) -> Array:
        """The sum of squares about the mean for each question; NaN where a sample is no number on some path."""
        from greeks.kernels.foundation import foundation

        count, comoment = self.moments.count, np.ascontiguousarray(self.moments.comoment)
        most, n = count // PATHS_EACH if count >= FEWEST else 0, sheet.most
        questions = (sheet.tasks, sheet.shares, sheet.controls, most, self._scale(count))
        room = (np.empty((n, n + 1)), np.empty(n, dtype=np.int64), np.zeros(len(comoment)))
        found = np.empty(sheet.asked)
        foundation().residuals(comoment, *questions, *room, found)
        return found

    def _scale(self, count: int) -> Array:
        """What controls are multiplied by before they are called rounding: see `Pairing`."""
        deviation = math.sqrt(float(self.moments.comoment[0, 0]) / count)
        return np.array([max(1.0, abs(float(self.moments.mean[0])) + deviation)])
