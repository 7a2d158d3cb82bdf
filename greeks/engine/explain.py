"""Which estimator each Greek gets, and why, without simulating."""

from __future__ import annotations

from greeks.engine.contract import Contract
from greeks.engine.grid import time_grid
from greeks.engine.plan import Plan, Wanted, plan_for
from greeks.models.base import Model
from greeks.payoffs.base import Payoff
from greeks.results import Explanation
from greeks.schemes.base import Scheme
from greeks.schemes.defaults import default_scheme


def explanation(
    model: Model, payoff: Payoff, greeks: tuple[str, ...], scheme: Scheme | None, wanted: Wanted
) -> Explanation:
    """The choices for a request."""
    contract = Contract.of(model, payoff)
    scheme = scheme or default_scheme(model)
    plan: Plan = plan_for(contract, scheme, time_grid(payoff, scheme), greeks, wanted, lenient=True)
    asked = [s for s in plan.samples if s.greek != "price"]
    return Explanation(
        {s.greek: s.estimator for s in asked},
        {s.greek: s.reason for s in asked},
        plan.refusals,
        repr(scheme),
        plan.source,
    )
