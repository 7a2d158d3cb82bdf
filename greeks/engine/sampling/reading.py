"""How numbers are read off the samples of a run: one column each, or a weighted sum of several."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from greeks.engine.choosing.decision import Decision
from greeks.engine.choosing.menu import Entry, Menu
from greeks.engine.choosing.plan import Plan, Sample
from greeks.engine.sampling.tails import Tails

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reading:
    """One number: the weighted columns whose sum is its sample, the estimators' names, and why these.

    `bias` is the column of samples of the number's bias, if it has any; `controlled` says that controls are taken off.
    """

    greek: str
    columns: tuple[int, ...]
    weights: tuple[float, ...]
    random: bool
    estimator: str
    reason: str
    bias: int | None = None
    controlled: bool = False

    def mean(self, means: Array) -> float:
        """The mean of the sample from those of all columns."""
        return math.fsum(w * float(means[k]) for w, k in zip(self.weights, self.columns, strict=True))

    def means(self, of_columns: Array) -> Array:
        """(n,), `mean` of each row of means."""
        if self.weights == (1.0,):
            return np.asarray(of_columns[:, self.columns[0]])
        return np.array([self.mean(row) for row in of_columns])

    def tails(self, of_columns: Sequence[Tails]) -> Tails:
        """Those of its column; of several, what is known of the worst."""
        found = [of_columns[k] for k in self.columns]
        return (
            found[0]
            if len(found) == 1
            else Tails(found[0].paths, max(t.error_of_error for t in found), degrees=found[0].degrees)
        )


def readings_of(menu: Menu, decision: Decision, plan: Plan) -> tuple[Reading, ...]:
    """What a decision reports for every entry of its menu."""
    readings = []
    told = decision.bought or ("",) * len(menu.entries)
    if decision.picks not in plan.read:
        plan.read[decision.picks] = tuple(map(_of_entry, menu.entries, decision.picks, plan.samples))
    parts = zip(plan.read[decision.picks], decision.weights, decision.reasons, told, strict=True)
    for (greek, columns, random, name, remarks, bias), weights, reason, bought in parts:
        if bought and plan.sampler.design.families > 1:
            bought = f"{bought} if paths were independent"
        reason = "; ".join(filter(None, (reason, remarks, bought)))
        readings.append(Reading(greek, columns, weights, random, name, reason, bias, bool(bought)))
    return tuple(readings)


def _of_entry(entry: Entry, which: Sequence[int], samples: Sequence[Sample]) -> tuple[Any, ...]:
    """What the readings of all decisions for the same options share: all but weights and words."""
    estimators = [entry.options[k].estimator for k in which]
    bias = next((s.bias for s in samples if s.bias is not None), None)
    names, remarks = ("+".join(dict.fromkeys(e.name for e in estimators)), [e.remark for e in estimators])
    columns, random = tuple(s.column for s in samples), any(s.random for s in samples)
    return entry.greek.name, columns, random, names, "; ".join(filter(None, remarks)), bias


def mixed(readings: Sequence[Reading], matrix: Array) -> Array:
    """The (co)moments of the numbers from those of all columns."""
    if all(len(r.columns) == 1 and r.weights == (1.0,) for r in readings):
        columns = np.array([r.columns[0] for r in readings])
        return np.asarray(matrix[columns[:, None], columns])
    rows = np.stack([_combined(r, matrix) for r in readings])
    return np.stack([_combined(r, rows.T) for r in readings])


def _combined(r: Reading, matrix: Array) -> Array:
    """Weighted rows of a matrix; rows that take no part may be NaN."""
    return np.asarray(np.asarray(r.weights) @ matrix[list(r.columns)])
