"""Differentiation of the path's density (score function)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from greeks.errors import UnsupportedError
from greeks.estimators.base import Estimator
from greeks.estimators.direction import Direction
from greeks.estimators.moving import roughness, tangent_carries, tangent_symbol
from greeks.expressions import node as n
from greeks.expressions.algebra import free_of
from greeks.expressions.fold import AT_START, FIRST_DATE, FIRST_STEP, SHARE, Carry, Fold, Scoring
from greeks.expressions.node import ZERO, Expr, const, is_const, postorder, substitute, symbol
from greeks.expressions.regularity import Regularity
from greeks.expressions.tangent import Tangent, partial
from greeks.expressions.uniform import uniform_carries


@dataclass(frozen=True)
class LikelihoodRatio(Estimator):
    """dE[f(X)]/dtheta = E[f(X) d log p(X; theta)/dtheta + df/dtheta at fixed X].

    Needs no smoothness of f in X. The score is summed over the longest exact steps between dates; coordinates without
    a density of their own (a variance) move pathwise beside it. The score's mean is 0: it is used as a control.

    References
    ----------
    Broadie and Glasserman (1996); Glasserman (2003), section 7.3.
    """

    name = "likelihood ratio"

    def apply(self, fold: Fold, directions: tuple[Direction, ...]) -> Fold:
        for direction in directions:
            fold = likelihood_ratio(fold, direction)
        return fold


def likelihood_ratio(fold: Fold, d: Direction) -> Fold:
    """`fold` with the score of direction d riding along: output f becomes f * score + (df at a fixed path)."""
    scoring = fold.scoring
    if scoring is None:
        raise UnsupportedError(f"likelihood ratio in {d.label} has no density: {fold.no_density}")
    lens = _Lens(fold, scoring, d)
    held = set(scoring.states)
    tangents = tangent_carries(fold, lens.names, lens.seeds, d.vector, held)
    moved = {c: j for c, j in lens.names.items() if any(k.symbol is j for k in tangents)}
    _refuse_jumps(fold, d, moved, held)
    _refuse_parameter_in_degenerate_step(fold, scoring, d)
    size = next(iter(d.seeds)).size if d.vector else 0
    score = Carry.of(f"score~{d.label}", ZERO, size)
    grown = score.symbol + lens.score(moved)
    score = replace(score, **{scoring.at: grown})
    at_end = Tangent(lens.seeds("outputs", moved), d.vector)
    outputs = {k: e * score.symbol + at_end(e) for k, e in fold.outputs.items()}
    return replace(fold, carries=(*fold.carries, *lens.start_tangents, *tangents, score), outputs=outputs)


class _Lens:
    """The derivative at a fixed path: scored states stand still, the noise moves so that they do."""

    def __init__(self, fold: Fold, scoring: Scoring, d: Direction) -> None:
        self.fold, self.scoring, self.d = fold, scoring, d
        size = next(iter(d.seeds)).size
        self.names = {c.symbol: tangent_symbol(c, "~", d.label, d.vector, size) for c in fold.carries}
        at_start = Tangent(d.seeds, d.vector)
        self.starts = {y: at_start(fold.carry(y).start) for y in scoring.states}
        self.start_tangents = self._start_tangents() if self._averages() else []

    def _averages(self) -> bool:
        """Whether the score of the start can be shared by the steps before the first date."""
        stepped = {c.symbol for c in self.fold.carries if c.advance is not c.symbol}
        moves_start = any(not is_const(s, 0.0) for s in self.starts.values())
        return self.scoring.averaged and moves_start and stepped <= set(self.scoring.states)

    def _start_tangents(self) -> list[Carry]:
        """J_n = dX_n/dX_0 times the start's tangent, along the path."""
        ys = [y for y in self.scoring.states]
        names = {y: symbol(f"{y}|start {self.d.label}", self.names[y].size) for y in ys}
        derive = Tangent(names, self.d.vector)
        return [
            replace(Carry.of(str(names[y]), self.starts[y], names[y].size), advance=derive(self.fold.carry(y).advance))
            for y in ys
        ]

    def seeds(self, stage: str, moving: Mapping[Expr, Expr]) -> Mapping[Expr, Expr]:
        found = self._without_noise(stage, moving)
        if stage == self.scoring.at:
            found = {**found, **dict(zip(self.scoring.noises, self._noise_tangents(found), strict=True))}
        return found

    def _without_noise(self, stage: str, moving: Mapping[Expr, Expr]) -> dict[Expr, Expr]:
        found = {**self.d.seeds, **moving}
        for y, at_start in self.starts.items():
            found[y] = at_start * self._share(stage)
        if stage == "advance":
            shared = zip(self.scoring.states, self.start_tangents, strict=False)  # none where not averaged
            found.update({y: SHARE * j.symbol for y, j in shared})
        if stage == self.scoring.at:
            found.update(dict.fromkeys(self.scoring.noises, ZERO))
        return found

    def _share(self, stage: str) -> Expr:
        """How much of the start's tangent a scored state still carries at a stage."""
        if stage == "observe":
            return AT_START if self.fold.observes_start else ZERO
        if stage == "advance" and self.scoring.at == "advance":
            return FIRST_STEP
        return FIRST_DATE if stage in ("advance", "arrive") and self.scoring.at == "arrive" else ZERO

    def _maps(self) -> list[Expr]:
        return [self.fold.carry(y).map(self.scoring.at) for y in self.scoring.states]

    def _slopes(self) -> list[list[Expr]]:
        return [[partial(e, w) for w in self.scoring.noises] for e in self._maps()]

    def _noise_tangents(self, seeds: dict[Expr, Expr]) -> list[Expr]:
        """dz = -F_z^-1 dF, which keeps F(x, z) where it is."""
        derive = Tangent(seeds, self.d.vector)
        return solve(self._slopes(), [-derive(e) for e in self._maps()])

    def score(self, moving: Mapping[Expr, Expr]) -> Expr:
        """-d log|F_z| - z . dz, and for correlated noise that of its own density."""
        seeds = self.seeds(self.scoring.at, moving)
        derive = Tangent(seeds, self.d.vector)
        det = determinant(self._slopes())
        weight = -(derive(det) / det)
        for w, u in zip(self.scoring.noises, self.scoring.weights, strict=True):
            weight = weight - u * seeds[w]
        if not self.d.vector:
            weight = n.total(weight)
        if self.d.noise_score is not None:
            weight = weight + self._noise_score(*self.d.noise_score)
        return n.where(det > ZERO, weight, self._dead_step(seeds), "guard") if self._may_vanish(det) else weight

    def _may_vanish(self, det: Expr) -> bool:
        """Whether the noise may die out on some path: its slope is different from path to path."""
        varying = {c.symbol for c in self.fold.carries} - uniform_carries(self.fold)
        return not free_of(det, varying)

    def _dead_step(self, seeds: Mapping[Expr, Expr]) -> Expr:
        """The score of a step without noise: 0 if the step stands still, else infinite, which ends as an error."""
        derive = Tangent({**seeds, **dict.fromkeys(self.scoring.noises, ZERO)}, self.d.vector)
        moved = ZERO
        for e in self._maps():
            moved = moved + derive(e) * derive(e)
        return n.where(moved > ZERO, const(math.inf), ZERO, "guard")

    def _noise_score(self, d_inverse: Expr, d_log_determinant: Expr) -> Expr:
        """Score of w ~ N(0, C) in C: -(w' dC^-1 w + d log det C) / 2."""
        w = self.scoring.noises[0]
        return const(-0.5) * (n.total(w * n.matvec(d_inverse, w)) + d_log_determinant)


