"""A second opinion on a multilevel result: every level by another estimator, on the same paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from greeks.engine.multilevel.level import Level
from greeks.engine.multilevel.origin import LadderOrigin
from greeks.engine.multilevel.statistics import Statistics, covariance, values
from greeks.engine.sampling.reading import Reading
from greeks.engine.sampling.tally import Tally
from greeks.engine.terms.contract import Contract
from greeks.estimators.base import Estimator
from greeks.estimators.selection import Against
from greeks.results import Estimate
from greeks.verification import Check, Verification

USED, OTHER, DIFFERENCE = range(3)  # of every number


@dataclass(frozen=True)
class _Compared:
    """A level's numbers, each by the estimator used, by another where one is valid there, and their difference."""

    used: tuple[Estimator, ...]
    others: tuple[Estimator | None, ...]
    statistics: Statistics


def verification(origin: LadderOrigin, paths: int) -> Verification:
    """Each number by the estimators used and by others, level by level, with the error of the whole difference.

    A level on which no other estimator is valid takes no part in the difference.
    """
    share = min(1.0, paths / origin.paths)
    counts = [max(2, int(share * rung.samples)) for rung in origin.rungs]
    levels = [_compared(_level(origin, number), count) for number, count in enumerate(counts)]
    statistics = [level.statistics for level in levels]
    value, error = values(statistics), np.sqrt(np.diag(covariance(statistics)))
    simulated = sum(n * rung.design.together for n, rung in zip(counts, origin.rungs, strict=True))

    def estimate(greek: str, column: int, estimators: Sequence[Estimator | None]) -> Estimate:
        names = dict.fromkeys(e.name for e in estimators if e is not None)
        return Estimate(greek, float(value[column]), float(error[column]), simulated, ", ".join(names))

    checks = []
    for i, reading in enumerate(origin.rungs[0].readings):
        others = [level.others[i] for level in levels]
        taking = [other or level.used[i] for other, level in zip(others, levels, strict=True)]
        found = [
            estimate(reading.greek, 3 * i + which, of)
            for which, of in ((USED, [level.used[i] for level in levels]), (OTHER, taking), (DIFFERENCE, ()))
        ]
        second = (found[OTHER], found[DIFFERENCE]) if any(others) else (None, None)
        checks.append(Check(reading.greek, found[USED], *second))
    return Verification(tuple(checks))


def _level(origin: LadderOrigin, number: int) -> Level:
    """A level as it was run."""
    contract, settings = Contract.of(origin.model, origin.payoff), origin.settings
    scheme, decision = origin.scheme, origin.rungs[number].decision
    return Level.of(number, contract, scheme, origin.greeks, settings, scheme.pilot(number), decision=decision)


def _compared(level: Level, count: int) -> _Compared:
    """The first `count` samples of a level, by two estimators where there are two."""
    picked = zip(level.menu.entries, level.decision.picks, strict=True)
    used = {entry.greek.name: entry.options[which[0]].estimator for entry, which in picked}
    both = level.against({name: Against(estimator) for name, estimator in used.items()})
    readings = []
    for samples in both.plan.samples:
        first, last = samples[0].column, samples[min(1, len(samples) - 1)].column
        readings += [
            Reading("", columns, weights, True, "", "")
            for columns, weights in (((first,), (1.0,)), ((last,), (1.0,)), ((first, last), (1.0, -1.0)))
        ]
    others = tuple(e.options[1].estimator if len(e.options) > 1 else None for e in both.menu.entries)
    return _Compared(tuple(used.values()), others, Statistics.of(readings, both.samples(count, Tally()).rows))
