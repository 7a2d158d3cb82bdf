"""All that may answer a request, side by side in one program: what a pilot measures, and how much work each needs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from greeks.engine.choosing.menu import Entry, Menu, Option, Picks
from greeks.engine.choosing.pilot import Pilot
from greeks.engine.choosing.plan import Plan, Sample, controls_of, plan_of
from greeks.engine.choosing.residuals import Array, Integers, Question, Sheet
from greeks.engine.choosing.worth import cost_with
from greeks.engine.terms.contract import Contract
from greeks.engine.terms.grid import TimeGrid

TIE = 1.1  # times the least work that counts as no more
UNSEEN = (math.inf, math.inf, math.inf)  # work and variance of what too few paths of a pilot saw
KEPT = 4096  # grids on which costs are in memory


@dataclass(frozen=True)
class Candidate:
    """One way to a number, or to all elements of a vector that are asked for: they decide together."""

    option: Option
    samples: tuple[Sample, ...]

    @cached_property
    def controls(self) -> frozenset[str]:
        """The names of all controls that it may have."""
        return frozenset(c.name for c in self.option.controls)

    @cached_property
    def reaching(self) -> tuple[Sample, ...]:
        """The samples of which few paths may carry the variance."""
        return tuple(s for s in self.samples if s.reach is not None)

    @property
    def questions(self) -> list[Question]:
        """Its samples without controls, then with all of them."""
        of = (frozenset[str](), self.controls)
        return [Question(((s.column, 1.0),), kept) for kept in of for s in self.samples]

    def costs(self, menu: Menu, grid: TimeGrid) -> tuple[float, float]:
        """Nanoseconds a path without controls, and with all of them."""
        return self.option.cost.of(grid), cost_with(menu, (self.option,), self.controls, grid)


@dataclass(frozen=True)
class Works:
    """The work, variance x time, of the candidates for a number.

    alone : without controls. least : the less of that and of the work with all controls. variances : those of the less.
    """

    alone: list[float]
    least: list[float]
    variances: list[float]

    @property
    def best(self) -> int:
        """The candidate with the least work; of those that hardly differ in it the steadiest."""
        near = [k for k, work in enumerate(self.least) if work <= TIE * min(self.least)]
        return min(near, key=self.variances.__getitem__)


@dataclass(frozen=True)
class Contest:
    """All candidates of a request with all of their controls, in one program with what is taken beside them anyhow.

    groups : what is measured, by the label of its first option. sheet : all questions about their candidates, one
    after the other; columns : the samples that these are about, and where in them each candidate begins, without
    controls and with them.
    """

    picks: Picks
    plan: Plan
    groups: Mapping[str, tuple[Candidate, ...]]
    sheet: Sheet
    columns: Integers
    begins: Integers
    costs: dict[Any, Array] = field(default_factory=dict)  # by grid, of every candidate alone and with all controls

    def __getstate__(self) -> dict[str, Any]:
        """What is archived of it: nothing that depends on dates."""
        return self.__dict__ | {"costs": {}}

    @classmethod
    def of(cls, menu: Menu, contract: Contract, picks: Picks) -> Contest:
        """That of some options of a menu."""
        plan = plan_of(menu, contract, picks, pilot=True, controls=controls_of(menu, picks))
        groups = _groups(menu, plan)
        candidates = [c for of_group in groups.values() for c in of_group]
        asked = tuple(q for c in candidates for q in c.questions)
        columns = np.array([q.samples[0][0] for q in asked])
        begins = np.cumsum([0, *(len(c.samples) for c in candidates for _ in range(2))])[:-1]
        return cls(picks, plan, groups, Sheet.of(asked, plan.pairing), columns, begins)

    def cost(self, menu: Menu, grid: TimeGrid) -> float:
        """Nanoseconds a path, at most: of candidates that share a path each counts it."""
        return float(self.costs_on(menu, grid)[:, 0].sum())

    def costs_on(self, menu: Menu, grid: TimeGrid) -> Array:
        """Nanoseconds a path of every candidate without controls, and with all."""
        if grid.key not in self.costs:
            if len(self.costs) >= KEPT:
                self.costs.clear()
            candidates = [c for of_group in self.groups.values() for c in of_group]
            self.costs[grid.key] = np.array([c.costs(menu, grid) for c in candidates])
        return self.costs[grid.key]

    def works(self, menu: Menu, found: Pilot, grid: TimeGrid) -> dict[str, Works]:
        """Of every group, as a pilot saw its samples."""
        bounds = found.bounds(self.columns, found.residuals.on(self.sheet))
        variances = np.add.reduceat(bounds, self.begins).reshape(-1, 2)
        measured = zip((variances * self.costs_on(menu, grid)).tolist(), variances.tolist(), strict=True)
        works = {}
        for name, candidates in self.groups.items():
            read = []
            for c in candidates:
                work, left = next(measured)
                seen = all(map(found.reached, c.reaching))
                read.append((work[0], *min(zip(work, left, strict=True))) if seen else UNSEEN)
            works[name] = Works(*map(list, zip(*read, strict=True)))
        return works

    def clear(self, found: Pilot, works: Mapping[str, Works]) -> bool:
        """Whether every choice is, with controls or without: of what those leave few paths may not have seen most."""
        return all(
            w.alone.index(min(w.alone)) == w.least.index(min(w.least))
            and all(found.clear([c.samples for c in self.groups[name]], of) for of in (w.alone, w.least))
            for name, w in works.items()
        )

    def samples_of(self, picks: Picks) -> tuple[tuple[Sample, ...], ...]:
        """Those of some options of every entry, all of which are in the contest."""
        return tuple(
            tuple(samples[there.index(k)] for k in which)
            for samples, there, which in zip(self.plan.samples, self.picks, picks, strict=True)
        )


def group_of(e: Entry) -> str:
    """The name of the group that decides about an entry."""
    return e.options[0].label


def _groups(menu: Menu, plan: Plan) -> dict[str, tuple[Candidate, ...]]:
    """Elements of one vector decide together: their samples are those of one candidate."""
    found: dict[str, list[tuple[Option, list[Sample]]]] = {}
    for e, samples in zip(menu.entries, plan.samples, strict=True):
        if e.contested:
            candidates = found.setdefault(group_of(e), [(o, []) for o in e.options])
            for (_, to), sample in zip(candidates, samples, strict=True):
                to.append(sample)
    return {name: tuple(Candidate(o, tuple(of)) for o, of in candidates) for name, candidates in found.items()}
