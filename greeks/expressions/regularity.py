"""How smooth an expression is in the quantities that a Greek moves.

Read from the graph, conservatively: `maximum` is a kink, `where` on something that moves is a jump unless the two
values are seen to agree where the condition turns, or its author declared it continuous.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from functools import cached_property

from greeks.expressions.node import BOOLEAN, ZERO, Expr, is_const, postorder, substitute


class Regularity(IntEnum):
    """Classes of smoothness; a sum, product or composition is as rough as its roughest part."""

    STILL = 0  # does not move at all
    SMOOTH = 1
    C1 = 2
    LIPSCHITZ = 3
    DISCONTINUOUS = 4


def regularity(e: Expr, moving: Mapping[Expr, Regularity]) -> Regularity:
    """The class of `e` as a function of the symbols in `moving`, each of which has the class given there."""
    return _Classifier(moving)(e)


class _Classifier:
    """Classes of expressions, with memory; `guarded` where a vanishing denominator is known to be kept away."""

    def __init__(self, moving: Mapping[Expr, Regularity], guarded: bool = False) -> None:
        self.moving, self.guarded = moving, guarded
        self.memo: dict[Expr, Regularity] = dict(moving)

    @cached_property
    def _kept(self) -> _Classifier:
        """The same where denominators are known to be kept away from 0."""
        return self if self.guarded else _Classifier(self.moving, guarded=True)

    def __call__(self, e: Expr) -> Regularity:
        for part in postorder([e], stop=self.memo):
            if part not in self.memo:
                self.memo[part] = self._classify(part)
        return self.memo[e]

    def _classify(self, e: Expr) -> Regularity:
        roughest = max((self.memo[a] for a in e.args), default=Regularity.STILL)
        if roughest == Regularity.STILL or e.op in BOOLEAN:
            return roughest
        if e.op == "root":
            return Regularity.SMOOTH
        if e.op in ("max", "min", "abs", "largest", "smallest"):
            return max(roughest, Regularity.LIPSCHITZ)
        if e.op == "where":
            return self._where(e)
        if e.op == "mul" and e.args[0] is e.args[1] and _vanishes_at_kink(e.args[0]):
            return max(Regularity.C1, *(self.memo[a] for a in e.args[0].args))
        if e.op == "div" and not self.guarded and self.memo[e.args[1]] != Regularity.STILL and _divides_by_zero(e):
            return Regularity.DISCONTINUOUS
        return roughest

    def _where(self, e: Expr) -> Regularity:
        condition, *values = e.args
        if e.payload == "guard":
            return max(self._kept(v) for v in values)
        branches = max(self.memo[v] for v in values)
        if self.memo[condition] == Regularity.STILL:
            return branches
        if e.payload == "continuous" or _agree_at_switch(e):
            return max(branches, Regularity.LIPSCHITZ)
        return Regularity.DISCONTINUOUS


def _vanishes_at_kink(e: Expr) -> bool:
    return e.op in ("max", "min") and any(is_const(a, 0.0) for a in e.args)


def _swaps(a: Expr, b: Expr) -> list[dict[Expr, Expr]]:
    """Substitutions that say a = b; where one is 0 and the other a difference, also that its terms are equal."""
    found = [{x: y} for x, y in ((a, b), (b, a)) if x.op != "const"]
    for zero, other in ((a, b), (b, a)):
        if is_const(zero, 0.0) and other.op == "sub":
            found += _swaps(*other.args)
        elif is_const(zero, 0.0) and other.op == "add":
            found += _swaps(other.args[0], -other.args[1])
    return found


def _agree_at_switch(e: Expr) -> bool:
    condition, a, b = e.args
    if condition.op not in ("lt", "le"):
        return False
    return any(
        substitute(a, swap) is substitute(b, swap) and not _meets_zero(a, swap) and not _meets_zero(b, swap)
        for swap in _swaps(*condition.args)
    )


def _meets_zero(e: Expr, swap: Mapping[Expr, Expr]) -> bool:
    """Whether some denominator in `e` is 0 once the substitution is made."""
    return any(part.op == "div" and is_const(substitute(part.args[1], swap), 0.0) for part in postorder([e]))


def _divides_by_zero(e: Expr) -> bool:
    """Whether a quotient's denominator vanishes just where one of its kinks is: u / |u| is a step."""
    return any(
        _meets_zero(e, swap)
        for kink in postorder([e])
        if kink.op in ("max", "min", "abs")
        for swap in _swaps(kink.args[0], kink.args[1] if kink.op != "abs" else ZERO)
    )


def jumps(e: Expr, moving: Mapping[Expr, Regularity]) -> list[Expr]:
    """The conditions (or quotients) at which `e` may jump, for messages."""
    classify = _Classifier(moving)
    found = []
    for part in postorder([e], stop=moving):
        if part.op in ("where", "div") and classify(part) == Regularity.DISCONTINUOUS:
            inside = max((classify(a) for a in part.args if a.op not in BOOLEAN), default=Regularity.STILL)
            if inside < Regularity.DISCONTINUOUS:
                found.append(part.args[0] if part.op == "where" else part)
    return found
