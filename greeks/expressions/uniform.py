"""Which expressions are the same for all paths, and rewriting that gathers them so that they are computed once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import reduce

from greeks.expressions import node as n
from greeks.expressions.fold import Fold, depending
from greeks.expressions.node import ONE, Expr, postorder, rebuild


def uniform_carries(fold: Fold) -> frozenset[Expr]:
    """Carries that are the same on every path: they start so and no map brings noise or another path's value in."""
    noise = {z for zs in fold.noise.values() for z in zs}
    return frozenset(c.symbol for c in fold.carries) - depending(fold, noise)


class Tidy:
    """Rewrites expressions so that uniform factors and divisors stand together, to be taken out of the loop."""

    def __init__(self, varying: Collection[Expr], noise: Collection[Expr] = ()) -> None:
        self._noise = frozenset(noise)
        self._varies: dict[Expr, bool] = dict.fromkeys(varying, True)
        self._memo: dict[Expr, Expr] = {}

    def varies(self, e: Expr) -> bool:
        """Whether `e` differs between paths."""
        if e in self._varies:
            return self._varies[e]
        for part in postorder([e], stop=self._varies):
            if part not in self._varies:
                self._varies[part] = any(self._varies[a] for a in part.args)
        return self._varies[e]

    def __call__(self, e: Expr) -> Expr:
        if e in self._memo:
            return self._memo[e]
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
            moving = [f for f in factors if self.varies(f)]
            if fixed and len(moving) > 1:
                return self._scaled(moving, reduce(n.mul, fixed))
            if len(fixed) > 1:
                return moving[0] * reduce(n.mul, fixed)
        if e.op in ("add", "sub") and self.varies(e):
            return self._collected(e)
        return e

    def _scaled(self, moving: list[Expr], weight: Expr) -> Expr:
        """A product times a uniform weight, which goes to the noise, if any: that product is shared by all tangents."""
        k = next((k for k, f in enumerate(moving) if f in self._noise), None)
        if k is None:
            return reduce(n.mul, moving) * weight
        return reduce(n.mul, [*moving[:k], *moving[k + 1 :]]) * (moving[k] * weight)

    def _collected(self, e: Expr) -> Expr:
        """u1 x + u2 x as (u1 + u2) x, where the sum has such terms."""
        terms = self._terms(e)
        weights: dict[Expr, Expr] = {}
        for x, u in terms:
            weights[x] = weights[x] + u if x in weights else u
        if len(weights) == len(terms):
            return e
        total = n.ZERO
        for x, u in weights.items():
            total = total - x * u.args[0] if u.op == "neg" else total + x * u
        return total

    def _terms(self, e: Expr) -> list[tuple[Expr, Expr]]:
        """A sum as (varying, uniform) factors; what does not vary at all is a weight of 1."""
        if e.op in ("add", "sub") and self.varies(e):
            left, right = (self._terms(a) for a in e.args)
            return left + ([(x, -u) for x, u in right] if e.op == "sub" else right)
        if e.op == "neg":
            return [(x, -u) for x, u in self._terms(e.args[0])]
        if not self.varies(e):
            return [(ONE, e)]
        moving = [f for f in self._factors(e) if self.varies(f)]
        fixed = [f for f in self._factors(e) if not self.varies(f)]
        return [(reduce(n.mul, moving), reduce(n.mul, fixed, ONE))]

    def _factors(self, e: Expr) -> list[Expr]:
        if e.op == "mul" and self.varies(e):
            return [f for a in e.args for f in self._factors(a)]
        return [e]


def tidied(fold: Fold) -> Fold:
    """The fold with every expression rewritten by `Tidy`."""
    still = uniform_carries(fold)
    noise = {z for zs in fold.noise.values() for z in zs}
    tidy = Tidy(noise | {c.symbol for c in fold.carries} - still, noise)
    carries = tuple(c.changed(tidy) for c in fold.carries)
    return replace(fold, carries=carries, outputs={k: tidy(e) for k, e in fold.outputs.items()})


def merged(fold: Fold, first: str, then: str) -> dict[Expr, Expr]:
    """What map `then` after map `first` turns every carry into."""
    inner = {c.symbol: c.map(first) for c in fold.carries}
    return {c.symbol: n.substitute(c.map(then), inner) for c in fold.carries}
