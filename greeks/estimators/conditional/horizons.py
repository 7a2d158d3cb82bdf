"""The start's score, spread over as much of a path as the exits that it may decide leave."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise

from greeks.errors import UnsupportedError
from greeks.estimators.conditional.gaussian import Step
from greeks.estimators.conditional.whole_path import WholePath
from greeks.estimators.direction import Direction
from greeks.estimators.moving import roughness, tangent_carries, tangent_symbol
from greeks.estimators.pathwise import pathwise
from greeks.expressions import node as n
from greeks.expressions.fold import LEVER, Carry, Exit, Fold
from greeks.expressions.node import ONE, ZERO, Expr, const, is_const, symbol
from greeks.expressions.regularity import Regularity
from greeks.expressions.tangent import Tangent

HORIZONS = (1 / 16, 1 / 4)  # levers of dates; of many evenly spaced ones, about 1/32 and 1/7 of the way


@dataclass(frozen=True)
class _Horizon:
    """The price if only dates from here on may end the contract, and the start's score up to the first of them."""

    price: Expr
    score: Expr
    carries: tuple[Carry, ...]

    @classmethod
    def of(cls, path: WholePath, k: int, lever: float) -> _Horizon:
        counts = n.compare("le", const(lever), LEVER)
        price, extremes = path.price(counts, f"extreme from horizon {k},") if k else path.price()
        me, seen = symbol(f"score to horizon {k} of {path.y}"), symbol(f"horizon {k} seen")
        here = path.score
        if not path.end.fixed(path.variance):
            here = n.where(path.variance > ZERO, here, const(math.inf), "guard")
        score = Carry.of(str(me.payload), ZERO, observe=n.where(seen > ZERO, me, here, "guard"))
        passed = Carry.of(str(seen.payload), ZERO, observe=n.where(counts, ONE, seen, "guard"))
        return cls(price, me, (*extremes, score, passed))


def spread(fold: Fold, ends: Exit, step: Step, scored: Direction, moved: Direction) -> Fold:
    """The second derivative in the start of y, by its score, and along the path in what else is moved.

    y may start elsewhere and be on its old path from date k on, at the price of the weight S_k = (y_k - E y_k) / V_k,
    whose variance is 1 / V_k: the later, the better. But f sees all dates. Let f_k be the price if none before k
    could end the contract; of the dates from k on alone, it takes S_k. So for dates 1 < k < ... < m

        dE[f]/dy_0 = E[(f - f_k) S_1 + (f_k - ...) S_k + ... + f_m S_m],

    where f - f_k is 0 on most paths. All have the end's own weight taken off, which f does not see, and serve as
    controls. A score of the first date alone has a variance that grows with the number of dates.
    """
    path = WholePath.of(fold, ends, step)
    horizons = [_Horizon.of(path, k, lever) for k, lever in enumerate((0.0, *HORIZONS))]
    scores = [h.score - path.score for h in horizons]
    weighted = horizons[0].price * scores[0]
    for before, h in pairwise(horizons):
        weighted = weighted + h.price * (h.score - before.score)
    controls = reduce(n.add, [n.onehot(k, len(scores), s) for k, s in enumerate(scores)])
    carries = (*fold.carries, *path.carries, *(c for h in horizons for c in h.carries))
    whole = replace(fold, carries=carries, outputs={**fold.outputs, "price": horizons[0].price}, exit=None)
    return pathwise(_scored(whole, path, {"price": weighted, "unit": controls}, scored).pruned(), moved)


def _scored(fold: Fold, path: WholePath, weighted: Mapping[str, Expr], d: Direction) -> Fold:
    """The derivative in d: the start of y by its score, all else at a fixed path."""
    y, names = path.y, {c.symbol: tangent_symbol(c, "~", d.label, d.vector, 0) for c in fold.carries}

    def seeds(place: str, moving: Mapping[Expr, Expr]) -> Mapping[Expr, Expr]:
        return {**d.seeds, **moving, y: ZERO}

    tangents = [c for c in tangent_carries(fold, names, seeds, d.vector) if c.symbol is not names[y]]
    moved = {c: j for c, j in names.items() if any(k.symbol is j for k in tangents)}
    derive, start = Tangent({**d.seeds, **moved, y: ZERO}), Tangent(d.seeds)(fold.carry(y).start)
    if d.vector or not is_const(derive(fold.carry(y).arrive), 0.0):
        raise UnsupportedError(f"conditional over the path: {d.label} moves more of it than its start")
    level, jumps = roughness(fold, lambda place: dict.fromkeys([*moved, *d.seeds], Regularity.SMOOTH))
    if level > Regularity.LIPSCHITZ:
        raise UnsupportedError(f"conditional over the path: {d.label} moves the jump at {jumps[0]}")
    outputs = {k: start * e + derive(fold.outputs[k]) for k, e in weighted.items()}
    return replace(fold, carries=(*fold.carries, *tangents), outputs={**fold.outputs, **outputs})
