"""Exits that never happen, and a weight that says how probable that was (one-step survival)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from greeks.errors import UnsupportedError
from greeks.estimators.conditional.crossing import NEVER, Crossing
from greeks.estimators.conditional.ending import endings, price_carries, uses
from greeks.estimators.conditional.flows import expected_flow, flow
from greeks.estimators.conditional.gaussian import Gaussian, Step
from greeks.estimators.conditional.region import Region
from greeks.estimators.conditional.settlement import settled
from greeks.expressions import node as n
from greeks.expressions.fold import OBSERVED, Carry, Exit, Fold
from greeks.expressions.node import ZERO, Expr, const, is_const, substitute, symbol


def survived(fold: Fold, ends: Exit, step: Step) -> Fold:
    """The same price on paths that stay alive: each step is drawn where it survives, `alive` is its probability.

    What is paid on a date is expected over the whole step, of those alive before it; so is the settlement over the
    last step, and what a contract pays that has ended before, on the plain path.
    """
    _refuse(fold, step)
    alive_region = _surviving(step.rewound(ends.condition), step.law)
    moved = price_carries(fold)
    names = {c.symbol: symbol(f"{c.symbol}!", c.symbol.size) for c in fold.carries if c.symbol in moved}
    maps = _survivor_maps(fold, ends, step, alive_region)
    carries = tuple(_renamed(replace(c, **maps.get(c.symbol, {})), names) for c in fold.carries if c.symbol in names)
    looked = {c.symbol: c.observe for c in fold.carries if c.symbol is not ends.alive}
    gain = ends.settled - ends.after
    at_last = n.where(ends.condition, ZERO, substitute(gain, looked))
    value, kept = settled(fold, step, ends.alive * at_last, ends.alive * gain)
    names |= {c.symbol: symbol(f"{c.symbol}!", c.symbol.size) for c in kept if uses(c, names)}
    value = substitute(value, names)
    carries = (*carries, *(_renamed(c, names) for c in kept if c.symbol in names))
    plain = [c for c in kept if c.symbol not in names]
    if not is_const(ends.after, 0.0):  # in = unconditional less the part that never got in
        after, more = settled(fold, step, substitute(ends.after, looked), ends.after)
        value, plain = value + after, [*plain, *(c for c in more if c not in plain)]
    if ends.paid in names:
        value = value + names[ends.paid]
    return replace(
        fold,
        carries=(*fold.carries, *carries, *plain),
        outputs={**fold.outputs, "price": value},
        scoring=None,
        no_density="a step that is drawn where it survives is not linear in its noise",
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
        step.state: {"arrive": step.taken(step.law.at(region.noise()))},
        alive: {"arrive": alive * step.told(region.probability()), "observe": alive},
    }
    for c in fold.carries:
        if c.symbol is ends.paid:
            added = flow(c)
            assert added is not None
            maps[c.symbol] = {"arrive": c.symbol + expected_flow(step, added), "observe": c.symbol}
    return maps


def _renamed(c: Carry, names: Mapping[Expr, Expr]) -> Carry:
    return replace(c.changed(lambda e: substitute(e, names)), symbol=names[c.symbol])


# the stretch in which a path survives ----------------------------------------------------------------------------
def _surviving(condition: Expr, law: Gaussian) -> Region:
    """Where none of the conditions that end the contract holds; everywhere on dates that nobody looks at."""
    region = Region(law)
    for e in endings(condition, law.y):
        side = 1.0 if e.above else -1.0
        level = e.unless_idle(e.level, const(side * NEVER), OBSERVED > ZERO)
        region = region.within(Crossing(level, const(side)), False)
    return region
