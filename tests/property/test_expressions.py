"""Laws of expressions, on random ones: simplification keeps values, derivatives are slopes, classes are honest."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from greeks.expressions import node as n
from greeks.expressions.algebra import linear_in, quotient
from greeks.expressions.node import ONE, Expr, is_const, postorder, rebuild, substitute, symbol, symbols
from greeks.expressions.regularity import Regularity, regularity
from greeks.expressions.tangent import partial
from greeks.expressions.uniform import Tidy
from tests.property.trees import Recipe, X, Y, evaluate, points, recipes

Point = tuple[float, float]
KINKS = frozenset({"max", "min", "abs", "where"})


def at(e: Expr, here: Point) -> float:
    return float(evaluate(e, {X: here[0], Y: here[1]}))


def close(a: float, b: float, tolerance: float = 1e-12) -> bool:
    return math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance)


def away_from_joints(e: Expr, here: Point, distance: float) -> bool:
    """Whether no kink or jump of `e` turns within `distance` of a point, judged by both sides of each comparison."""
    values = {X: here[0], Y: here[1]}
    for part in postorder([e]):
        sides = (
            part.args if part.op in ("max", "min", "lt", "le") else (part.args[0], n.ZERO) if part.op == "abs" else None
        )
        if sides and abs(float(evaluate(sides[0], values)) - float(evaluate(sides[1], values))) < distance:
            return False
    return True


def taken_apart(e: Expr) -> Expr:
    """The same operations with every constant hidden in a symbol, so that nothing can be simplified."""
    hidden: dict[Expr, Expr] = {}
    for part in postorder([e]):
        if part.op == "const":
            hidden[part] = n.symbol(f"constant {part.payload!r}")
        elif part.args:
            hidden[part] = n.node(part.op, *(hidden[a] for a in part.args), payload=part.payload, size=part.size)
        else:
            hidden[part] = part
    return hidden[e]


@given(recipes(), points())
def test_simplification_keeps_values(recipe: Recipe, here: Point) -> None:
    """Built over symbols and evaluated, or computed with Python floats on the way: the same number."""
    symbolic = at(recipe(X, Y), here)
    a, b = n.symbol("a"), n.symbol("b")
    opaque = substitute(recipe(a, b), {a: X + ONE, b: Y * 2.0})
    shifted = float(evaluate(opaque, {X: here[0] - 1.0, Y: here[1] / 2.0}))
    assume(away_from_joints(recipe(X, Y), here, 1e-9))
    assert close(symbolic, shifted, 1e-9)


@given(recipes(), points())
def test_constants_folded_are_constants_computed(recipe: Recipe, here: Point) -> None:
    """A tree built over constants folds, step by step, to what the interpreter makes of the tree over symbols."""
    folded = recipe(n.const(here[0]), n.const(here[1]))
    assume(away_from_joints(recipe(X, Y), here, 1e-9))
    assert close(float(evaluate(folded, {})), at(recipe(X, Y), here), 1e-10)


@given(recipes(), points())
def test_rebuilding_and_hiding_constants_keep_values(recipe: Recipe, here: Point) -> None:
    e = recipe(X, Y)
    again = substitute(e, {symbol("nowhere"): ONE})
    assert again is e
    apart = taken_apart(e)
    named = {s: float(str(s.payload).split()[1]) for s in symbols(apart) if str(s.payload).startswith("constant")}
    assert close(float(evaluate(apart, {X: here[0], Y: here[1], **named})), at(e, here))


@given(recipes())
def test_one_recipe_makes_one_object(recipe: Recipe) -> None:
    e = recipe(X, Y)
    assert recipe(X, Y) is e
    for part in postorder([e]):
        if part.args:
            assert rebuild(part, part.args) is part or at(rebuild(part, part.args), (0.3, 0.7)) == at(part, (0.3, 0.7))


@given(recipes(), points(), st.sampled_from([X, Y]))
def test_tangents_are_slopes(recipe: Recipe, here: Point, along: Expr) -> None:
    e, h = recipe(X, Y), 1e-4
    assume(away_from_joints(e, here, 0.02))

    def moved(s: float) -> float:
        step = s * h
        return at(e, (here[0] + step, here[1]) if along is X else (here[0], here[1] + step))

    slope = (8.0 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12.0 * h)
    size = max(1.0, *(abs(moved(s)) for s in (-2, 2)))
    exact = at(partial(e, along), here)
    assert abs(exact - slope) <= 1e-6 * max(size, abs(exact)) * max(1.0, abs(exact))


@given(recipes(jumps=False), points())
def test_second_derivatives_commute(recipe: Recipe, here: Point) -> None:
    e = recipe(X, Y)
    assume(away_from_joints(e, here, 1e-6))
    one, other = at(partial(partial(e, X), Y), here), at(partial(partial(e, Y), X), here)
    assert close(one, other, 1e-8)


@given(recipes())
def test_nothing_is_judged_smoother_than_its_roughest_joint(recipe: Recipe) -> None:
    e = recipe(X, Y)
    level = regularity(e, {X: Regularity.SMOOTH, Y: Regularity.SMOOTH})
    operations = {part.op for part in postorder([e]) if not symbols(part).isdisjoint({X, Y})}
    if operations & KINKS:
        squares = [p for p in postorder([e]) if p.op == "mul" and p.args[0] is p.args[1]]
        assert level >= (Regularity.C1 if squares else Regularity.LIPSCHITZ)
    elif symbols(e):
        assert level == Regularity.SMOOTH
    else:
        assert level == Regularity.STILL


@given(recipes(), recipes())
def test_a_composition_is_no_smoother_than_its_parts(outer: Recipe, inner: Recipe) -> None:
    moving = {X: Regularity.SMOOTH, Y: Regularity.SMOOTH}
    part = inner(X, Y)
    whole = outer(part, Y)
    if part in postorder([whole]):
        rule = {X: Regularity.SMOOTH, Y: Regularity.SMOOTH, part: regularity(part, moving)}
        squared = any(p.op == "mul" and p.args[0] is p.args[1] for p in postorder([whole]))
        floor = min(regularity(part, moving), Regularity.C1) if squared else regularity(part, moving)
        assert regularity(whole, moving) >= floor
        assert regularity(whole, rule) >= floor


@settings(max_examples=60)
@given(recipes(), st.floats(0.0, 2.0 * math.pi), points())
def test_what_is_judged_continuous_has_no_jump(recipe: Recipe, angle: float, here: Point) -> None:
    """Along a line the largest step of a Lipschitz function shrinks with the mesh; that of a jump does not."""
    e = recipe(X, Y)
    if regularity(e, {X: Regularity.SMOOTH, Y: Regularity.SMOOTH}) == Regularity.DISCONTINUOUS:
        return
    largest = []
    for count in (200, 3200):
        s = np.linspace(-1.0, 1.0, count + 1)
        path = np.array([at(e, (here[0] + r * math.cos(angle), here[1] + r * math.sin(angle))) for r in s])
        largest.append(float(np.max(np.abs(np.diff(path)))))
    assert largest[1] <= 0.35 * largest[0] + 1e-9


@given(recipes(), recipes(kinks=False, jumps=False), points())
def test_tidying_keeps_values(recipe: Recipe, fixed: Recipe, here: Point) -> None:
    """Y is the same on all paths, X is not: what is gathered and what divides are rewritten, never changed."""
    scale = 1.5 + n.unary("tanh", fixed(Y, Y))
    e = (recipe(X, Y) * scale * X / scale * (scale * Y)) / (scale * scale + 1.0)
    assume(away_from_joints(recipe(X, Y), here, 1e-9))
    tidy = Tidy({X})
    assert close(at(tidy(e), here), at(e, here), 1e-10)
    assert tidy(tidy(e)) is tidy(e)


@given(recipes(jumps=False), recipes(jumps=False), points())
def test_linear_parts_are_found_where_there_are_some(a: Recipe, b: Recipe, here: Point) -> None:
    z = symbol("z")
    offset, slope = a(X, Y), b(X, Y)
    parts = linear_in(offset + slope * z, z)
    assert parts is not None
    assert close(at(parts[0], here), at(offset, here), 1e-10)
    assert close(at(parts[1], here), at(slope, here), 1e-10)
    curved = linear_in(offset + z * z * z, z)
    assert curved is None


@given(recipes(jumps=False), points())
def test_exact_division_gives_back_the_factor(recipe: Recipe, here: Point) -> None:
    s = symbol("s")
    factor = recipe(X, Y)
    assume(not is_const(factor, 0.0))
    q = quotient(factor * s, s)
    assert q is not None and s not in symbols(q)
    assert close(at(q, here), at(factor, here), 1e-10)
    assert quotient(factor * s + 1.0, s) is None
