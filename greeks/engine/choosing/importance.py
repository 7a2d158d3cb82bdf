"""Which shift of the paths' law to take, if any: looked for, and judged, on draws that no run has.

The second moment of a weighted sample, V(m) = E[f^2 exp(-m.Z + m.m / 2)], is convex in the shift m. On paths of one
shift a pilot sees V, its gradient and its second derivative, and Newton's method takes it to the best. It starts where
paths already see the payoff: at no shift, or where a coarse grid of shifts sees it first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from greeks.engine.choosing.decision import Decision, decide, on_shifted_paths
from greeks.engine.choosing.judged import variances
from greeks.engine.choosing.menu import Menu
from greeks.engine.choosing.pilot import PATHS, SEED
from greeks.engine.choosing.scan import SHARE, Scan, View
from greeks.engine.terms.contract import Contract
from greeks.engine.terms.grid import TimeGrid
from greeks.errors import UnsupportedError
from greeks.samplers import DriftShift, ImportanceSampling, Sampler

Array = npt.NDArray[np.float64]
COARSE = 256  # paths for each shift of the coarse grid
SEEN = 0.25  # relative error of V up to which a pilot has seen what makes it
SIZES = (2.0, 4.0, 6.0)  # standard deviations of the coarse grid
ROUNDS = 5
LONGEST = 3.0  # standard deviations that one step of Newton's method goes at most
ERRORS = 3.0  # standard errors beyond which something is certain
MISSED = 2.0  # times V that another shift may see of it
WORTHWHILE = 1.2  # times less work, as the mean of all numbers, for which paths are shifted
BOUNDS = 1e12  # of a ratio


def refuse(sampler: Sampler | None, why: str) -> None:
    """Refuse shifted paths."""
    if isinstance(sampler, ImportanceSampling):
        raise UnsupportedError(f"ImportanceSampling: {why}. Remedy: sampler=greeks.{sampler.base!r}")


def choose(menu: Menu, contract: Contract, grid: TimeGrid, paths: int, sampler: Sampler | None) -> Decision:
    """`decide`, and under importance sampling a shift with the controls that are best on shifted paths."""
    if not isinstance(sampler, ImportanceSampling):
        return decide(menu, contract, grid, paths)
    key = ("shifted", contract.numbers, grid.key, paths, sampler.pieces)
    if key not in menu.decisions:
        menu.decisions[key] = _shifted(menu, contract, grid, paths, sampler.pieces)
    return menu.decisions[key]


def _shifted(menu: Menu, contract: Contract, grid: TimeGrid, paths: int, pieces: int) -> Decision:
    plain = decide(menu, contract, grid, paths)
    scan = Scan.of(menu, contract, grid, plain.picks, pieces)
    if scan is None:
        return plain
    found = search(scan)
    if isinstance(found, str):
        return _told(plain, dict.fromkeys(scan.entries, f"paths not shifted: {found}"))
    there = on_shifted_paths(menu, contract, grid, paths, plain, found.shift)
    if mean_ratio(*variances(menu, contract, grid, plain, there)) < WORTHWHILE:
        return _told(plain, dict.fromkeys(scan.entries, "paths not shifted: no shift saves work"))
    moved = f"paths shifted by {_figure(found.size)} standard deviations"
    return _told(there, {i: f"{moved} (in a pilot variance / {_figure(ratio)})" for i, ratio in found.ratios.items()})


def _told(decision: Decision, words: Mapping[int, str]) -> Decision:
    """With more to say of some entries."""
    reasons = (f"{why}; {words[i]}" if i in words else why for i, why in enumerate(decision.reasons))
    return replace(decision, reasons=tuple(reasons))


def _figure(ratio: float) -> str:
    return f"{float(f'{ratio:.2g}'):,g}"


@dataclass(frozen=True)
class Found:
    """A shift, its size in standard deviations of the noise, and by entry what it divides the variance by."""

    shift: DriftShift
    size: float
    ratios: Mapping[int, float]


def search(scan: Scan) -> Found | str:
    """The best shift, or why there is none."""
    still = np.zeros(len(scan.spans))
    here = scan.look(still, still, PATHS, SEED + 1)
    starts = [still] if here.doubt <= SEEN else [still, *scan.coarse(SIZES)]
    views = [here, *(scan.look(m, m, COARSE, SEED + 1) for m in starts[1:])]
    first = min(views, key=lambda v: v.relative)
    if not math.isfinite(first.relative):
        return "no pilot saw anything of the payoff"
    best = newton(scan, first)
    final = scan.look(best.drift, best.drift, 2 * PATHS, SEED + 2, SHARE)
    seeing = [(m, v.paths) for m, v in zip(starts, views, strict=True) if math.isfinite(v.relative)]
    seen = [scan.look(m, best.drift, paths, SEED + 1) for m, paths in seeing]
    if any(v.crossed - ERRORS * v.crossed_error > MISSED * final.second_moment for v in seen):
        return "parts of the payoff lie too far from each other for one shift"
    return Found(scan.shift(best.drift), scan.size(best.drift), final.ratios)


def newton(scan: Scan, best: View) -> View:
    """The best of some steps of Newton's method on log V, each seen on paths of its own."""
    at = best
    for k in range(ROUNDS):
        step = at.step(scan.spans)
        length = scan.size(step)
        if not math.isfinite(length) or length == 0.0:
            break
        drift = at.drift + step * min(1.0, LONGEST / length)
        at = scan.look(drift, drift, PATHS, SEED + 3 + k)
        if not math.isfinite(at.relative):
            break
        best = min(best, at, key=lambda v: v.relative)
    return best


def mean_ratio(without: Sequence[float], with_it: Sequence[float]) -> float:
    """The geometric mean of ratios of variances; one that is 0 alone is beyond all bounds, and two of them are equal.

    >>> round(mean_ratio([4.0, 9.0], [1.0, 1.0]), 9), mean_ratio([0.0], [0.0]), mean_ratio([], [])
    (6.0, 1.0, 1.0)
    """
    ratios = [min(max(_ratio(a, b), 1.0 / BOUNDS), BOUNDS) for a, b in zip(without, with_it, strict=True)]
    return math.exp(math.fsum(map(math.log, ratios)) / max(1, len(ratios)))


def _ratio(a: float, b: float) -> float:
    return a / b if b > 0.0 else (math.inf if a > 0.0 else 1.0)
