"""How much of a tangent each step hands to the density of the path, and what that makes of the step."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from greeks.errors import UnsupportedError
from greeks.estimators.degenerate import nearness, truncated_states
from greeks.estimators.direction import Direction
from greeks.estimators.linear import determinant, solve
from greeks.estimators.moving import tangent_symbol
from greeks.expressions import node as n
from greeks.expressions.algebra import free_of
from greeks.expressions.fold import AT_START, EVENLY, LAST_STEP, Fold, Scoring
from greeks.expressions.node import ONE, ZERO, Expr, const, is_const, substitute
from greeks.expressions.tangent import Tangent, partial
from greeks.expressions.uniform import uniform_carries


@dataclass(frozen=True)
class Handover:
    """Shares that a step hands over of the tangent `carried` to it, and of what enters with the step itself: `drift`
    without the noise, `diffusion` with it.

    All must be 1 on the last step before a date, where the payoff may jump.
    """

    carried: Expr
    drift: Expr
    diffusion: Expr

    def changed(self, f: Callable[[Expr], Expr]) -> Handover:
        """With `f` applied to every share."""
        return Handover(f(self.carried), f(self.drift), f(self.diffusion))


AT_ONCE = Handover(ONE, ONE, ONE)
START_EVENLY = Handover(EVENLY, ONE, ONE)
EVENLY_HANDED = Handover(EVENLY, ONE, EVENLY)  # what enters with the drift loses by waiting (Girsanov), noise gains
AT_LAST = Handover(LAST_STEP, LAST_STEP, LAST_STEP)


@dataclass(frozen=True)
class _Parts:
    """The tangent T of a state after a step: what comes from before it, and what enters with it."""

    carried: Expr
    drift: Expr
    diffusion: Expr

    @classmethod
    def of(cls, e: Expr, slopes: Sequence[Expr], noises: Sequence[Expr], carried: Tangent, fresh: Tangent) -> _Parts:
        diffusion = ZERO
        for slope, w in zip(slopes, noises, strict=True):
            diffusion = diffusion + fresh(slope) * w
        return cls(carried(e), substitute(fresh(e), dict.fromkeys(noises, ZERO)), diffusion)

    def shared(self, share: Handover) -> Expr:
        return share.carried * self.carried + share.drift * self.drift + share.diffusion * self.diffusion


@dataclass(frozen=True)
class _Step:
    """A scored step: what it keeps of the states' tangents and what it hands over, by which dz, and div dz."""

    kept: list[Expr]
    handed: list[Expr]
    noise: list[Expr]
    divergence: Expr


