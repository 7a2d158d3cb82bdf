"""Amounts that add up along the path, each expected over the step before it."""

from __future__ import annotations

from dataclasses import replace

from greeks.estimators.conditional.expectation import bends, expectation
from greeks.estimators.conditional.gaussian import Step
from greeks.expressions.algebra import additive_in, free_of, linear_in
from greeks.expressions.fold import AT_START, MAPS, OBSERVED, Carry, Fold
from greeks.expressions.node import ZERO, Expr, symbol, symbols, where
from greeks.expressions.uniform import uniform_carries


def flow(carry: Carry) -> Expr | None:
    """What is added on a date, if the carry does nothing but add up."""
    still = carry.arrive is carry.symbol and carry.advance is carry.symbol
    return additive_in(carry.observe, carry.symbol) if still else None


def expected_flow(step: Step, added: Expr) -> Expr:
    """Its expectation over the step before the date, in the values before that step."""
    return OBSERVED * step.told(expectation(step.rewound(added), step.law))


def accumulated(fold: Fold, step: Step) -> tuple[dict[Expr, Expr], tuple[Carry, ...]]:
    """Sums whose terms have kinks or jumps, and carries that add up the terms' expectations instead.

    Only sums that the price is linear in, with a weight that is the same on all paths, and that nothing else reads.
    """
    price, still = fold.outputs["price"], uniform_carries(fold)
    random = {c.symbol for c in fold.carries} - still
    exchanged, carries = {}, []
    for c in fold.carries:
        added = flow(c)
        if added is None or not bends(added, step.state) or not _is_private(fold, c):
            continue
        split = linear_in(price, c.symbol)
        if split is not None and free_of(split[1], random):
            me = symbol(f"expected {c.symbol}")
            today = where(ZERO < AT_START, added, ZERO, "guard") if fold.observes_start else ZERO
            arrived = me + expected_flow(step, added)
            carries.append(replace(c, symbol=me, advance=me, arrive=arrived, observe=me + today))
            exchanged[c.symbol] = me
    return exchanged, tuple(carries)


def _is_private(fold: Fold, c: Carry) -> bool:
    others = [k.map(m) for k in fold.carries if k is not c for m in MAPS]
    return c.symbol not in symbols(*others)
