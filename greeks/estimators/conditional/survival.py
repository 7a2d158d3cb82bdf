"""Exits that never happen, and a weight that says how probable that was (one-step survival)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from greeks.errors import UnsupportedError
from greeks.estimators.conditional.crossing import NEVER, Crossing, crossing
from greeks.estimators.conditional.flows import expected_flow, flow
from greeks.estimators.conditional.gaussian import Gaussian, Step
from greeks.estimators.conditional.region import Region
from greeks.estimators.conditional.settlement import settled
from greeks.expressions import node as n
from greeks.expressions.algebra import free_of
from greeks.expressions.fold import MAPS, OBSERVED, Carry, Exit, Fold
from greeks.expressions.node import ZERO, Expr, const, is_const, substitute, symbol, symbols


def survived(fold: Fold, ends: Exit, step: Step) -> Fold:
    """The same price on paths that stay alive: each step is drawn where it survives, `alive` is its probability.

    What is paid on a date is expected over the whole step, of those alive before it; so is the settlement over the
    last step, and what a contract pays that has ended before, on the plain path.
    """
    _refuse(fold, step)
    alive_region = _surviving(step.rewound(ends.condition), step.law)
    names = {c.symbol: symbol(f"{c.symbol}!", c.symbol.size) for c in fold.carries if c.symbol not in _shared(fold)}
    maps = _survivor_maps(fold, ends, step, alive_region)
    carries = tuple(_renamed(replace(c, **maps.get(c.symbol, {})), names) for c in fold.carries if c.symbol in names)
    looked = {c.symbol: c.observe for c in fold.carries if c.symbol is not ends.alive}
    gain = ends.settled - ends.after
    at_last = n.where(ends.condition, ZERO, substitute(gain, looked))
    value, kept = settled(fold, step, ends.alive * at_last, ends.alive * gain)
    names |= {c.symbol: symbol(f"{c.symbol}!", c.symbol.size) for c in kept if _sees(c, names)}
    value = substitute(value, names)
    carries = (*carries, *(_renamed(c, names) for c in kept if c.symbol in names))
    plain = [c for c in kept if c.symbol not in names]
    if not is_const(ends.after, 0.0):  # in = unconditional less the part that never got in
        after, more = settled(fold, step, substitute(ends.after, looked), ends.after)
        value, plain = value + after, [*plain, *(c for c in more if c not in plain)]
    if ends.paid in names:
        value = value + names[ends.paid]
    scoring = fold.scoring
    assert scoring is not None
    return replace(
        fold,
        carries=(*fold.carries, *carries, *plain),
        outputs={**fold.outputs, "price": value},
        scoring=replace(scoring, states=(names[step.y],)) if is_const(ends.after, 0.0) else None,
        no_density="the contract lives on after its exit: two paths share their noise",
        exit=None,
    )


def _refuse(fold: Fold, step: Step) -> None:
    if step.at != "arrive":
        raise UnsupportedError("conditional: the date of an exit is reached by many small steps, no one Gaussian")
    if fold.observes_start:
        raise UnsupportedError("conditional: the contract may end today, which no noise decides; leave out the date 0")


def _survivor_maps(fold: Fold, ends: Exit, step: Step, region: Region) -> dict[Expr, dict[str, Expr]]:
    """What is different on the surviving path."""
    alive = ends.alive
    maps = {
        step.y: {"arrive": step.law.at(region.noise())},
        alive: {"arrive": alive * region.probability(), "observe": alive},
    }
    for c in fold.carries:
        if c.symbol is ends.paid:
            added = flow(c)
            assert added is not None
            maps[c.symbol] = {"arrive": c.symbol + expected_flow(step, added), "observe": c.symbol}
    return maps


def _renamed(c: Carry, names: Mapping[Expr, Expr]) -> Carry:
    return replace(c.changed(lambda e: substitute(e, names)), symbol=names[c.symbol])


def _sees(c: Carry, names: Mapping[Expr, Expr]) -> bool:
    return not symbols(c.start, *(c.map(m) for m in MAPS)).isdisjoint(names)


def _shared(fold: Fold) -> set[Expr]:
    """Carries that neither see the price nor depend on it: those of the variance, shared by both paths."""
    assert fold.scoring is not None and fold.exit is not None
    touched = {*fold.scoring.states, *fold.scoring.noises, fold.exit.alive, fold.exit.paid}
    while True:
        more = {c.symbol for c in fold.carries if c.symbol not in touched and _sees(c, dict.fromkeys(touched, ZERO))}
        if not more:
            return {c.symbol for c in fold.carries} - touched
        touched |= more


# the stretch in which a path survives ----------------------------------------------------------------------------
def _surviving(condition: Expr, law: Gaussian) -> Region:
    """Where none of the conditions that end the contract holds; everywhere on dates that nobody looks at."""
    region = Region(law)
    for at in _endings(condition, ZERO < OBSERVED, law.y):
        region = region.within(at, False)
    return region


def _endings(condition: Expr, active: Expr, y: Expr) -> list[Crossing]:
    """Where each of the conditions joined by `or` turns; one that others must join never holds without them."""
    if condition.op == "or":
        return [c for a in condition.args for c in _endings(a, active, y)]
    if condition.op == "and":
        bound = [a for a in condition.args if not free_of(a, {y})]
        for other in condition.args:
            active = active & other if free_of(other, {y}) else active
        if len(bound) == 1:
            return _endings(bound[0], active, y)
    if condition.op in ("lt", "le"):
        at = crossing(condition, y)
        if at is not None and at.direction:
            return [Crossing(n.where(active, at.level, const(at.direction * NEVER), "guard"), const(at.direction))]
    raise UnsupportedError(f"conditional: {condition} cannot be solved for one Gaussian of the step")
