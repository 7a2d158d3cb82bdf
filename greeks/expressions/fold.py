"""A path as a fold: carries that start, advance, arrive and observe; outputs that settle.

Between two observation dates every carry *advances* over the fine steps, then *arrives* at the date (with noise of
its own), then the payoff *observes*. Within one map all carries change at once, from the values before it.

    start -> [ (advance)* -> arrive -> observe ]*  -> outputs

Estimators are transformations of folds: they add carries and change outputs, and so they compose.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from greeks.expressions.interpolation import POINTS
from greeks.expressions.node import Expr, substitute, symbol, symbols

# What the time grid supplies; no parameter's name has a dot.
T = symbol("grid.t")  # time at the start of a fine step
DT = symbol("grid.dt")  # its length
DATE = symbol("grid.date")  # the observation date just reached
EVENLY = symbol("grid.evenly")  # 1 / (fine steps left to the next date, this one included)
LAST_STEP = symbol("grid.last_step")  # 1 on the last fine step before a date, else 0
OBSERVED = symbol("grid.observed")  # 1 on a date that the payoff looks at, else 0
LEVER = symbol("grid.lever")  # how far the date goes with the average of the path over its dates, from 0 to 1
SHARES = symbol("grid.shares", POINTS)  # what a function of that lever has of its values at Chebyshev's points
AT_START = symbol("grid.at_start")  # 1 where today's state is observed, else 0
T_SHIFT = symbol("grid.t_shift")  # dt_i/d(valuation time) of T ...
DT_SHIFT = symbol("grid.dt_shift")  # ... and of DT: all contract dates stay, the first interval shrinks
VALUATION = symbol("grid.valuation")  # the valuation time itself, 0

GRID_FINE = (T, DT, EVENLY, LAST_STEP, T_SHIFT, DT_SHIFT)
GRID_DATE = (DATE, AT_START, OBSERVED, LEVER, SHARES)
MAPS = ("advance", "arrive", "observe")


@dataclass(frozen=True)
class Carry:
    """A value that rides along a path: its symbol and what each map turns it into."""

    symbol: Expr
    start: Expr
    advance: Expr
    arrive: Expr
    observe: Expr

    @classmethod
    def of(cls, name: str, start: Expr, size: int = 0, **maps: Expr) -> Carry:
        """A carry named `name` that every map not given leaves as it is."""
        me = symbol(name, size)
        return cls(me, start, *(maps.get(m, me) for m in MAPS))

    def map(self, name: str) -> Expr:
        value: Expr = getattr(self, name)
        return value

    @cached_property
    def used(self) -> frozenset[Expr]:
        """The symbols in its start and maps."""
        return frozenset(symbols(self.start, *(self.map(m) for m in MAPS)))

    def changed(self, f: Callable[[Expr], Expr]) -> Carry:
        """The same carry with `f` applied to start and maps."""
        return replace(self, start=f(self.start), **{m: f(self.map(m)) for m in MAPS})


@dataclass(frozen=True)
class Scoring:
    """Where a path's law has a density: in map `at`, that of `states` given the past, as images of `noises`.

    `weights` are the noises times the inverse of their covariance (the noises themselves where independent).
    """

    at: str
    states: tuple[Expr, ...]
    noises: tuple[Expr, ...]
    weights: tuple[Expr, ...]


@dataclass(frozen=True)
class Exit:
    """How a contract may end on a date: carry `alive` is 1 until `condition` holds, when `amount` goes into `paid`.

    Condition and amount are in the carries' values on the date, before the payoff observes; `after` is what is paid
    at maturity if the contract has ended before, `settled` what is paid if it has not.
    """

    alive: Expr
    paid: Expr
    condition: Expr
    amount: Expr
    settled: Expr
    after: Expr


@dataclass(frozen=True)
class Fold:
    """Carries, outputs, and what is known about the law of the path."""

    carries: tuple[Carry, ...]
    outputs: Mapping[str, Expr]
    scoring: Scoring | None = None
    no_density: str = ""  # why `scoring` is None, in words for the user
    noise: Mapping[str, tuple[Expr, ...]] = field(default_factory=dict)  # map -> independent standard normals
    observes_start: bool = False  # whether today's state is one of the observations
    exit: Exit | None = None
    integrated: bool = False  # whether the price is expected over the direction of the path that it depends on most

    def carry(self, of: Expr) -> Carry:
        return next(c for c in self.carries if c.symbol is of)

    def pruned(self) -> Fold:
        """Without the carries that no output needs."""
        return replace(self, carries=needed(self.outputs.values(), self.carries))

    def constants_folded(self) -> Fold:
        """With carries that never change replaced by their start."""
        still = {c.symbol: c.start for c in self.carries if all(c.map(m) is c.symbol for m in MAPS)}
        if not still:
            return self
        carries = tuple(c.changed(lambda e: substitute(e, still)) for c in self.carries if c.symbol not in still)
        outputs = {k: substitute(e, still) for k, e in self.outputs.items()}
        return replace(self, carries=carries, outputs=outputs).constants_folded()


def needed(roots: Iterable[Expr], carries: Iterable[Carry]) -> tuple[Carry, ...]:
    """Of some carries those that the roots use, directly or through others, in their own order."""
    known = {c.symbol: c for c in carries}
    found: set[Expr] = set()
    todo = list(symbols(*roots))
    while todo:
        s = todo.pop()
        if s in known and s not in found:
            found.add(s)
            todo.extend(known[s].used)
    return tuple(c for s, c in known.items() if s in found)


def depending(fold: Fold, sources: Collection[Expr]) -> set[Expr]:
    """The carries whose value depends on any of the sources, directly or through other carries."""
    found: set[Expr] = set()
    while True:
        reach = {*sources, *found}
        new = {c.symbol for c in fold.carries if c.symbol not in found and not c.used.isdisjoint(reach)}
        if not new:
            return found
        found |= new


def joined(folds: list[Fold]) -> Fold:
    """One fold with the carries and outputs of all; equal carries are one, and of two that differ one is renamed."""
    carries: dict[Expr, Carry] = {}
    outputs: dict[str, Expr] = {}
    for k, fold in enumerate(folds):
        clashing = {c.symbol for c in fold.carries if carries.get(c.symbol, c) != c}
        clashing |= depending(fold, clashing)
        if clashing:
            fold = _renamed(fold, {s: symbol(f"{s}'{k}", s.size) for s in clashing})
        for c in fold.carries:
            carries.setdefault(c.symbol, c)
        outputs.update(fold.outputs)
    return replace(folds[0], carries=tuple(carries.values()), outputs=outputs)


def _renamed(fold: Fold, names: Mapping[Expr, Expr]) -> Fold:
    """The carries that have a new name, and outputs that see them so."""
    memo = dict(names)

    def renamed(e: Expr) -> Expr:
        return substitute(e, names, memo)

    carries = tuple(replace(c.changed(renamed), symbol=names.get(c.symbol, c.symbol)) for c in fold.carries)
    return replace(fold, carries=carries, outputs={k: renamed(e) for k, e in fold.outputs.items()})


def in_words(names: Mapping[Expr, Expr], fold: Fold) -> Fold:
    """The fold with other words for some expressions, but for the symbols of its carries themselves."""
    memo = dict(names)
    carries = tuple(c.changed(lambda e: substitute(e, names, memo)) for c in fold.carries)
    return replace(fold, carries=carries, outputs={k: substitute(e, names, memo) for k, e in fold.outputs.items()})
