"""A fold cut into stages: what is computed in one go, between noise and noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from greeks.engine.terms.grid import GridShape
from greeks.expressions.fold import Fold
from greeks.expressions.node import Expr, substitute, symbols
from greeks.expressions.uniform import Tidy, merged, tidied, uniform_carries


@dataclass(frozen=True)
class Stage:
    """Updates of carries (or outputs) that happen together, after `noise` has been drawn."""

    name: str
    updates: Mapping[Expr, Expr]
    noise: tuple[Expr, ...] = ()


@dataclass(frozen=True)
class Stages:
    """A program before it is text.

    `uniform` carries are the same on all paths and live in a table; the others are `varying`. `fine` is None where no
    path does anything between dates. `seen` and `unseen` are the two kinds of date. Where the contract is a
    `single` interval everything on the path is in `settle`.
    """

    fold: Fold
    uniform: frozenset[Expr]
    varying: tuple[Expr, ...]
    fine: Stage | None
    seen: Stage | None
    unseen: Stage | None
    opening: Stage | None
    settle: Mapping[str, Expr]
    single: bool
    tidy: Tidy


def cut(fold: Fold, shape: GridShape) -> Stages:
    """The stages of a fold on a grid of the given shape."""
    fold = tidied(fold.pruned().constants_folded()).pruned()
    uniform = uniform_carries(fold)
    varying = tuple(c.symbol for c in fold.carries if c.symbol not in uniform)
    noise = {z for zs in fold.noise.values() for z in zs}
    tidy = Tidy(noise | set(varying), noise)
    moving = {c.symbol: c.advance for c in fold.carries if c.symbol in varying}
    fine = _stage("fine", fold, moving, "advance") if any(e is not s for s, e in moving.items()) else None
    single = shape.single and fine is None and not shape.observes_start
    seen = {s: tidy(e) for s, e in merged(fold, "arrive", "observe").items()}
    unseen = {c.symbol: c.arrive for c in fold.carries}
    if single:
        last = seen if shape.any_observed else unseen
        begin = {c.symbol: c.start for c in fold.carries if c.symbol in varying}
        settle = {k: tidy(substitute(substitute(e, last), begin)) for k, e in fold.outputs.items()}
        return Stages(fold, uniform, (), None, None, None, None, settle, True, tidy)
    opening = {c.symbol: c.observe for c in fold.carries if c.symbol in varying}
    return Stages(
        fold,
        uniform,
        varying,
        fine,
        _stage("seen", fold, _only(seen, varying), "arrive") if shape.any_observed else None,
        None if shape.all_observed else _stage("unseen", fold, _only(unseen, varying), "arrive"),
        Stage("opening", opening) if shape.observes_start else None,
        dict(fold.outputs),
        False,
        tidy,
    )


def _only(updates: Mapping[Expr, Expr], varying: tuple[Expr, ...]) -> dict[Expr, Expr]:
    return {s: updates[s] for s in varying}


def _stage(name: str, fold: Fold, updates: Mapping[Expr, Expr], at: str) -> Stage:
    """With what does not change left out, and the noise that is used."""
    changed = {s: e for s, e in updates.items() if e is not s}
    used = symbols(*changed.values()) if changed else set()
    noise = tuple(z for z in fold.noise.get(at, ()) if z in used)
    return Stage(name, changed, fold.noise.get(at, ()) if noise else ())
