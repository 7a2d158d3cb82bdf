"""A stretch of a step's Gaussian, between levels whose order only parameters or the path know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import reduce

from greeks.estimators.conditional.crossing import NEVER, Crossing
from greeks.estimators.conditional.gaussian import Gaussian
from greeks.estimators.conditional.root import ordered
from greeks.expressions import node as n
from greeks.expressions.node import ONE, ZERO, Expr, const

_Fact = tuple[Expr, Expr]


@dataclass(frozen=True)
class Region:
    """Where y lies above all `lower` and below all `upper` levels.

    `facts` are the conditions that led here, each as (level, slope) -> whether (y - level) * slope > 0.
    """

    law: Gaussian
    lower: tuple[Expr, ...] = ()
    upper: tuple[Expr, ...] = ()
    facts: Mapping[_Fact, bool] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether nothing is excluded."""
        return not self.lower and not self.upper

    def knows(self, c: Crossing) -> bool | None:
        """Whether the condition holds everywhere here (True), nowhere (False), or in parts (None)."""
        fact, sense = _fact(c)
        known = self.facts.get(fact)
        return None if known is None else known == sense

    def within(self, c: Crossing, holds: bool) -> Region:
        """The part in which the condition holds, or does not."""
        fact, sense = _fact(c)
        lower, upper = _bounds(c, holds)
        facts = {**self.facts, fact: holds == sense}
        return replace(self, lower=(*self.lower, *lower), upper=(*self.upper, *upper), facts=facts)

    def probability(self, shift: Expr = ZERO) -> Expr:
        """P(y here), and with its mean moved up by `shift` deviations, Phi(upper - shift) - Phi(lower - shift)."""
        low, high = self._edge(self.lower, "max"), self._edge(self.upper, "min")
        if low is None:
            return ONE if high is None else _cdf(high - shift)
        if high is None:
            return _cdf(shift - low)
        return self._unless_empty(_cdf(high - shift) - _cdf(low - shift))

    def first_moment(self) -> Expr:
        """E[noise; y here] = phi(lower) - phi(upper)."""
        low, high = self._edge(self.lower, "max"), self._edge(self.upper, "min")
        left = ZERO if low is None else n.unary("normal_pdf", low)
        right = ZERO if high is None else n.unary("normal_pdf", high)
        return left - right if low is None or high is None else self._unless_empty(left - right)

    def noise(self) -> Expr:
        """The step's noise moved here, monotonically: Phi^-1 of a uniform on (Phi(lower), Phi(upper))."""
        z, low, high = self.law.noise, self._edge(self.lower, "max"), self._edge(self.upper, "min")
        if low is None:
            return z if high is None else _quantile(_cdf(z) * _cdf(high))
        if high is None:
            return -_quantile(_cdf(-z) * _cdf(-low))
        start = _cdf(low)
        return _quantile(start + _cdf(z) * self._unless_empty(_cdf(high) - start))

    def drawn(self) -> Expr:
        """y at that noise, kept from leaving the region by rounding."""
        y = self.law.at(self.noise())
        for level in self.lower:
            y = n.where(level < y, y, level, "guard")
        for level in self.upper:
            y = n.where(y < level, y, level, "guard")
        return y

    def _edge(self, levels: tuple[Expr, ...], op: str) -> Expr | None:
        """The innermost of some levels, as a value of the noise."""
        return self.law.standard(reduce(lambda a, b: self._innermost(op, a, b), levels)) if levels else None

    def _innermost(self, op: str, a: Expr, b: Expr) -> Expr:
        """Levels that move with the path meet at a kink; the order of fixed ones is no joint."""
        first, second = ordered(a, b)
        if not self.law.fixed(first, second):
            return n.extremum(op, a, b)
        return n.where(second < first if op == "max" else first < second, a, b, "guard")

    def _unless_empty(self, difference: Expr) -> Expr:
        """0 where the lower level is above the upper one, which takes two conditions."""
        if len(self.facts) < 2:
            return difference
        low = reduce(lambda a, b: self._innermost("max", a, b), self.lower)
        high = reduce(lambda a, b: self._innermost("min", a, b), self.upper)
        first, second = ordered(low, high)
        return n.where(first < second, difference, ZERO, "guard" if self.law.fixed(first, second) else "continuous")


def _fact(c: Crossing) -> tuple[_Fact, bool]:
    """A key that a condition shares with its opposite, and whether it is that opposite's (False)."""
    return ((c.level, ONE), c.direction > 0) if c.direction else ((c.level, c.slope), True)


def _bounds(c: Crossing, holds: bool) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
    if c.direction:
        return ((c.level,), ()) if (c.direction > 0) == holds else ((), (c.level,))
    above = c.slope > ZERO if holds else c.slope < ZERO
    return (n.where(above, c.level, const(-NEVER), "guard"),), (n.where(above, const(NEVER), c.level, "guard"),)


def _cdf(x: Expr) -> Expr:
    return n.unary("normal_cdf", x)


def _quantile(p: Expr) -> Expr:
    return n.unary("normal_quantile", p)
