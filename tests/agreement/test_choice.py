"""The pilot's choice against a far larger one, over the cases of the reference values."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from greeks.engine import decision, pilot
from greeks.engine.contract import Contract
from greeks.engine.grid import time_grid
from greeks.engine.menu import menu_for
from greeks.engine.plan import plan_of
from greeks.schemes.defaults import default_scheme
from tests.agreement.agree import Trade
from tests.agreement.record import tables

A_TABLE = 8  # trades of each table, spread over it
MUCH = 2**16  # paths that tell the truth
NEAR, SHARE = 1.2, 0.95


def trades() -> Iterator[Trade]:
    """A spread of every table's trades, those that leave the choice to `auto`."""
    for module in tables().values():
        groups: dict[str, Sequence[Trade]] = getattr(importlib.import_module(f"tests.agreement.{module}"), "TRADES", {})
        every = [t for group in groups.values() for t in group if t.estimator == "auto"]
        yield from every[:: max(1, len(every) // A_TABLE)]


def excesses(trade: Trade) -> Iterator[tuple[str, float]]:
    """(what, work of the choice over that of the truly best) of every contested number of a trade."""
    contract, scheme = Contract.of(trade.model, trade.payoff), trade.scheme or default_scheme(trade.model, trade.payoff)
    grid = time_grid(trade.payoff, scheme)
    menu = menu_for(contract, scheme, grid.shape, trade.greeks, "auto")
    if not menu.contested:
        return
    taken = decision.decide(menu, contract, grid, "cpu").picks
    plan = plan_of(menu, contract, pilot.all_contested(menu), pilot=True)
    found = pilot.sampled(plan, *plan.table(contract, grid), "cpu", paths=MUCH, seed=99)
    for entry, which, samples in zip(menu.entries, taken, plan.samples, strict=True):
        if entry.contested:
            work = np.array(
                [
                    found.covariance[s.column, s.column] * o.cost.of(grid)
                    for s, o in zip(samples, entry.options, strict=True)
                ]
            )
            least = np.nanmin(work)
            yield f"{trade.case.id} {entry.greek.name}", float(work[which[0]] / least) if least else 1.0


@pytest.mark.slow
def test_the_choice_is_near_the_best_almost_always() -> None:
    found = [x for trade in trades() for x in excesses(trade)]
    far = [x for x in found if not x[1] <= NEAR]
    assert len(found) > 300
    assert len(far) <= (1.0 - SHARE) * len(found), f"{len(far)} of {len(found)}: {far}"
