"""Expressions are shared, simplified, and refuse what cannot be done with a traced value."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import numpy as np
import pytest

import greeks as gk
from greeks.expressions import node as n
from greeks.expressions.node import ONE, ZERO, Expr, const, is_const, postorder, substitute, symbol, symbols

X, Y, V = symbol("x"), symbol("y"), symbol("v", 3)


def test_equal_expressions_are_one_object() -> None:
    def build() -> Any:
        return gk.exp(X * 2.0 + Y) / gk.maximum(X, Y) - gk.where(X < Y, X, 1.0)

    assert build() is build()
    assert (X + Y) is (Y + X)
    assert gk.maximum(X, Y) is gk.maximum(Y, X)
    assert (X - Y) is not (Y - X)
    assert n.where(X < Y, X, Y) is not n.where(X < Y, X, Y, "continuous")
    assert symbol("x") is X
    assert symbol("x", 3) is not X


def test_repeated_parts_are_not_repeated_nodes() -> None:
    e = X
    for _ in range(200):  # 2^200 leaves if written out
        e = e * e + e
    assert len(postorder([e])) == 401


def test_building_deep_chains_and_walking_them_needs_no_recursion() -> None:
    e = X
    for _ in range(20_000):
        e = e + Y * e
    assert symbols(e) == {X, Y}
    assert symbols(substitute(e, {Y: ZERO})) == {X}


def test_dropped_expressions_leave_the_pool() -> None:
    before = len(n._pool)
    e: Expr | None = gk.exp(symbol("only here") + 17.25)
    assert len(n._pool) > before
    del e
    gc.collect()
    assert len(n._pool) <= before


def test_threads_share_one_pool() -> None:
    def build(_: int) -> list[Expr]:
        return [gk.exp(X * float(k)) + gk.sin(Y / (k + 2.0)) for k in range(200)]

    with ThreadPoolExecutor(8) as pool:
        first, *others = pool.map(build, range(8))
    assert all(a is b for other in others for a, b in zip(first, other, strict=True))


SIMPLER: list[tuple[Callable[[], Expr], Expr]] = [
    (lambda: X + 0.0, X),
    (lambda: 0.0 + X, X),
    (lambda: X - 0.0, X),
    (lambda: 0.0 - X, -X),
    (lambda: X - X, ZERO),
    (lambda: X * 1.0, X),
    (lambda: X * 0.0, ZERO),
    (lambda: X * -1.0, -X),
    (lambda: n.neg(-X), X),
    (lambda: -(X - Y), Y - X),
    (lambda: X + -Y, X - Y),
    (lambda: 2.0 * (3.0 * X), 6.0 * X),
    (lambda: X / X, ONE),
    (lambda: X * Y / Y, X),
    (lambda: X / 4.0, 0.25 * X),
    (lambda: X**0.0, ONE),
    (lambda: X**1.0, X),
    (lambda: X**2.0, X * X),
    (lambda: X**0.5, gk.sqrt(X)),
    (lambda: X**-1.0, 1.0 / X),
    (lambda: gk.log(gk.exp(X)), X),
    (lambda: gk.exp(gk.log(X)), X),
    (lambda: gk.sqrt(X) * gk.sqrt(X), X),
    (lambda: (gk.sqrt(X) * Y) * (gk.sqrt(X) * Y), X * (Y * Y)),
    (lambda: gk.maximum(X, X), X),
    (lambda: gk.where(X < 1.0, Y, Y), Y),
    (lambda: gk.exp(const(0.0)), ONE),
    (lambda: gk.maximum(const(2.0), 3.0), const(3.0)),
    (lambda: const(-0.0), ZERO),
    (lambda: gk.total(X), X),
    (lambda: gk.total(n.onehot(1, 3, X)[1] + ZERO), X),
    (lambda: n.onehot(1, 3, X)[2], ZERO),
]


@pytest.mark.parametrize("k", range(len(SIMPLER)))
def test_simplifications(k: int) -> None:
    written, simpler = SIMPLER[k]
    assert written() is simpler


def test_what_has_no_value_is_not_folded() -> None:
    assert not is_const(n.unary("log", const(-1.0)))
    assert not is_const(n.unary("sqrt", const(-1.0)))
    assert not is_const(n.div(ONE, ZERO))


@pytest.mark.parametrize(
    "statement",
    [
        lambda: 1 if X < Y else 2,
        lambda: X < 1.0 and Y < 1.0,
        lambda: X > 1.0 or Y > 1.0,
        lambda: not X,
        lambda: max(X, 0.0),
        lambda: min(X, Y),
        lambda: 0.0 < X < 1.0,
        lambda: bool(X),
    ],
    ids=["if", "and", "or", "not", "max", "min", "chained comparison", "bool"],
)
def test_python_conditions_on_a_traced_value_advise_where(statement: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match=r"where\(condition, a, b\)"):
        statement()


def test_if_in_a_users_payoff_says_what_to_write() -> None:
    class Branching(gk.Call):
        def settle(self, stats: Any, x: Any) -> Any:
            return x[0] - self.strike if x[0] > self.strike else 0.0

    with pytest.raises((TypeError, gk.GreeksError), match=r"greeks\.where\(condition, a, b\)"):
        gk.price(gk.BlackScholes(100.0, 0.05, 0.2), Branching(100.0, 1.0), paths=256)


@pytest.mark.parametrize(
    "call",
    [
        lambda: math.exp(X),
        lambda: math.sqrt(X),
        lambda: float(X),
        lambda: np.exp(X),
        lambda: np.maximum(X, 0.0),
        lambda: np.asarray(X),
        lambda: np.where(X > 0.0, 1.0, 0.0),
        lambda: np.array([1.0, 2.0]) * X,
        lambda: int(X),
    ],
    ids=[
        "math.exp",
        "math.sqrt",
        "float",
        "np.exp",
        "np.maximum",
        "np.asarray",
        "np.where",
        "array times",
        "int",
    ],
)
def test_numpy_and_math_are_refused_with_a_clear_word(call: Callable[[], Any]) -> None:
    with pytest.raises(TypeError) as error:
        call()
    text = str(error.value)
    assert "Expr" in text or "traced" in text or "greeks" in text


@pytest.mark.parametrize("f", [math.exp, math.log, math.sqrt, float, np.asarray], ids=lambda f: f.__name__)
def test_the_common_slips_name_the_functions_to_use(f: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match=r"traced value.*use greeks\.exp"):
        f(X)


def test_numpy_scalars_mix_with_traced_values() -> None:
    two, half = (cast(float, f) for f in (np.float64(2.0), np.float32(0.5)))
    assert (two * X) is (X * 2.0)
    assert (X + half) is (X + 0.5)
    assert (two - X) is (2.0 - X)
    assert (two > X) is (X < 2.0)


@pytest.mark.parametrize("value", ["1", None, True, [1.0]], ids=repr)
def test_only_numbers_enter_a_formula(value: Any) -> None:
    with pytest.raises(TypeError, match=r"expected a number|unsupported operand|can only concatenate"):
        X + value


def test_conditions_and_values_are_not_mixed_up() -> None:
    with pytest.raises(TypeError, match=r"condition such as x > 1"):
        gk.where(X, 1.0, 2.0)
    with pytest.raises(TypeError, match="joins conditions"):
        (X < 1.0) & X
    with pytest.raises(TypeError, match="tested with =="):
        X == 1.0  # noqa: B015


def test_vectors_have_a_length_and_elements() -> None:
    assert len(V) == 3
    assert list(V) == [V[0], V[1], V[2]]
    assert V[-1] is V[2]
    with pytest.raises(IndexError, match="element 3"):
        V[3]
    with pytest.raises(TypeError, match="scalar"):
        len(X)
    with pytest.raises(TypeError, match="different lengths"):
        V + symbol("w", 4)


def test_long_expressions_are_cut_in_messages() -> None:
    e = X
    for _ in range(50):
        e = gk.sin(e) * Y
    assert len(repr(e)) < 200
    assert repr(gk.maximum(X - Y, 0.0)) in ("max(x - y, 0)", "max(0, x - y)")


def test_functions_work_on_plain_numbers_too() -> None:
    assert gk.exp(1.0) == math.e
    assert gk.maximum(2.0, 3.0) == 3.0
    assert gk.minimum(2.0, 3.0) == 2.0
    assert gk.absolute(-2.0) == 2.0
    assert gk.where(1.0 < 2.0, 5.0, 6.0) == 5.0
    assert gk.normal_cdf(0.0) == 0.5
    assert gk.total([1.0, 2.0]) == 3.0
    assert gk.dot([1.0, 2.0], [3.0, 4.0]) == 11.0
    assert gk.mean([1.0, 3.0]) == 2.0
    assert (gk.largest([1.0, 3.0]), gk.smallest([1.0, 3.0])) == (3.0, 1.0)
