"""First and second derivatives of expressions against SymPy, vector directions against one element at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp

from greeks.expressions import functions as g
from greeks.expressions import node as n
from greeks.expressions.node import ONE, Expr, is_const, onehot, symbol, symbols
from greeks.expressions.tangent import DenseJacobianError, Tangent, partial
from tests.property.trees import evaluate

X, Y = symbol("x"), symbol("y")
x, y = sp.symbols("x y", real=True)
Pair = tuple[Callable[[Any, Any], Any], Any]

FUNCTIONS: dict[str, Pair] = {
    "sum": (lambda a, b: a + b - 3.0, x + y - 3),
    "product": (lambda a, b: a * b * 2.0 - a, 2 * x * y - x),
    "quotient": (lambda a, b: (a + 1.0) / (b * b + a), (x + 1) / (y**2 + x)),
    "negative": (lambda a, b: -(a - b * b), -(x - y**2)),
    "exp": (lambda a, b: g.exp(a * b), sp.exp(x * y)),
    "log": (lambda a, b: g.log(a + b * b), sp.log(x + y**2)),
    "sqrt": (lambda a, b: g.sqrt(a * b + 1.0), sp.sqrt(x * y + 1)),
    "power of a symbol": (lambda a, b: a**b, x**y),
    "fractional power": (lambda a, b: (a * b) ** 1.7, (x * y) ** sp.Rational(17, 10)),
    "negative power": (lambda a, b: (a + b) ** -2.5, (x + y) ** sp.Rational(-5, 2)),
    "whole power": (lambda a, b: (a - b) ** 3, (x - y) ** 3),
    "exponential of base": (lambda a, b: 2.0 ** (a * b), sp.Integer(2) ** (x * y)),
    "tanh": (lambda a, b: g.tanh(a - b * b), sp.tanh(x - y**2)),
    "sin and cos": (lambda a, b: g.sin(a) * g.cos(a * b), sp.sin(x) * sp.cos(x * y)),
    "normal_cdf": (lambda a, b: g.normal_cdf(a / b), (1 + sp.erf(x / y / sp.sqrt(2))) / 2),
    "normal_pdf": (lambda a, b: g.normal_pdf(a - b), sp.exp(-((x - y) ** 2) / 2) / sp.sqrt(2 * sp.pi)),
    "exprel": (lambda a, b: g.exprel(a * b), (sp.exp(x * y) - 1) / (x * y)),
    "max": (lambda a, b: g.maximum(a * a, b), sp.Max(x**2, y)),
    "min": (lambda a, b: g.minimum(a * a, b * b * b), sp.Min(x**2, y**3)),
    "abs": (lambda a, b: g.absolute(a * a - b), sp.Abs(x**2 - y)),
    "where": (lambda a, b: g.where(a < b, a * a, b * a), sp.Piecewise((x**2, x < y), (y * x, True))),
    "positive part squared": (lambda a, b: g.maximum(a - b, 0.0) ** 2, sp.Max(x - y, 0) ** 2),
}
POINTS = ((0.7, 1.3), (1.9, 0.4), (0.25, 2.5))


def derivative(truth: sp.Expr, along: tuple[sp.Symbol, ...], at: tuple[float, float]) -> float:
    """SymPy's derivative, away from kinks (where its Dirac deltas and Heaviside steps are plain numbers)."""
    value = sp.diff(truth, *along) if along else truth
    return float(value.doit().subs({x: sp.Float(at[0], 30), y: sp.Float(at[1], 30)}).evalf(25))


