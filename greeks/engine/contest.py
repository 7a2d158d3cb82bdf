"""All that may answer a request, side by side in one program: what a pilot measures, and how much work each needs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from greeks.engine.contract import Contract
from greeks.engine.grid import TimeGrid
from greeks.engine.menu import Entry, Menu, Option, Picks
from greeks.engine.pilot import Pilot
from greeks.engine.plan import Plan, Sample, controls_of, plan_of
from greeks.engine.residuals import Question
from greeks.engine.worth import cost_with

TIE = 1.1  # times the least work that counts as no more


@dataclass(frozen=True)
class Candidate:
    """One way to a number, or to all elements of a vector that are asked for: they decide together."""

    option: Option
    samples: tuple[Sample, ...]

    @cached_property
    def controls(self) -> frozenset[str]:
        """The names of all controls that it may have."""
        return frozenset(c.name for c in self.option.controls)

    @property
    def questions(self) -> list[Question]:
        """Its samples without controls, then with all of them."""
        of = (frozenset[str](), self.controls)
        return [Question(((s.column, 1.0),), kept) for kept in of for s in self.samples]


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

    groups : what is measured, by the label of its first option.
    """

    picks: Picks
    plan: Plan
    groups: Mapping[str, tuple[Candidate, ...]]
    questions: Mapping[str, tuple[Question, ...]]

    @classmethod
    def of(cls, menu: Menu, contract: Contract, picks: Picks) -> Contest:
        """That of some options of a menu."""
        plan = plan_of(menu, contract, picks, pilot=True, controls=controls_of(menu, picks))
        groups = _groups(menu, plan)
        asked = {name: tuple(q for c in candidates for q in c.questions) for name, candidates in groups.items()}
        return cls(picks, plan, groups, asked)

    def cost(self, grid: TimeGrid) -> float:
        """Nanoseconds a path, at most: of candidates that share a path each counts it."""
        return sum(c.option.cost.of(grid) for candidates in self.groups.values() for c in candidates)

    def works(self, menu: Menu, found: Pilot, grid: TimeGrid) -> dict[str, Works]:
        """Of every group, as a pilot saw its samples."""
        asked = [q for of_group in self.questions.values() for q in of_group]
        answers = iter(found.bounds([q.samples[0][0] for q in asked], found.residuals.of(asked)))
        works = {}
        for name, candidates in self.groups.items():
            found_of_group = []
            for c in candidates:
                without, with_all = (sum(next(answers) for _ in c.samples) for _ in range(2))
                if not all(map(found.reached, c.samples)):
                    without = with_all = math.inf
                alone = without * c.option.cost.of(grid)
                controlled = with_all * cost_with(menu, (c.option,), c.controls, grid)
                found_of_group.append((alone, *min((alone, without), (controlled, with_all))))
            works[name] = Works(*map(list, zip(*found_of_group, strict=True)))
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
