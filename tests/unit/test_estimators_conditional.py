"""Jumps integrated out: against closed forms, quadrature and the likelihood ratio."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pytest

import greeks as gk
from greeks.reference import black_scholes, greeks, heston
from tests.oracle import cases

MODEL = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2, dividend=0.02)
CONDITIONAL = gk.Conditional()
WEEKS = tuple(7.0 * i / 365.0 for i in range(1, 52))


def estimate(model: gk.Model, payoff: gk.Payoff, names: list[str], **settings: Any) -> gk.Sensitivities:
    return gk.sensitivities(model, payoff, names, estimator=CONDITIONAL, paths=2**15, seed=11, **settings)


def test_a_digital_under_black_scholes_needs_no_luck() -> None:
    """The whole expectation is in closed form: no error is left but rounding."""
    names = ["delta", "gamma", "vega", "rho", "theta"]
    found = estimate(MODEL, gk.DigitalCall(strike=105.0, maturity=0.7), names)
    truth = greeks(
        black_scholes.cash_call, spot=100.0, rate=0.05, volatility=0.2, dividend=0.02, strike=105.0, maturity=0.7
    )
    for name in names:
        assert found[name].value == pytest.approx(truth[name], rel=1e-11)
        assert found[name].std_error <= 1e-9 * abs(truth[name])


DAILY = gk.BarrierOption(100.0, 90.0, 1.0, 252)
WEEKLY = gk.BarrierOption(100.0, 120.0, 1.0, WEEKS, direction="up")


@pytest.mark.parametrize(
    ("payoff", "over", "truth", "error"),
    [
        (DAILY, "path", {"delta": 0.734614362, "vega": 16.4839886}, {"delta": 0.0032, "vega": 0.26}),
        (DAILY, "step", {"delta": 0.734614362, "vega": 16.4839886}, {"delta": 0.009, "vega": 0.6}),
        (
            WEEKLY,
            "path",
            {"delta": -0.011459, "gamma": -0.007346, "vega": -13.432},
            {"delta": 0.0008, "gamma": 0.00035, "vega": 0.08},
        ),
        (
            WEEKLY,
            "step",
            {"delta": -0.011459, "gamma": -0.007346, "vega": -13.432},
            {"delta": 0.0029, "gamma": 0.0011, "vega": 0.18},
        ),
    ],
)
def test_barriers_against_quadrature(
    payoff: gk.Payoff, over: str, truth: dict[str, float], error: dict[str, float]
) -> None:
    chosen = gk.Conditional(over=over)
    found = gk.sensitivities(MODEL, payoff, list(truth), estimator=chosen, paths=2**15, seed=11)
    for name, value in truth.items():
        assert abs(found[name].z_score(value)) < 4.0
    for name, bound in error.items():
        assert found[name].std_error < bound


def test_more_dates_do_not_cost_a_gamma_its_precision() -> None:
    """The score of the start is spread over the dates that seldom decide: of the first alone it would be 2.2 times."""
    daily = gk.BarrierOption(100.0, 120.0, 1.0, 252, direction="up")
    weekly, found = (estimate(MODEL, payoff, ["gamma", "vanna"]) for payoff in (WEEKLY, daily))
    step = gk.sensitivities(
        MODEL, daily, ["gamma", "vanna"], estimator=gk.Conditional(over="step"), paths=2**15, seed=4
    )
    for name in ("gamma", "vanna"):
        assert found[name].std_error < 1.2 * weekly[name].std_error
        gap = math.hypot(found[name].std_error, step[name].std_error)
        assert abs(found[name].value - step[name].value) < 4.0 * gap
    assert found["gamma"].std_error < 0.00015
    assert abs(weekly["gamma"].z_score(-0.007346)) < 4.0


MONITORED = {c.id.split(".")[2]: c for c in cases("B2", id_contains="barrier_disc.") if c.payoff.startswith("barrier")}
SINGLE = {
    k: c for k, c in MONITORED.items() if c.payoff.rsplit("_", 1)[-1] in ("call", "put") and "cash" not in c.payoff
}


@pytest.mark.parametrize(
    ("name", "over"), [(k, "path") for k in SINGLE] + [(k, "step") for k in ("bgk91", "dip12", "near252")]
)
def test_discrete_barriers_of_the_oracle(name: str, over: str) -> None:
    """The barrier a tenth below the spot among them."""
    case = SINGLE[name]
    p, names = case.params, ["delta", "gamma", "vega", "rho"]
    _, _, direction, knock, right = case.payoff.split("_")
    model = gk.BlackScholes(p["S0"], p["r"], p["sigma"], p["q"])
    payoff = gk.BarrierOption(p["K"], p["H"], p["T"], int(p["n"]), direction, knock, right == "call")
    found = gk.sensitivities(model, payoff, names, estimator=gk.Conditional(over=over), paths=2**15, seed=3)
    for greek in names:
        truth = case.values[greek][0]
        assert abs(found[greek].z_score(truth)) < 4.0, greek
        assert found[greek].std_error < 0.06 * abs(truth) + 0.06 * abs(case.values["delta"][0]), greek


def test_far_less_variance_than_the_likelihood_ratio() -> None:
    payoff = gk.BarrierOption(100.0, 90.0, 1.0, 252)
    plain = gk.sensitivities(MODEL, payoff, ["delta", "vega"], estimator=gk.LikelihoodRatio(), paths=2**14, seed=5)
    found = gk.sensitivities(MODEL, payoff, ["delta", "vega"], estimator=CONDITIONAL, paths=2**14, seed=5)
    assert plain["delta"].std_error > 14.0 * found["delta"].std_error
    assert plain["vega"].std_error > 35.0 * found["vega"].std_error


@dataclass(frozen=True)
class DoubleKnockOutCall(gk.Payoff):
    """max(S_T - K, 0) unless some S(t_i) <= L or >= U."""

    strike: gk.Scalar
    lower: gk.Scalar
    upper: gk.Scalar
    maturity: gk.Scalar
    dates: int

    def exits(self, stats: Any, t: gk.Scalar, x: Any) -> Any:
        return ((x[0] <= self.lower, 0.0), (x[0] >= self.upper, 0.0))

    def settle(self, stats: Any, x: Any) -> Any:
        return gk.maximum(x[0] - self.strike, 0.0)


def test_two_barriers_of_a_users_payoff() -> None:
    for case in cases("B2", "double_knock_out_discrete_call"):
        p = case.params
        model = gk.BlackScholes(p["S0"], p["r"], p["sigma"], p["q"])
        payoff = DoubleKnockOutCall(p["K"], p["L"], p["U"], p["T"], int(p["n"]))
        for over in ("path", "step"):
            names = ["delta", "vega", "gamma", "rho"]
            found = gk.sensitivities(model, payoff, names, estimator=gk.Conditional(over=over), paths=2**15, seed=11)
            for name in names:
                assert abs(found[name].z_score(case.values[name][0])) < 4.0, over


@pytest.mark.parametrize("call", [True, False])
@pytest.mark.parametrize("direction", ["down", "up"])
def test_in_plus_out_is_vanilla(direction: str, call: bool) -> None:
    """Deltas and vegas of the two halves add up to the vanilla's, whatever the weights do."""
    level = 92.0 if direction == "down" else 111.0
    halves = [
        estimate(MODEL, gk.BarrierOption(100.0, level, 1.0, 12, direction, knock, call), ["delta", "vega"])
        for knock in ("in", "out")
    ]
    vanilla = black_scholes.call if call else black_scholes.put
    truth = greeks(vanilla, spot=100.0, rate=0.05, volatility=0.2, dividend=0.02, strike=100.0, maturity=1.0)
    for name in ("delta", "vega"):
        total = halves[0][name].value + halves[1][name].value
        assert abs(total - truth[name]) < 4.0 * math.hypot(halves[0][name].std_error, halves[1][name].std_error)