class Lens:
    """The derivative under which scored states X move by a residual U only, and the noise takes the rest.

    A step X' = F(X, z; theta) moves X' by T = F_X U + F_theta at fixed noise. It is let move by U' = T - D, and
    D is handed to the density: dz = -F_z^-1 D, with the weight div dz - u . dz, where u = C^-1 z for z ~ N(0, C). F is
    linear in its noise, so that div dz = -tr(F_z^-1 D_z) is a derivative of log|F_z|. U starts as dX_0 and is 0 on
    every date.
    """

    def __init__(self, fold: Fold, scoring: Scoring, d: Direction, handover: Handover) -> None:
        self.fold, self.scoring, self.d = fold, scoring, d
        size = next(iter(d.seeds)).size
        self.names = {c.symbol: tangent_symbol(c, "~", d.label, d.vector, size) for c in fold.carries}
        self.shares = _shares(fold, scoring, handover)
        self.positive = {} if handover == AT_ONCE else truncated_states(fold, scoring)  # they are, unless U is 0
        self.maps = [fold.carry(y).map(scoring.at) for y in scoring.states]
        self.slopes = [[partial(e, w) for w in scoring.noises] for e in self.maps]
        if not all(free_of(s, scoring.noises) for row in self.slopes for s in row):
            raise UnsupportedError(f"likelihood ratio in {d.label}: the step is not linear in its noise")
        self.determinant = determinant(self.slopes)

    def seeds(self, place: str, moving: Mapping[Expr, Expr]) -> Mapping[Expr, Expr]:
        """Tangents of all that moves at a place, given those of the carries that do."""
        found = {**self.d.seeds, **moving, **self._scored(place, moving)}
        if place == self.scoring.at:
            step = self._step(moving)
            found.update(zip(self.scoring.noises, step.noise, strict=True))
            found.update(zip(self.maps, step.kept, strict=True))
        return found

    def _scored(self, place: str, moving: Mapping[Expr, Expr]) -> dict[Expr, Expr]:
        """The residual U: until the map that has the density; then 0, but for a look at today's state."""
        if place in ("advance", self.scoring.at):
            return {y: moving.get(y, ZERO) for y in self.scoring.states}
        if place == "observe" and self.fold.observes_start:
            derive = Tangent(self.d.seeds, self.d.vector)
            return {y: AT_START * derive(self.fold.carry(y).start) for y in self.scoring.states}
        return dict.fromkeys(self.scoring.states, ZERO)

    def _step(self, moving: Mapping[Expr, Expr]) -> _Step:
        carried, fresh = self._tangents(moving)
        rows = zip(self.maps, self.slopes, strict=True)
        parts = [_Parts.of(e, slopes, self.scoring.noises, carried, fresh) for e, slopes in rows]
        handed = [p.shared(self.shares) for p in parts]
        kept = [p.shared(self.shares.changed(lambda share: ONE - share)) for p in parts]
        noise = solve(self.slopes, [-e for e in handed])
        spread = self.shares.carried * carried(self.determinant) + self.shares.diffusion * fresh(self.determinant)
        return _Step(kept, handed, noise, -(spread / self.determinant))

    def _tangents(self, moving: Mapping[Expr, Expr]) -> tuple[Tangent, Tangent]:
        """(by what a step starts from, by all else): the two parts of a step's derivative at fixed noise."""
        residual = {y: moving.get(y, ZERO) for y in self.scoring.states}
        positive = {part: residual[y] for part, y in self.positive.items()}
        others = {c: j for c, j in moving.items() if c not in self.scoring.states}
        still = dict.fromkeys(self.scoring.noises, ZERO)
        carried = Tangent({**residual, **positive}, self.d.vector)
        return carried, Tangent({**self.d.seeds, **others, **still}, self.d.vector)

    def keeps(self, moving: Mapping[Expr, Expr]) -> bool:
        """Whether scored states move beyond one step."""
        return any(not is_const(e, 0.0) for e in self._step(moving).kept)

    def weight(self, moving: Mapping[Expr, Expr]) -> Expr:
        """What a step adds to the weight of the path: div dz - u . dz, and the score of the noise's own law."""
        step = self._step(moving)
        found = step.divergence
        for u, dz in zip(self.scoring.weights, step.noise, strict=True):
            found = found - u * dz
        if self._may_vanish():
            alive = n.unary("abs", self.determinant) > ZERO
            found = n.where(alive, found, _undeliverable(step.handed), "guard")
        if not self.d.vector:
            found = n.total(found)
        return found if self.d.noise_score is None else found + self._noise_score(*self.d.noise_score)

    def _may_vanish(self) -> bool:
        """Whether the noise may die out on some path: its slope is different from path to path."""
        varying = {c.symbol for c in self.fold.carries} - uniform_carries(self.fold)
        return not free_of(self.determinant, varying)

    def _noise_score(self, d_inverse: Expr, d_log_determinant: Expr) -> Expr:
        """Score of w ~ N(0, C) in C: -(w' dC^-1 w + d log det C) / 2."""
        w = self.scoring.noises[0]
        return const(-0.5) * (n.total(w * n.matvec(d_inverse, w)) + d_log_determinant)


def _shares(fold: Fold, scoring: Scoring, handover: Handover) -> Handover:
    """The shares, raised to all where the noise may soon die out."""
    if handover == AT_ONCE:
        return handover
    near = nearness(fold, scoring)
    if is_const(near, 0.0):
        return handover
    return handover.changed(lambda share: share if is_const(share) else n.extremum("max", share, near))


def _undeliverable(handed: Sequence[Expr]) -> Expr:
    """The weight of a step without noise: 0 if there is nothing to hand over, else infinite, which ends as an error."""
    square = ZERO
    for e in handed:
        square = square + e * e
    return n.where(square > ZERO, const(math.inf), ZERO, "guard")
