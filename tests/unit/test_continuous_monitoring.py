"""Paths watched all the time: against closed forms, quadrature, other clocks and ever finer dates."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import greeks as gk
from greeks.reference import barrier, greeks

MODEL = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2, dividend=0.02)
KNOWN = {"spot": 100.0, "rate": 0.05, "volatility": 0.2, "dividend": 0.02}
HESTON = gk.Heston(spot=100.0, rate=0.03, variance=0.04, kappa=2.0, theta=0.04, xi=0.3, rho=-0.7, dividend=0.01)
SHIFT = 0.5825971579390107  # -zeta(1/2) / sqrt(2 pi): a level watched on dates acts as if so many deviations farther


def estimate(model: gk.Model, payoff: gk.Payoff, names: list[str], paths: int = 2**15, **more: Any) -> gk.Sensitivities:
    return gk.sensitivities(model, payoff, names, paths=paths, seed=12, **more)


# derivatives ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "payoff",
    [
        gk.BarrierOption(100.0, 90.0, 1.0, None, rebate=2.0),
        gk.BarrierOption(100.0, 120.0, 1.0, None, "up", "in", call=False, rebate=1.0),
        gk.OneTouch(110.0, 1.0),
        gk.LookbackPut(1.0, None),
    ],
)
@pytest.mark.parametrize(("model", "scheme"), [(MODEL, None), pytest.param(HESTON, gk.QE(4), marks=pytest.mark.slow)])
def test_pathwise_is_the_bump_of_the_same_program(model: gk.Model, scheme: gk.Scheme | None, payoff: gk.Payoff) -> None:
    """No jump is left in the path: a bump on the same noise is the derivative, up to the kinks it steps over."""
    names = ["delta", "rho", *(["d_barrier"] if hasattr(payoff, "barrier") else [])]
    found = estimate(model, payoff, names, 2**12, estimator=gk.Pathwise(), scheme=scheme)
    bumped = estimate(model, payoff, names, 2**12, estimator=gk.FiniteDifference(1e-7), scheme=scheme)
    for name in names:
        assert found[name].value == pytest.approx(bumped[name].value, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize(
    ("direction", "knock", "level", "rebate", "bound"),
    [("down", "out", 92.0, 0.0, 0.002), ("up", "out", 115.0, 4.0, 0.002), ("down", "in", 95.0, 1.0, 0.006)],
)
def test_the_derivative_in_the_barrier(direction: str, knock: str, level: float, rebate: float, bound: float) -> None:
    terms: dict[str, Any] = {"strike": 98.0, "barrier": level, "maturity": 0.75}
    found = estimate(
        MODEL,
        gk.BarrierOption(**terms, dates=None, direction=direction, knock=knock, rebate=rebate),
        ["d_barrier", "d2_barrier_spot", "d_rebate"] if rebate else ["d_barrier", "d2_barrier_spot"],
    )
    truth = greeks(barrier.price, **KNOWN, **terms, direction=direction, knock=knock, rebate=rebate)
    for name in found:
        assert abs(found[name].z_score(truth[name])) < 4.0, name
    assert found["d_barrier"].std_error < 2.0 * bound


# two levels -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Corridor(gk.Payoff):
    """max(S_T - K, 0) as long as L < S < U."""

    strike: gk.Scalar
    lower: gk.Scalar
    upper: gk.Scalar
    maturity: gk.Scalar
    dates: Any = None

    def exits(self, stats: Any, t: gk.Scalar, x: Any) -> Any:
        return (((x[0] <= self.lower) | (x[0] >= self.upper), 0.0),)

    def settle(self, stats: Any, x: Any) -> Any:
        return gk.maximum(x[0] - self.strike, 0.0)


def corridor_value(spot: float, volatility: float, lower: float, upper: float, strike: float) -> float:
    """By images of the density, 200 of them, integrated over [K, U] with 400 Gauss-Legendre nodes; r=5% q=2% T=1."""
    drift, width, start = 0.03 - 0.5 * volatility**2, math.log(upper / lower), math.log(spot / lower)
    low, high = math.log(max(strike, lower) / lower), width
    nodes, weights = np.polynomial.legendre.leggauss(400)
    x = 0.5 * (high - low) * nodes + 0.5 * (high + low)
    k = 2.0 * width * np.arange(-200, 201)[:, None]

    def bell(gap: Any) -> Any:
        return np.exp(-0.5 * (gap / volatility) ** 2) / (volatility * math.sqrt(2.0 * math.pi))

    killed = (bell(x - start + k) - bell(x + start + k)).sum(axis=0)
    tilt = np.exp((drift * (x - start) - 0.5 * drift**2) / volatility**2)
    paid = lower * np.exp(x) - strike
    return float(math.exp(-0.05) * 0.5 * (high - low) * np.sum(weights * killed * tilt * paid))


@pytest.mark.slow
@pytest.mark.parametrize("volatility", [0.1, 0.2, 0.3])
@pytest.mark.parametrize("scheme", [gk.Exact(), gk.Euler(6)])
def test_between_two_levels(volatility: float, scheme: gk.Scheme) -> None:
    """The corridor is 2.2 to 0.7 deviations of the whole path wide, so that both series are used."""
    lower, upper, h = 90.0, 112.0, 1e-3
    model = replace(MODEL, volatility=volatility)
    found = estimate(model, Corridor(95.0, lower, upper, 1.0), ["delta", "gamma", "vega"], 2**16, scheme=scheme)
    at = [corridor_value(100.0 + d, volatility, lower, upper, 95.0) for d in (-h, 0.0, h)]
    vegas = [corridor_value(100.0, volatility + d, lower, upper, 95.0) for d in (-1e-5, 1e-5)]
    truth = {
        "price": at[1],
        "delta": (at[2] - at[0]) / (2.0 * h),
        "gamma": (at[2] - 2.0 * at[1] + at[0]) / h**2,
        "vega": (vegas[1] - vegas[0]) / 2e-5,
    }
    for name, value in truth.items():
        assert abs(found[name].z_score(value)) < 4.0, name
    assert found["price"].std_error < 0.05 * truth["price"] and found["gamma"].std_error < 0.05 * abs(truth["gamma"])


# levels that move -----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Growing(gk.Payoff):
    """A call that dies, for an amount, when S <= B exp(-g (T - t))."""

    strike: gk.Scalar
    barrier: gk.Scalar
    growth: gk.Scalar
    maturity: gk.Scalar
    dates: Any = None

    def exits(self, stats: Any, t: gk.Scalar, x: Any) -> Any:
        return ((x[0] <= self.barrier * gk.exp(-self.growth * (self.maturity - t)), 2.0),)

    def settle(self, stats: Any, x: Any) -> Any:
        return gk.maximum(x[0] - self.strike, 0.0)


@pytest.mark.parametrize("scheme", [gk.Exact(), pytest.param(gk.Euler(5), marks=pytest.mark.slow)])
def test_an_exponential_barrier_is_a_constant_one_of_another_yield(scheme: gk.Scheme) -> None:
    """S exp(g (T - t)) has the yield q + g, and starts at S exp(g T)."""
    growth, maturity, level = 0.08, 0.8, 99.0

    def value(
        spot: float = 100.0, volatility: float = 0.2, maturity: float = maturity, growth: float = growth
    ) -> float:
        return barrier.price(
            spot * math.exp(growth * maturity), 0.05, volatility, 0.02 + growth, 97.0, level, maturity, rebate=2.0
        )

    h = 1e-5
    found = estimate(MODEL, Growing(97.0, level, growth, maturity), ["delta", "vega", "d_growth"], scheme=scheme)
    truth = {
        "price": value(),
        "delta": (value(spot=100.0 + h) - value(spot=100.0 - h)) / (2.0 * h),
        "vega": (value(volatility=0.2 + h) - value(volatility=0.2 - h)) / (2.0 * h),
        "d_growth": (value(growth=growth + h) - value(growth=growth - h)) / (2.0 * h),
    }
    for name, known in truth.items():
        assert abs(found[name].z_score(known)) < 4.0, name
    assert found["delta"].std_error < 0.02


# other models ---------------------------------------------------------------------------------------------------
def test_a_bachelier_without_drift_is_reflected() -> None:
    """Down and out with B < K: C(S) - C(2 B - S)."""
    model = gk.Bachelier(spot=100.0, rate=0.04, volatility=18.0, dividend=0.04)
    payoff = gk.BarrierOption(95.0, 88.0, 1.0, None)

    def call(spot: float) -> tuple[float, float]:
        d = (spot - 95.0) / 18.0
        cdf, pdf = 0.5 * math.erfc(-d / math.sqrt(2.0)), math.exp(-0.5 * d * d) / math.sqrt(2.0 * math.pi)
        return math.exp(-0.04) * ((spot - 95.0) * cdf + 18.0 * pdf), math.exp(-0.04) * cdf

    found = estimate(model, payoff, ["delta"], scheme=gk.Euler(4))
    (price, delta), (image, image_delta) = call(100.0), call(76.0)
    assert abs(found["price"].z_score(price - image)) < 4.0 and found["price"].std_error < 0.1
    assert abs(found["delta"].z_score(delta + image_delta)) < 4.0 and found["delta"].std_error < 0.006


@dataclass(frozen=True)
class Levels(gk.Model):
    """dS = r S dt + sigma S dW, disguised so that it is stepped as it stands and not in its logarithm."""

    spot: gk.Scalar
    rate: gk.Scalar
    volatility: gk.Scalar
    state = ("spot",)

    def drift(self, t: gk.Scalar, x: Any) -> Any:
        return (self.rate * x[0],)

    def diffusion(self, t: gk.Scalar, x: Any) -> Any:
        return ((self.volatility * gk.sqrt(x[0] * x[0] + 1e-12),),)

    def discount(self, t: gk.Scalar) -> gk.Scalar:
        return gk.exp(-self.rate * t)


@pytest.mark.parametrize("model", [gk.CEV(100.0, 0.05, 0.2, 1.0 - 1e-9), Levels(100.0, 0.05, 0.2)])
def test_bridges_with_frozen_coefficients_come_close(model: gk.Model) -> None:
    """A state that is stepped by Euler, where the truth is that of the geometric Brownian motion."""
    terms: dict[str, Any] = {"strike": 100.0, "barrier": 92.0, "maturity": 1.0}
    payoff = gk.BarrierOption(**terms, dates=None, rebate=3.0)
    truth = greeks(barrier.price, spot=100.0, rate=0.05, volatility=0.2, dividend=0.0, **terms, rebate=3.0)
    along_the_path = {"scheme": gk.Euler(32), "estimator": gk.Pathwise()}
    found = estimate(model, payoff, ["delta", "rho", "theta"], 2**16, **along_the_path)
    for name, bound in {"price": 0.06, "delta": 0.008, "rho": 0.3, "theta": 0.06}.items():
        assert abs(found[name].z_score(truth[name])) < 4.0, name
        assert found[name].std_error < bound, name


@pytest.mark.parametrize(
    ("model", "scheme", "fine", "deviation"),
    [
        (HESTON, gk.QE(64), gk.QE(512), 0.2),
        (gk.CEV(100.0, 0.03, sigma=2.0, beta=0.5), gk.Euler(32), gk.Euler(512), 0.19),
    ],
)
def test_against_many_dates_and_their_correction(
    model: gk.Model, scheme: gk.Scheme, fine: gk.Scheme, deviation: float
) -> None:
    """A level watched on n dates acts like one farther by 0.5826 sigma sqrt(dt) (Broadie, Glasserman and Kou, 1997)."""
    dates, level = 512, 90.0
    nearer = level * math.exp(SHIFT * deviation * math.sqrt(1.0 / dates))
    payoff = gk.BarrierOption(100.0, level, 1.0, None)
    found = estimate(model, payoff, ["delta"], 2**16, scheme=scheme, estimator=gk.Pathwise())["price"]
    watched = gk.price(model, gk.BarrierOption(100.0, nearer, 1.0, dates), scheme=fine, paths=2**16, seed=99)
    assert abs(found.value - watched.value) < 4.0 * math.hypot(found.std_error, watched.std_error)
    assert found.std_error < 0.06
    uncorrected = gk.price(model, gk.BarrierOption(100.0, level, 1.0, 16), scheme=scheme, paths=2**16, seed=99)
    assert uncorrected.value - found.value > 6.0 * found.std_error


@dataclass(frozen=True)
class SecondOfThree(gk.Payoff):
    """A call on the second asset that dies, for 3, when that has fallen to the barrier."""

    strike: gk.Scalar
    barrier: gk.Scalar
    maturity: gk.Scalar
    dates: Any = None

    def exits(self, stats: Any, t: gk.Scalar, x: Any) -> Any:
        return ((x[0][1] <= self.barrier, 3.0),)

    def settle(self, stats: Any, x: Any) -> Any:
        return gk.maximum(x[0][1] - self.strike, 0.0)


@pytest.mark.slow
def test_one_of_several_assets() -> None:
    correlation = ((1.0, 0.5, 0.1), (0.5, 1.0, 0.2), (0.1, 0.2, 1.0))
    model = gk.MultiBlackScholes((90.0, 100.0, 80.0), 0.05, (0.3, 0.2, 0.1), correlation, (0.0, 0.02, 0.01))
    names = {"delta[1]": "delta", "vega[1]": "vega", "gamma[1,1]": "gamma", "theta": "theta"}
    found = estimate(model, SecondOfThree(100.0, 92.0, 1.0), [*names, "delta[0]"], 2**16)
    truth = greeks(barrier.price, **KNOWN, strike=100.0, barrier=92.0, maturity=1.0, rebate=3.0)
    for ours, name in {"price": "price", **names}.items():
        assert abs(found[ours].z_score(truth[name])) < 4.0, ours
    assert found["delta[0]"].value == 0.0 and found["delta[1]"].std_error < 0.005


@pytest.mark.parametrize("scheme", [gk.Exact(), pytest.param(gk.Euler(7), marks=pytest.mark.slow)])
def test_a_clock_in_steps_changes_nothing(scheme: gk.Scheme) -> None:
    """The bridge is exact: 7 steps or one, every Greek agrees with the closed form, calendar theta among them."""
    terms: dict[str, Any] = {"strike": 100.0, "barrier": 88.0, "maturity": 0.6}
    names = ["delta", "vega", "rho", "theta", "dividend_rho"]
    found = estimate(MODEL, gk.BarrierOption(**terms, dates=None, rebate=5.0), names, 2**16, scheme=scheme)
    truth = greeks(barrier.price, **KNOWN, **terms, rebate=5.0)
    for name in ("price", *names):
        assert abs(found[name].z_score(truth[name])) < 4.0, name
    assert found["theta"].std_error < 0.05


# odd inputs -----------------------------------------------------------------------------------------------------
OUT, IN = (gk.BarrierOption(100.0, 101.0, 1.0, None, knock=k, rebate=3.0) for k in ("out", "in"))
DEAD: dict[str, tuple[gk.Payoff, float]] = {
    "hit: the rebate now": (OUT, 3.0),
    "on the barrier": (replace(OUT, barrier=100.0), 3.0),
    "hit, no rebate": (replace(OUT, rebate=0.0), 0.0),
    "touched": (gk.OneTouch(90.0, 1.0, cash=2.0), 2.0),
    "touched, paid later": (gk.OneTouch(90.0, 1.0, cash=2.0, pays="expiry"), 2.0 * math.exp(-0.05)),
    "a bet lost": (gk.NoTouch(90.0, 1.0), 0.0),
    "no cash": (gk.OneTouch(110.0, 1.0, cash=0.0), 0.0),
}


@pytest.mark.parametrize("name", DEAD)
def test_what_has_ended_today_has_its_value_and_no_greeks(name: str) -> None:
    payoff, value = DEAD[name]
    found = estimate(MODEL, payoff, ["delta", "gamma", "vega", "d_barrier"], 2**10)
    assert found["price"].value == pytest.approx(value, abs=1e-12) and found["price"].std_error < 1e-9
    for greek in ("delta", "gamma", "vega", "d_barrier"):
        assert abs(found[greek].value) < 1e-12


def test_a_knock_in_that_is_in_is_the_vanilla() -> None:
    found = estimate(MODEL, IN, ["delta", "gamma", "theta"], 2**12)
    vanilla = estimate(MODEL, gk.Call(100.0, 1.0), ["delta", "gamma", "theta"], 2**12)
    for greek, e in vanilla.items():
        assert abs(found[greek].value - e.value) < 4.0 * (found[greek].std_error + e.std_error), greek
    assert found["gamma"].std_error < 5e-4


@pytest.mark.parametrize("level", [1e-10, 1.0])
def test_a_barrier_out_of_reach_is_none(level: float) -> None:
    payoff = gk.BarrierOption(100.0, level, 1.0, None)
    found = estimate(MODEL, payoff, ["delta", "d_barrier"], 2**10, estimator=gk.Pathwise())
    vanilla = estimate(MODEL, gk.Call(100.0, 1.0), ["delta"], 2**10, estimator=gk.Pathwise())
    for name, e in vanilla.items():
        assert found[name].value == pytest.approx(e.value, rel=1e-10), name
    assert found["d_barrier"].value == 0.0
    rebate = estimate(MODEL, replace(payoff, rebate=2.0), ["d_rebate"], 2**10, estimator=gk.Pathwise())
    assert rebate["d_rebate"].value == 0.0


def test_without_noise_the_time_of_the_hit_is_known() -> None:
    """S grows at 3 %: it is at 102 after log(1.02) / 0.03 years; the derivative is that of exp(-r tau)."""
    still = replace(MODEL, volatility=0.0)
    payoff = gk.OneTouch(102.0, 1.0, cash=1.0)
    found = estimate(still, payoff, ["delta", "rho", "d_barrier"], 2**8)
    tau = math.log(1.02) / 0.03
    worth = math.exp(-0.05 * tau)
    assert found["price"].value == pytest.approx(worth, rel=1e-12)
    assert found["delta"].value == pytest.approx(worth * 0.05 / (0.03 * 100.0), rel=1e-10)
    assert found["d_barrier"].value == pytest.approx(-worth * 0.05 / (0.03 * 102.0), rel=1e-10)
    assert found["rho"].value == pytest.approx(worth * (-tau + 0.05 * tau / 0.03), rel=1e-10)
    assert estimate(still, gk.OneTouch(104.0, 1.0), ["delta"], 2**8)["price"].value == 0.0


@pytest.mark.parametrize("maturity", [1e-9, 40.0])
def test_very_short_and_very_long(maturity: float) -> None:
    names = ["delta", "vega", "theta", "d_barrier"]
    found = estimate(MODEL, gk.BarrierOption(90.0, 95.0, maturity, None, rebate=2.0), names, 2**12)
    truth = greeks(barrier.price, **KNOWN, strike=90.0, barrier=95.0, maturity=maturity, rebate=2.0)
    for name in ("price", *names):
        assert abs(found[name].z_score(truth[name])) < 4.0 or found[name].value == pytest.approx(truth[name], rel=1e-6)


def test_discrete_contracts_of_the_new_kinds() -> None:
    """One touch and no touch on the same dates are certain together; so are the digitals that are out and in."""
    together = gk.price(MODEL, gk.OneTouch(110.0, 1.0, 12, pays="expiry"), seed=4, paths=2**12)
    never = gk.price(MODEL, gk.NoTouch(110.0, 1.0, 12), seed=4, paths=2**12)
    assert together.value + never.value == pytest.approx(math.exp(-0.05), rel=1e-12)
    digital = gk.BarrierDigital(100.0, 90.0, 1.0, 12)
    parts = [gk.price(MODEL, replace(digital, knock=k), seed=4, paths=2**12).value for k in ("out", "in")]
    whole = gk.price(MODEL, gk.DigitalCall(100.0, 1.0), seed=8, paths=2**16)
    assert abs(sum(parts) - whole.value) < 4.0 * math.hypot(0.5 / 64.0, whole.std_error)


def test_a_book_says_continuous() -> None:
    terms: dict[str, Any] = {
        "underlying": "A",
        "quantity": 1.0,
        "barrier": 90.0,
        "maturity": 1.0,
        "dates": "continuous",
    }
    rows: list[dict[str, Any]] = [
        {"id": "b", "payoff": "BarrierOption", "strike": 100.0},
        {"id": "t", "payoff": "OneTouch", "direction": "down"},
    ]
    risk = gk.run(pd.DataFrame([terms | row for row in rows]), {"A": MODEL}, ["delta"], paths=2**12, seed=1)
    truth = greeks(barrier.price, **KNOWN, strike=100.0, barrier=90.0, maturity=1.0)
    assert abs(risk["delta"].iloc[0] - truth["delta"]) < 4.0 * risk["delta_std_error"].iloc[0]
    assert (risk["status"] == "ok").all()


# refusals -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Strange(gk.Payoff):
    """Every wish that is not granted between dates, by `wish`."""

    barrier: gk.Scalar
    maturity: gk.Scalar
    wish: str
    dates: Any = None

    def start(self) -> Any:
        return (0.0,) if self.wish in ("average", "mixed") else (0.0, 1e300)

    def observe(self, stats: Any, t: gk.Scalar, x: Any) -> Any:
        if self.wish == "average":
            return (stats[0] + x[0],)
        if self.wish == "mixed":
            return (gk.maximum(stats[0], x[0]),)
        return (gk.maximum(stats[0], x[0]), gk.minimum(stats[1], x[0])) if self.wish == "range" else stats

    def pay(self, stats: Any, t: gk.Scalar, x: Any) -> Any:
        return 1.0 if self.wish == "coupon" else 0.0

    def exits(self, stats: Any, t: gk.Scalar, x: Any) -> Any:
        below = x[0] <= self.barrier
        wishes: dict[str, Any] = {
            "mixed": ((below, 0.0),),
            "square": ((x[0] * x[0] + x[0] <= self.barrier, 0.0),),
            "twice": ((below, 0.0), (x[0] <= 0.9 * self.barrier, 1.0)),
            "corridor": ((below, 1.0), (x[0] >= 2.0 * self.barrier, 0.0)),
        }
        return wishes.get(self.wish, ())

    def settle(self, stats: Any, x: Any) -> Any:
        return stats[0]


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ("average", "only the running maximum or minimum"),
        ("range", "two running extremes"),
        ("mixed", "exits and a running extreme"),
        ("coupon", "no dates to be paid on"),
        ("square", "not a price against a level"),
        ("twice", "more than one upper and one lower level"),
        ("corridor", "the time at which one of two levels is reached first"),
    ],
)
def test_what_bridges_do_not_tell_is_refused(wish: str, reason: str) -> None:
    with pytest.raises(gk.UnsupportedError, match=rf"Strange.dates = None: .*({reason}).*dates=252"):
        gk.price(MODEL, Strange(80.0, 1.0, wish), paths=256)


def test_no_bridge_between_the_ends_of_an_exact_step_with_a_drift() -> None:
    payoff = gk.BarrierOption(90.0, 80.0, 1.0, None)
    model = gk.Bachelier(100.0, 0.05, 20.0)
    with pytest.raises(gk.UnsupportedError, match=r"Bachelier.*greeks\.Euler\(steps=64\)"):
        gk.price(model, payoff, scheme=gk.Exact(), paths=256)
    by_default = gk.sensitivities(model, payoff, [], paths=256)
    assert by_default.scheme == "Euler(steps=64)"
    assert by_default["price"].value == gk.price(model, payoff, scheme=gk.Euler(64), paths=256).value > 0.0
