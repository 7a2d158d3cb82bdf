"""Small algebra on expressions: exact division, parts linear in a symbol, dependence."""

from __future__ import annotations

from collections.abc import Collection

from greeks.expressions import node as n
from greeks.expressions.node import ONE, ZERO, Expr, is_const, postorder, substitute, symbols
from greeks.expressions.tangent import DenseJacobianError, Tangent, partial


def filled(value: Expr, size: int) -> Expr:
    """The vector (or, of size 0, the scalar) with one value everywhere."""
    return n.node("spread", value, payload=size, size=size) if size else value


def gradient(e: Expr, x: Expr) -> Expr | None:
    """The derivative of a scalar in x, of x's shape; None where it cannot be told element by element."""
    try:
        return Tangent({x: ONE}, vector=x.size > 0)(e)
    except DenseJacobianError:
        return None


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
    """(A, B) with e = A + B z and both free of z, or None.

    A constant slope is not enough: what `where` chooses by z has one on either side of a jump.
    """
    slope = partial(e, z)
    if not free_of(slope, {z}) or any(p.op == "where" and not free_of(p.args[0], {z}) for p in postorder([e])):
        return None
    return substitute(e, {z: ZERO}), slope


def additive_in(e: Expr, y: Expr) -> Expr | None:
    """e - y where e = y + (something free of y), else None."""
    parts = linear_in(e, y)
    if parts is None or not is_const(parts[1], 1.0):
        return None
    return parts[0]


def sign_of(e: Expr) -> int:
    """1 or -1 where `e` is seen to be positive or negative whatever its symbols are, else 0."""
    if e.op == "const":
        value = float(e.payload)
        return (value > 0.0) - (value < 0.0)
    if e.op in ("exp", "exprel"):
        return 1
    if e.op == "symbol":
        return int(getattr(e.payload, "positive", False))
    if e.op == "neg":
        return -sign_of(e.args[0])
    if e.op in ("mul", "div"):
        return sign_of(e.args[0]) * sign_of(e.args[1])
    if e.op in ("add", "sub"):
        left, right = sign_of(e.args[0]), sign_of(e.args[1]) * (1 if e.op == "add" else -1)
        return left if left == right else 0
    if e.op in ("sum", "index", "spread", "largest", "smallest"):
        return sign_of(e.args[0])
    return 1 if e.op == "where" and _is_floored(e) else 0


def floored(e: Expr, least: Expr) -> Expr:
    """`e`, or a positive constant where `e` is less: seen to be positive."""
    return n.where(least < e, e, least, "guard")


def _is_floored(e: Expr) -> bool:
    condition, value, least = e.args
    return condition is n.compare("lt", least, value) and sign_of(least) > 0


def elementwise(e: Expr) -> Expr:
    """`e` with elements picked from the parts of an elementwise formula, log(x)[k] as log(x[k]), not from the whole."""
    memo: dict[Expr, Expr] = {}
    for part in postorder([e]):
        args = tuple(memo[a] for a in part.args)
        memo[part] = picked(args[0], part.payload) if part.op == "index" else n.rebuild(part, args) if args else part
    return memo[e]


def picked(v: Expr, k: int) -> Expr:
    """Element k of a vector, in elements of the vectors that it is made of."""
    if v.op == "spread":
        return v.args[0]
    if not v.size or not v.args or v.op in ("matvec", "onehot"):
        return n.index(v, k)
    return n.rebuild(v, tuple(picked(a, k) for a in v.args))


def comparisons(condition: Expr) -> list[Expr]:
    """The comparisons that `and`, `or` and `not` join, in order."""
    if condition.op in ("lt", "le"):
        return [condition]
    return [c for a in condition.args for c in comparisons(a)]


def switch(e: Expr) -> Expr | None:
    """The condition that decides between the values of a kink or a jump: a > b for max(a, b) and min(a, b)."""
    if e.op in ("max", "min"):
        return n.compare("lt", e.args[1], e.args[0])
    if e.op == "abs":
        return n.compare("lt", ZERO, e.args[0])
    return e.args[0] if e.op == "where" and e.payload != "guard" else None


def assuming(e: Expr, fact: Expr, holds: bool) -> Expr:
    """`e` where a comparison is known to hold or not: kinks and jumps that it decides are gone."""
    memo: dict[Expr, Expr | bool] = {fact: holds}
    for part in postorder([e]):
        if part not in memo:
            memo[part] = _decided(part, tuple(memo[a] for a in part.args), fact, holds) if part.args else part
    found = memo[e]
    assert isinstance(found, Expr)
    return found


def _decided(e: Expr, args: tuple[Expr | bool, ...], fact: Expr, holds: bool) -> Expr | bool:
    if e.op in ("and", "or"):
        return _joined(e.op, args)
    if e.op == "not":
        return not args[0] if isinstance(args[0], bool) else n.logical("not", args[0])
    if e.op == "where" and isinstance(args[0], bool):
        return args[1] if args[0] else args[2]
    if e.op in ("max", "min", "abs") and switch(e) is fact:
        values = args if e.op != "abs" else (args[0], n.neg(_expression(args[0])))
        return values[0] if holds == (e.op != "min") else values[1]
    return n.rebuild(e, tuple(_expression(a) for a in args))


def _joined(op: str, args: tuple[Expr | bool, ...]) -> Expr | bool:
    """A conjunction or disjunction of which parts may be known."""
    decisive = op == "or"
    if any(a is decisive for a in args):
        return decisive
    open_ = [a for a in args if isinstance(a, Expr)]
    return n.logical(op, *open_) if len(open_) > 1 else (open_[0] if open_ else not decisive)


def _expression(a: Expr | bool) -> Expr:
    assert isinstance(a, Expr)
    return a
