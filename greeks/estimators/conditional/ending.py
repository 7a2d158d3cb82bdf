"""The levels at which a contract ends, and what of a fold follows the price."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import reduce

from greeks.errors import UnsupportedError
from greeks.estimators.conditional.crossing import crossing
from greeks.expressions import node as n
from greeks.expressions.algebra import free_of
from greeks.expressions.fold import MAPS, Carry, Fold, depending
from greeks.expressions.node import Expr, symbols


@dataclass(frozen=True)
class Ending:
    """The contract ends where y is above (or below) a level, provided that `active` conditions hold."""

    level: Expr
    above: bool
    active: tuple[Expr, ...] = ()

    def unless_idle(self, value: Expr, idle: Expr, *more: Expr) -> Expr:
        """The value, or another where the ending, or one of `more` conditions, is not active."""
        conditions = (*self.active, *more)
        if not conditions:
            return value
        return n.where(reduce(lambda a, b: n.logical("and", a, b), conditions), value, idle, "guard")


def endings(condition: Expr, y: Expr, active: tuple[Expr, ...] = ()) -> list[Ending]:
    """Each of the conditions on y joined by `or`; one that `and` joins with others is active where those hold."""
    if condition.op == "or":
        return [e for a in condition.args for e in endings(a, y, active)]
    if condition.op == "and":
        bound = [a for a in condition.args if not free_of(a, {y})]
        if len(bound) == 1:
            return endings(bound[0], y, (*active, *(a for a in condition.args if a is not bound[0])))
    if condition.op in ("lt", "le"):
        at = crossing(condition, y)
        if at is not None and at.direction:
            return [Ending(at.level, at.direction > 0, active)]
    raise UnsupportedError(f"conditional: {condition} cannot be solved for one Gaussian of the step")


def price_carries(fold: Fold) -> set[Expr]:
    """Carries that see the price or depend on its noise: all but those of the variance and of the calendar."""
    assert fold.scoring is not None
    noises = {z for zs in fold.noise.values() for z in zs}
    touched = {*fold.scoring.states, *(symbols(*fold.scoring.noises) & noises)}
    if fold.exit is not None:
        touched |= {fold.exit.alive, fold.exit.paid}
    return {c.symbol for c in fold.carries} & (touched | depending(fold, touched))


def uses(c: Carry, names: Collection[Expr]) -> bool:
    """Whether the carry's start or maps have one of the names."""
    return not symbols(c.start, *(c.map(m) for m in MAPS)).isdisjoint(names)
