"""Which controls are worth their time, and what they buy: judged by a pilot and by counted operations."""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property

from greeks.engine.cost import cost
from greeks.engine.grid import TimeGrid
from greeks.engine.menu import Menu, Option, Picks
from greeks.engine.pilot import Pilot
from greeks.engine.plan import Kept, Sample, folds_of, used_of
from greeks.engine.residuals import Question, Weighted
from greeks.expressions.fold import joined

EXACT = 1e-18  # a ratio of variances that is less is rounding
WORTH_TELLING = 1.05  # ratio of variances
CHEAP = 1.05  # times the cost without any control at which none needs to earn its place
KEPT = 4096  # options on grids whose costs are in memory
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
    samples: Sequence[Sequence[Sample]],
    seen: Pilot,
    picks: Picks,
    weights: Sequence[Sequence[float]],
    grid: TimeGrid,
    unseen: Set[int] = frozenset(),
) -> Worth:
    """What controls are worth, as a pilot saw them; none that is among the numbers of the unseen.

    samples : for every entry those of its picked options.

    Each number drops controls, one after the other, as long as that adds less to its variance than it takes off the
    time that the number would need alone: so what a number is does not depend on what else is asked.
    """
    judges = []
    for entry, of_entry, which, shares in zip(menu.entries, samples, picks, weights, strict=True):
        columns = tuple((s.column, share) for s, share in zip(of_entry, shares, strict=True))
        partners = (j for i, _ in columns for j in seen.pairing.partners[i])
        without = {seen.pairing.names[j] for j in partners if j in unseen}
        judges.append(_Judge(Costs.of(menu, tuple(entry.options[k] for k in which), grid), columns, without))
    while asked := [(judge, kept) for judge in judges for kept in judge.asked()]:
        answers = seen.residuals.of([Question(judge.samples, kept) for judge, kept in asked])
        for (judge, kept), variance in zip(asked, answers, strict=True):
            judge.variances[kept] = variance
        for judge in judges:
            judge.decide()
    return Worth(
        tuple(tuple(name for name in judge.names if name in judge.kept) for judge in judges),
        tuple(judge.ratio(judge.kept) for judge in judges),
    )


def unmeasured(menu: Menu, picks: Picks, grid: TimeGrid) -> Kept:
    """The controls that are taken without a pilot: of each number all of them, if they cost it next to nothing."""
    kept = []
    for entry, which in zip(menu.entries, picks, strict=True):
        options = tuple(entry.options[k] for k in which)
        random = tuple(o for o in options if o.cost.random)  # the others have no error that a control could take off
        kept.append(() if _dear(menu, options, random, grid) else _names(random))
    return tuple(kept) if any(kept) else ()


def _names(options: Sequence[Option]) -> tuple[str, ...]:
    """All controls of some options."""
    return tuple(dict.fromkeys(c.name for o in options for c in o.controls))


def _dear(menu: Menu, options: tuple[Option, ...], random: tuple[Option, ...], grid: TimeGrid) -> bool:
    """Whether all controls cost more than next to nothing: told by one of them, if that alone does."""
    enough = CHEAP * cost_with(menu, options, frozenset(), grid)
    one = {o.label: (o.first_control,) for o in random if o.first_control is not None}
    key = (tuple(o.label for o in options), "the first control")
    if one and key not in menu.costs:
        menu.costs[key] = cost(joined([*(o.fold for o in options), *folds_of(one)]), menu.shape)
    if one and menu.costs[key].of(grid) > enough:
        return True
    return bool(_names(random)) and cost_with(menu, options, frozenset(_names(random)), grid) > enough


def cost_with(menu: Menu, options: tuple[Option, ...], kept: frozenset[str], grid: TimeGrid) -> float:
    """Nanoseconds a path of some options with some of their controls."""
    if not kept and len(options) == 1:
        return options[0].cost.of(grid)
    key = (tuple(o.label for o in options), kept)
    if key not in menu.costs:
        whole = joined([*(o.fold for o in options), *folds_of(used_of(options, kept))])
        menu.costs[key] = cost(whole, menu.shape)
    return menu.costs[key].of(grid)


@dataclass(frozen=True, eq=False)
class Costs:
    """Nanoseconds a path of some options with some of their controls on one grid; remembered with their menu."""

    menu: Menu
    options: tuple[Option, ...]
    grid: TimeGrid
    known: dict[frozenset[str], float] = field(default_factory=dict)
    steps: dict[frozenset[str], list[frozenset[str]]] = field(default_factory=dict)

    @classmethod
    def of(cls, menu: Menu, options: tuple[Option, ...], grid: TimeGrid) -> Costs:
        key = (tuple(o.label for o in options), grid.key)
        if key not in menu.ladders:
            if len(menu.ladders) >= KEPT:
                menu.ladders.clear()
            menu.ladders[key] = cls(menu, options, grid)
        return menu.ladders[key]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All controls."""
        return tuple(dict.fromkeys(c.name for o in self.options for c in o.controls))

    def with_controls(self, kept: frozenset[str]) -> float:
        """With some of the controls."""
        if kept not in self.known:
            self.known[kept] = cost_with(self.menu, self.options, kept, self.grid)
        return self.known[kept]

    def fewer(self, kept: frozenset[str]) -> list[frozenset[str]]:
        """One control less, where that saves time enough: fewer controls never leave less variance."""
        if kept not in self.steps:
            enough = self.with_controls(kept) * (1.0 - WORTH_DROPPING)
            rest = [kept - {name} for name in sorted(kept)]
            self.steps[kept] = [less for less in rest if self.with_controls(less) <= enough]
        return self.steps[kept]


class _Judge:
    """Looks for the controls with which one number needs the least work, as variances become known."""

    def __init__(self, costs: Costs, samples: Weighted, without: Set[str]) -> None:
        self.costs, self.samples = costs, samples
        self.names = tuple(name for name in costs.names if name not in without)
        self.variances: dict[frozenset[str], float] = {}
        self.kept = frozenset(self.names)
        dear = bool(self.kept) and costs.with_controls(self.kept) > CHEAP * costs.with_controls(frozenset())
        self.fewer = costs.fewer(self.kept) if dear else []

    def asked(self) -> list[frozenset[str]]:
        """The choices whose variance is wanted next."""
        wanted = {frozenset[str](): None, self.kept: None} | dict.fromkeys(self.fewer) if self.names else {}
        return [kept for kept in wanted if kept not in self.variances]

    def decide(self) -> None:
        """Drop controls as long as that saves work and all is known."""
        while self.fewer and not self.asked():
            best = min(self.fewer, key=self.work)
            if self.work(best) > self.work(self.kept) * (1.0 - WORTH_DROPPING):
                self.fewer = []
            else:
                self.kept, self.fewer = best, self.costs.fewer(best)

    def work(self, kept: frozenset[str]) -> float:
        """Variance x time, in units of the variance without controls."""
        return self.costs.with_controls(kept) / self.ratio(kept)

    def ratio(self, kept: frozenset[str]) -> float:
        """The variance without controls, but for scores, over that with some."""
        if not self.names:
            return 1.0
        without, with_them = self.variances[frozenset()], self.variances[kept]
        if not (math.isfinite(without) and math.isfinite(with_them)) or without <= 0.0:
            return 1.0
        return without / max(with_them, without * EXACT)
