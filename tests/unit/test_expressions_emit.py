"""Emitted text computes what the expressions mean, with products fused and shared parts computed once."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given

import greeks as gk
from greeks.expressions import node as n
from greeks.expressions.emit import Emitter, Place, Store
from greeks.expressions.node import Expr, postorder, symbol
from tests.property.trees import MEANING, Recipe, X, Y, _exprel, evaluate, points, recipes

V, W, MATRIX = symbol("v", 3), symbol("w", 3), symbol("matrix", 9)
NAMES: dict[str, Any] = {
    **{k: MEANING[k] for k in ("exp", "log", "sqrt", "tanh", "sin", "cos", "normal_cdf", "normal_pdf", "power")},
    "maximum": max,
    "minimum": min,
    "absolute": abs,
    "exprel": _exprel,
    "fma": lambda a, b, c: a * b + c,
}


def text_of(roots: Sequence[Expr], leaves: Sequence[Expr]) -> str:
    """A function of the leaves that fills `out`, a row an element."""
    store = Store(lanes=False)
    places = {e: Place(array=(f"{e}s", "0"), size=e.size) if e.size else Place(name=str(e)) for e in leaves}
    arguments = [f"{e}s" if e.size else str(e) for e in leaves]
    ends, row = [], 0
    for e in roots:
        ends.append((Place(array=("out", str(row)), size=e.size) if e.size else Place(name=f"out[{row}]"), e))
        row += max(e.size, 1)
    body = Emitter(store, places, "p").emit(ends)
    arrays = [f"{name} = zeros({size})" for name, size in store.arrays.items()]
    return "\n".join([f"def f({', '.join(arguments)}, out):", *("    " + x for x in [*arrays, *body, "pass"])])


def run(roots: Sequence[Expr], values: Mapping[Expr, Any]) -> list[float]:
    """What the emitted text makes of the values."""
    space: dict[str, Any] = {**NAMES, "zeros": np.zeros}
    exec(text_of(roots, list(values)), space)
    out = np.full(sum(max(e.size, 1) for e in roots), math.nan)
    with np.errstate(all="ignore"):
        space["f"](*values.values(), out)
    return list(out)


@given(recipes(), recipes(), points())
def test_emitted_text_is_worth_what_the_expression_is(one: Recipe, other: Recipe, here: tuple[float, float]) -> None:
    values = {X: np.float64(here[0]), Y: np.float64(here[1])}
    roots = [one(X, Y), other(X, Y), one(Y, X) * 2.0]
    for part in postorder(roots):
        sides = part.args if part.op in ("max", "min", "lt", "le") else ()
        assume(not sides or abs(evaluate(sides[0], values) - evaluate(sides[1], values)) > 1e-9)
    assert run(roots, values) == pytest.approx([float(evaluate(e, values)) for e in roots], rel=1e-11, abs=1e-12)


VALUES: dict[Expr, Any] = {
    X: np.float64(0.7),
    Y: np.float64(1.9),
    V: np.array([0.4, 1.1, -0.6]),
    W: np.array([1.3, -0.2, 0.9]),
    MATRIX: np.array([1.0, 0, 0, 0.3, 0.9, 0, -0.4, 0.2, 1.1]),
}
VECTORS: dict[str, list[Expr]] = {
    "elementwise": [gk.exp(V * X) + W / Y],
    "total": [gk.total(V * W) * X],
    "total, then elementwise": [V * gk.total(gk.exp(W)) + X],
    "total of a total": [gk.total(V * gk.total(W * gk.exp(X)))],
    "extremes": [gk.largest(V * W) - gk.smallest(V + X), gk.largest(V)],
    "matrix": [n.matvec(MATRIX, gk.exp(V)), gk.total(n.matvec(MATRIX, V))],
    "matrix twice": [n.matvec(MATRIX, n.matvec(MATRIX, V))],
    "elements": [V[0] * W[2] + X, gk.exp(V)[1]],
    "one element set": [n.onehot(1, 3, X) + V],
    "conditions": [gk.where(V < W, V, X), gk.where((X < Y) & (Y < 2.0), gk.total(V), 0.0)],
    "a condition shared by loops": [gk.where(X < Y, V, W), gk.where(X < Y, gk.total(V), Y)],
    "scalars in vectors and back": [gk.total(V * gk.sin(X * Y)) + gk.sin(X * Y), W * gk.sin(X * Y)],
}


@pytest.mark.parametrize("name", VECTORS)
def test_loops_over_elements(name: str) -> None:
    roots = VECTORS[name]
    truth = np.concatenate([np.atleast_1d(np.broadcast_to(evaluate(e, VALUES), e.size or 1)) for e in roots])
    assert run(roots, VALUES) == pytest.approx(list(truth), rel=1e-13)


def test_text_does_not_grow_with_the_number_of_elements() -> None:
    def lines(size: int) -> int:
        v, w = symbol("v", size), symbol("w", size)
        roots = [gk.maximum(gk.dot(gk.exp(v), w) - X, 0.0), v * gk.total(w)]
        return len(text_of(roots, [v, w, X]).splitlines())

    assert lines(2) == lines(50)


def test_carries_that_read_each_other_change_at_once() -> None:
    a, b, c = Place(name="a"), Place(name="b"), Place(name="c")
    A, B, C = symbol("a"), symbol("b"), symbol("c")
    lines = Emitter(Store(lanes=False), {A: a, B: b, C: c}, "p").emit([(a, B), (b, C * A), (c, A + B * C)])
    space: dict[str, Any] = {"a": 2.0, "b": 3.0, "c": 5.0, **NAMES}
    exec("\n".join(lines), space)
    assert (space["a"], space["b"], space["c"]) == (3.0, 10.0, 17.0)


def test_vectors_that_read_each_other_change_at_once() -> None:
    places = {e: Place(array=(f"{e}s", "0"), size=3) for e in (V, W)}
    lines = Emitter(Store(lanes=False), places, "p").emit([(places[V], W + V[0]), (places[W], V * gk.total(W))])
    v, w = VALUES[V].copy(), VALUES[W].copy()
    store: dict[str, Any] = {"vs": v, "ws": w, "zeros": np.zeros, **NAMES}
    exec("\n".join([*_arrays(lines), *lines]), store)
    assert v == pytest.approx(VALUES[W] + VALUES[V][0])
    assert w == pytest.approx(VALUES[V] * VALUES[W].sum())


def _arrays(lines: Sequence[str]) -> list[str]:
    """Declarations of the arrays that lines write to and nobody declared."""
    written = {m[1] for line in lines if (m := re.match(r"\s*(p\w+)\[", line))}
    return [f"{name} = zeros(3)" for name in sorted(written)]


def fused(*roots: Expr) -> tuple[int, int]:
    """(fused multiply-adds, products left) in the emitted text."""
    text = text_of(roots, [X, Y, symbol("z")])
    return text.count("fma("), len(re.findall(r" \* ", text))


def test_products_used_once_by_a_sum_are_fused() -> None:
    z = symbol("z")
    assert fused(X * Y + z) == (1, 0)
    assert fused(z - X * Y) == (1, 0)
    assert fused(X * Y - z) == (1, 0)
    assert fused(X * Y + X * z) == (1, 1)
    assert fused((X * Y + z) * X + z) == (2, 0)


def test_a_product_needed_elsewhere_is_not_computed_twice() -> None:
    z = symbol("z")
    assert fused(X * Y + z, X * Y) == (0, 1)
    assert fused((X * Y + z) / (X * Y - z)) == (0, 1)


@pytest.mark.parametrize("e", [X * Y + 3.0, 3.0 - X * Y, X * Y - 3.0, X * Y - (-X) * 2.0], ids=str)
def test_fused_signs(e: Expr) -> None:
    values = {X: np.float64(0.7), Y: np.float64(1.9), symbol("z"): np.float64(0.0)}
    assert run([e], values)[0] == pytest.approx(float(evaluate(e, values)), rel=1e-15)


def test_shared_parts_are_computed_once() -> None:
    e = gk.exp(X * Y)
    text = text_of([e + 1.0, e * e, gk.sin(e)], [X, Y])
    assert text.count("exp(") == 1


def test_what_only_leaves_need_is_loaded_not_computed() -> None:
    inner = gk.exp(X) * 2.0
    lines = Emitter(Store(lanes=False), {inner: Place(name="known"), Y: Place(name="y")}, "p").emit(
        [(Place(name="out"), gk.sin(inner + Y))]
    )
    assert not any("exp(" in line for line in lines)
    assert any("known" in line for line in lines)


def test_the_text_is_the_same_every_time() -> None:
    """Caches are named by the text: it must not depend on the order in which expressions were made."""
    first = text_of([gk.exp(X) * Y + gk.maximum(Y, X)], [X, Y])
    gk.maximum(Y, X), gk.sin(Y) + gk.exp(X)
    assert text_of([gk.maximum(X, Y) + Y * gk.exp(X)], [X, Y]) == first


def test_texts_agree_between_processes() -> None:
    import subprocess
    import sys

    code = (
        "import greeks as gk\n"
        "r = gk.explain(gk.Heston(100., .03, .04, 2., .04, .3, -.7), gk.AsianCall(100., 1., 4), ['delta', 'd_xi'])\n"
        "import hashlib; print(hashlib.sha256(r.source.encode()).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2", "77")
    }
    assert "" not in found
    assert len(found) == 1
