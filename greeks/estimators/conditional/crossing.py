"""Where a condition on a value turns: solved for the value in closed form."""

from __future__ import annotations

from dataclasses import dataclass

from greeks.estimators.conditional.root import Exponentials
from greeks.expressions import node as n
from greeks.expressions.algebra import free_of, linear_in, sign_of
from greeks.expressions.node import ONE, ZERO, Expr, const, postorder, substitute, symbol

NEVER = 1e6  # a level of y, in its own units, that no path reaches
LEAST = 1e-300  # the least argument of a logarithm: its level is below every path
INVERTED = ("exp", "log")
EXTREME = ("largest", "smallest")
SUM = "sum"


@dataclass(frozen=True)
class Crossing:
    """A condition that holds where (y - level) * slope > 0."""

    level: Expr
    slope: Expr

    @property
    def direction(self) -> int:
        """1 if the condition is seen to hold above the level, -1 if below, 0 if parameters or the path decide."""
        return sign_of(self.slope)


def crossing(comparison: Expr, y: Expr) -> Crossing | None:
    """Where a comparison turns, if its sides differ by something linear in y, or in a function of the same kind.

    Such functions are exp and log, the largest and the smallest element of a vector of them, and the sum of a vector of
    exponentials that rise.
    """
    left, right = comparison.args
    return _root(right - left, y)


def _root(f: Expr, y: Expr) -> Crossing | None:
    """Where f > 0."""
    line = linear_in(f, y)
    if line is not None:
        a, b = line
        return _unless_flat(a, b, Crossing(-a / _divisor(b), b))
    for inner in reversed(postorder([f])):
        if inner.op in (*INVERTED, *EXTREME, SUM) and inner.size == f.size and not free_of(inner, {y}):
            unknown = symbol("unknown", inner.size)
            flat = substitute(f, {inner: unknown})
            line = linear_in(flat, unknown) if free_of(flat, {y}) else None
            if line is not None:
                return _unwrapped(inner, *line, y)
    return None


def _unwrapped(inner: Expr, a: Expr, b: Expr, y: Expr) -> Crossing | None:
    """Where a + b g(h) > 0: h is compared with the inverse of g at -a / b."""
    value = -a / _divisor(b)
    found = _solved(inner, value, y)
    return None if found is None else _unless_flat(a, b, Crossing(found.level, found.slope * b))


def _solved(inner: Expr, value: Expr, y: Expr) -> Crossing | None:
    """Where the inner function exceeds a value that is free of y."""
    if inner.op in EXTREME:
        return _of_elements(inner, value, y)
    if inner.op == SUM:
        terms = Exponentials.of(inner.args[0], y)
        return None if terms is None else Crossing(terms.root(_log(value)), ONE)
    return _root(inner.args[0] - _inverse(inner, value), y)


def _of_elements(inner: Expr, value: Expr, y: Expr) -> Crossing | None:
    """Where the smallest (or largest) of some functions of y, all rising or all falling, exceeds a value.

    The smallest of rising ones does where y is above the highest of their levels.
    """
    found = _root(inner.args[0] - value, y)
    if found is None or not found.direction:
        return None
    rising = found.direction > 0
    last = (inner.op == "smallest") == rising
    return Crossing(n.pick("largest" if last else "smallest", found.level), ONE if rising else -ONE)


def _inverse(inner: Expr, value: Expr) -> Expr:
    return _log(value) if inner.op == "exp" else n.unary("exp", value)


def _log(value: Expr) -> Expr:
    """The logarithm, or as low as it goes where there is none: an exponential is above every value <= 0."""
    if sign_of(value) > 0:
        return n.unary("log", value)
    return n.unary("log", n.where(const(LEAST) < value, value, const(LEAST), "guard"))


def _divisor(b: Expr) -> Expr:
    return b if sign_of(b) else n.where(n.unary("abs", b) > ZERO, b, ONE, "guard")


def _unless_flat(a: Expr, b: Expr, found: Crossing) -> Crossing:
    """Where the slope b is 0, a > 0 decides and no level is ever met."""
    if sign_of(b):
        return found
    sloping = n.unary("abs", b) > ZERO
    level = n.where(sloping, found.level, n.where(a > ZERO, const(-NEVER), const(NEVER), "guard"), "guard")
    return Crossing(level, n.where(sloping, found.slope, ONE, "guard"))
