"""Where a sum of exponentials reaches a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from greeks.expressions import node as n
from greeks.expressions.algebra import filled, free_of, linear_in, sign_of
from greeks.expressions.newton import FAR
from greeks.expressions.node import Expr, const, is_const, postorder, substitute, symbol

LEAST = const(1e-300)


@dataclass(frozen=True)
class Exponentials:
    """sum_j weights_j exp(rates_j y), a sum that rises with y."""

    weights: Expr
    rates: Expr

    @classmethod
    def of(cls, terms: Expr, y: Expr) -> Exponentials | None:
        """Those that are the elements of a vector, if each is one, and seen to rise."""
        found = [e for e in postorder([terms]) if e.op == "exp" and not free_of(e, {y})]
        line = linear_in(found[0].args[0], y) if len(found) == 1 else None
        if line is None:
            return None
        power = symbol("power", found[0].size)
        flat = substitute(terms, {found[0]: power})
        split = linear_in(flat, power) if free_of(flat, {y}) else None
        if split is None or not is_const(split[0], 0.0):
            return None
        weights = split[1] * n.unary("exp", line[0])
        if not (sign_of(weights) > 0 and sign_of(line[1]) > 0):
            return None
        return cls(*(e if e.size else filled(e, terms.size) for e in (weights, line[1])))

    def root(self, log_value: Expr) -> Expr:
        """The y at which the sum is a given number; -FAR or FAR where it is beyond.

        Found by Newton's method (`expressions.newton`), of which derivatives see nothing but one more step, y = v -
        F(v) / F'(v) with v held fixed: by the implicit function theorem it has the first derivative of the root.
        """
        held = n.node("root", self.weights, self.rates, log_value, size=0)
        return n.node("solved", self._after(held, log_value), held)

    def _after(self, y: Expr, log_value: Expr) -> Expr:
        """One step of the method."""
        terms = self.weights * n.unary("exp", self.rates * y)
        value, slope = n.total(terms), n.total(terms * self.rates)
        after = y - (n.unary("log", _kept(value)) - log_value) * value / _kept(slope)
        low = n.where(const(-FAR) < after, after, const(-FAR), "guard")
        return n.where(low < const(FAR), low, const(FAR), "guard")


def ordered(a: Expr, b: Expr) -> tuple[Expr, Expr]:
    """Two numbers that are ordered as some others: of roots of one sum, the logarithms of its values."""
    if a.op == b.op == "solved" and a.args[1].args[:2] == b.args[1].args[:2]:
        return a.args[1].args[2], b.args[1].args[2]
    return a, b


def sharpened(outputs: Mapping[str, Expr], order: int) -> dict[str, Expr]:
    """Outputs whose roots have derivatives up to an order: none, the first, or by a second step all up to the third."""
    memo: dict[Expr, Expr] = {}
    for e in postorder(list(outputs.values())):
        if e.op == "solved":
            step, held = (substitute(a, memo) if memo else a for a in e.args)
            memo[e] = held if order <= 0 else step if order == 1 else substitute(step, {held: step})
    return {k: substitute(e, memo) for k, e in outputs.items()} if memo else dict(outputs)


def _kept(e: Expr) -> Expr:
    return n.where(e > LEAST, e, LEAST, "guard")
