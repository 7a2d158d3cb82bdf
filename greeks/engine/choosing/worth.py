"""Which controls are worth their time, and what they buy: judged by a pilot and by counted operations."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property

from greeks.engine.choosing.control import Pairing
from greeks.engine.choosing.menu import Menu, Option, Picks
from greeks.engine.choosing.pilot import Pilot
from greeks.engine.choosing.plan import Kept, Sample, folds_of, used_of
from greeks.engine.choosing.residuals import Question, Sheet, Weighted
from greeks.engine.programs.cost import cost
from greeks.engine.terms.grid import TimeGrid
from greeks.expressions.fold import joined

Names = frozenset[str]
NONE: Names = frozenset()
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
    docket = _Docket.of(menu, samples, seen.pairing, picks, weights, grid, unseen)
    judges = [_Judge(case) for case in docket.cases]
    while any(judge.asked for judge in judges):
        answers = iter(seen.residuals.on(docket.sheet(tuple(judge.asked for judge in judges))).tolist())
        for judge in judges:
            judge.hear(answers)
    return Worth(
        tuple(tuple(name for name in judge.case.names if name in judge.kept) for judge in judges),
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


@dataclass(frozen=True, eq=False)
class _Case:
    """A number as the weighted sum of samples, and the names of the controls that it may have."""

    costs: Costs
    samples: Weighted
    names: tuple[str, ...]

    @cached_property
    def whole(self) -> Names:
        """All controls."""
        return frozenset(self.names)

    @cached_property
    def fewer(self) -> list[Names]:
        """One control less, if all are dear."""
        dear = bool(self.names) and self.costs.with_controls(self.whole) > CHEAP * self.costs.with_controls(NONE)
        return self.costs.fewer(self.whole) if dear else []

    @cached_property
    def asked(self) -> tuple[Names, ...]:
        """The choices of controls whose variance is wanted first."""
        return tuple(dict.fromkeys((NONE, self.whole, *self.fewer))) if self.names else ()


@dataclass(frozen=True, eq=False)
class _Docket:
    """The cases of some options of a menu's entries on one grid; remembered, with what is asked of pilots about them.

    sheets : by the choices of controls that every case asks for.
    """

    pairing: Pairing
    cases: tuple[_Case, ...]
    sheets: dict[tuple[tuple[Names, ...], ...], Sheet] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        menu: Menu,
        samples: Sequence[Sequence[Sample]],
        pairing: Pairing,
        picks: Picks,
        weights: Sequence[Sequence[float]],
        grid: TimeGrid,
        unseen: Set[int],
    ) -> _Docket:
        """Without controls that are among the numbers of the unseen."""
        columns = tuple(tuple(s.column for s in of_entry) for of_entry in samples)
        key = (columns, picks, weights, grid.key, frozenset(unseen))
        if key not in pairing.known:
            if len(pairing.known) >= KEPT:
                pairing.known.clear()
            cases = []
            for entry, of_entry, which, shares in zip(menu.entries, columns, picks, weights, strict=True):
                costs = Costs.of(menu, tuple(entry.options[k] for k in which), grid)
                without = {pairing.names[j] for i in of_entry for j in pairing.partners[i] if j in unseen}
                names = tuple(name for name in costs.names if name not in without)
                cases.append(_Case(costs, tuple(zip(of_entry, shares, strict=True)), names))
            pairing.known[key] = cls(pairing, tuple(cases))
        docket: _Docket = pairing.known[key]
        return docket

    def sheet(self, asked: tuple[tuple[Names, ...], ...]) -> Sheet:
        """What to ask of a pilot."""
        if asked not in self.sheets:
            if len(self.sheets) >= KEPT:
                self.sheets.clear()
            of_cases = zip(self.cases, asked, strict=True)
            questions = [Question(c.samples, kept) for c, of_case in of_cases for kept in of_case]
            self.sheets[asked] = Sheet.of(questions, self.pairing)
        return self.sheets[asked]


class _Judge:
    """Looks for the controls with which one number needs the least work, as variances become known.

    asked : the choices of controls whose variance is wanted next.
    """

    def __init__(self, case: _Case) -> None:
        self.case, self.asked = case, case.asked
        self.kept, self.fewer = case.whole, case.fewer
        self.variances: dict[Names, float] = {}

    def hear(self, answers: Iterator[float]) -> None:
        """Take what was asked for, then drop controls as long as that saves work and all is known."""
        for kept in self.asked:
            self.variances[kept] = next(answers)
        while self.fewer and all(less in self.variances for less in self.fewer):
            best = min(self.fewer, key=self.work)
            if self.work(best) > self.work(self.kept) * (1.0 - WORTH_DROPPING):
                self.fewer = []
            else:
                self.kept, self.fewer = best, self.case.costs.fewer(best)
        self.asked = tuple(less for less in self.fewer if less not in self.variances)

    def work(self, kept: Names) -> float:
        """Variance x time, in units of the variance without controls."""
        return self.case.costs.with_controls(kept) / self.ratio(kept)

    def ratio(self, kept: Names) -> float:
        """The variance without controls, but for scores, over that with some."""
        if not self.case.names:
            return 1.0
        without, with_them = self.variances[NONE], self.variances[kept]
        if not (math.isfinite(without) and math.isfinite(with_them)) or without <= 0.0:
            return 1.0
        return without / max(with_them, without * EXACT)
