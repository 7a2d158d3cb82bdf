"""Identities that hold between prices and Greeks, path by path or in law."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

import greeks as gk

MODEL = gk.BlackScholes(100.0, 0.05, 0.2, 0.02)
FIRST = ["delta", "vega", "rho", "dividend_rho", "theta", "d_strike"]
PATHS = 2**14

PLAIN = gk.Pathwise()  # leaves the price as the mean of the cash flows


def greeks_of(payoff: gk.Payoff, names: list[str], model: gk.Model = MODEL, **settings: Any) -> Any:
    """Without controls, whose coefficients differ between the contracts that are compared path by path."""
    return gk.sensitivities(model, payoff, names, paths=PATHS, seed=9, controls=(), **settings)


@pytest.mark.parametrize(
    ("call", "put"),
    [
        (gk.Call(103.0, 1.0), gk.Put(103.0, 1.0)),
        (gk.AsianCall(103.0, 1.0, 4), gk.AsianPut(103.0, 1.0, 4)),
    ],
    ids=["vanilla", "Asian"],
)
def test_call_less_put_is_the_forward_path_by_path(call: Any, put: Any) -> None:
    """max(A - K, 0) - max(K - A, 0) = A - K, so prices and first Greeks differ by those of a forward."""

    class Forward(type(call)):  # type: ignore[misc]
        def settle(self, stats: Any, x: Any) -> Any:
            return (self.average_of(stats) if stats else x[0]) - self.strike

    forward = Forward(**{f.name: getattr(call, f.name) for f in dataclasses.fields(call)})
    c, p, f = (greeks_of(payoff, FIRST, estimator=PLAIN) for payoff in (call, put, forward))
    for name in ("price", *FIRST):
        assert c[name].value - p[name].value == pytest.approx(f[name].value, rel=1e-10, abs=1e-10), name


def test_digital_call_and_put_make_a_bond_path_by_path() -> None:
    names = ["delta", "gamma", "vega", "rho"]
    c, p = (greeks_of(payoff, names) for payoff in (gk.DigitalCall(103.0, 1.0), gk.DigitalPut(103.0, 1.0)))
    bond = {"price": math.exp(-0.05), "delta": 0.0, "gamma": 0.0, "vega": 0.0, "rho": -math.exp(-0.05)}
    for name in ("price", *names):
        assert c[name].value + p[name].value == pytest.approx(bond[name], rel=1e-9, abs=1e-9), name


@pytest.mark.parametrize("payoff", [gk.Call(103.0, 1.0), gk.Put(97.0, 0.5), gk.AsianCall(103.0, 1.0, 4)], ids=str)
def test_prices_are_homogeneous_in_spot_and_strike_path_by_path(payoff: Any) -> None:
    r = greeks_of(payoff, ["delta", "d_strike"])
    assert 100.0 * r["delta"].value + payoff.strike * r["d_strike"].value == pytest.approx(r["price"].value, rel=1e-12)


@pytest.mark.parametrize(
    "payoff",
    [gk.Call(103.0, 1.0), gk.DigitalPut(97.0, 0.5), gk.AssetOrNothingCall(100.0, 1.0)],
    ids=lambda p: type(p).__name__,
)
def test_the_black_scholes_equation(payoff: gk.Payoff) -> None:
    """theta + (r - q) S delta + sigma^2 S^2 gamma / 2 = r V, and vega = sigma T S^2 gamma, in law."""
    r = gk.sensitivities(MODEL, payoff, ["delta", "gamma", "theta", "vega"], paths=2**18, seed=7)
    names = ["theta", "delta", "gamma", "price"]
    weights = {"theta": 1.0, "delta": 3.0, "gamma": 200.0, "price": -0.05}
    residual = sum(weights[k] * r[k].value for k in names)
    error = math.fsum(abs(weights[k]) * r[k].std_error for k in names)
    assert abs(residual) < 4.0 * error
    assert error < 0.02 * sum(abs(weights[k] * r[k].value) for k in names)
    maturity = payoff.maturity  # type: ignore[attr-defined]
    bound = 4.0 * (r["vega"].std_error + 2000.0 * maturity * r["gamma"].std_error)
    assert abs(r["vega"].value - 2000.0 * maturity * r["gamma"].value) < bound


@pytest.mark.parametrize("direction", ["down", "up"])
@pytest.mark.parametrize("call", [True, False], ids=["call", "put"])
def test_knock_in_and_knock_out_make_the_vanilla_path_by_path(direction: str, call: bool) -> None:
    barrier = 92.0 if direction == "down" else 112.0
    names = ["delta", "gamma", "vega", "rho"]
    estimators = {g: gk.LikelihoodRatio() for g in names}

    def barrier_option(knock: str) -> gk.BarrierOption:
        return gk.BarrierOption(101.0, barrier, 1.0, 4, direction=direction, knock=knock, call=call)

    @dataclasses.dataclass(frozen=True)
    class Watched(gk.Payoff):
        """The vanilla option on the same dates, so that it is sampled from the same noise."""

        strike: gk.Scalar
        maturity: gk.Scalar
        dates: int = 4

        def start(self) -> Any:
            return (0.0,)

        def observe(self, stats: Any, t: Any, x: Any) -> Any:
            return (stats[0] + x[0],)

        def settle(self, stats: Any, x: Any) -> Any:
            intrinsic = x[0] - self.strike if call else self.strike - x[0]
            return gk.maximum(intrinsic, 0.0) + 0.0 * stats[0]

    settings: dict[str, Any] = {
        "estimator": {**estimators, "price": PLAIN},
        "paths": 200,
        "seed": 9,
    }  # too few for regressed controls
    vanilla = gk.sensitivities(MODEL, Watched(101.0, 1.0), names, **settings)
    parts = [gk.sensitivities(MODEL, barrier_option(k), names, **settings) for k in ("in", "out")]
    for name in ("price", *names):
        assert sum(p[name].value for p in parts) == pytest.approx(vanilla[name].value, rel=1e-9, abs=1e-9), name


def test_a_knock_out_that_cannot_be_hit_is_the_vanilla() -> None:
    far = gk.BarrierOption(101.0, 1e-3, 1.0, 1)
    r = gk.sensitivities(MODEL, far, ["vega"], paths=2**17, seed=3)
    v = gk.sensitivities(MODEL, gk.Call(101.0, 1.0), ["vega"], paths=2**17, seed=4)
    assert abs(r["price"].value - v["price"].value) < 4.0 * math.hypot(r["price"].std_error, v["price"].std_error)
    assert abs(r["vega"].value - v["vega"].value) < 4.0 * math.hypot(r["vega"].std_error, v["vega"].std_error)


def test_rebates_add_up() -> None:
    """With a rebate an in and an out option together pay the vanilla and, at one time or the other, the rebate."""
    plain, paying = (
        gk.price(MODEL, gk.BarrierOption(101.0, 92.0, 1.0, 4, rebate=x), estimator=PLAIN, paths=4_000, seed=2)
        for x in (0.0, 5.0)
    )
    hit = gk.price(MODEL, gk.BarrierOption(1e9, 92.0, 1.0, 4, rebate=5.0), estimator=PLAIN, paths=4_000, seed=2)
    assert paying.value == pytest.approx(plain.value + hit.value, rel=1e-12)


def test_greeks_of_scaled_contracts_scale() -> None:
    one, five = (greeks_of(gk.DigitalCall(103.0, 1.0, cash), ["delta", "gamma"]) for cash in (1.0, 5.0))
    for name in ("price", "delta", "gamma"):
        assert five[name].value == pytest.approx(5.0 * one[name].value, rel=1e-12)
        assert five[name].std_error == pytest.approx(5.0 * one[name].std_error, rel=1e-9)
