"""The one Gaussian of a step that decides where a value goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from greeks.errors import UnsupportedError
from greeks.expressions import node as n
from greeks.expressions.algebra import free_of, linear_in
from greeks.expressions.fold import Fold
from greeks.expressions.node import Expr, const, substitute, symbol
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
    """A map of the fold, `at`, in which one Gaussian moves `y`: its law, and every other carry before that map.

    After the step y is called `law.y`, so that expressions may tell it from what it was before.
    """

    at: str
    y: Expr
    law: Gaussian
    before: Mapping[Expr, Expr]

    @classmethod
    def of(cls, fold: Fold) -> Step:
        scoring = fold.scoring
        if scoring is None or len(scoring.states) != 1 or scoring.states[0].size:
            raise UnsupportedError(
                "conditional: no single Gaussian of the step decides the price here; it needs log-normal steps, "
                "or a price that is Gaussian given the variance"
            )
        y, z = scoring.states[0], scoring.noises[0]
        split = linear_in(fold.carry(y).map(scoring.at), z)
        if split is None:
            raise UnsupportedError("conditional: the step is not linear in its noise")
        arrived, drawn = symbol(f"{y} arrived"), fold.carry(y).map(scoring.at)
        moved = {c.symbol: substitute(c.map(scoring.at), {drawn: arrived}) for c in fold.carries}
        if scoring.at == "advance":  # the date is reached when the last fine step is done
            moved = {c.symbol: substitute(c.arrive, moved) for c in fold.carries}
        random = frozenset(c.symbol for c in fold.carries) - uniform_carries(fold)
        return cls(scoring.at, y, Gaussian(arrived, z, *split, random), moved)

    def rewound(self, e: Expr) -> Expr:
        """An expression in the values after the step, in those before it and where y has arrived."""
        before = substitute(e, self.before)
        if not free_of(before, {self.law.noise}):
            raise UnsupportedError("conditional: more than the price depends on the noise of its step")
        return before
