"""Which controls are worth their time, and what they buy: judged by a pilot and by counted operations."""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from greeks.engine.control import FEWEST, PATHS_EACH, SCORE, Pairing, Regression
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
    menu: Menu,
    plan: Plan,
    seen: Pilot,
    picks: Picks,
    weights: Sequence[Sequence[float]],
    grid: TimeGrid,
    unseen: Set[int] = frozenset(),
) -> Worth:
    """What the controls of a plan are worth, as a pilot of it saw them; none that is among the numbers of the unseen.

    Each number drops controls, one after the other, as long as that adds less to its variance than it takes off the
    time that the number would need alone: so what a number is does not depend on what else is asked.
    """
    kept, ratios = [], []
    residuals = _Residuals(plan.pairing, seen)
    for entry, samples, which, shares in zip(menu.entries, plan.samples, picks, weights, strict=True):
        row = np.zeros(len(plan.pairing.partners))
        row[[s.column for s in samples]] = shares
        partners = (j for s in samples for j in plan.pairing.partners[s.column])
        without = {plan.pairing.names[j] for j in partners if j in unseen}
        judge = _Judge(menu, residuals, tuple(entry.options[k] for k in which), row, grid, without)
        best = judge.best()
        kept.append(tuple(name for name in judge.names if name in best))
        ratios.append(judge.ratio(best))
    return Worth(tuple(kept), tuple(ratios))


def unmeasured(menu: Menu, picks: Picks, grid: TimeGrid) -> Kept:
    """The controls that are taken without a pilot: of each number all of them, if they cost it next to nothing."""
    kept = []
    for entry, which in zip(menu.entries, picks, strict=True):
        options = tuple(entry.options[k] for k in which)
        random = [o for o in options if o.cost.random]  # the others have no error that a control could take off
        names = tuple(dict.fromkeys(c.name for o in random for c in o.controls))
        dear = cost_with(menu, options, frozenset(names), grid) > CHEAP * cost_with(menu, options, frozenset(), grid)
        kept.append(() if dear else names)
    return tuple(kept) if any(kept) else ()


def cost_with(menu: Menu, options: tuple[Option, ...], kept: frozenset[str], grid: TimeGrid) -> float:
    """Nanoseconds a path of some options with some of their controls."""
    if not kept and len(options) == 1:
        return options[0].cost.of(grid)
    key = (tuple(o.label for o in options), kept)
    if key not in menu.costs:
        whole = joined([*(o.fold for o in options), *folds_of(used_of(options, kept))])
        menu.costs[key] = cost(whole, menu.shape)
    return menu.costs[key].of(grid)


class _Judge:
    """Variance and cost of one number with some of its controls."""

    def __init__(
        self,
        menu: Menu,
        residuals: _Residuals,
        options: tuple[Option, ...],
        row: Array,
        grid: TimeGrid,
        without: Set[str],
    ) -> None:
        self.menu, self.residuals, self.options, self.row, self.grid = menu, residuals, options, row, grid
        names = dict.fromkeys(c.name for o in options for c in o.controls)
        self.names = tuple(name for name in names if name not in without)
        self.variances: dict[frozenset[str], float] = {}
        self.costs: dict[frozenset[str], float] = {}

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
            self.measure([kept, *cheaper])
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
        if kept not in self.variances:
            self.measure([kept])
        without, with_them = self.variances[frozenset()], self.variances[kept]
        if not (math.isfinite(without) and math.isfinite(with_them)) or without <= 0.0:
            return 1.0
        return without / max(with_them, without * EXACT)

    def cost(self, kept: frozenset[str]) -> float:
        """Nanoseconds a path."""
        if kept not in self.costs:
            self.costs[kept] = cost_with(self.menu, self.options, kept, self.grid)
        return self.costs[kept]

    def measure(self, choices: Sequence[frozenset[str]]) -> None:
        """The variances with some choices of controls, and without any, all that are not known yet at once."""
        new = [kept for kept in dict.fromkeys((frozenset[str](), *choices)) if kept not in self.variances]
        if new:
            self.variances |= zip(new, self.residuals.of(self.row, new), strict=True)


class _Residuals:
    """What a pilot says of the variance of weighted sums of samples, each less its own regression on its controls."""

    def __init__(self, pairing: Pairing, seen: Pilot) -> None:
        self.comoment = seen.raw.comoment
        self.names = pairing.names
        self.most = seen.paths // PATHS_EACH if seen.paths >= FEWEST else 0
        self.usable = pairing.usable(seen.paths, seen.raw.mean, self.comoment)
        self.regression = Regression.of(self.comoment)

    def of(self, row: Array, choices: Sequence[frozenset[str]]) -> list[float]:
        """The sum of squares of `row` times the samples, for each choice of the names of controls."""
        m = len(row)
        weights = np.zeros((len(choices), m + len(self.names)))
        weights[:, :m] = row
        for i in np.flatnonzero(row).tolist():
            if js := self.usable[i]:
                names = [self.names[j] for j in js]
                chosen = np.array([[name in kept or name == SCORE for name in names] for kept in choices])
                chosen &= chosen.cumsum(axis=1) <= self.most
                b = self.regression.many(i, [m + j for j in js], chosen)
                weights[:, [m + j for j in js]] -= row[i] * np.where(np.isfinite(b), b, 0.0)
        used = np.flatnonzero(weights.any(axis=0))
        of_used = weights[:, used]
        return [float(x) for x in ((of_used @ self.comoment[used[:, None], used]) * of_used).sum(axis=1)]
