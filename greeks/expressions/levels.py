"""Conditions solved for one symbol: the level that it has to pass."""

from __future__ import annotations

from greeks.expressions import node as n
from greeks.expressions.algebra import free_of
from greeks.expressions.node import Expr, const, is_const

NEVER = const(-1e50)  # a level below all others, finite so that no 0 * inf can arise


def threshold(condition: Expr, y: Expr) -> tuple[Expr, bool] | None:
    """(level, above): the condition says y > level if above, else y < level; None if it cannot be solved.

    >>> from greeks.expressions.node import symbol, unary
    >>> y, b = symbol("y"), symbol("b")
    >>> threshold(b <= unary("exp", y), y)
    (log(b), True)
    """
    if condition.op not in ("lt", "le"):
        return None
    left, right = condition.args
    for side, other, above in ((left, right, False), (right, left, True)):
        found = level(side, other, y)
        if found is not None:
            return found, above
    return None


def level(side: Expr, other: Expr, y: Expr) -> Expr | None:
    """The y at which `side` meets `other`: y itself, its exponential, its positive part, or a difference of such."""
    if side.op == "sub" and is_const(other, 0.0):
        return level(side.args[0], side.args[1], y)
    if not free_of(other, {y}):
        return None
    if side is y:
        return other
    if side.op == "exp" and side.args[0] is y:
        return n.unary("log", other)
    if side.op == "max" and y in side.args:
        floor = next(a for a in side.args if a is not y)
        return n.where(floor < other, other, NEVER, "guard")  # a level under the floor is never passed downwards
    return None
