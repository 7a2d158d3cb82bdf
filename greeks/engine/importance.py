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

from greeks.engine.contract import Contract
from greeks.engine.decision import Decision, decide, on_shifted_paths
from greeks.engine.grid import TimeGrid
from greeks.engine.menu import Menu
from greeks.engine.pilot import PATHS, SEED, Pilot, sampled
from greeks.engine.plan import plan_of
from greeks.engine.scan import SHARE, Scan, View
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
BOUNDS = 1e6  # of a ratio that is not known to be less


def refuse(sampler: Sampler | None, why: str) -> None:
    """Refuse shifted paths."""
    if isinstance(sampler, ImportanceSampling):
        raise UnsupportedError(f"ImportanceSampling: {why}. Remedy: sampler=greeks.{sampler.base!r}")


def choose(
    menu: Menu, contract: Contract, grid: TimeGrid, backend: str, paths: int, sampler: Sampler | None
) -> Decision:
    """`decide`, and under importance sampling a shift with the controls that are best on shifted paths."""
    if not isinstance(sampler, ImportanceSampling):
        return decide(menu, contract, grid, backend, paths)
    key = ("shifted", contract.numbers, grid.key, backend, paths, sampler.pieces)
    if key not in menu.decisions:
        menu.decisions[key] = _shifted(menu, contract, grid, backend, paths, sampler.pieces)
    return menu.decisions[key]


def _shifted(menu: Menu, contract: Contract, grid: TimeGrid, backend: str, paths: int, pieces: int) -> Decision:
    plain = decide(menu, contract, grid, backend, paths)
    scan = Scan.of(menu, contract, grid, backend, plain.picks, pieces)
    if scan is None:
        return plain
    found = search(scan)
    if isinstance(found, str):
        return _told(plain, dict.fromkeys(scan.entries, f"paths not shifted: {found}"))
    there = on_shifted_paths(menu, contract, grid, backend, paths, plain, found.shift)
    gain = found.gain
    if found.was_seen:  # else too few paths without a shift see anything that their controls could be judged by
        gain = mean_ratio(*(_variances(menu, contract, grid, backend, d) for d in (plain, there)))
    if gain < WORTHWHILE:
        return _told(plain, dict.fromkeys(scan.entries, "paths not shifted: no shift saves work"))
    moved = f"paths shifted by {_figure(found.size)} standard deviations"
    return _told(there, {i: f"{moved} (variance / {_figure(ratio)})" for i, ratio in found.ratios.items()})


def _told(decision: Decision, words: Mapping[int, str]) -> Decision:
    """With more to say of some entries."""
    reasons = (f"{why}; {words[i]}" if i in words else why for i, why in enumerate(decision.reasons))
    return replace(decision, reasons=tuple(reasons))


def _figure(ratio: float) -> str:
    return f"{float(f'{ratio:.2g}'):,g}"


@dataclass(frozen=True)
class Found:
    """A shift, its size in standard deviations of the noise, and by entry what it divides the variance by.

    was_seen : whether paths without a shift saw what makes the variance.
    """

    shift: DriftShift
    size: float
    ratios: Mapping[int, float]
    was_seen: bool

    @property
    def gain(self) -> float:
        """What it divides the variances by, as the mean of all numbers."""
        return mean_ratio([*self.ratios.values()], [1.0] * len(self.ratios))


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
    return Found(scan.shift(best.drift), scan.size(best.drift), final.ratios, here.doubt <= SEEN)


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


def _variances(menu: Menu, contract: Contract, grid: TimeGrid, backend: str, decision: Decision) -> list[float]:
    """Of every number that has noise, what its variance may well be in a pilot; see `Pilot.bound`."""
    plan = plan_of(menu, contract, decision.picks, controls=decision.controls, shift=decision.shift)
    seen = sampled(plan, *plan.table(contract, grid, decision.shift), backend, PATHS, SEED + 2)
    parts = zip(plan.samples, decision.weights, strict=True)
    return [_variance(seen, [s.column for s in of], weights) for of, weights in parts if any(s.random for s in of)]


def _variance(seen: Pilot, columns: list[int], weights: Sequence[float]) -> float:
    if not all(math.isfinite(seen.bound[k]) for k in columns):
        return math.inf
    row = np.array(weights)
    variance = float(row @ seen.covariance[np.ix_(columns, columns)] @ row)
    return variance * (1.0 + 2.0 * max(seen.doubt[k] for k in columns))


def mean_ratio(without: Sequence[float], with_it: Sequence[float]) -> float:
    """The geometric mean of ratios of variances; one that is not known is beyond all bounds.

    >>> round(mean_ratio([4.0, math.inf], [1.0, 1.0])), 2.0 * math.sqrt(BOUNDS)
    (2000, 2000.0)
    >>> mean_ratio([], [])
    1.0
    """
    logs = [0.0]
    for a, b in zip(without, with_it, strict=True):
        if math.isinf(a) != math.isinf(b):
            logs.append(math.copysign(math.log(BOUNDS), 1.0 if math.isinf(a) else -1.0))
        elif math.isfinite(a) and a > 0.0 and b > 0.0:
            logs.append(math.log(a / b))
    return math.exp(math.fsum(logs) / max(1, len(logs) - 1))
