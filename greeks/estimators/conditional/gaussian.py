"""The one Gaussian of a step that decides where a value goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from greeks.errors import UnsupportedError
from greeks.expressions import node as n
from greeks.expressions.algebra import elementwise, filled, floored, free_of, linear_in
from greeks.expressions.fold import Fold, Scoring
from greeks.expressions.node import ONE, Expr, const, substitute, symbol, symbols
from greeks.expressions.uniform import uniform_carries

NEAREST = 1e-9  # deviations below this are taken for it: a step without noise lands where it must


@dataclass(frozen=True)
class Gaussian:
    """y' = mean + deviation z given everything before the step; `random` are the carries that differ between paths."""

    y: Expr
    noise: Expr
    mean: Expr
    deviation: Expr
    random: frozenset[Expr]

    @property
    def parts(self) -> dict[str, Expr]:
        """What the law is made of, by name."""
        return {"mean": self.mean, "deviation": self.deviation, "noise": self.noise}

    def at(self, z: Expr) -> Expr:
        """Where the noise z takes y."""
        return self.mean + self.deviation * z

    def standard(self, level: Expr) -> Expr:
        """The noise that takes y to a level."""
        if free_of(self.deviation, self.random):
            return (level - self.mean) / self.deviation
        kept = n.where(const(NEAREST) < self.deviation, self.deviation, const(NEAREST), "guard")
        return (level - self.mean) / kept

    def fixed(self, *levels: Expr) -> bool:
        """Whether the levels are the same on all paths."""
        return all(free_of(level, self.random) for level in levels)


@dataclass(frozen=True)
class Step:
    """A map of the fold, `at`, in which one Gaussian moves `state`: its law, and every other carry before that map.

    `arrived` is the state after the step, in `law.y` and the names of what is `given`. One price is itself that
    Gaussian. Of several, the noise w ~ N(0, C) has a part c zeta in the direction in which all elements are equal,
    c = 1 / sqrt(1' C^-1 1) and zeta = c 1' C^-1 w ~ N(0, 1), independent of w - c zeta. So all prices rise with zeta,
    and the state y = a + b w may go to y + c b (zeta' - zeta) for any zeta': y is given, zeta' - zeta ~ N(-zeta, 1).
    In these words a path that is held fixed moves by zeta alone, whichever price is the lowest.
    """

    at: str
    state: Expr
    law: Gaussian
    arrived: Expr
    given: Mapping[Expr, Expr]
    before: Mapping[Expr, Expr]
    noises: frozenset[Expr]  # of this step

    @classmethod
    def of(cls, fold: Fold) -> Step:
        scoring = fold.scoring
        if scoring is None or len(scoring.states) != 1:
            raise UnsupportedError(
                "conditional: no single Gaussian of the step decides the price here; it needs log-normal steps, "
                "or a price that is Gaussian given the variance"
            )
        y, drawn = scoring.states[0], fold.carry(scoring.states[0]).map(scoring.at)
        law, arrived, given = (_along_common if y.size else _alone)(y, drawn, scoring, _random(fold))
        moved = {c.symbol: substitute(c.map(scoring.at), {drawn: arrived}) for c in fold.carries}
        if scoring.at == "advance":  # the date is reached when the last fine step is done
            moved = {c.symbol: substitute(c.arrive, moved) for c in fold.carries}
        noises = symbols(*scoring.noises) & {z for zs in fold.noise.values() for z in zs}
        return cls(scoring.at, y, law, arrived, given, moved, frozenset(noises))

    def rewound(self, e: Expr) -> Expr:
        """An expression in the values after the step, in those before it and where y has arrived."""
        before = substitute(e, self.before)
        if not free_of(before, self.noises):
            raise UnsupportedError("conditional: more than the price depends on the noise of its step")
        return elementwise(before) if self.state.size else before

    def told(self, e: Expr) -> Expr:
        """An expression with what is given in place of its names."""
        return substitute(e, self.given)

    def taken(self, value: Expr) -> Expr:
        """The state after the step where the Gaussian has taken a value."""
        return self.told(substitute(self.arrived, {self.law.y: value}))


_Split = tuple[Gaussian, Expr, Mapping[Expr, Expr]]
_NOT_LINEAR = "conditional: the step is not linear in its noise"


def _random(fold: Fold) -> frozenset[Expr]:
    return frozenset(c.symbol for c in fold.carries) - uniform_carries(fold)


def _alone(y: Expr, drawn: Expr, scoring: Scoring, random: frozenset[Expr]) -> _Split:
    """The law of one price."""
    z = scoring.noises[0]
    split = linear_in(drawn, z)
    if split is None:
        raise UnsupportedError(_NOT_LINEAR)
    arrived = symbol(f"{y} arrived")
    return Gaussian(arrived, z, *split, random), arrived, {}


def _along_common(y: Expr, drawn: Expr, scoring: Scoring, random: frozenset[Expr]) -> _Split:
    """The law of the direction in which all prices rise."""
    w, weight = scoring.noises[0], scoring.weights[0]
    increment = symbol(f"increment of {y}", y.size)
    split = linear_in(substitute(drawn, {w: increment}), increment)
    if split is None:
        raise UnsupportedError(_NOT_LINEAR)
    _, slope = split
    length = n.unary("sqrt", n.total(substitute(weight, {w: filled(ONE, y.size)})))
    zeta = n.total(weight) / length
    before, rise = symbol(f"{y} as drawn", y.size), symbol(f"rise of {y}")
    law = Gaussian(rise, zeta, -zeta, ONE, random | {before})
    return law, before + floored(slope / length, const(NEAREST)) * rise, {before: drawn}
