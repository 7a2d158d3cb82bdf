"""A normal asset: every Greek against the closed form, in the money and out of it, with and without carry."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import greeks as gk
from greeks.reference import bachelier, greeks
from tests.agreement.agree import Trade, assert_agreement
from tests.oracle import Case

REFERENCES: dict[str, tuple[Callable[..., float], Callable[..., gk.Payoff]]] = {
    "call": (bachelier.call, gk.Call),
    "put": (bachelier.put, gk.Put),
    "cash_call": (bachelier.cash_call, gk.DigitalCall),
}
GREEKS = ["price", "delta", "gamma", "vega", "rho", "dividend_rho", "theta", "vanna", "volga", "charm", "veta"]
CONTRACTS = {  # spot, rate, volatility, dividend, strike, maturity
    "at the money": (100.0, 0.02, 15.0, 0.0, 100.0, 1.0),
    "no rate": (100.0, 0.0, 20.0, 0.0, 110.0, 0.5),
    "no carry": (50.0, 0.03, 12.0, 0.03, 45.0, 2.0),
    "negative spot": (-5.0, 0.01, 8.0, 0.0, 0.0, 1.5),
}


def trade(kind: str, label: str) -> Trade:
    price, payoff = REFERENCES[kind]
    spot, rate, volatility, dividend, strike, maturity = CONTRACTS[label]
    exact = greeks(
        price, spot=spot, rate=rate, volatility=volatility, dividend=dividend, strike=strike, maturity=maturity
    )
    values = {g: (float(exact[g]), 1e-12) for g in GREEKS}
    case = Case(f"{label}, {kind}", "bachelier", kind, {}, values, "closed form", "")
    model = gk.Bachelier(spot=spot, rate=rate, volatility=volatility, dividend=dividend)
    return Trade(case, model, payoff(strike=strike, maturity=maturity), {g: {g: 1.0} for g in GREEKS})


TRADES = {kind: [trade(kind, label) for label in CONTRACTS] for kind in REFERENCES}


@pytest.mark.parametrize("kind", REFERENCES)
def test_every_greek(kind: str) -> None:
    assert_agreement("bachelier", TRADES[kind])
