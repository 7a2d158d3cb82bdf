"""Differentiation of the path's density (score function)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from greeks.errors import UnsupportedError
from greeks.estimators.base import Estimator
from greeks.estimators.degenerate import away_from_truncation, refuse_parameter_in_dead_step
from greeks.estimators.direction import Direction
from greeks.estimators.handover import AT_ONCE, START_EVENLY, Handover, Lens
from greeks.estimators.moving import roughness, tangent_carries
from greeks.expressions.fold import Carry, Fold, Scoring
from greeks.expressions.node import ZERO, Expr
from greeks.expressions.regularity import Regularity
from greeks.expressions.tangent import Tangent


@dataclass(frozen=True)
class LikelihoodRatio(Estimator):
    """dE[f(X)]/dtheta = E[f(X) d log p(X; theta)/dtheta + df/dtheta at fixed X].

    Needs no smoothness of f in X. The score is summed over the longest exact steps between dates; coordinates without
    a density of their own (a variance) move pathwise beside it. A parameter's effect is scored in the step in which
    it enters; that of the start is spread over the steps before the first date where their tangents allow it. The
    score's mean is 0: it is used as a control.

    References
    ----------
    Broadie and Glasserman (1996); Glasserman (2003), section 7.3.
    """

    name = "likelihood ratio"

    def apply(self, fold: Fold, directions: tuple[Direction, ...]) -> Fold:
        try:
            return weighted(fold, directions, START_EVENLY)
        except UnsupportedError:
            return weighted(fold, directions, AT_ONCE)


def weighted(fold: Fold, directions: tuple[Direction, ...], handover: Handover) -> Fold:
    """One likelihood ratio after the other."""
    for direction in directions:
        fold = likelihood_ratio(fold, direction, handover)
    return fold


def likelihood_ratio(fold: Fold, d: Direction, handover: Handover) -> Fold:
    """`fold` with the weight of direction d riding along: output f becomes f * weight + (df at a fixed path)."""
    scoring = fold.scoring
    if scoring is None:
        raise UnsupportedError(f"likelihood ratio in {d.label} has no density: {fold.no_density}")
    lens = Lens(fold, scoring, d, handover if scoring.at == "advance" else AT_ONCE)
    tangents = tangent_carries(fold, lens.names, lens.seeds, d.vector)
    moved = {c: j for c, j in lens.names.items() if any(k.symbol is j for k in tangents)}
    _refuse_jumps(fold, scoring, lens, moved)
    refuse_parameter_in_dead_step(fold, scoring, d)
    score = Carry.of(f"score~{d.label}", ZERO, next(iter(d.seeds)).size if d.vector else 0)
    score = replace(score, **{scoring.at: score.symbol + lens.weight(moved)})
    at_end = Tangent(lens.seeds("outputs", moved), d.vector)
    outputs = {k: e * score.symbol + at_end(e) for k, e in fold.outputs.items()}
    return replace(fold, carries=(*fold.carries, *tangents, score), outputs=outputs)


def refuse_one_draw_a_date(fold: Fold, name: str) -> None:
    """Where there is nothing to spread, a weight by another name would only be measured twice."""
    if fold.scoring is not None and fold.scoring.at == "arrive":
        raise UnsupportedError(f"{name}: one exact draw a date, the same as LikelihoodRatio()")


def _refuse_jumps(fold: Fold, scoring: Scoring, lens: Lens, moved: Mapping[Expr, Expr]) -> None:
    """What moves beside the density must do so without jumps; scored states do if a step keeps of their tangents."""
    d, others = lens.d, [c for c in moved if c not in scoring.states]
    beside = dict.fromkeys([*d.seeds, *others], Regularity.SMOOTH)
    keeps = lens.keeps(moved)
    within = dict.fromkeys(scoring.states if keeps else (), Regularity.SMOOTH)
    safe = away_from_truncation(fold, scoring) if keeps else {}
    level, jumps = roughness(fold, lambda place: {**beside, **within, **safe} if place == scoring.at else beside)
    if level > Regularity.LIPSCHITZ:
        raise UnsupportedError(
            f"likelihood ratio in {d.label} would miss the jump at {jumps[0]}, which moves with {d.label} "
            "other than through the density of the path"
        )
