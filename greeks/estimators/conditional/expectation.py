"""E[e(y)] over the one Gaussian of a step, piece by piece between the kinks and jumps of e."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from greeks.errors import UnsupportedError
from greeks.estimators.conditional.crossing import Crossing, crossing
from greeks.estimators.conditional.gaussian import Gaussian
from greeks.estimators.conditional.region import Region
from greeks.expressions import node as n
from greeks.expressions.algebra import assuming, comparisons, filled, free_of, gradient, linear_in, switch
from greeks.expressions.node import ZERO, Expr, const, is_const, postorder, substitute, symbol
from greeks.expressions.regularity import Regularity, regularity
from greeks.expressions.tangent import partial

MOST = 4  # levels of one term: each doubles the pieces
HALF = const(0.5)
LARGEST = const(700.0)  # the exponential of more is infinite


def bends(e: Expr, y: Expr) -> bool:
    """Whether `e` has a kink or a jump in y."""
    return regularity(e, {y: Regularity.SMOOTH}) > Regularity.SMOOTH


def decides(y: Expr, e: Expr) -> bool:
    """Whether y alone tells on which side of some kink or jump `e` is; a jump of which it does not is refused."""
    return bends(e, y) and _open(e, y) is not None


def expectation(e: Expr, law: Gaussian) -> Expr:
    """E[e] over the law of y, everything else given: closed in y where it can be, else smooth in it.

    Sums and factors free of y are taken apart; a term is integrated over every region in which its conditions are
    known, sums of exponentials in closed form, E[e^(b y); region] = e^(b m + b^2 s^2 / 2) P(region moved by b s), the
    rest by drawing y inside the region.
    """
    if free_of(e, {law.y}):
        return e
    if e.op in ("add", "sub", "neg"):
        return n.rebuild(e, tuple(expectation(a, law) for a in e.args))
    if e.op in ("mul", "div") and free_of(e.args[1], {law.y}):
        return n.rebuild(e, (expectation(e.args[0], law), e.args[1]))
    if e.op == "mul" and free_of(e.args[0], {law.y}):
        return e.args[0] * expectation(e.args[1], law)
    if e.op == "where" and free_of(e.args[0], {law.y}):
        return n.where(e.args[0], expectation(e.args[1], law), expectation(e.args[2], law), e.payload)
    total = ZERO
    for region, value in _pieces(e, Region(law)):
        total = total + _inside(region, value)
    return total


# pieces ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Question:
    """A comparison that is still open, and where it turns."""

    comparison: Expr
    at: Crossing


def _pieces(e: Expr, region: Region) -> Iterator[tuple[Region, Expr]]:
    """Regions and what `e` is in each, without the conditions that decide it; those where it is 0 are left out."""
    question = _open(e, region.law.y)
    if question is None:
        if not is_const(e, 0.0):
            yield region, e
        return
    known = region.knows(question.at)
    if known is None and len(region.facts) == MOST:
        raise UnsupportedError(f"conditional: a payment has kinks or jumps at more than {MOST} levels of the price")
    for holds in (True, False) if known is None else (known,):
        part = region.within(question.at, holds) if known is None else region
        yield from _pieces(assuming(e, question.comparison, holds), part)


def _open(e: Expr, y: Expr) -> _Question | None:
    """The innermost condition on y that can be solved; a jump that cannot is refused, a kink left as it is."""
    for part in postorder([e]):
        condition = switch(part)
        if condition is None or free_of(condition, {y}):
            continue
        for comparison in comparisons(condition):
            if not free_of(comparison, {y}):
                at = crossing(comparison, y)
                if at is not None:
                    return _Question(comparison, at)
                _refuse_jump(part, comparison, y)
    return None


def _refuse_jump(part: Expr, comparison: Expr, y: Expr) -> None:
    if regularity(part, {y: Regularity.SMOOTH}) == Regularity.DISCONTINUOUS:
        raise UnsupportedError(f"conditional: {comparison} cannot be solved for one Gaussian of the step")


# one piece -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Exponentials:
    """constant + linear y + sum of weight * exp(shift + rate y), and over the elements of a term that is a vector."""

    constant: Expr
    linear: Expr
    terms: tuple[tuple[Expr, Expr, Expr], ...]


def _inside(region: Region, value: Expr) -> Expr:
    """E[value; region]."""
    law, parts = region.law, exponentials(value, region.law.y)
    if parts is None:
        return region.probability() * substitute(value, {law.y: region.drawn()})
    total = ZERO
    if not (is_const(parts.constant, 0.0) and is_const(parts.linear, 0.0)):
        total = (parts.constant + parts.linear * law.mean) * region.probability()
    if not is_const(parts.linear, 0.0):
        total = total + parts.linear * law.deviation * region.first_moment()
    for weight, shift, rate in parts.terms:
        total = total + n.total(weight * _exponential(region, shift, rate))
    return total


def _exponential(region: Region, shift: Expr, rate: Expr) -> Expr:
    """E[e^(shift + rate y); region]."""
    law = region.law
    moved = rate * law.deviation
    exponent = shift + rate * law.mean + HALF * moved * moved
    if not (region.whole or law.fixed(moved)):  # a bridge over little or no variance: no part of it is in the region
        exponent = n.where(exponent < LARGEST, exponent, -LARGEST, "guard")
        moved = n.where(n.unary("abs", moved) < LARGEST, moved, ZERO, "guard")
    return n.unary("exp", exponent) * region.probability(moved)


def exponentials(e: Expr, y: Expr) -> Exponentials | None:
    """`e` in that form, or None."""
    found = [part for part in postorder([e]) if part.op == "exp" and not free_of(part, {y})]
    names = {part: symbol(f"exponential_{k}", part.size) for k, part in enumerate(found)}
    lines = [linear_in(part.args[0], y) for part in found]
    flat = substitute(e, names)
    unknowns = {y, *names.values()}
    if any(part.op == "where" and not free_of(part.args[0], unknowns) for part in postorder([flat])):
        return None  # constant slopes on either side of a jump
    slopes = [gradient(flat, s) for s in names.values()]
    linear = partial(flat, y)
    if any(s is None or not free_of(s, unknowns) for s in (*slopes, linear)):
        return None
    constant = substitute(flat, {s: filled(ZERO, s.size) for s in unknowns})
    found_terms = zip(slopes, lines, strict=True)
    terms = [(w, *line) for w, line in found_terms if w is not None and line is not None and not is_const(w, 0.0)]
    if len(terms) < sum(w is None or not is_const(w, 0.0) for w in slopes):
        return None
    return Exponentials(constant, linear, tuple(terms))
