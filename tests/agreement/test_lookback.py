"""Discretely monitored lookbacks under Black-Scholes, at inception and with a fixed strike."""

from __future__ import annotations

import pytest

import greeks as gk
from tests.agreement.agree import Trade, assert_agreement, quantities
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
def test_gamma_at_inception_is_zero(right: str) -> None:
    """The price is proportional to the spot: the pathwise delta is price / spot on every path, and the gamma 0."""
    case = cases("B1", INCEPTION + right)[0]
    found = gk.sensitivities(black_scholes(case), payoff(case), ["delta", "gamma"], paths=2**14, seed=1)
    spot = case.params["S0"]
    assert found["delta"].value == pytest.approx(found["price"].value / spot, rel=1e-12)
    assert abs(found["gamma"].value) < 4.0 * found["gamma"].std_error + 1e-12
    assert found["gamma"].std_error < 1e-2 * found["delta"].value
