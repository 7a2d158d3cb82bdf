"""Which carries of a fold a direction moves, and how smoothly."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from greeks.expressions.fold import MAPS, Carry, Fold
from greeks.expressions.node import Expr, is_const, symbol
from greeks.expressions.regularity import Regularity, jumps, regularity
from greeks.expressions.tangent import Tangent

Seeds = Callable[[str, Mapping[Expr, Expr]], Mapping[Expr, Expr]]
"""(place, tangents of the carries that move) -> every seed there; a place is "start", a map or "outputs"."""

STAGES = ("start", *MAPS)


def tangent_symbol(c: Carry, mark: str, label: str, vector: bool, size: int) -> Expr:
    """The symbol of carry c's tangent: c's own shape, or in a vector direction a vector."""
    return symbol(f"{c.symbol}{mark}{label}", size if vector else c.symbol.size)


def tangent_carries(
    fold: Fold, names: Mapping[Expr, Expr], seeds: Seeds, vector: bool, held: Collection[Expr] = ()
) -> list[Carry]:
    """The tangents of all carries that move, found by iteration from none; `held` ones do not."""
    moving: dict[Expr, Expr] = {}
    while True:
        operators = {stage: Tangent(seeds(stage, moving), vector) for stage in STAGES}
        new = [c for c in fold.carries if c.symbol not in moving and c.symbol not in held and _moves(c, operators)]
        if not new:
            break
        moving.update({c.symbol: names[c.symbol] for c in new})
    return [
        Carry(names[c.symbol], operators["start"](c.start), *(operators[m](c.map(m)) for m in MAPS))
        for c in fold.carries
        if c.symbol in moving
    ]


def _moves(c: Carry, operators: Mapping[str, Tangent]) -> bool:
    at_start = operators["start"](c.start)
    return any(not is_const(d, 0.0) for d in (at_start, *(operators[m](c.map(m)) for m in MAPS)))


def roughness(
    fold: Fold, moved: Collection[Expr], seeded: Collection[Expr], exempt: Collection[Expr] = ()
) -> tuple[Regularity, list[Expr]]:
    """How smoothly outputs depend on what moves, and the jumps if there are any."""
    moving = {s: Regularity.SMOOTH for s in (*moved, *seeded)}
    roughest, found = Regularity.STILL, []
    parts = [e for c in fold.carries if c.symbol not in exempt for e in (c.start, *(c.map(m) for m in MAPS))]
    for e in (*parts, *fold.outputs.values()):
        level = regularity(e, moving)
        roughest = max(roughest, level)
        if level == Regularity.DISCONTINUOUS:
            found += jumps(e, moving)
    return roughest, found
