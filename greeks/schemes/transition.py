"""One step of a discretised model, as carries of a fold."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from greeks.expressions import node as n
from greeks.expressions.algebra import additive_in, free_of, linear_in
from greeks.expressions.fold import DT, Carry, Scoring, T
from greeks.expressions.node import ZERO, Expr, is_const, substitute, symbol, symbols
from greeks.schemes.sde import SDE, Coordinate, Noise, brownian


@dataclass(frozen=True)
class Transition:
    """The states' carries, what the payoff sees of them, the noise of each map, and where the path has a density."""

    carries: tuple[Carry, ...]
    visible: tuple[Expr, ...]
    noise: Mapping[str, tuple[Expr, ...]]
    scoring: Scoring | None
    no_density: str = ""


def assemble(sde: SDE, advances: Sequence[Expr], observed: Collection[int], density: str = "") -> Transition:
    """The transition whose coordinates advance as given.

    A coordinate whose increments are Gaussian given the others (a log price given its variance) is not stepped at
    all: its mean m and variance q accumulate over the fine steps and one normal is drawn at the date. The law is the
    same, the noise less, and its score is that of the longest exact step. This is done only where the payoff sees
    nothing else, so that the score covers all it sees.

    `density` says why the stepped coordinates have no density ("" if they may have one).
    """
    gathered = {i: found for i in range(len(advances)) if (found := _gaussian_part(sde, advances, i)) is not None}
    if not set(observed) <= set(gathered):
        gathered = {}
    carries: list[Carry] = []
    arrivals: list[Noise] = []
    for i, c in enumerate(sde.coordinates):
        if i in gathered:
            noise = brownian(f"n_{c.name}", c.y.size, sde.model.correlation_of)
            arrivals.append(noise)
            carries.extend(_gathered(c, *gathered[i], noise))
        else:
            carries.append(Carry(c.y, c.start, advances[i], c.y, c.y))
    used = symbols(*(k.advance for k in carries))
    noise_maps = {
        "advance": tuple(z.z for z in sde.noises if z.z in used),
        "arrive": tuple(z.z for z in arrivals),
    }
    if gathered:
        ys = tuple(sde.coordinates[i].y for i in gathered)
        scoring = Scoring("arrive", ys, tuple(z.value for z in arrivals), tuple(z.weight for z in arrivals))
        return Transition(tuple(carries), sde.visible, noise_maps, scoring)
    why = density or _why_singular(sde, advances)
    stepped = Scoring("advance", sde.ys, tuple(z.value for z in sde.noises), tuple(z.weight for z in sde.noises))
    return Transition(tuple(carries), sde.visible, noise_maps, None if why else stepped, why)


def _gathered(c: Coordinate, mean: Expr, variance: Expr, noise: Noise) -> list[Carry]:
    m, q = symbol(f"mean_{c.name}", c.y.size), symbol(f"variance_of_{c.name}", c.y.size)
    arrived = c.y + m + n.unary("sqrt", q) * noise.value
    return [
        Carry(c.y, c.start, c.y, arrived, c.y),
        Carry(m, ZERO, m + mean, ZERO, m),
        Carry(q, ZERO, q + variance, ZERO, q),
    ]


def _gaussian_part(sde: SDE, advances: Sequence[Expr], i: int) -> tuple[Expr, Expr] | None:
    """(mean, variance) of coordinate i's increment over its private noises, if Gaussian given all else."""
    y = sde.coordinates[i].y
    others = [e for k, e in enumerate(advances) if k != i]
    if not all(free_of(e, {y}) for e in others):
        return None
    own = symbols(advances[i])
    private = [w for w in sde.noises if w.z in own and all(free_of(e, {w.z}) for e in others)]
    rest = additive_in(advances[i], y)
    if rest is None or not private:
        return None
    variance = ZERO
    for noise in private:
        split = linear_in(
            substitute(rest, {noise.value: symbol("gathered_noise", y.size)}), symbol("gathered_noise", y.size)
        )
        if split is None or not free_of(split[1], {w.z for w in private}):
            return None
        rest, slope = split
        variance = variance + slope * slope
    if y.size and not free_of(variance, {T, *sde.ys}):
        return None  # correlated increments with changing ratios do not add up to one correlated normal
    return rest, variance


def _why_singular(sde: SDE, advances: Sequence[Expr]) -> str:
    if len(sde.noises) != len(sde.coordinates):
        return f"{len(sde.noises)} Brownian motions drive {len(sde.coordinates)} states: one step has no density"
    from greeks.expressions.tangent import partial

    for j, noise in enumerate(sde.noises):
        slopes = [partial(e, noise.value) for e in advances]
        if all(is_const(s, 0.0) for s in slopes):
            return f"Brownian motion {j} moves no state: one step has no density"
        if not all(free_of(s, {w.z for w in sde.noises}) for s in slopes):
            return (
                "the step is not linear in its noise: it may bend back, or end at a bound that moves with a "
                "parameter, and then the derivative of the density is not the whole derivative"
            )
    return ""


def increments(sde: SDE, i: int) -> tuple[Expr, list[Expr]]:
    """Drift part and the b_ij sqrt(dt) w_j of coordinate i's Euler step."""
    c = sde.coordinates[i]
    root = n.unary("sqrt", DT)
    return c.drift * DT, [b * root * w.value for b, w in zip(c.row, sde.noises, strict=True)]
