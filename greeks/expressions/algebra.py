"""Small algebra on expressions: exact division, parts linear in a symbol, dependence."""

from __future__ import annotations

from collections.abc import Collection

from greeks.expressions import node as n
from greeks.expressions.node import ONE, ZERO, Expr, is_const, substitute, symbols
from greeks.expressions.tangent import partial


def free_of(e: Expr, names: Collection[Expr]) -> bool:
    """Whether `e` does not use any of the symbols."""
    return symbols(e).isdisjoint(names)


def quotient(e: Expr, x: Expr) -> Expr | None:
    """e / x where x divides e symbolically, else None."""
    if is_const(e, 0.0):
        return ZERO
    if e is x:
        return ONE
    if e.op == "mul":
        a, b = e.args
        for one, other in ((a, b), (b, a)):
            q = quotient(one, x)
            if q is not None:
                return q * other
        return None
    if e.op == "power" and e.args[0] is x:
        return n.power(x, e.args[1] - 1.0)
    if e.op in ("add", "sub", "neg"):
        parts = [quotient(a, x) for a in e.args]
        return None if any(p is None for p in parts) else n.rebuild(e, tuple(p for p in parts if p is not None))
    if e.op == "div":
        q = quotient(e.args[0], x)
        return None if q is None else q / e.args[1]
    if e.op == "where":
        up, down = (quotient(v, x) for v in e.args[1:])
        return None if up is None or down is None else n.where(e.args[0], up, down, e.payload)
    return None


def linear_in(e: Expr, z: Expr) -> tuple[Expr, Expr] | None:
    """(A, B) with e = A + B z and both free of z, or None."""
    slope = partial(e, z)
    if not free_of(slope, {z}):
        return None
    return substitute(e, {z: ZERO}), slope


def additive_in(e: Expr, y: Expr) -> Expr | None:
    """e - y where e = y + (something free of y), else None."""
    parts = linear_in(e, y)
    if parts is None or not is_const(parts[1], 1.0):
        return None
    return parts[0]