@pytest.mark.slow
def test_rebates_agree_with_the_likelihood_ratio() -> None:
    for knock in ("out", "in"):
        payoff = gk.BarrierOption(100.0, 115.0, 1.0, 6, "up", knock, True, 4.0)
        one = estimate(MODEL, payoff, ["delta", "d_rebate", "rho"])
        other = gk.sensitivities(MODEL, payoff, ["delta", "d_rebate", "rho"], paths=2**16, seed=2)
        for name in ("delta", "d_rebate", "rho"):
            spread = math.hypot(one[name].std_error, other[name].std_error)
            assert abs(one[name].value - other[name].value) < 4.0 * spread


def test_a_digital_given_the_variance() -> None:
    """Heston: what is left to chance is the variance path alone."""
    model = gk.Heston(100.0, 0.03, 0.04, kappa=2.0, theta=0.04, xi=0.3, rho=-0.5, dividend=0.01)
    names = ["delta", "d_variance", "d_kappa", "gamma"]
    found = estimate(model, gk.DigitalCall(strike=100.0, maturity=1.0), names)
    truth = greeks(
        heston.cash_call,
        spot=100.0, rate=0.03, variance=0.04, kappa=2.0, theta=0.04, xi=0.3, rho=-0.5, dividend=0.01,
        strike=100.0, maturity=1.0,
    )  # fmt: skip
    for name in names:
        assert abs(found[name].z_score(truth[name])) < 4.0
    assert found["delta"].std_error < 2e-3 * abs(truth["delta"])


