"""Which expressions are the same for all paths, and rewriting that gathers them so that they are computed once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import reduce

from greeks.expressions import node as n
from greeks.expressions.fold import MAPS, Fold
from greeks.expressions.node import ONE, Expr, postorder, rebuild, symbols


def uniform_carries(fold: Fold) -> frozenset[Expr]:
    """Carries that are the same on every path: they start so and no map brings noise or another path's value in."""
    noise = {z for zs in fold.noise.values() for z in zs}
    varying = set(noise)
    while True:
        more = {
            c.symbol
            for c in fold.carries
            if c.symbol not in varying and not symbols(c.start, *(c.map(m) for m in MAPS)).isdisjoint(varying)
        }
        if not more:
            return frozenset(c.symbol for c in fold.carries if c.symbol not in varying)
        varying |= more


class Tidy:
    """Rewrites expressions so that uniform factors and divisors stand together, to be taken out of the loop."""

    def __init__(self, varying: Collection[Expr]) -> None:
        self._varies: dict[Expr, bool] = dict.fromkeys(varying, True)
        self._memo: dict[Expr, Expr] = {}

    def varies(self, e: Expr) -> bool:
        """Whether `e` differs between paths."""
        for part in postorder([e], stop=self._varies):
            if part not in self._varies:
                self._varies[part] = any(self._varies[a] for a in part.args)
        return self._varies[e]

    def __call__(self, e: Expr) -> Expr:
        for part in postorder([e], stop=self._memo):
            if part not in self._memo:
                args = tuple(self._memo[a] for a in part.args)
                again = rebuild(part, args) if part.args and args != part.args else part
                self._memo[part] = self._improve(again)
        return self._memo[e]

    def _improve(self, e: Expr) -> Expr:
        if e.op == "div" and not self.varies(e.args[1]) and self.varies(e.args[0]):
            e = e.args[0] * (ONE / e.args[1])
        if e.op == "mul" and self.varies(e):
            factors = self._factors(e)
            fixed = [f for f in factors if not self.varies(f)]
            if len(fixed) > 1:
                moving = [f for f in factors if self.varies(f)]
                return reduce(n.mul, moving) * reduce(n.mul, fixed)
        return e

    def _factors(self, e: Expr) -> list[Expr]:
        if e.op == "mul" and self.varies(e):
            return [f for a in e.args for f in self._factors(a)]
        return [e]


def tidied(fold: Fold) -> Fold:
    """The fold with every expression rewritten by `Tidy`."""
    still = uniform_carries(fold)
    varying = {z for zs in fold.noise.values() for z in zs} | {c.symbol for c in fold.carries} - still
    tidy = Tidy(varying)
    carries = tuple(c.changed(tidy) for c in fold.carries)
    return replace(fold, carries=carries, outputs={k: tidy(e) for k, e in fold.outputs.items()})


def merged(fold: Fold, first: str, then: str) -> dict[Expr, Expr]:
    """What map `then` after map `first` turns every carry into."""
    inner = {c.symbol: c.map(first) for c in fold.carries}
    return {c.symbol: n.substitute(c.map(then), inner) for c in fold.carries}
