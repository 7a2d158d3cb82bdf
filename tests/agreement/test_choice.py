"""The pilot's choice against a far larger one, over the cases of the reference values."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
import pytest

from greeks.controls import ControlVariate
from greeks.engine.choosing import decision, pilot
from greeks.engine.choosing.contest import Contest
from greeks.engine.choosing.control import CANCELLED
from greeks.engine.choosing.menu import Menu, menu_for
from greeks.engine.choosing.pilot import Pilot
from greeks.engine.choosing.residuals import Question, Sheet
from greeks.engine.choosing.worth import cost_with, worth_of
from greeks.engine.terms.contract import Contract
from greeks.engine.terms.grid import TimeGrid, time_grid
from greeks.schemes.defaults import default_scheme
from tests.agreement.agree import Trade
from tests.agreement.record import tables

Controls = Literal["auto"] | tuple[ControlVariate, ...]
A_TABLE = 8  # trades of each table, spread over it
EVERY = 3  # of these where controls are tried too: every candidate is compiled with all of its controls
MUCH = 2**16  # paths that tell the truth
NEAR, SHARE = 1.2, 0.95


def trades() -> Iterator[Trade]:
    """A spread of every table's trades, those that leave the choice to `auto`."""
    for module in tables().values():
        groups: dict[str, Sequence[Trade]] = getattr(importlib.import_module(f"tests.agreement.{module}"), "TRADES", {})
        every = [t for group in groups.values() for t in group if t.estimator == "auto"]
        yield from every[:: max(1, len(every) // A_TABLE)]


def excesses(trade: Trade, controls: Controls) -> Iterator[tuple[str, float]]:
    """(what, work of the choice over that of the truly best) of every contested number of a trade."""
    contract, scheme = Contract.of(trade.model, trade.payoff), trade.scheme or default_scheme(trade.model, trade.payoff)
    grid = time_grid(trade.payoff, scheme)
    menu = menu_for(contract, scheme, grid.shape, trade.greeks, "auto", controls=controls)
    if not menu.contested:
        return
    taken = decision.decide(menu, contract, grid).picks
    contest = menu.contests[0]
    found = pilot.sampled(contest.plan, *contest.plan.table(contract, grid), paths=MUCH, seed=99)
    for i, (entry, which) in enumerate(zip(menu.entries, taken, strict=True)):
        if entry.contested:
            work = np.array([_work(menu, contest, found, grid, i, k) for k in range(len(entry.options))])
            least = np.nanmin(work)
            yield f"{trade.case.id} {entry.greek.name}", float(work[which[0]] / least) if least else 1.0


def _work(menu: Menu, contest: Contest, found: Pilot, grid: TimeGrid, i: int, k: int) -> float:
    """Variance x cost of option k of entry i, with those of its controls that are worth their time."""

    def only(value: Any) -> tuple[tuple[Any, ...], ...]:
        return tuple((value,) if j == i else () for j in range(len(menu.entries)))

    worth = worth_of(menu, contest.samples_of(only(k)), found, only(k), only(1.0), grid)
    alone = Question(((contest.plan.samples[i][k].column, 1.0),), frozenset())
    (raw,) = found.residuals.on(Sheet.of([alone], contest.plan.pairing)).tolist()
    variance = max(raw / worth.ratios[i], CANCELLED * raw)  # below which it is rounding
    return float(variance * cost_with(menu, (menu.entries[i].options[k],), frozenset(worth.kept[i]), grid))


@pytest.mark.slow
@pytest.mark.parametrize(("controls", "every", "least"), [((), 1, 300), ("auto", EVERY, 100)], ids=["alone", "default"])
def test_the_choice_is_near_the_best_almost_always(controls: Controls, every: int, least: int) -> None:
    found = [x for trade in list(trades())[every // 2 :: every] for x in excesses(trade, controls)]
    far = [x for x in found if not x[1] <= NEAR]
    assert len(found) > least
    assert len(far) <= (1.0 - SHARE) * len(found), f"{len(far)} of {len(found)}: {far}"