@pytest.mark.parametrize("at", POINTS, ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_derivatives_of_both_orders_are_sympys(name: str, at: tuple[float, float]) -> None:
    ours, truth = FUNCTIONS[name]
    e = ours(X, Y)
    here = {X: at[0], Y: at[1]}
    wanted = {(): e, (x,): partial(e, X), (y,): partial(e, Y)}
    wanted |= {(x, x): partial(wanted[x,], X), (x, y): partial(wanted[x,], Y), (y, y): partial(wanted[y,], Y)}
    for along, derived in wanted.items():
        assert float(evaluate(derived, here)) == pytest.approx(derivative(truth, along, at), rel=1e-11, abs=1e-12), (
            along
        )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_mixed_derivatives_do_not_depend_on_the_order(name: str) -> None:
    e = FUNCTIONS[name][0](X, Y)
    for at in POINTS:
        here = {X: at[0], Y: at[1]}
        one, other = partial(partial(e, X), Y), partial(partial(e, Y), X)
        assert float(evaluate(one, here)) == pytest.approx(float(evaluate(other, here)), rel=1e-11, abs=1e-13)


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("at", [0.0, 1e-9, -1e-4, 0.3, -4.0])
def test_every_order_of_exprel_differentiates_to_the_next(order: int, at: float) -> None:
    slope = evaluate(partial(n.exprel(order, X), X), {X: at})
    s = sp.Symbol("s")
    truth = sp.Integral(s ** (order + 1) * sp.exp(s * sp.Float(at, 40)), (s, 0, 1)).evalf(25)
    assert float(slope) == pytest.approx(float(truth), rel=1e-12)


@pytest.mark.parametrize(
    "f", [g.sqrt, lambda v: v**0.5, lambda v: v**0.7, lambda v: v**1.3], ids=["sqrt", "0.5", "0.7", "1.3"]
)
def test_slopes_that_are_infinite_at_zero_are_guarded_there(f: Callable[[Expr], Expr]) -> None:
    slope = partial(f(X), X)
    assert float(evaluate(slope, {X: 0.0})) == 0.0
    assert float(evaluate(slope, {X: 1e-6})) > 0.0


def test_a_slope_at_a_kink_is_one_of_its_sides() -> None:
    for f in (g.maximum, g.minimum):
        assert float(evaluate(partial(f(X, 0.0), X), {X: 0.0})) in (0.0, 1.0)
    assert abs(float(evaluate(partial(g.absolute(X), X), {X: 0.0}))) == 1.0


def test_a_direction_follows_several_symbols_at_their_speeds() -> None:
    e = g.exp(X) * Y * Y
    both = Tangent({X: n.const(2.0), Y: n.const(-1.0)})(e)
    assert float(evaluate(both, {X: 0.3, Y: 1.7})) == pytest.approx(
        math.exp(0.3) * (2.0 * 1.7**2 - 2.0 * 1.7), rel=1e-14
    )


def test_what_a_direction_does_not_reach_has_derivative_zero() -> None:
    assert is_const(partial(g.exp(Y) + g.where(Y < 1.0, Y, 2.0), X), 0.0)


V, W = symbol("v", 4), symbol("w", 4)
MATRIX = symbol("matrix", 16)
VALUES: dict[Expr, Any] = {
    V: np.array([0.9, 1.4, -0.3, 2.2]),
    W: np.array([1.1, 0.6, 0.8, -1.5]),
    MATRIX: np.array([[1.0, 0, 0, 0], [0.3, 0.9, 0, 0], [-0.2, 0.4, 1.1, 0], [0.5, 0.1, 0.2, 0.7]]).ravel(),
    X: 0.6,
}

ELEMENTWISE: dict[str, Expr] = {
    "product": V * W * X,
    "exp": g.exp(V * X) + W,
    "kink": g.maximum(V - W, 0.0) * V,
    "total": g.total(V * V * W),
    "mean": g.mean(g.exp(V)),
    "dot": g.dot(V, W) * X,
    "element": V[2] * X,
    "last element": V[-1] * V[-1],
    "largest": g.largest(V * W),
    "smallest": g.exp(g.smallest(V)),
    "total of a smile": g.log(1.5 + g.total(g.sin(V) ** 2)),
    "a call on a basket": g.maximum(g.dot(V, W) - X, 0.0),
}


def as_vector(e: Expr) -> Any:
    return np.broadcast_to(evaluate(e, VALUES), 4)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_vector_direction_is_all_scalar_directions_at_once(name: str) -> None:
    e = ELEMENTWISE[name]
    together = as_vector(Tangent({V: ONE}, vector=True)(e))
    for k in range(4):
        alone = evaluate(Tangent({V: onehot(k, 4)})(e), VALUES)
        mine = alone[k] if e.size else alone
        assert together[k] == pytest.approx(float(mine), rel=1e-13, abs=1e-15), k
        if e.size:
            assert np.all(np.delete(np.broadcast_to(alone, 4), k) == 0.0)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_scalar_directions_of_vectors_are_central_differences(name: str) -> None:
    e, h = ELEMENTWISE[name], 1e-6
    for k in range(4):
        step = h * np.eye(4)[k]
        bumped = [evaluate(e, {**VALUES, V: VALUES[V] + s}) for s in (step, -step)]
        exact = evaluate(Tangent({V: onehot(k, 4)})(e), VALUES)
        assert np.allclose(exact, (bumped[0] - bumped[1]) / (2.0 * h), rtol=1e-8, atol=1e-8)


def test_matrix_products_follow_vector_and_matrix() -> None:
    e = n.matvec(MATRIX, V * V)
    moved = evaluate(Tangent({V: onehot(1, 4)})(e), VALUES)
    assert np.allclose(moved, VALUES[MATRIX].reshape(4, 4)[:, 1] * 2.0 * VALUES[V][1], rtol=1e-14)
    change = symbol("change", 16)
    rate = np.arange(16.0)
    turned = evaluate(Tangent({MATRIX: change})(e), {**VALUES, change: rate})
    assert np.allclose(turned, rate.reshape(4, 4) @ VALUES[V] ** 2, rtol=1e-14)


@pytest.mark.parametrize(
    "e",
    [
        n.matvec(MATRIX, V),
        V * g.total(V),
        g.exp(V) / g.largest(V),
        W * V[1],
    ],
    ids=["matrix product", "vector times total", "ratio to the largest", "one element times a vector"],
)
def test_a_dense_jacobian_is_refused_in_a_vector_direction(e: Expr) -> None:
    with pytest.raises(DenseJacobianError):
        Tangent({V: ONE}, vector=True)(e)


def test_derivatives_bring_in_no_new_symbols() -> None:
    for ours, _ in FUNCTIONS.values():
        assert symbols(partial(partial(ours(X, Y), X), Y)) <= {X, Y}