def determinant(rows: Sequence[Sequence[Expr]]) -> Expr:
    """Determinant by expansion: the matrices are as large as a model has scalar states."""
    if len(rows) == 1:
        return rows[0][0]
    total = ZERO
    for j, pivot in enumerate(rows[0]):
        if not is_const(pivot, 0.0):
            minor = [[*r[:j], *r[j + 1 :]] for r in rows[1:]]
            term = pivot * determinant(minor)
            total = total - term if j % 2 else total + term
    return total


def solve(rows: Sequence[Sequence[Expr]], right: Sequence[Expr]) -> list[Expr]:
    """Solution of rows @ x = right by elimination, pivoting on structure (symbolic entries have no size)."""
    if len(rows) == 1:
        return [right[0] / rows[0][0]]
    j = len(rows) - 1
    p = _pivot(rows, j)
    rest = [i for i in range(len(rows)) if i != p]
    factors = {i: rows[i][j] / rows[p][j] for i in rest}
    reduced = [[rows[i][k] - factors[i] * rows[p][k] for k in range(j)] for i in rest]
    x = solve(reduced, [right[i] - factors[i] * right[p] for i in rest])
    last = right[p]
    for k in range(j):
        last = last - rows[p][k] * x[k]
    return [*x, last / rows[p][j]]


def _pivot(rows: Sequence[Sequence[Expr]], j: int) -> int:
    """The row with the fewest nonzero entries among those that column j enters: triangular systems stay so."""
    candidates = [i for i, r in enumerate(rows) if not is_const(r[j], 0.0)]
    if not candidates:
        raise UnsupportedError("the step's dependence on its noise is singular: it has no density")
    return min(candidates, key=lambda i: sum(not is_const(e, 0.0) for e in rows[i]))


def _refuse_jumps(fold: Fold, d: Direction, moved: Mapping[Expr, Expr], held: set[Expr]) -> None:
    level, jumps = roughness(fold, moved, d.seeds, exempt=held)
    if level > Regularity.LIPSCHITZ:
        raise UnsupportedError(
            f"likelihood ratio in {d.label} would miss the jump at {jumps[0]}, which moves with {d.label} "
            "other than through the density of the path"
        )


def _refuse_parameter_in_degenerate_step(fold: Fold, scoring: Scoring, d: Direction) -> None:
    """A step whose noise can die out (max(x, 0) in its slope) must then not depend on the parameter."""
    rows = [fold.carry(y).map(scoring.at) for y in scoring.states]
    slopes = [partial(e, w) for e in rows for w in scoring.noises]
    dead = {e: ZERO for s in slopes for e in postorder([s]) if e.op == "max" and any(is_const(a, 0.0) for a in e.args)}
    if dead and not all(free_of(substitute(e, dead), d.seeds) for e in rows):
        raise UnsupportedError(
            f"likelihood ratio in {d.label} is not valid: where the diffusion dies out the step has no density but "
            f"still moves with {d.label}; use scheme=greeks.QE(steps=...), or estimator=greeks.FiniteDifference()"
        )
