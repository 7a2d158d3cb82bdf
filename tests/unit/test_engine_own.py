"""A user's own model and payoff: the numbers and the bits of the built-in ones, whatever the parameters' names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, make_dataclass
from typing import Any

import pytest

import greeks as gk

GREEKS = ["delta", "gamma", "vega", "rho", "theta", "dividend_rho", "vanna", "volga"]
BUILT_IN = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2, dividend=0.02)


@dataclass(frozen=True)
class MyBlackScholes(gk.Model):
    """dS = (r - q) S dt + sigma S dW"""

    spot: gk.Scalar
    rate: gk.Scalar
    volatility: gk.Scalar
    dividend: gk.Scalar = 0.0
    state = ("spot",)

    def drift(self, t: Any, x: Any) -> Any:
        return ((self.rate - self.dividend) * x[0],)

    def diffusion(self, t: Any, x: Any) -> Any:
        return ((self.volatility * x[0],),)

    def discount(self, t: Any) -> Any:
        return gk.exp(-self.rate * t)


@dataclass(frozen=True)
class MyCall(gk.Payoff):
    """max(S_T - K, 0)"""

    strike: gk.Scalar
    maturity: gk.Scalar

    def settle(self, stats: Any, x: Any) -> Any:
        return gk.maximum(x[0] - self.strike, 0.0)


@dataclass(frozen=True)
class MyDigital(gk.Payoff):
    """cash if S_T > K"""

    strike: gk.Scalar
    maturity: gk.Scalar
    cash: gk.Scalar = 1.0

    def settle(self, stats: Any, x: Any) -> Any:
        return gk.where(x[0] > self.strike, self.cash, 0.0)


@dataclass(frozen=True)
class MyAsian(gk.Payoff):
    """max(mean of S(t_i) - K, 0), divided by the number of dates as it is given"""

    strike: gk.Scalar
    maturity: gk.Scalar
    dates: int | Sequence[float] = 12

    def start(self) -> Any:
        return (0.0,)

    def observe(self, stats: Any, t: Any, x: Any) -> Any:
        return (stats[0] + x[0],)

    def settle(self, stats: Any, x: Any) -> Any:
        return gk.maximum(stats[0] / self.dates - self.strike, 0.0)


@dataclass(frozen=True)
class MyUpAndOutCall(gk.Payoff):
    """max(S_T - K, 0) unless some S(t_i) >= B"""

    strike: gk.Scalar
    barrier: gk.Scalar
    maturity: gk.Scalar
    dates: int | Sequence[float] = 252

    def start(self) -> Any:
        return (1.0,)

    def observe(self, stats: Any, t: Any, x: Any) -> Any:
        return (gk.where(x[0] < self.barrier, stats[0], 0.0),)

    def settle(self, stats: Any, x: Any) -> Any:
        return stats[0] * gk.maximum(x[0] - self.strike, 0.0)


MINE = MyBlackScholes(spot=100.0, rate=0.05, volatility=0.2, dividend=0.02)


def numbers(model: gk.Model, payoff: gk.Payoff, greeks: Sequence[str] = GREEKS, **settings: Any) -> dict[str, Any]:
    found = gk.sensitivities(model, payoff, greeks, paths=4_000, seed=11, **settings)
    return {name: (e.value, e.std_error) for name, e in found.items()}


@pytest.mark.parametrize(
    "payoff",
    [
        gk.Call(105.0, 0.75),
        gk.DigitalCall(95.0, 1.0),
        gk.AsianCall(100.0, 1.0, 6),
        pytest.param(gk.BarrierOption(100.0, 120.0, 1.0, 6, direction="up"), marks=pytest.mark.slow),
        gk.LookbackPut(1.0, 6),
    ],
    ids=lambda p: type(p).__name__,
)
def test_the_same_sde_written_by_a_user_gives_the_same_bits(payoff: gk.Payoff) -> None:
    assert numbers(MINE, payoff) == numbers(BUILT_IN, payoff)


@pytest.mark.parametrize(
    ("mine", "built_in"),
    [
        (MyCall(105.0, 0.75), gk.Call(105.0, 0.75)),
        (MyDigital(95.0, 1.0), gk.DigitalCall(95.0, 1.0)),
    ],
    ids=lambda p: type(p).__name__,
)
def test_the_same_payoff_written_by_a_user_gives_the_same_bits(mine: gk.Payoff, built_in: gk.Payoff) -> None:
    assert numbers(BUILT_IN, mine) == numbers(BUILT_IN, built_in)


def test_another_formula_for_the_same_payoff_differs_by_rounding_only() -> None:
    mine = numbers(BUILT_IN, MyUpAndOutCall(100.0, 120.0, 1.0, 6), estimator=gk.LikelihoodRatio())
    by_density = gk.LikelihoodRatio()
    theirs = numbers(BUILT_IN, gk.BarrierOption(100.0, 120.0, 1.0, 6, direction="up"), estimator=by_density)
    for name, found in theirs.items():
        assert mine[name] == pytest.approx(found, rel=1e-11), name


@pytest.mark.parametrize("dates", [4, 8, 16])
def test_a_payoff_may_use_its_dates_in_a_formula(dates: int) -> None:
    mine, theirs = (numbers(BUILT_IN, p(100.0, 1.0, dates), ["delta"]) for p in (MyAsian, gk.AsianCall))
    for name, (value, error) in theirs.items():
        assert mine[name] == pytest.approx((value, error), rel=1e-12), name


THREE = gk.MultiBlackScholes(
    (100.0, 90.0, 80.0), 0.05, (0.2, 0.3, 0.25), ((1.0, 0.5, 0.2), (0.5, 1.0, 0.1), (0.2, 0.1, 1.0)), (0.0, 0.01, 0.02)
)


def basket(name: str) -> gk.Payoff:
    """max(sum_i a_i S_i - K, 0) with the vector a called `name`."""

    def settle(self: Any, stats: Any, x: Any) -> Any:
        return gk.maximum(gk.dot(getattr(self, name), x[0]) - self.strike, 0.0)

    fields: list[Any] = [(name, Any), ("strike", float), ("maturity", float)]
    made = make_dataclass("Mine", fields, bases=(gk.Payoff,), frozen=True, namespace={"settle": settle})
    payoff: gk.Payoff = made((0.3, 0.3, 0.4), 90.0, 1.0)
    return payoff


# What emitted programs call their arrays, indices, constants and functions; and a Python word.
@pytest.mark.parametrize("name", ["w", "p", "i", "theta", "table", "LANES", "exp", "maximum", "lambda_", "x0", "t1"])
def test_a_vector_parameter_may_have_any_name(name: str) -> None:
    found = gk.sensitivities(THREE, basket(name), ["delta[1]", f"d_{name}[2]"], paths=1_000, seed=5)
    plain = gk.sensitivities(THREE, basket("weights"), ["delta[1]", "d_weights[2]"], paths=1_000, seed=5)
    assert [e.value for e in found.values()] == [e.value for e in plain.values()]


@pytest.mark.parametrize(
    "name",
    [
        "w",
        "p",
        "exp",
        "grid",
        "dt",
        "t",
        "price",
        "unit",
        "paid",
        "z_0",
        "score",
        "stat_0",
        "alive",
        "date",
        "observed",
    ],
)
def test_a_scalar_parameter_may_have_any_name(name: str) -> None:
    def settle(self: Any, stats: Any, x: Any) -> Any:
        return gk.maximum(x[0] - getattr(self, name), 0.0)

    made = make_dataclass("Mine", [(name, float), ("maturity", float)], bases=(gk.Payoff,), frozen=True,
                          namespace={"settle": settle})  # fmt: skip
    found = gk.sensitivities(BUILT_IN, made(105.0, 0.75), ["delta", "gamma"], paths=1_000, seed=5)
    plain = gk.sensitivities(BUILT_IN, gk.Call(105.0, 0.75), ["delta", "gamma"], paths=1_000, seed=5)
    assert [e.value for e in found.values()] == [e.value for e in plain.values()]


def test_parameters_that_share_a_name_are_told_apart() -> None:
    """The payoff's `rate` is not the model's: each has a derivative of its own."""

    def settle(self: Any, stats: Any, x: Any) -> Any:
        return x[0] * self.rate

    made = make_dataclass("Paying", [("rate", float), ("maturity", float)], bases=(gk.Payoff,), frozen=True,
                          namespace={"settle": settle})  # fmt: skip
    found = gk.sensitivities(BUILT_IN, made(0.3, 1.0), ["rho", "d_payoff_rate"], paths=2_000, seed=3)
    assert found["d_payoff_rate"].value == pytest.approx(found["price"].value / 0.3, rel=1e-12)
    assert abs(found["rho"].value) < 0.5  # forward and discounting cancel: d/dr of S exp(-qT) is 0
