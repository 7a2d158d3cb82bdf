"""Closed forms of European contracts against the reference values, all Greeks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from greeks.errors import SchemaError, UnsupportedError
from greeks.reference import bachelier, black_scholes, greeks, heston, margrabe
from tests.oracle import Case, cases

COMMON = {"S0": "spot", "r": "rate", "sigma": "volatility", "q": "dividend", "T": "maturity", "K": "strike"}
GREEKS = {
    "rho_q": "dividend_rho",
    "dS_dr": "d2_spot_rate",
    "d_v0": "d_variance",
    "d2_v0": "d2_variance",
    "d2_S_v0": "d2_spot_variance",
}
HESTON = {
    "european_call": heston.call,
    "european_put": heston.put,
    "european_digital_cash_or_nothing_call": heston.cash_call,
}
FRIENDLY = {
    "spot": 100.0,
    "rate": 0.03,
    "variance": 0.04,
    "kappa": 2.0,
    "theta": 0.04,
    "xi": 0.3,
    "rho": -0.5,
    "dividend": 0.01,
    "maturity": 1.0,
}


def assert_agrees(case: Case, found: Any, names: dict[str, str], relative: float) -> None:
    """Within the accuracy of the reference plus rounding."""
    wrong = {}
    for quantity, (value, accuracy) in case.values.items():
        got = found[names.get(quantity, quantity)]
        if not abs(got - value) <= accuracy + relative * abs(value):
            wrong[quantity] = (got, value, accuracy)
    assert not wrong


@pytest.mark.parametrize("case", cases("A"), ids=str)
def test_black_scholes(case: Case) -> None:
    arguments = {COMMON[name]: value for name, value in case.params.items()}
    found = greeks(getattr(black_scholes, case.payoff), **arguments)
    assert_agrees(case, found, GREEKS, relative=2e-12)


@pytest.mark.parametrize("case", cases("D", list(HESTON)), ids=str)
def test_heston(case: Case) -> None:
    """`theta` is the calendar's, `d_theta` the long-run variance's; likewise `rho` and `d_rho`."""
    names = COMMON | {"v0": "variance"}
    arguments = {names.get(name, name): value for name, value in case.params.items()}
    assert_agrees(case, greeks(HESTON[case.payoff], **arguments), GREEKS, relative=1e-12)


@pytest.mark.parametrize("case", cases("C", "exchange_option"), ids=str)
def test_margrabe(case: Case) -> None:
    names = {"S1": "spot_1", "S2": "spot_2", "sigma1": "volatility_1", "sigma2": "volatility_2"}
    names |= {"rho": "correlation", "q1": "dividend_1", "q2": "dividend_2", "T": "maturity"}
    arguments = {names[name]: value for name, value in case.params.items() if name != "r"}
    found = greeks(margrabe.exchange, **arguments)
    quantities = {"delta1": "d_spot_1", "delta2": "d_spot_2", "gamma11": "d2_spot_1", "gamma22": "d2_spot_2"}
    quantities |= {"gamma12": "d2_spot_1_spot_2", "vega1": "d_volatility_1", "vega2": "d_volatility_2"}
    quantities |= {"d_rho": "d_correlation", "vanna11": "d2_spot_1_volatility_1"}
    quantities |= {"vanna12": "d2_spot_1_volatility_2"}
    values = {name: value for name, value in case.values.items() if name != "rho_r"}
    assert case.values["rho_r"][0] == 0.0
    assert_agrees(Case(case.id, "", "", {}, values, "", ""), found, quantities, relative=1e-12)


@pytest.mark.parametrize("strike", [70.0, 100.0, 101.0, 140.0])
@pytest.mark.parametrize(("rate", "dividend"), [(0.0, 0.0), (0.04, 0.04), (0.05, 0.01), (-0.2, 0.1)])
def test_bachelier_is_the_mean_over_a_normal(rate: float, dividend: float, strike: float) -> None:
    """Against Gauss-Legendre quadrature of the payoff over the exact law of S_T."""
    spot, volatility, maturity = 100.0, 20.0, 1.5
    growth = (rate - dividend) * maturity
    spread = volatility * (maturity if growth == 0.0 else maturity * np.expm1(2.0 * growth) / (2.0 * growth)) ** 0.5
    forward = spot * np.exp(growth)
    x, w = np.polynomial.legendre.leggauss(200)
    gain = 0.5 * (x + 1.0) * 12.0 * spread
    density = np.exp(-0.5 * ((strike + gain - forward) / spread) ** 2) / (spread * np.sqrt(2.0 * np.pi))
    mean = float(np.sum(0.5 * w * 12.0 * spread * gain * density))
    price = bachelier.call(spot, rate, volatility, dividend, strike, maturity)
    assert price == pytest.approx(np.exp(-rate * maturity) * mean, rel=1e-9, abs=1e-12)


def test_bachelier_put_and_digital_follow_from_the_call() -> None:
    base = {
        "spot": 100.0,
        "rate": 0.03,
        "volatility": 20.0,
        "dividend": 0.03,
        "strike": 95.0,
        "maturity": 2.0,
    }
    call, put = greeks(bachelier.call, **base), greeks(bachelier.put, **base)
    parity = (100.0 - 95.0) * np.exp(-0.06)
    assert call["price"] - put["price"] == pytest.approx(parity, rel=1e-13)
    assert call["vega"] == pytest.approx(put["vega"], rel=1e-13)
    assert bachelier.cash_call(**base) == pytest.approx(-call["dual_delta"], rel=1e-13)


def test_heston_prices_an_array_of_strikes() -> None:
    strikes = np.array([70.0, 95.0, 100.0, 130.0])
    together = heston.call(strike=strikes, **FRIENDLY)  # type: ignore[arg-type]
    single = [heston.call(strike=float(strike), **FRIENDLY) for strike in strikes]
    np.testing.assert_allclose(together, single, rtol=1e-12)


def test_heston_without_volatility_of_variance_is_black_scholes() -> None:
    """At tiny xi and rho = 0 the variance path is known; here it is constant."""
    calm = FRIENDLY | {"xi": 1e-7, "rho": 0.0}
    expected = black_scholes.call(100.0, 0.03, 0.2, 0.01, 105.0, 1.0)
    assert heston.call(strike=105.0, **calm) == pytest.approx(expected, rel=1e-12)


def test_heston_digital_is_minus_the_slope_of_the_call() -> None:
    slope = greeks(heston.call, strike=110.0, **FRIENDLY)["dual_delta"]
    assert heston.cash_call(strike=110.0, **FRIENDLY) == pytest.approx(-slope, rel=1e-12)


@pytest.mark.parametrize("volatility", [0.01, 0.2, 1.5])
def test_implied_volatility_inverts_the_price(volatility: float) -> None:
    price = black_scholes.call(100.0, 0.03, volatility, 0.01, 104.0, 2.0)
    found = black_scholes.implied_volatility(price, 100.0, 0.03, 0.01, 104.0, 2.0)
    assert found == pytest.approx(volatility, abs=1e-9)


def test_implied_volatility_refuses_an_impossible_price() -> None:
    with pytest.raises(SchemaError, match=r"price=101\.0.*arbitrage"):
        black_scholes.implied_volatility(101.0, 100.0, 0.03, 0.0, 104.0, 2.0)


@pytest.mark.parametrize("name", ["vega", "d_sigma", "d2_spot", "delat", "d2_spot_volatility"])
def test_a_greek_that_is_none_is_refused_by_name(name: str) -> None:
    found = greeks(heston.call, strike=100.0, **FRIENDLY)
    if name == "d2_spot":
        assert found[name] == found["gamma"]
    else:
        with pytest.raises(UnsupportedError, match=name):
            found[name]
