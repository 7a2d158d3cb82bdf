"""How smooth an expression is in the quantities that a Greek moves.

Read from the graph, conservatively: `maximum` is a kink, `where` on something that moves is a jump unless the two
values are seen to agree where the condition turns, or its author declared it continuous.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from greeks.expressions.node import BOOLEAN, Expr, is_const, postorder, substitute


class Regularity(IntEnum):
    """Classes of smoothness; a sum, product or composition is as rough as its roughest part."""

    STILL = 0  # does not move at all
    SMOOTH = 1
    C1 = 2
    LIPSCHITZ = 3
    DISCONTINUOUS = 4


def regularity(e: Expr, moving: Mapping[Expr, Regularity]) -> Regularity:
    """The class of `e` as a function of the symbols in `moving`, each of which has the class given there."""
    memo: dict[Expr, Regularity] = dict(moving)
    for part in postorder([e], stop=memo):
        if part not in memo:
            memo[part] = _classify(part, memo)
    return memo[e]


def _classify(e: Expr, memo: Mapping[Expr, Regularity]) -> Regularity:
    roughest = max((memo[a] for a in e.args), default=Regularity.STILL)
    if roughest == Regularity.STILL or e.op in BOOLEAN:
        return roughest
    if e.op in ("max", "min", "abs", "largest", "smallest"):
        return max(roughest, Regularity.LIPSCHITZ)
    if e.op == "where" and e.payload == "guard":
        return max(memo[e.args[1]], memo[e.args[2]])
    if e.op == "where" and memo[e.args[0]] != Regularity.STILL:
        joined = e.payload == "continuous" or _agree_at_switch(e)
        branches = max(memo[e.args[1]], memo[e.args[2]])
        return max(branches, Regularity.LIPSCHITZ) if joined else Regularity.DISCONTINUOUS
    if e.op == "mul" and e.args[0] is e.args[1] and _vanishes_at_kink(e.args[0]):
        inside = max(memo[a] for a in e.args[0].args)
        return max(inside, Regularity.C1)
    return roughest


def _vanishes_at_kink(e: Expr) -> bool:
    return e.op in ("max", "min") and any(is_const(a, 0.0) for a in e.args)


def _agree_at_switch(e: Expr) -> bool:
    condition, a, b = e.args
    if condition.op not in ("lt", "le"):
        return False
    left, right = condition.args
    return any(substitute(a, swap) is substitute(b, swap) for swap in ({left: right}, {right: left}))


def jumps(e: Expr, moving: Mapping[Expr, Regularity]) -> list[Expr]:
    """The `where` nodes at which `e` may jump, for messages."""
    memo: dict[Expr, Regularity] = dict(moving)
    found = []
    for part in postorder([e], stop=dict(moving)):
        if part not in memo:
            memo[part] = _classify(part, memo)
            if part.op == "where" and memo[part] == Regularity.DISCONTINUOUS:
                found.append(part)
    return found