@dataclass(frozen=True)
class CouponNote(gk.Payoff):
    """Pays a coupon on every date up to that on which S >= trigger, when it ends with 1; else S_T / K at the end."""

    trigger: gk.Scalar
    coupon: gk.Scalar
    strike: gk.Scalar
    maturity: gk.Scalar
    dates: Any

    def pay(self, stats: Any, t: gk.Scalar, x: Any) -> Any:
        return self.coupon

    def exits(self, stats: Any, t: gk.Scalar, x: Any) -> Any:
        return ((x[0] >= self.trigger, 1.0),)

    def settle(self, stats: Any, x: Any) -> Any:
        return x[0] / self.strike


@pytest.mark.parametrize("dates", [4, pytest.param((0.25, 0.5, 0.75), marks=pytest.mark.slow)])
def test_coupons_are_paid_on_the_date_of_exit_too(dates: Any) -> None:
    """The last date observed or not: the same Greeks as by the likelihood ratio, the coupon's own among them."""
    payoff, names = CouponNote(105.0, 0.05, 100.0, 1.0, dates), ["delta", "d_coupon", "rho", "vega"]
    one = estimate(MODEL, payoff, names)
    other = gk.sensitivities(MODEL, payoff, names, paths=2**17, seed=4)
    for name in names:
        spread = math.hypot(one[name].std_error, other[name].std_error)
        assert abs(one[name].value - other[name].value) < 4.0 * spread, name


@dataclass(frozen=True)
class CurvedExit(gk.Payoff):
    """Ends when the price and its square add up to a level."""

    level: gk.Scalar
    maturity: gk.Scalar
    dates: int

    def exits(self, stats: Any, t: gk.Scalar, x: Any) -> Any:
        return ((x[0] + x[0] * x[0] > self.level, 0.0),)

    def settle(self, stats: Any, x: Any) -> Any:
        return x[0]


@dataclass(frozen=True)
class Staircase(gk.Payoff):
    """A product of five digitals: more levels than one term may have."""

    strike: gk.Scalar
    maturity: gk.Scalar

    def settle(self, stats: Any, x: Any) -> Any:
        amount = x[0]
        for k in range(5):
            amount = amount * gk.where(x[0] > self.strike + 1.0 * k, 1.1, 0.9)
        return amount


@dataclass(frozen=True)
class SpreadDigital(gk.Payoff):
    """1 if one price exceeds another by more than K, which it may do on both sides of a rise of both."""

    strike: gk.Scalar
    maturity: gk.Scalar

    def settle(self, stats: Any, x: Any) -> Any:
        return gk.where(x[0][0] - x[0][1] > self.strike, 1.0, 0.0)


@dataclass(frozen=True)
class Forward(gk.Payoff):
    """S_T - K, which has nothing to integrate out."""

    strike: gk.Scalar
    maturity: gk.Scalar

    def settle(self, stats: Any, x: Any) -> Any:
        return x[0] - self.strike


@pytest.mark.parametrize(
    ("model", "payoff", "words"),
    [
        (MODEL, Forward(100.0, 1.0), "no exit, jump or kink"),
        (MODEL, CurvedExit(10_000.0, 1.0, 4), "cannot be solved"),
        (MODEL, Staircase(100.0, 1.0), "more than 4 levels"),
        (
            gk.MultiBlackScholes([100.0, 100.0], 0.05, [0.2, 0.2], [[1.0, 0.5], [0.5, 1.0]], [0.0, 0.0]),
            SpreadDigital(10.0, 1.0),
            "cannot be solved",
        ),
        (gk.Bachelier(100.0, 0.05, 20.0), gk.BarrierOption(100.0, 90.0, 1.0, 4), "many small steps"),
        (MODEL, gk.BarrierOption(100.0, 90.0, 1.0, (0.0, 0.5, 1.0)), "may end today"),
    ],
)
def test_refusals_say_why(model: gk.Model, payoff: gk.Payoff, words: str) -> None:
    with pytest.raises(gk.UnsupportedError, match=words):
        estimate(model, payoff, ["delta"])
