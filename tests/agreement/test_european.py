"""Calls, puts and digitals under Black-Scholes: every Greek against the closed form."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import greeks as gk
from tests.agreement.agree import (
    Row,
    Trade,
    assert_agreement,
    assert_close,
    quantities,
)
from tests.agreement.black_scholes import NAMES, black_scholes
from tests.oracle import Case, cases

PAYOFFS: dict[str, Callable[..., gk.Payoff]] = {
    "call": gk.Call,
    "put": gk.Put,
    "cash_call": gk.DigitalCall,
    "cash_put": gk.DigitalPut,
    "asset_call": gk.AssetOrNothingCall,
    "asset_put": gk.AssetOrNothingPut,
}
DIGITALS = [name for name in PAYOFFS if "_" in name]
DEGREE = {"call": 1, "put": 1, "cash_call": 0, "cash_put": 0, "asset_call": 1, "asset_put": 1}


def payoff(case: Case) -> gk.Payoff:
    return PAYOFFS[case.payoff](strike=case.params["K"], maturity=case.params["T"])


def trade(case: Case) -> Trade:
    return Trade(case, black_scholes(case), payoff(case), quantities(case, NAMES))


TRADES = {name: [trade(case) for case in cases("A", name)] for name in PAYOFFS}


@pytest.mark.parametrize("name", PAYOFFS)
def test_every_greek(name: str) -> None:
    assert_agreement("european", TRADES[name])


@pytest.mark.parametrize("greek", ["delta", "gamma", "vega", "rho"])
def test_one_hour_before_expiry(greek: str) -> None:
    """The digital at the money, where bumps and smoothing break down: 3 % of the value or better from 2^18 paths."""
    [case] = cases("A", "cash_call", id_contains="hour_to_exp")
    found = gk.sensitivities(black_scholes(case), payoff(case), [greek], paths=2**18, seed=3)[greek]
    truth, accuracy = case.values[greek]
    row = Row(case.id, greek, found, truth, accuracy)
    assert_close([row])
    assert found.std_error < 0.03 * abs(truth), str(row)


@pytest.mark.parametrize("name", PAYOFFS)
def test_derivatives_in_the_strike_by_homogeneity(name: str) -> None:
    """V is homogeneous of degree n in spot and strike (Euler).

    K V_K = n V - S V_S, and K^2 V_KK = n (n - 1) V - 2 (n - 1) S V_S + S^2 V_SS.
    """
    found: list[Row] = []
    n = DEGREE[name]
    for case in cases("A", name):
        s, k = case.params["S0"], case.params["K"]
        r = gk.sensitivities(black_scholes(case), payoff(case), ["delta", "gamma"], paths=2**16, seed=5)
        first = {"price": n / k, "delta": -s / k}
        second = {"price": n * (n - 1) / k**2, "delta": -2 * (n - 1) * s / k**2, "gamma": (s / k) ** 2}
        for greek, weights in (("dual_delta", first), ("dual_gamma", second)):
            found.append(Row(case.id, greek, r.combination(weights, greek), *case.values[greek]))
    assert_close(found)
