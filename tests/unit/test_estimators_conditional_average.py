"""Averages over dates, with the direction of the path that decides most integrated out: `Conditional` of Asians."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import greeks as gk
from greeks.engine.terms.grid import time_grid
from greeks.expressions.interpolation import PLACES
from greeks.reference import geometric_asian, greeks

MARKET = {"spot": 100.0, "rate": 0.05, "volatility": 0.2, "dividend": 0.02}
MODEL = gk.BlackScholes(**MARKET)
CALL = gk.AsianCall(102.0, 1.0, 12)
FIRST, SECOND = ["delta", "vega", "rho", "d_strike"], ["gamma", "vanna", "volga", "d2_strike"]
PATHS = 2**12
SETTINGS: dict[str, Any] = {"paths": PATHS, "seed": 5, "estimator": gk.Conditional()}


@dataclass(frozen=True)
class CappedOnAverage(gk.Payoff):
    """min(max(A - K, 0), C), and a cash amount where A exceeds K: two kinks and a jump."""

    strike: gk.Scalar
    cap: gk.Scalar
    cash: gk.Scalar
    maturity: gk.Scalar
    dates: int = 6

    def start(self) -> Any:
        return (0.0, 0.0)

    def observe(self, stats: Any, t: Any, x: Any) -> Any:
        return (stats[0] + x[0], stats[1] + 1.0)

    def settle(self, stats: Any, x: Any) -> Any:
        gain = stats[0] / stats[1] - self.strike
        return gk.minimum(gk.maximum(gain, 0.0), self.cap) + gk.where(gain > 0.0, self.cash, 0.0)


CAPPED = CappedOnAverage(101.0, 8.0, 3.0, 1.0)


def estimate(payoff: gk.Payoff, names: list[str], model: gk.Model = MODEL, **more: Any) -> gk.Sensitivities:
    return gk.sensitivities(model, payoff, names, **SETTINGS | more)


def bumped(payoff: gk.Payoff, name: str, names: list[str], of: str, model: gk.Model = MODEL) -> float:
    """A central difference of a number on the same noise."""
    size = getattr(model, name, getattr(payoff, name, 0.0))
    h = 1e-5 * size

    def at(step: float) -> float:
        moved = {name: size + step}
        if hasattr(model, name):
            return estimate(payoff, names, dataclasses.replace(model, **moved))[of].value
        return estimate(dataclasses.replace(payoff, **moved), names, model)[of].value

    return (at(h) - at(-h)) / (2.0 * h)


@pytest.mark.parametrize("payoff", [CALL, CAPPED], ids=["call", "capped and digital"])
def test_greeks_are_bumps_on_the_same_noise(payoff: gk.Payoff) -> None:
    found = estimate(payoff, [*FIRST, *SECOND])
    assert {e.estimator for e in found.values()} == {"conditional"}
    parameters = {"delta": "spot", "vega": "volatility", "rho": "rate", "d_strike": "strike"}
    for greek, name in parameters.items():
        assert found[greek].value == pytest.approx(bumped(payoff, name, [], "price"), rel=1e-6), greek
    seconds = {"gamma": ("spot", "delta"), "vanna": ("volatility", "delta"), "volga": ("volatility", "vega")}
    for greek, (name, first) in {**seconds, "d2_strike": ("strike", "d_strike")}.items():
        assert found[greek].value == pytest.approx(bumped(payoff, name, FIRST, first), rel=1e-5), greek


def test_what_the_direction_decides_alone_is_exact() -> None:
    found = estimate(gk.AsianCall(102.0, 1.0, 12, "geometric"), ["delta", "gamma", "vega"])
    truth = greeks(geometric_asian.call, **MARKET, strike=102.0, maturity=1.0, dates=12)
    for name in ("price", "delta", "gamma", "vega"):
        assert found[name].value == pytest.approx(truth[name], rel=1e-9), name
        assert found[name].std_error <= 1e-10 * abs(truth[name]), name


def test_asians_are_decided_without_a_pilot_and_need_few_paths() -> None:
    found = estimate(gk.AsianCall(100.0, 1.0, 252), ["delta", "vega", "rho", "gamma"], estimator="auto")
    deviations = {"delta": 0.008, "vega": 1.5, "rho": 0.8, "gamma": 0.0008}
    for name, most in deviations.items():
        assert found[name].std_error * math.sqrt(PATHS) < most, name
        assert "integrated out" in found[name].reason
    trusted = {"price": 5.195031, "delta": 0.550575, "vega": 21.94145, "rho": 23.12602}
    assert all(abs(found[name].z_score(value)) < 4.0 for name, value in trusted.items())


def test_controls_take_off_what_the_direction_leaves() -> None:
    """Without them one path has deviations of 0.0063, 1.23 and 0.69; a vega along the path with controls has 1.26."""
    asked = ["delta", "vega", "rho"]
    r, alone = (gk.sensitivities(MODEL, gk.AsianCall(100.0, 1.0, 12), g, seed=3) for g in (asked, ["vega"]))
    for greek, most in zip(asked, (0.0048, 0.84, 0.24), strict=True):
        assert r[greek].std_error * math.sqrt(r[greek].paths) < most
        assert "geometric average" in r[greek].reason
    assert alone["vega"].std_error == pytest.approx(r["vega"].std_error, rel=0.05)


def test_calls_less_puts_are_forwards_on_the_average() -> None:
    call, put = (estimate(kind(102.0, 1.0, 12), FIRST) for kind in (gk.AsianCall, gk.AsianPut))
    times, discount = np.arange(1, 13) / 12.0, math.exp(-0.05)
    forwards = np.exp(0.03 * times)
    delta, rho = discount * forwards.mean(), discount * (100.0 * (forwards * times).mean() - forwards.mean() * 100.0)
    truth = {"delta": delta, "vega": 0.0, "rho": rho + discount * 102.0, "d_strike": -discount}
    for name, value in truth.items():
        error = math.hypot(call[name].std_error, put[name].std_error)
        assert abs(call[name].value - put[name].value - value) < 4.0 * error + 1e-12, name
        assert error < 0.05, name


@pytest.mark.parametrize(
    ("change", "maturity", "strike"),
    [
        ({"volatility": 1e-4}, 1.0, 102.0),
        ({"volatility": 0.0}, 1.0, 100.0),
        ({}, 1e-6, 100.0),
        ({}, 1.0, 1.0),
        ({}, 1.0, -5.0),
        ({}, 1.0, 1000.0),
    ],
)
def test_extremes_are_right_numbers(change: dict[str, float], maturity: float, strike: float) -> None:
    model = gk.BlackScholes(**MARKET | change)
    found = estimate(gk.AsianCall(strike, maturity, 12), FIRST, model)
    plain = estimate(gk.AsianCall(strike, maturity, 12), FIRST, model, estimator=gk.Pathwise(), controls=())
    for name, e in found.items():
        assert math.isfinite(e.value) and math.isfinite(e.std_error)
        error = math.hypot(e.std_error, plain[name].std_error)
        assert abs(e.value - plain[name].value) < 4.0 * error + 1e-6 * abs(plain[name].value) + 1e-8, name


def test_where_the_interpolation_ends_another_estimator_takes_over() -> None:
    wild = gk.BlackScholes(100.0, 0.05, 4.0)
    with pytest.raises(gk.EstimationError, match="came out as"):
        estimate(CALL, FIRST, wild)
    assert estimate(CALL, FIRST, wild, estimator="auto")["delta"].estimator == "pathwise"


@pytest.mark.parametrize(("payoff", "most"), [(CALL, 0.6), (CAPPED, 1.2)], ids=["call", "capped and digital"])
def test_theta_is_what_the_equation_of_the_price_says(payoff: gk.Payoff, most: float) -> None:
    """theta = r V - (r - q) S delta - sigma^2 S^2 gamma / 2; along the path its deviations are 2 and 12, and more."""
    r = estimate(payoff, ["delta", "gamma", "theta"], estimator="auto")
    spot, rate, volatility, dividend = MARKET.values()
    terms = {"price": rate, "delta": (dividend - rate) * spot, "gamma": -0.5 * (volatility * spot) ** 2, "theta": -1.0}
    off = sum(factor * r[name].value for name, factor in terms.items())
    assert abs(off) < 4.0 * sum(abs(factor) * r[name].std_error for name, factor in terms.items())
    assert r["theta"].std_error * math.sqrt(PATHS) < most
    assert "direction of the path" in r["theta"].reason


def test_theta_of_few_paths_and_random_volatility_keep_to_other_estimators() -> None:
    mixed = estimate(CALL, ["gamma"], estimator=gk.Conditional(second="mixed"))["gamma"]
    assert mixed.std_error * math.sqrt(PATHS) > 0.01  # by the density of a step, which a direction of all does not have
    heston = gk.Heston(100.0, 0.03, 0.04, 2.0, 0.04, 0.3, -0.5)
    for model, name in ((MODEL, "theta"), (heston, "delta")):
        found = estimate(CALL, [name], model, estimator="auto", paths=256)
        assert "direction of the path" not in found[name].reason


def test_levers_are_covariances_with_the_average() -> None:
    dates = (0.0, 0.1, 0.5, 0.75)
    grid = time_grid(gk.AsianCall(100.0, 1.0, dates), gk.Exact())
    with_average = [np.mean([min(t, s) for s in dates]) for t in (0.0, 0.1, 0.5, 0.75, 1.0)]
    assert grid.shared[:, 3] == pytest.approx(np.array(with_average) / with_average[-1], rel=1e-14)
    assert grid.shared[:, 4:] @ np.exp(PLACES) == pytest.approx(np.exp(grid.shared[:, 3]), rel=1e-13)


def test_a_basket_is_solved_for_the_common_rise_of_its_assets() -> None:
    model = gk.MultiBlackScholes([100.0, 90.0], 0.05, [0.2, 0.3], [[1.0, 0.5], [0.5, 1.0]], [0.0, 0.0])
    names = ["gamma[0,0]", "delta[0]"]
    found = estimate(gk.BasketCall(95.0, 1.0), names, model)
    plain = estimate(gk.BasketCall(95.0, 1.0), names, model, estimator=gk.LikelihoodRatio(), paths=2**16)
    for name in names:
        error = math.hypot(found[name].std_error, plain[name].std_error)
        assert abs(found[name].value - plain[name].value) < 4.0 * error, name
        assert found[name].std_error < 0.05 * abs(found[name].value), name


@dataclass(frozen=True)
class Late(gk.Payoff):
    """What a sum over dates of amounts that jump is beyond a level: no sum of powers of the price."""

    amount: str
    level: gk.Scalar
    maturity: gk.Scalar
    dates: int = 4

    def start(self) -> Any:
        return (0.0,)

    def observe(self, stats: Any, t: Any, x: Any) -> Any:
        return (stats[0] + gk.where(x[0] > 105.0, x[0] if self.amount == "price" else 1.0, 0.0),)

    def settle(self, stats: Any, x: Any) -> Any:
        return gk.maximum(stats[0] - self.level, 0.0)


@pytest.mark.parametrize("payoff", [Late("one", 1.5, 1.0), Late("price", 200.0, 1.0)], ids=lambda p: p.amount)
def test_sums_of_amounts_that_jump_are_not_taken_for_sums_of_powers(payoff: Late) -> None:
    """Their slopes are constant but for the jumps: the price came out as 0, and every Greek."""
    model = gk.BlackScholes(100.0, 0.05, 0.2, 0.02)
    found = gk.sensitivities(model, payoff, ["delta"], paths=2**14, seed=3)
    score = gk.sensitivities(model, payoff, ["delta"], paths=2**16, seed=4, estimator=gk.LikelihoodRatio())
    for name in ("price", "delta"):
        z = (found[name].value - score[name].value) / np.hypot(found[name].std_error, score[name].std_error)
        assert abs(z) < 4.0, name
        assert 0.0 < found[name].std_error < 0.05 * found[name].value, name
