"""Discretely monitored lookbacks under Black-Scholes, at inception and with a fixed strike."""

from __future__ import annotations

import pytest

import greeks as gk
from tests.agreement.agree import Trade, assert_agreement, assert_refused, quantities
from tests.agreement.black_scholes import NAMES, black_scholes, dates_from_start
from tests.oracle import Case, cases

INCEPTION, FIXED = "lookback_discrete_inception_floating_", "lookback_discrete_fixed_strike_call"
FAMILY = {INCEPTION + "call": "B1", INCEPTION + "put": "B1", FIXED: "B3"}


def payoff(case: Case) -> gk.Payoff:
    """At inception today's price counts, and moves with the spot; a fixed strike above the spot makes it irrelevant."""
    p = case.params
    if case.payoff == FIXED:
        return gk.LookbackCall(maturity=p["T"], dates=int(p["n"]), strike=p["K"])
    kind = gk.LookbackCall if case.payoff.endswith("call") else gk.LookbackPut
    return kind(maturity=p["T"], dates=dates_from_start(p))


def trade(case: Case) -> Trade:
    return Trade(case, black_scholes(case), payoff(case), quantities(case, NAMES))


TRADES = {kind: [trade(case) for case in cases(family, kind)] for kind, family in FAMILY.items()}


@pytest.mark.parametrize("kind", TRADES)
def test_every_greek(kind: str) -> None:
    assert_agreement("lookback", TRADES[kind])


@pytest.mark.parametrize("right", ["call", "put"])
def test_delta_at_inception_is_price_over_spot_on_every_path(right: str) -> None:
    """The payoff is proportional to the spot. Its gamma is 0, which is refused rather than found."""
    trade = TRADES[INCEPTION + right][0]
    found = gk.sensitivities(trade.model, trade.payoff, ["delta"], estimator=gk.Pathwise(), paths=2**12, seed=1)
    weights = {"delta": trade.case.params["S0"], "price": -1.0}
    assert abs(found.combination(weights).value) < 1e-12 * found["price"].value
    assert_refused(trade, "gamma", "jump at")
