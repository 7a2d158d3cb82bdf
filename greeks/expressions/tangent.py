"""Forward derivatives of expressions in one direction, scalar or vector.

A *scalar* direction changes one number; the tangent of an expression has the expression's own shape.
A *vector* direction changes element i of a parameter for every i at once: the tangent of a scalar is its gradient,
a vector; the tangent of a vector whose element i depends on element i alone is that diagonal, again one vector.
Products of the two kinds would be dense n x n Jacobians; they raise `DenseJacobianError`, and the caller goes element
by element.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from greeks.expressions import node as n
from greeks.expressions.node import ONE, ZERO, Expr, const, is_const, postorder

Rule = Callable[[Expr, Sequence[Expr]], Expr]


class DenseJacobianError(Exception):
    """A vector direction met a map whose Jacobian is not diagonal."""


class Tangent:
    """The derivative operator that sends each seed to its tangent and everything else it meets by the chain rule.

    `seeds` maps nodes (symbols, or inner nodes whose derivative is imposed) to their tangents.
    """

    def __init__(self, seeds: Mapping[Expr, Expr], vector: bool = False) -> None:
        self._memo: dict[Expr, Expr] = dict(seeds)
        self._vector = vector

    def __call__(self, e: Expr) -> Expr:
        if e in self._memo:
            return self._memo[e]
        for part in postorder([e], stop=self._memo):
            if part not in self._memo:
                self._memo[part] = self._derive(part)
        return self._memo[e]

    def _derive(self, e: Expr) -> Expr:
        if not e.args or e.op in n.BOOLEAN:
            return ZERO
        inner = [self._memo[a] for a in e.args]
        if all(is_const(d, 0.0) for d in inner):
            return ZERO
        if self._vector:
            return self._derive_vector(e, inner)
        return RULES[e.op](e, inner)

    def _derive_vector(self, e: Expr, inner: list[Expr]) -> Expr:
        if e.op == "sum":
            return inner[0]  # d(sum v)/d theta_i = dv_i/d theta_i: the diagonal is the gradient
        if e.op == "index":
            return n.onehot(e.payload, e.args[0].size, n.index(inner[0], e.payload))
        if e.op in ("largest", "smallest"):
            return _at_extremum(e, inner[0])
        if e.op in ("matvec", "onehot"):
            raise DenseJacobianError
        if e.size and any(not a.size and not is_const(d, 0.0) for a, d in zip(e.args, inner, strict=True)):
            raise DenseJacobianError  # every element would depend on every element
        return RULES[e.op](e, inner)


def partial(e: Expr, x: Expr) -> Expr:
    """de/dx with everything else fixed (elementwise where x is a vector)."""
    return Tangent({x: ONE})(e)


def _at_extremum(e: Expr, dv: Expr) -> Expr:
    reached = n.compare("le", e, e.args[0]) if e.op == "largest" else n.compare("le", e.args[0], e)
    return n.where(reached, dv, ZERO)


def _positive(a: Expr, value: Expr) -> Expr:
    """`value` where a > 0, else 0: slopes that are infinite at 0 meet a zero tangent there."""
    return n.where(n.compare("lt", ZERO, a), value, ZERO, "guard")


def _sqrt(e: Expr, d: Sequence[Expr]) -> Expr:
    return d[0] * _positive(e.args[0], const(0.5) / e)


def _power(e: Expr, d: Sequence[Expr]) -> Expr:
    base, exponent = e.args
    by_base = d[0] * _positive(base, exponent * n.power(base, exponent - 1.0))
    if is_const(d[1], 0.0):
        return by_base
    return by_base + d[1] * _positive(base, e * n.unary("log", base))


def _where(e: Expr, d: Sequence[Expr]) -> Expr:
    return n.where(e.args[0], d[1], d[2], "guard" if e.payload == "guard" else None)


def _max(e: Expr, d: Sequence[Expr]) -> Expr:
    a, b = e.args
    return n.where(n.compare("lt", b, a), d[0], d[1])


def _min(e: Expr, d: Sequence[Expr]) -> Expr:
    a, b = e.args
    return n.where(n.compare("lt", a, b), d[0], d[1])


RULES: dict[str, Rule] = {
    "add": lambda e, d: d[0] + d[1],
    "sub": lambda e, d: d[0] - d[1],
    "neg": lambda e, d: -d[0],
    "mul": lambda e, d: d[0] * e.args[1] + e.args[0] * d[1],
    "div": lambda e, d: (d[0] - e * d[1]) / e.args[1],
    "exp": lambda e, d: e * d[0],
    "log": lambda e, d: d[0] / e.args[0],
    "sqrt": _sqrt,
    "power": _power,
    "tanh": lambda e, d: (1.0 - e * e) * d[0],
    "sin": lambda e, d: n.unary("cos", e.args[0]) * d[0],
    "cos": lambda e, d: -n.unary("sin", e.args[0]) * d[0],
    "normal_cdf": lambda e, d: n.unary("normal_pdf", e.args[0]) * d[0],
    "normal_pdf": lambda e, d: -(e.args[0] * e) * d[0],
    "normal_quantile": lambda e, d: d[0] / n.unary("normal_pdf", e),
    "exprel": lambda e, d: n.exprel(e.payload + 1, e.args[0]) * d[0],
    "abs": lambda e, d: n.where(n.compare("lt", ZERO, e.args[0]), d[0], -d[0]),
    "max": _max,
    "min": _min,
    "where": _where,
    "sum": lambda e, d: n.total(d[0]) if d[0].size else d[0] * float(e.args[0].size),
    "index": lambda e, d: n.index(d[0], e.payload),
    "onehot": lambda e, d: n.onehot(e.payload[0], e.payload[1], d[0]),
    "largest": lambda e, d: n.total(_at_extremum(e, d[0])),
    "smallest": lambda e, d: n.total(_at_extremum(e, d[0])),
    "matvec": lambda e, d: _matvec(e, d),
    "root": lambda e, d: ZERO,  # held fixed: what moves it is in the step of Newton's method that follows
    "solved": lambda e, d: d[0],
}


def _matvec(e: Expr, d: Sequence[Expr]) -> Expr:
    matrix, vector = e.args
    moved = n.matvec(matrix, _spread(d[1], vector.size))
    return moved if is_const(d[0], 0.0) else n.matvec(d[0], vector) + moved


def _spread(v: Expr, size: int) -> Expr:
    """A scalar tangent of a vector, as a vector."""
    return v if v.size or is_const(v, 0.0) else n.node("spread", v, payload=size, size=size)


RULES["spread"] = lambda e, d: _spread(d[0], e.size)
