"""Which carries of a fold a direction moves, and how smoothly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

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


def tangent_carries(fold: Fold, names: Mapping[Expr, Expr], seeds: Seeds, vector: bool) -> list[Carry]:
    """The tangents of all carries that move, found by iteration from none."""
    moving: dict[Expr, Expr] = {}
    while True:
        operators = {stage: Tangent(seeds(stage, moving), vector) for stage in STAGES}
        new = [c for c in fold.carries if c.symbol not in moving and _moves(c, operators)]
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


def roughness(fold: Fold, moving: Callable[[str], Mapping[Expr, Regularity]]) -> tuple[Regularity, list[Expr]]:
    """How smoothly carries and outputs depend on what is `moving` at each place, and the jumps if there are any."""
    roughest, found = Regularity.STILL, []
    for place in (*STAGES, "outputs"):
        at_place = moving(place)
        for e in _parts(fold, place):
            level = regularity(e, at_place)
            roughest = max(roughest, level)
            if level == Regularity.DISCONTINUOUS:
                found += jumps(e, at_place)
    return roughest, found


def _parts(fold: Fold, place: str) -> Iterable[Expr]:
    if place == "outputs":
        return fold.outputs.values()
    return [c.start if place == "start" else c.map(place) for c in fold.carries]
