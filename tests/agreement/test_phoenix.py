"""Notes with conditional coupons: coupons, redemption and protection all jump with the price of their date."""

from __future__ import annotations

import math

import pytest

import greeks as gk
from tests.agreement.black_scholes import black_scholes
from tests.oracle import Case, cases

CASES = cases("B3", "autocall_phoenix")
NAMES = {
    "delta": "delta",
    "gamma": "gamma",
    "vega": "vega",
    "rho": "rho",
    "dividend_rho": "rho_q",
    "vanna": "vanna",
    "volga": "volga",
}
# Standard deviation of a path, in units of the notional: measured, with headroom 1.5.
DEVIATIONS = {
    "delta": 0.0081,
    "gamma": 0.00034,
    "vega": 0.49,
    "rho": 0.70,
    "dividend_rho": 0.63,
    "vanna": 0.024,
    "volga": 3.4,
}


def note(case: Case) -> gk.Payoff:
    p = case.params
    levels = (p["trigger"], p["coupon"], p["coupon_barrier"], p["protection"], p["S_ref"])
    return gk.PhoenixAutocallable(*levels, p["T"], int(p["n"]))


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_every_greek_by_conditioning(case: Case) -> None:
    found = gk.sensitivities(
        black_scholes(case), note(case), list(NAMES), estimator=gk.Conditional(), paths=2**16, seed=8
    )
    for name, quantity in NAMES.items():
        estimate, (truth, accuracy) = found[name], case.values[quantity]
        assert abs(estimate.value - truth) < 4.0 * estimate.std_error + accuracy, name
        assert estimate.std_error < DEVIATIONS[name] / math.sqrt(estimate.paths), name


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_likelihood_ratios_agree_with_more_noise(case: Case) -> None:
    names = ["delta", "vega", "rho"]
    plain, found = (
        gk.sensitivities(black_scholes(case), note(case), names, estimator=e, paths=2**15, seed=9)
        for e in (gk.LikelihoodRatio(), gk.Conditional())
    )
    for name in names:
        assert abs(plain[name].z_score(case.values[name][0])) < 4.0, name
        assert plain[name].std_error > 2.0 * found[name].std_error, name
