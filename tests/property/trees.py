"""Random expressions, and an interpreter that says what they are worth: the reference for everything symbolic."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from greeks.expressions import node as n
from greeks.expressions.node import Expr, postorder, symbol

X, Y = symbol("x"), symbol("y")
Value = Any  # float, bool or a NumPy vector


def _exprel(order: int, a: float) -> float:
    """integral of s^order exp(s a) over (0, 1), by 40 Gauss points."""
    points, weights = np.polynomial.legendre.leggauss(40)
    s = 0.5 * (points + 1.0)
    return float(np.sum(0.5 * weights * s**order * np.exp(s * a)))


MEANING: dict[str, Callable[..., Value]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "power": lambda a, b: a**b,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "tanh": np.tanh,
    "sin": np.sin,
    "cos": np.cos,
    "normal_cdf": lambda a: 0.5 * math.erfc(-a / math.sqrt(2.0)),
    "normal_pdf": lambda a: np.exp(-0.5 * a * a) / math.sqrt(2.0 * math.pi),
    "max": np.maximum,
    "min": np.minimum,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
    "where": np.where,
    "sum": np.sum,
    "largest": np.max,
    "smallest": np.min,
}


def evaluate(e: Expr, values: Mapping[Expr, Value]) -> Value:
    """The value of `e`; symbols stand for floats, or for NumPy arrays where they are vectors."""
    memo: dict[Expr, Value] = dict(values)
    with np.errstate(all="ignore"):
        for part in postorder([e], stop=memo):
            if part not in memo:
                memo[part] = _evaluate(part, [memo[a] for a in part.args])
    return memo[e]


def _evaluate(e: Expr, args: list[Value]) -> Value:
    if e.op == "const":
        return np.float64(e.payload)
    if e.op == "sum":
        return np.sum(np.broadcast_to(args[0], e.args[0].size))
    if e.op == "exprel":
        return _exprel(e.payload, args[0])
    if e.op == "index":
        return args[0][e.payload]
    if e.op == "spread":
        return np.full(e.size, args[0])
    if e.op == "onehot":
        k, size = e.payload
        return np.where(np.arange(size) == k, args[0], 0.0)
    if e.op == "matvec":
        return np.reshape(args[0], (e.size, e.size)) @ np.broadcast_to(args[1], e.size)
    return MEANING[e.op](*args)


Recipe = Callable[[Expr, Expr], Expr]
"""A tree as a function of its two leaves, so that one tree can be built over symbols and over parts of another."""

SMOOTH_UNARY: tuple[Callable[[Expr], Expr], ...] = (
    lambda a: -a,
    lambda a: n.unary("exp", n.unary("tanh", a)),
    lambda a: n.unary("log", 1.5 + a * a),
    lambda a: n.unary("sqrt", 0.5 + a * a),
    lambda a: n.unary("tanh", a),
    lambda a: n.unary("sin", a),
    lambda a: n.unary("cos", a),
    lambda a: n.unary("normal_cdf", a),
    lambda a: n.unary("normal_pdf", a),
    lambda a: n.exprel(0, n.unary("sin", a)),
    lambda a: n.power(0.25 + a * a, n.const(1.5)),
    lambda a: a**2.0,
)
KINKED_UNARY: tuple[Callable[[Expr], Expr], ...] = (
    lambda a: n.unary("abs", a),
    lambda a: n.extremum("max", a, n.ZERO),
    lambda a: n.extremum("min", a, n.const(0.3)),
)
SMOOTH_BINARY: tuple[Callable[[Expr, Expr], Expr], ...] = (
    n.add,
    n.sub,
    n.mul,
    lambda a, b: a / (1.25 + b * b),
)
KINKED_BINARY: tuple[Callable[[Expr, Expr], Expr], ...] = (
    lambda a, b: n.extremum("max", a, b),
    lambda a, b: n.extremum("min", a, b),
)
JUMPING_BINARY: tuple[Callable[[Expr, Expr], Expr], ...] = (
    lambda a, b: n.where(a < b, a, b * 2.0),
    lambda a, b: n.where((a < b) & ~(b <= 0.1), a, b),
    lambda a, b: n.where((a <= 0.0) | (b < 0.2), n.ONE, a),
)


def recipes(kinks: bool = True, jumps: bool = True, leaves: int = 12) -> st.SearchStrategy[Recipe]:
    """Random trees over two leaves and small constants, bounded enough that nothing overflows."""
    unary = SMOOTH_UNARY + (KINKED_UNARY if kinks else ())
    binary = SMOOTH_BINARY + (KINKED_BINARY if kinks else ()) + (JUMPING_BINARY if jumps else ())
    numbers = st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.25, 1.0, 3.0])
    leaf = st.one_of(
        st.sampled_from([lambda x, y: x, lambda x, y: y]), numbers.map(lambda c: lambda x, y, c=c: n.const(c))
    )

    def grow(inner: st.SearchStrategy[Recipe]) -> st.SearchStrategy[Recipe]:
        one = st.tuples(st.sampled_from(unary), inner).map(_after)
        two = st.tuples(st.sampled_from(binary), inner, inner).map(_joined)
        return one | two

    return st.recursive(leaf, grow, max_leaves=leaves)


def _after(parts: tuple[Callable[[Expr], Expr], Recipe]) -> Recipe:
    f, inner = parts
    return lambda x, y: f(inner(x, y))


def _joined(parts: tuple[Callable[[Expr, Expr], Expr], Recipe, Recipe]) -> Recipe:
    f, left, right = parts
    return lambda x, y: f(left(x, y), right(x, y))


def points() -> st.SearchStrategy[tuple[float, float]]:
    """Where trees are evaluated: moderate, and rarely on a kink."""
    coordinate = st.floats(-2.0, 2.0, allow_nan=False, width=32).map(lambda v: float(v) + 0.0123456789)
    return st.tuples(coordinate, coordinate)
