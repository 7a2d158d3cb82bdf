"""Weights that hand a tangent to the density at once, evenly or at the last step: one derivative, three variances."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import greeks as gk
from greeks.engine.terms.grid import time_grid
from greeks.estimators import Estimator

WEIGHTS: list[Estimator] = [gk.LikelihoodRatio(), gk.Malliavin(), gk.Vibrato()]
PATHS = 2**17


def differ(a: gk.Estimate, b: gk.Estimate) -> float:
    """How many standard errors apart two estimates from independent paths are."""
    return (a.value - b.value) / math.hypot(a.std_error, b.std_error)


@dataclass(frozen=True)
class ExponentialVolatility(gk.Model):
    """dS = r S dt + e^v S dW_1, dv = kappa (mean - v) dt + xi (rho dW_1 + sqrt(1 - rho^2) dW_2)"""

    spot: gk.Scalar
    log_volatility: gk.Scalar
    rate: gk.Scalar
    kappa: gk.Scalar
    mean: gk.Scalar
    xi: gk.Scalar
    rho: gk.Scalar
    state = ("spot", "log_volatility")

    def drift(self, t: Any, x: Any) -> Any:
        return self.rate * x[0], self.kappa * (self.mean - x[1])

    def diffusion(self, t: Any, x: Any) -> Any:
        return (gk.exp(x[1]) * x[0], 0.0), (self.xi * self.rho, self.xi * gk.sqrt(1.0 - self.rho * self.rho))

    def discount(self, t: Any) -> Any:
        return gk.exp(-self.rate * t)


@dataclass(frozen=True)
class CalmUp(gk.Payoff):
    """1 if S_T is above the strike and the volatility below a level, and S never was far below the strike"""

    strike: gk.Scalar
    level: gk.Scalar
    maturity: gk.Scalar
    dates: int = 2

    def start(self) -> Any:
        return (1.0,)

    def observe(self, stats: Any, t: Any, x: Any) -> Any:
        return (gk.where(x[0] > 0.85 * self.strike, stats[0], 0.0),)

    def settle(self, stats: Any, x: Any) -> Any:
        return gk.where((x[0] > self.strike) & (x[1] < self.level), stats[0], 0.0)


@dataclass(frozen=True)
class CallOnBoth(gk.Payoff):
    """max(S_T - K, 0) e^v_T, which has kinks and no jumps"""

    strike: gk.Scalar
    maturity: gk.Scalar
    dates: int = 2

    def start(self) -> Any:
        return (0.0,)

    def observe(self, stats: Any, t: Any, x: Any) -> Any:
        return (stats[0] + 0.5 * x[0],)

    def settle(self, stats: Any, x: Any) -> Any:
        return gk.maximum(stats[0] - self.strike, 0.0) * gk.exp(x[1])


TWO_FACTORS = ExponentialVolatility(100.0, -1.6, 0.03, kappa=1.5, mean=-1.5, xi=0.6, rho=-0.5)
CALM_UP, CALL_ON_BOTH = CalmUp(100.0, -1.4, 1.0), CallOnBoth(100.0, 1.0)

Settings = dict[str, Any]
COARSE: Settings = {"scheme": gk.Euler(steps=8)}
FIRST = ["delta", "d_log_volatility", "d_xi", "d_rho", "rho", "theta"]
SECOND = ["gamma", "d2_spot_xi"]
ACROSS = ["delta", "d_log_volatility", "d_xi", "d_kappa", "gamma"]


@cache
def bumped() -> gk.Sensitivities:
    """Of a payoff with jumps in both states."""
    bump = gk.FiniteDifference(0.02)
    return gk.sensitivities(TWO_FACTORS, CALM_UP, ACROSS, estimator=bump, paths=2**20, seed=9, **COARSE)


@pytest.mark.parametrize("weight", WEIGHTS, ids=lambda w: w.name)
def test_two_factors_across_a_jump_match_bumps(weight: Estimator) -> None:
    found = gk.sensitivities(TWO_FACTORS, CALM_UP, ACROSS, estimator=weight, paths=PATHS, seed=4, **COARSE)
    for g in ACROSS:
        assert abs(differ(found[g], bumped()[g])) < 4.0, g
    for g in ("delta", "d_log_volatility"):
        assert found[g].std_error < 0.05 * abs(found[g].value), g


@cache
def along_the_path() -> gk.Sensitivities:
    """Of a payoff with kinks: first derivatives pathwise, second ones mixed."""
    estimators = {**dict.fromkeys(FIRST, gk.Pathwise()), **dict.fromkeys(SECOND, gk.Mixed())}
    return gk.sensitivities(
        TWO_FACTORS, CALL_ON_BOTH, [*FIRST, *SECOND], estimator=estimators, paths=PATHS, seed=1, **COARSE
    )


@pytest.mark.parametrize("weight", WEIGHTS, ids=lambda w: w.name)
def test_two_factors_without_a_jump_match_the_path(weight: Estimator) -> None:
    greeks = [*FIRST, *SECOND]
    found = gk.sensitivities(TWO_FACTORS, CALL_ON_BOTH, greeks, estimator=weight, paths=PATHS, seed=3, **COARSE)
    for g in greeks:
        assert abs(differ(found[g], along_the_path()[g])) < 4.0, g
    for g in ("delta", "d_log_volatility", "rho"):
        assert found[g].std_error < 0.05 * abs(found[g].value), g


@dataclass(frozen=True)
class SkewedVolatility(gk.Model):
    """dS = r S dt + sigma S (1 + skew log(S / 100)) dW"""

    spot: gk.Scalar
    rate: gk.Scalar
    volatility: gk.Scalar
    skew: gk.Scalar = -0.2
    state = ("spot",)

    def drift(self, t: Any, x: Any) -> Any:
        return (self.rate * x[0],)

    def diffusion(self, t: Any, x: Any) -> Any:
        return ((self.volatility * x[0] * (1.0 + self.skew * gk.log(x[0] / 100.0)),),)

    def discount(self, t: Any) -> Any:
        return gk.exp(-self.rate * t)


SKEWED = SkewedVolatility(100.0, 0.05, 0.2)
CEV = gk.CEV(100.0, 0.05, 2.0, 0.5)
DIGITAL = gk.DigitalCall(100.0, 1.0)


def deviations(weight: Estimator, model: gk.Model, greeks: list[str], steps: int) -> dict[str, float]:
    """Standard deviation of one sample; on 2^15 paths that of any of them is good to a few per cent."""
    settings: dict[str, Any] = {"scheme": gk.Euler(steps), "estimator": weight, "paths": 2**15, "seed": 3}
    found = gk.sensitivities(model, DIGITAL, greeks, **settings)
    return {g: found[g].std_error * math.sqrt(found[g].paths) for g in greeks}


@pytest.mark.parametrize("model", [SKEWED, CEV], ids=lambda m: type(m).__name__)
def test_variance_of_a_vega_against_the_number_of_steps(model: gk.Model) -> None:
    """Of the order of the number where handed over at once, of its logarithm where evenly."""
    at_once, evenly, at_last = ([deviations(w, model, ["vega"], n)["vega"] for n in (32, 128, 512)] for w in WEIGHTS)
    for coarse, fine in pairwise(at_once):
        assert 1.8 < fine / coarse < 2.2
    for coarse, fine in pairwise(evenly):
        assert fine / coarse < 1.2
    assert evenly[0] < 0.35 * at_once[0] and evenly[2] < 0.1 * at_once[2]
    assert at_last[0] < at_once[0]


@pytest.mark.parametrize("model", [SKEWED, CEV], ids=lambda m: type(m).__name__)
def test_delta_of_even_weights_does_not_notice_the_steps(model: gk.Model) -> None:
    """The formula of Bismut, Elworthy and Li; a plain likelihood ratio spreads the start just so."""
    coarse, fine = (deviations(gk.Malliavin(), model, ["delta", "rho"], n) for n in (32, 512))
    for g in ("delta", "rho"):
        assert fine[g] < 1.05 * coarse[g], g
    assert deviations(gk.LikelihoodRatio(), model, ["delta"], 32)["delta"] == pytest.approx(coarse["delta"], rel=1e-12)
    at_last = [deviations(gk.Vibrato(), model, ["delta"], n)["delta"] for n in (32, 512)]
    assert 3.5 < at_last[1] / at_last[0] < 4.5


def test_gamma_of_a_call_does_not_notice_the_steps() -> None:
    for estimator in (gk.Mixed(), gk.Mixed(first="pathwise")):
        coarse, fine = (
            gk.sensitivities(CEV, gk.Call(100.0, 1.0), ["gamma"], scheme=gk.Euler(n), estimator=estimator, paths=PATHS)
            for n in (32, 256)
        )
        assert fine["gamma"].std_error < 1.1 * coarse["gamma"].std_error
        assert abs(fine["gamma"].z_score(0.0192596976261871)) < 4.0
        assert fine["gamma"].std_error < 0.01 * fine["gamma"].value


@pytest.mark.parametrize("weight", WEIGHTS[1:], ids=lambda w: w.name)
def test_where_weights_coincide_they_are_offered_once(weight: Estimator) -> None:
    for model in (gk.BlackScholes(100.0, 0.05, 0.2), gk.Heston(100.0, 0.03, 0.04, 2.0, 0.04, 0.3, -0.5)):
        with pytest.raises(gk.UnsupportedError, match=r'"delta".*one exact draw a date.*LikelihoodRatio\(\)'):
            gk.sensitivities(model, DIGITAL, ["delta"], estimator=weight, paths=256)


@pytest.mark.parametrize("weight", WEIGHTS, ids=lambda w: w.name)
@pytest.mark.parametrize("sigma", [3.0, 8.0])
def test_paths_that_may_be_absorbed(weight: Estimator, sigma: float) -> None:
    """Close to 0, where the noise dies out, all is handed over before; nothing is left to hand over on a dead path."""
    model, scheme = gk.CEV(100.0, 0.05, sigma, 0.5), gk.Euler(steps=32)
    greeks, put = ["delta", "vega", "rho"], gk.Put(90.0, 1.0)
    path = gk.sensitivities(model, put, greeks, scheme=scheme, estimator=gk.Pathwise(), paths=2**18, seed=9)
    found = gk.sensitivities(model, put, greeks, scheme=scheme, estimator=weight, paths=2**18, seed=4)
    for g in greeks:
        assert abs(differ(found[g], path[g])) < 4.0, g
        assert found[g].std_error < 0.05 * abs(found[g].value), g
    bump = gk.FiniteDifference(0.05)
    second = gk.sensitivities(model, put, ["gamma"], scheme=scheme, estimator=bump, paths=2**18, seed=9)["gamma"]
    gamma = gk.sensitivities(model, put, ["gamma"], scheme=scheme, estimator=weight, paths=2**18, seed=4)["gamma"]
    assert abs(differ(gamma, second)) < 4.0
    if weight.name != "vibrato":
        assert gamma.std_error < 0.15 * gamma.value


@pytest.mark.parametrize("first", ["likelihood", "pathwise"])
def test_gamma_of_paths_that_may_be_absorbed(first: str) -> None:
    model, put, scheme = gk.CEV(100.0, 0.05, 8.0, 0.5), gk.Put(90.0, 1.0), gk.Euler(steps=32)
    settings: Settings = {"scheme": scheme, "paths": 2**18}
    mixed = gk.sensitivities(model, put, ["gamma"], estimator=gk.Mixed(first=first), seed=1, **settings)["gamma"]
    bump = gk.sensitivities(model, put, ["gamma"], estimator=gk.FiniteDifference(0.05), seed=2, **settings)["gamma"]
    assert abs(differ(mixed, bump)) < 4.0
    assert mixed.std_error < 0.03 * mixed.value


@dataclass(frozen=True)
class DiesOutAbove(gk.Model):
    """dS = sqrt(max(level - S, 0)) dW: the truncation is of no state"""

    spot: gk.Scalar
    level: gk.Scalar
    state = ("spot",)

    def drift(self, t: Any, x: Any) -> Any:
        return (0.0 * x[0],)

    def diffusion(self, t: Any, x: Any) -> Any:
        return ((gk.sqrt(gk.maximum(self.level - x[0], 0.0)),),)

    def discount(self, t: Any) -> Any:
        return gk.exp(-0.0 * t)


def test_noise_that_dies_out_elsewhere_is_only_scored_at_once() -> None:
    model, digital, scheme = DiesOutAbove(1.0, 3.0), gk.DigitalCall(1.0, 1.0), gk.Euler(steps=4)
    with pytest.raises(gk.UnsupportedError, match="no state"):
        gk.sensitivities(model, digital, ["delta"], scheme=scheme, estimator=gk.Malliavin(), paths=256)
    found, bumped = (
        gk.sensitivities(model, digital, ["delta"], scheme=scheme, estimator=e, paths=PATHS, seed=1 + k)["delta"]
        for k, e in enumerate([gk.LikelihoodRatio(), gk.FiniteDifference(0.05)])
    )
    assert abs(differ(found, bumped)) < 4.0
    assert found.std_error < 0.05 * found.value


@dataclass(frozen=True)
class TwoRegimes(gk.Model):
    """dS = (100 - S) dt + sigma(S) dW, sigma(S) = low below a level, high above"""

    spot: gk.Scalar
    level: gk.Scalar
    low: gk.Scalar = 30.0
    high: gk.Scalar = 20.0
    state = ("spot",)

    def drift(self, t: Any, x: Any) -> Any:
        return (100.0 - x[0],)

    def diffusion(self, t: Any, x: Any) -> Any:
        return ((gk.where(x[0] > self.level, self.high, self.low),),)

    def discount(self, t: Any) -> Any:
        return gk.exp(-0.0 * t)


def test_tangents_do_not_ride_through_a_jump_of_the_coefficients() -> None:
    """At once they need not; a jump that moves with the parameter itself is no matter of the density."""
    model, scheme = TwoRegimes(100.0, 110.0), gk.Euler(steps=8)
    for g in ("delta", "d_low"):
        with pytest.raises(gk.UnsupportedError, match="miss the jump at level < x_spot"):
            gk.sensitivities(model, DIGITAL, [g], scheme=scheme, estimator=gk.Malliavin(), paths=256)
        weight = gk.LikelihoodRatio()
        found = gk.sensitivities(model, DIGITAL, [g], scheme=scheme, estimator=weight, paths=2**18, seed=1)[g]
        bump = gk.FiniteDifference(0.02)
        bumped = gk.sensitivities(model, DIGITAL, [g], scheme=scheme, estimator=bump, paths=2**20, seed=2)[g]
        assert abs(differ(found, bumped)) < 4.0, g
        assert found.std_error < 0.1 * abs(found.value), g
    with pytest.raises(gk.UnsupportedError, match=r'"d_level".*miss the jump'):
        gk.sensitivities(model, DIGITAL, ["d_level"], scheme=scheme, estimator=gk.LikelihoodRatio(), paths=256)


class SkewedBasket(gk.MultiBlackScholes):
    """Several assets, correlated, with volatilities that fall as prices rise"""

    def diffusion(self, t: Any, x: Any) -> Any:
        return ((self.volatilities * x[0] * (1.2 - 0.2 * x[0] / 100.0),),)


BASKET, CALL = (
    SkewedBasket((100.0, 95.0), 0.04, (0.2, 0.3), ((1.0, 0.4), (0.4, 1.0)), (0.0, 0.01)),
    gk.BasketCall(96.0, 1.0),
)
OF_ASSETS = ["delta[0]", "vega[1]", "d_correlation[1,0]"]


@cache
def assets_along_the_path() -> gk.Sensitivities:
    estimators = {**dict.fromkeys(OF_ASSETS, gk.Pathwise()), "gamma[0,1]": gk.Mixed()}
    return gk.sensitivities(BASKET, CALL, list(estimators), estimator=estimators, paths=PATHS, seed=1, **COARSE)


@pytest.mark.parametrize("weight", WEIGHTS, ids=lambda w: w.name)
def test_correlated_assets_that_are_stepped(weight: Estimator) -> None:
    greeks = [*OF_ASSETS, "gamma[0,1]"]
    found = gk.sensitivities(BASKET, CALL, greeks, estimator=weight, paths=PATHS, seed=3, **COARSE)
    for g in greeks:
        assert abs(differ(found[g], assets_along_the_path()[g])) < 4.0, g
    assert found["delta[0]"].std_error < 0.05 * found["delta[0]"].value


def test_the_grid_says_how_many_steps_are_left() -> None:
    payoff = gk.AsianCall(100.0, 1.0, (0.5, 0.75, 1.0))
    rows = time_grid(payoff, gk.Euler(steps=8)).fine
    assert np.allclose(1.0 / rows[:, 2], [4, 3, 2, 1, 2, 1, 2, 1])
    assert rows[:, 3].tolist() == [0, 0, 0, 1, 0, 1, 0, 1]
