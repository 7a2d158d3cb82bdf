"""Autocallable notes under Black-Scholes, the spot a tenth below the trigger among them."""

from __future__ import annotations

import math

import pytest

import greeks as gk
from tests.agreement.black_scholes import black_scholes
from tests.oracle import Case, cases

CASES = cases("B3", "autocall_single_asset")
NAMES = {"delta": "delta", "gamma": "gamma", "vega": "vega", "rho": "rho", "dividend_rho": "rho_q"}
SECOND = {"vanna": "vanna", "volga": "volga"}
# Standard deviation of a path, in units of the notional: measured, with headroom 1.5.
DEVIATIONS = {
    "delta": 0.011,
    "gamma": 0.0011,
    "vega": 0.95,
    "rho": 2.1,
    "dividend_rho": 2.0,
    "vanna": 0.07,
    "volga": 12.0,
}


def note(case: Case) -> gk.Payoff:
    p = case.params
    return gk.Autocallable(p["trigger"], p["coupon"], p["protection"], p["S_ref"], p["T"], int(p["n"]))


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_every_greek_by_conditioning(case: Case) -> None:
    names = NAMES | SECOND
    found = gk.sensitivities(
        black_scholes(case), note(case), list(names), estimator=gk.Conditional(), paths=2**16, seed=8
    )
    for name, quantity in names.items():
        estimate, (truth, accuracy) = found[name], case.values[quantity]
        assert abs(estimate.value - truth) < 4.0 * estimate.std_error + accuracy, name
        assert estimate.std_error < DEVIATIONS[name] / math.sqrt(estimate.paths), name


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_likelihood_ratios_agree_with_more_noise(case: Case) -> None:
    plain, found = (
        gk.sensitivities(black_scholes(case), note(case), list(NAMES), estimator=by, paths=2**15, seed=9)
        for by in (gk.LikelihoodRatio(), gk.Conditional())
    )
    for name, quantity in NAMES.items():
        assert abs(plain[name].z_score(case.values[quantity][0])) < 4.0, name
        assert plain[name].std_error > found[name].std_error, name
