"""Expressions with their jumps, and if wanted their kinks, made smooth."""

from __future__ import annotations

from collections.abc import Callable

from greeks.estimators.smoothed.ruler import Ruler
from greeks.expressions import node as n
from greeks.expressions.node import ONE, ZERO, Expr, const, is_const, postorder
from greeks.expressions.regularity import Regularity, regularity

DECIDED = 40.0  # widths beyond which a step is 0 or 1


class Relaxation:
    """Replaces 1{u > 0} by Phi(u / h), h = width times the level that u is measured against.

    `and` of two conditions becomes the product of their steps, `not` the complement. With `kinks` also max(u, 0)
    becomes the integral of the step, u Phi(u / h) + h phi(u / h). Conditions that are the same on all paths stay.
    """

    def __init__(self, ruler: Ruler, width: float, kinks: bool) -> None:
        self.ruler, self.width, self.kinks = ruler, width, kinks
        self._moving = dict.fromkeys(ruler.varying, Regularity.SMOOTH)
        self._memo: dict[Expr, Expr] = {}

    def __call__(self, e: Expr) -> Expr:
        for part in postorder([e], stop=self._memo):
            if part not in self._memo:
                args = tuple(self._memo[a] for a in part.args)
                again = n.rebuild(part, args) if args != part.args else part
                self._memo[part] = self._relaxed(again)
        return self._memo[e]

    def _relaxed(self, e: Expr) -> Expr:
        if e.op == "where" and e.payload != "guard" and self.ruler.varies(e.args[0]):
            return self._blend(*e.args) if self.kinks or self._jumps(e) else e
        if e.op in _KINKS and self.kinks and self.ruler.varies(e):
            return _KINKS[e.op](self, e)
        return e

    def _jumps(self, e: Expr) -> bool:
        return regularity(e, self._moving) == Regularity.DISCONTINUOUS

    def _blend(self, condition: Expr, a: Expr, b: Expr) -> Expr:
        step = self.step(condition)
        return step * a + (ONE - step) * b

    def step(self, condition: Expr) -> Expr:
        """A number in (0, 1) for whether a condition holds: near 1 where it clearly does."""
        if not self.ruler.varies(condition):
            return n.where(condition, ONE, ZERO)
        if condition.op in ("lt", "le"):
            left, right = condition.args
            return self._step_of(right - left)
        steps = [self.step(a) for a in condition.args]
        if condition.op == "and":
            return steps[0] * steps[1]
        if condition.op == "or":
            return ONE - (ONE - steps[0]) * (ONE - steps[1])
        return ONE - steps[0]

    def _step_of(self, u: Expr) -> Expr:
        return n.unary("normal_cdf", u / self._h(u))

    def positive_part(self, u: Expr) -> Expr:
        """The smooth max(u, 0), whose derivative is the step at u."""
        h = self._h(u)
        return u * n.unary("normal_cdf", u / h) + h * n.unary("normal_pdf", u / h)

    def greater(self, a: Expr, b: Expr) -> Expr:
        """The smooth max(a, b), each weighted by its step: exact where one is beyond all measure."""
        if is_const(a) or is_const(b):
            a, b = (b, a) if is_const(a) else (a, b)
            return b + self.positive_part(a - b)
        h = self._h(a - b)
        z = _within((a - b) / h)
        step, other = n.unary("normal_cdf", z), n.unary("normal_cdf", -z)
        return a * step + b * other + h * n.unary("normal_pdf", z)

    def _h(self, u: Expr) -> Expr:
        return const(self.width) * self.ruler.length(u)


def _within(z: Expr) -> Expr:
    """z where the normal law has any weight in double precision; beyond, products with 0 may be no numbers."""
    low = n.where(z > const(-DECIDED), z, const(-DECIDED), "guard")
    return n.where(low < const(DECIDED), low, const(DECIDED), "guard")


def _max(relax: Relaxation, e: Expr) -> Expr:
    return relax.greater(*e.args)


def _min(relax: Relaxation, e: Expr) -> Expr:
    a, b = e.args
    return -relax.greater(-a, -b)


def _abs(relax: Relaxation, e: Expr) -> Expr:
    return relax.positive_part(e.args[0]) + relax.positive_part(-e.args[0])


_KINKS: dict[str, Callable[[Relaxation, Expr], Expr]] = {"max": _max, "min": _min, "abs": _abs}
