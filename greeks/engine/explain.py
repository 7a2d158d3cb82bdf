"""Which estimator each Greek gets, and why, from no more than a pilot."""

from __future__ import annotations

from greeks.engine.contract import Contract
from greeks.engine.decision import decide
from greeks.engine.grid import time_grid
from greeks.engine.legs import Controls
from greeks.engine.menu import Wanted, menu_for
from greeks.engine.plan import plan_of
from greeks.engine.reading import readings_of
from greeks.errors import UnsupportedError
from greeks.models.base import Model
from greeks.payoffs.base import Payoff
from greeks.results import Explanation
from greeks.schemes.base import Scheme
from greeks.schemes.defaults import default_scheme
from greeks.schemes.multilevel import Multilevel


def explanation(
    model: Model,
    payoff: Payoff,
    greeks: tuple[str, ...],
    scheme: Scheme | None,
    wanted: Wanted,
    controls: Controls = "auto",
) -> Explanation:
    """The choices for a request."""
    contract = Contract.of(model, payoff)
    asked_for = scheme or default_scheme(model)
    scheme = asked_for.inner if isinstance(asked_for, Multilevel) else asked_for
    grid = time_grid(payoff, scheme)
    menu = menu_for(contract, scheme, grid.shape, greeks, wanted, (UnsupportedError,), controls)
    decision = decide(menu, contract, grid, "cpu")
    plan = plan_of(menu, contract, decision.picks, controls=decision.controls)
    asked = [r for r in readings_of(menu, decision, plan) if r.greek != "price"]
    return Explanation(
        {r.greek: r.estimator for r in asked},
        {r.greek: r.reason for r in asked},
        menu.refusals,
        repr(asked_for),
        plan.source,
    )
