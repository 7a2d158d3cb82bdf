"""Likelihood ratios and mixtures against pathwise derivatives and each other, in units of their standard errors."""

from __future__ import annotations

import math
from typing import Any

import pytest

import greeks as gk
from greeks.estimators import Estimator

PATHS = 2**16
BLACK_SCHOLES = gk.BlackScholes(100.0, 0.05, 0.2, 0.02)
MODELS: dict[str, tuple[gk.Model, gk.Scheme | None, list[str]]] = {
    "Black-Scholes": (BLACK_SCHOLES, None, ["delta", "vega", "rho", "dividend_rho", "theta"]),
    "Black-Scholes, Euler": (BLACK_SCHOLES, gk.Euler(steps=4), ["delta", "vega", "rho"]),
    "Bachelier": (gk.Bachelier(100.0, 0.03, 18.0, 0.01), None, ["delta", "vega", "rho", "dividend_rho"]),
    "CEV": (gk.CEV(100.0, 0.05, 2.1, 0.5), gk.Euler(steps=4), ["delta"]),
    "Heston": (
        gk.Heston(100.0, 0.03, 0.05, kappa=2.0, theta=0.04, xi=0.15, rho=-0.6, dividend=0.01),
        gk.Euler(steps=16),
        ["delta", "rho", "d_variance", "d_theta"],
    ),
}


def differ(a: gk.Estimate, b: gk.Estimate) -> float:
    """How many standard errors apart two estimates from independent paths are."""
    return (a.value - b.value) / math.hypot(a.std_error, b.std_error)


@pytest.mark.parametrize("which", MODELS)
def test_likelihood_ratio_agrees_with_pathwise(which: str) -> None:
    model, scheme, greeks = MODELS[which]
    payoff = gk.AsianCall(98.0, 1.0, (0.5, 1.0))
    by_path = gk.sensitivities(model, payoff, greeks, scheme=scheme, estimator=gk.Pathwise(), paths=PATHS, seed=1)
    by_law = gk.sensitivities(model, payoff, greeks, scheme=scheme, estimator=gk.LikelihoodRatio(), paths=PATHS, seed=2)
    for g in greeks:
        assert abs(differ(by_path[g], by_law[g])) < 4.0, g
        assert by_law[g].std_error < 0.25 * abs(by_path[g].value), g


def test_all_four_second_order_estimators_agree() -> None:
    payoff = gk.AsianCall(98.0, 1.0, (0.5, 1.0))
    greeks = ["gamma", "vanna", "volga"]
    candidates: list[Estimator] = [
        gk.Mixed(),
        gk.Mixed(first="pathwise"),
        gk.LikelihoodRatio(),
        gk.FiniteDifference(0.02),
    ]
    found = [
        gk.sensitivities(BLACK_SCHOLES, payoff, greeks, estimator=e, paths=2**18, seed=k)
        for k, e in enumerate(candidates)
    ]
    for g in greeks:
        for other in found[1:]:
            assert abs(differ(found[0][g], other[g])) < 4.0, (g, other[g].estimator)
    assert found[0]["gamma"].std_error < 0.02 * found[0]["gamma"].value
    assert found[0]["gamma"].std_error < 0.5 * found[2]["gamma"].std_error


@pytest.mark.parametrize("greek", ["delta[0]", "vega[1]", "d_correlation[1,0]", "gamma[0,1]", "gamma[1,1]"])
def test_several_assets(greek: str) -> None:
    model = gk.MultiBlackScholes((100.0, 95.0), 0.04, (0.2, 0.3), ((1.0, 0.4), (0.4, 1.0)), (0.0, 0.01))
    payoff = gk.BasketCall(strike=96.0, maturity=1.0)
    second = greek.startswith("gamma")
    everything = ["delta[0]", "vega[1]", "d_correlation[1,0]"] if not second else ["gamma[0,1]", "gamma[1,1]"]
    one: Estimator = gk.Mixed() if second else gk.Pathwise()
    other: Estimator = gk.LikelihoodRatio()
    a = gk.sensitivities(model, payoff, everything, estimator=one, paths=PATHS, seed=3)[greek]
    b = gk.sensitivities(model, payoff, everything, estimator=other, paths=PATHS, seed=4)[greek]
    assert abs(differ(a, b)) < 4.0
    assert a.std_error < 0.1 * abs(a.value)


class DigitalAsian(gk.AsianCall):
    """1 if the average is above the strike."""

    def settle(self, stats: Any, x: Any) -> Any:
        return gk.where(self.average_of(stats) > self.strike, 1.0, 0.0)


def test_jumps_in_an_average_match_bumps() -> None:
    payoff = DigitalAsian(99.0, 1.0, (0.5, 1.0))
    score = gk.LikelihoodRatio()
    found = gk.sensitivities(BLACK_SCHOLES, payoff, ["delta", "vega", "theta"], estimator=score, paths=2**17, seed=5)
    bump = gk.sensitivities(
        BLACK_SCHOLES, payoff, ["delta", "vega"], estimator=gk.FiniteDifference(0.02), paths=2**19, seed=6
    )
    for g in ("delta", "vega"):
        assert abs(differ(found[g], bump[g])) < 4.0, g
        assert found[g].std_error < 0.05 * abs(found[g].value), g


def test_todays_price_inside_a_jump_has_no_density_and_is_refused() -> None:
    """The average sees today's price itself, which moves the jump other than through the law of the path."""
    payoff, score = DigitalAsian(99.0, 1.0, (0.0, 0.5, 1.0)), gk.LikelihoodRatio()
    with pytest.raises(gk.UnsupportedError, match=r"jump.*Remedy"):
        gk.sensitivities(BLACK_SCHOLES, payoff, ["delta"], estimator=score, paths=256)
    vega = gk.sensitivities(BLACK_SCHOLES, payoff, ["vega"], estimator=score, paths=2**17, seed=5)["vega"]
    found = gk.sensitivities(BLACK_SCHOLES, payoff, ["delta", "vega"], paths=2**15, seed=5)
    bumped = gk.FiniteDifference(0.02)
    bump = gk.sensitivities(BLACK_SCHOLES, payoff, ["delta", "vega"], estimator=bumped, paths=2**19, seed=6)
    assert found["delta"].estimator == "conditional", "which moves the jump as today's price does"
    for one in (vega, found["vega"], found["delta"]):
        assert abs(differ(one, bump[one.greek])) < 4.0, one


def test_the_scores_own_mean_is_used_as_control() -> None:
    """A bond: the score times a constant has mean zero, and the control removes it entirely."""

    class Bond(gk.Call):
        def settle(self, stats: Any, x: Any) -> Any:
            return gk.where(x[0] > 0.0, 100.0, 0.0)

    found = gk.sensitivities(
        BLACK_SCHOLES, Bond(1.0, 1.0), ["delta", "vega", "rho"], estimator=gk.LikelihoodRatio(), paths=2**12
    )
    assert abs(found["delta"].value) < 1e-12
    assert found["delta"].std_error < 1e-8  # a difference of squares: the root of rounding
    assert found["rho"].value == pytest.approx(-100.0 * math.exp(-0.05), rel=1e-12)
