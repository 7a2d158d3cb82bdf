"""Which controls are worth their time, and what they buy: judged by a pilot and by counted operations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from greeks.engine.control import SCORE, Pairing
from greeks.engine.cost import cost
from greeks.engine.grid import TimeGrid
from greeks.engine.menu import Menu, Option, Picks
from greeks.engine.pilot import Pilot
from greeks.engine.plan import Kept, Plan, folds_of, used_of
from greeks.expressions.fold import joined

Array = npt.NDArray[np.float64]
EXACT = 1e-18  # a ratio of variances that is less is rounding
WORTH_TELLING = 1.05  # ratio of variances
CHEAP = 1.05  # times the cost without any control at which none needs to earn its place
WORTH_DROPPING = 0.03  # of the work, which a program of its own must save


@dataclass(frozen=True)
class Worth:
    """For every entry of a menu the controls that are kept, and its variance without them over that with them."""

    kept: Kept
    ratios: tuple[float, ...]

    def told(self, i: int) -> str:
        """What to say of the controls of entry i."""
        if not self.kept[i] or self.ratios[i] < WORTH_TELLING:
            return ""
        ratio = self.ratios[i]
        bought = "no variance left" if ratio * EXACT >= 0.5 else f"variance / {float(f'{ratio:.2g}'):,g}"
        return f"controls: {', '.join(self.kept[i])} ({bought})"


def worth_of(
    menu: Menu, plan: Plan, seen: Pilot, picks: Picks, weights: Sequence[Sequence[float]], grid: TimeGrid
) -> Worth:
    """What the controls of a plan are worth, as a pilot of it saw them.

    Each number drops controls, one after the other, as long as that adds less to its variance than it takes off the
    time that the number would need alone: so what a number is does not depend on what else is asked.
    """
    kept, ratios = [], []
    for entry, samples, which, shares in zip(menu.entries, plan.samples, picks, weights, strict=True):
        row = np.zeros(len(plan.pairing.partners))
        row[[s.column for s in samples]] = shares
        judge = _Judge(menu, plan.pairing, seen, tuple(entry.options[k] for k in which), row, grid)
        best = judge.best()
        kept.append(tuple(name for name in judge.names if name in best))
        ratios.append(judge.ratio(best))
    return Worth(tuple(kept), tuple(ratios))


def unmeasured(menu: Menu, picks: Picks, grid: TimeGrid) -> Kept:
    """The controls that are taken without a pilot: of each number all of them, if they cost it next to nothing."""
    kept = []
    for entry, which in zip(menu.entries, picks, strict=True):
        options = tuple(entry.options[k] for k in which)
        names = tuple(dict.fromkeys(c.name for o in options for c in o.controls))
        dear = cost_with(menu, options, frozenset(names), grid) > CHEAP * cost_with(menu, options, frozenset(), grid)
        kept.append(() if dear else names)
    return tuple(kept) if any(kept) else ()


def cost_with(menu: Menu, options: tuple[Option, ...], kept: frozenset[str], grid: TimeGrid) -> float:
    """Nanoseconds a path of some options with some of their controls."""
    key = (tuple(o.label for o in options), kept)
    if key not in menu.costs:
        whole = joined([*(o.fold for o in options), *folds_of(used_of(options, kept))])
        menu.costs[key] = cost(whole, menu.shape)
    return menu.costs[key].of(grid)


class _Judge:
    """Variance and cost of one number, the weighted sum `row` of all samples, with some of its controls."""

    def __init__(
        self, menu: Menu, pairing: Pairing, seen: Pilot, options: tuple[Option, ...], row: Array, grid: TimeGrid
    ) -> None:
        self.menu, self.pairing, self.seen, self.options, self.row, self.grid = menu, pairing, seen, options, row, grid
        self.names = tuple(dict.fromkeys(c.name for o in options for c in o.controls))
        self.variances: dict[frozenset[str], float] = {}

    def best(self) -> frozenset[str]:
        """The controls with which the number needs the least work."""
        kept = frozenset(self.names)
        if not kept or self.cost(kept) <= CHEAP * self.cost(frozenset()):
            return kept
        while kept:
            enough = self.cost(kept) * (1.0 - WORTH_DROPPING)  # fewer controls never leave less variance
            cheaper = [rest for name in sorted(kept) if self.cost(rest := kept - {name}) <= enough]
            if not cheaper:
                break
            fewer = min(cheaper, key=self.work)
            if self.work(fewer) > self.work(kept) * (1.0 - WORTH_DROPPING):
                break
            kept = fewer
        return kept

    def work(self, kept: frozenset[str]) -> float:
        """Variance x time, in units of the variance without controls."""
        return self.cost(kept) / self.ratio(kept)

    def ratio(self, kept: frozenset[str]) -> float:
        """The variance without controls, but for scores, over that with some."""
        without, with_them = self._variance(frozenset()), self._variance(kept)
        if not (math.isfinite(without) and math.isfinite(with_them)) or without <= 0.0:
            return 1.0
        return without / max(with_them, without * EXACT)

    def cost(self, kept: frozenset[str]) -> float:
        """Nanoseconds a path."""
        return cost_with(self.menu, self.options, kept, self.grid)

    def _variance(self, kept: frozenset[str]) -> float:
        if kept not in self.variances:
            self.variances[kept] = self._residual(kept)
        return self.variances[kept]

    def _residual(self, kept: frozenset[str]) -> float:
        mean, comoment = self.seen.raw
        rows = np.flatnonzero(self.row)
        b = self.pairing.among({*kept, SCORE}, rows.tolist()).fitted(self.seen.paths, mean, comoment)
        w = np.concatenate([self.row, -self.row @ b])
        used = np.flatnonzero(w)
        return float(w[used] @ comoment[np.ix_(used, used)] @ w[used])
