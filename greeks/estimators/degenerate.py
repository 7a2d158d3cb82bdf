"""Steps whose noise can die out: max(y, 0) in the slope, as in CEV or under full truncation."""

from __future__ import annotations

from collections.abc import Iterable

from greeks.errors import UnsupportedError
from greeks.estimators.direction import Direction
from greeks.expressions import node as n
from greeks.expressions.algebra import free_of
from greeks.expressions.fold import Fold, Scoring
from greeks.expressions.node import ONE, ZERO, Expr, const, is_const, postorder, substitute
from greeks.expressions.regularity import Regularity
from greeks.expressions.tangent import partial

REACH = 8.5  # standard deviations that no draw goes: the normals end at 8.21
RAMP = 1.0  # ... over which the handover then falls to its usual share, so that it does not jump


def truncations(scoring: Scoring, maps: Iterable[Expr]) -> dict[Expr, Expr]:
    """The max(e, 0) in the slopes of the scored steps, each with its e."""
    slopes = [partial(e, w) for e in maps for w in scoring.noises]
    found = {}
    for part in postorder(slopes):
        if part.op == "max" and any(is_const(a, 0.0) for a in part.args):
            found[part] = next((a for a in part.args if not is_const(a, 0.0)), ZERO)
    return found


def truncated_states(fold: Fold, scoring: Scoring) -> dict[Expr, Expr]:
    """The truncations, each with the state that it truncates."""
    found = truncations(scoring, [fold.carry(y).map(scoring.at) for y in scoring.states])
    for e in found.values():
        if e not in scoring.states:
            raise UnsupportedError(
                f"the diffusion dies out where {e} is negative, which is no state: how near a step comes is not known"
            )
    return found


def refuse_parameter_in_dead_step(fold: Fold, scoring: Scoring, d: Direction) -> None:
    """A step whose noise can die out must then not depend on the parameter."""
    rows = [fold.carry(y).map(scoring.at) for y in scoring.states]
    dead = dict.fromkeys(truncations(scoring, rows), ZERO)
    if dead and not all(free_of(substitute(e, dead), d.seeds) for e in rows):
        raise UnsupportedError(
            f"likelihood ratio in {d.label} is not valid: where the diffusion dies out the step has no density but "
            f"still moves with {d.label}; use scheme=greeks.QE(steps=...), or estimator=greeks.FiniteDifference()"
        )


def nearness(fold: Fold, scoring: Scoring) -> Expr:
    """1 where the next step may reach a point at which the noise dies out, 0 where it cannot.

    Close to such a point a tangent is worth nothing (for CEV it is not even bounded), so that all of it is handed over
    before. In between the value falls linearly, which keeps derivatives of it without jumps.
    """
    nearest = ZERO
    for y in truncated_states(fold, scoring).values():
        nearest = n.extremum("max", nearest, _nearness(fold.carry(y).map(scoring.at), scoring))
    return nearest


def _nearness(step: Expr, scoring: Scoring) -> Expr:
    still = substitute(step, dict.fromkeys(scoring.noises, ZERO))
    deviation = ZERO
    for w in scoring.noises:
        deviation = deviation + n.unary("abs", partial(step, w))
    sure = (const(REACH + RAMP) - still / deviation) * (1.0 / RAMP)
    return n.where(deviation > ZERO, n.extremum("min", sure, ONE), ONE, "guard")


def away_from_truncation(fold: Fold, scoring: Scoring) -> dict[Expr, Regularity]:
    """Classes of the truncations, and of the conditions under them, to who is never at one: y > 0 for good."""
    found = {}
    for part, y in truncated_states(fold, scoring).items():
        found[part] = Regularity.SMOOTH
        found.update(dict.fromkeys((n.compare("lt", y, ZERO), n.compare("lt", ZERO, y)), Regularity.STILL))
    return found
