"""What one step pays in expectation: payoffs with several levels, statistics that see the last price, flows."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import pytest

import greeks as gk
from greeks.estimators.direction import Direction
from greeks.expressions.fold import Fold
from greeks.reference import black_scholes, greeks, heston

MODEL = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2, dividend=0.02)
HESTON = gk.Heston(100.0, 0.03, 0.04, kappa=2.0, theta=0.04, xi=0.3, rho=-0.5, dividend=0.01)


@dataclass(frozen=True)
class ConditionedPrice(gk.Estimator):
    """The price of the conditioned fold, in place of a derivative: what a bump on the same noise differentiates."""

    over: str = "path"
    name = "conditioned price"

    def apply(self, fold: Fold, directions: tuple[Direction, ...]) -> Fold:
        return gk.Conditional(over=self.over).apply(fold, ())


def price(model: gk.Model, payoff: gk.Payoff, paths: int = 2**12) -> gk.Estimate:
    return gk.sensitivities(model, payoff, ["delta"], estimator=ConditionedPrice(), paths=paths, seed=3)["delta"]


@dataclass(frozen=True)
class Terminal(gk.Payoff):
    """A settlement of the last price by name, with levels a < b."""

    kind: str
    a: gk.Scalar
    b: gk.Scalar
    maturity: gk.Scalar

    def settle(self, stats: Any, x: Any) -> Any:
        s, a, b = x[0], self.a, self.b
        return {
            "spread": gk.maximum(s - a, 0.0) - gk.maximum(s - b, 0.0),
            "outside": gk.where(~((s > a) & (s < b)), s, 0.0),
            "either": gk.where((s < a) | (s > b), 1.0, gk.absolute(s - 100.0)),
            "product": gk.where(s > a, s - 90.0, 1.0) * gk.maximum(s - b, 5.0),
            "square": gk.where(s > a, s * s / 100.0, gk.minimum(s, b)),
            "nested": gk.where(gk.maximum(s, a) > b, 2.0, 1.0) * gk.where(s > a, 1.0, 0.5),
            "logarithm": gk.where(gk.log(s) > gk.log(a), gk.log(s), 0.0),
        }[self.kind]


@dataclass(frozen=True)
class OnStatistics(gk.Payoff):
    """A settlement by name of statistics that see the last price on `dates`."""

    kind: str
    strike: gk.Scalar
    maturity: gk.Scalar
    dates: Any

    def start(self) -> Any:
        return (0.0, 0.0, 0.0)

    def observe(self, stats: Any, t: gk.Scalar, x: Any) -> Any:
        inside = gk.where((x[0] > self.strike) & (x[0] < self.strike + 15.0), 1.0, 0.0)
        return (stats[0] + x[0], stats[1] + 1.0, stats[2] + inside)

    def settle(self, stats: Any, x: Any) -> Any:
        mean = stats[0] / stats[1]
        return {
            "average if above": gk.where(x[0] > self.strike, mean, 0.0),
            "cash on average": gk.where(mean > self.strike, 1.0, 0.0),
            "price against average": gk.where(x[0] > mean, x[0] - self.strike, 0.0),
            "range": stats[2] / stats[1],
        }[self.kind]


TERMINAL = [
    Terminal(k, 97.0, 108.0, 1.0) for k in ("spread", "outside", "either", "product", "square", "nested", "logarithm")
]
DATES = (4, (0.3, 0.6, 0.9))
SEEN = [
    OnStatistics(k, 98.0, 1.0, dates)
    for k in ("average if above", "cash on average", "price against average", "range")
    for dates in DATES
]


def shown(payoff: Any) -> str:
    return f"{payoff.kind} {getattr(payoff, 'dates', '')}"


CASES = [(MODEL, payoff) for payoff in TERMINAL + SEEN] + [
    (HESTON, payoff) for payoff in (TERMINAL[1], SEEN[0], SEEN[7])
]


@pytest.mark.parametrize(("model", "payoff"), CASES, ids=lambda x: shown(x) if isinstance(x, gk.Payoff) else "")
def test_settlements_piece_by_piece(model: Any, payoff: gk.Payoff) -> None:
    """Derivatives are those of the conditioned price on the same noise; the likelihood ratio agrees, and the price."""
    asked: dict[str, gk.Estimator] = {"delta": gk.Conditional(), "gamma": gk.Conditional(), "rho": ConditionedPrice()}

    def at(h: float) -> gk.Sensitivities:
        moved = dataclasses.replace(model, spot=100.0 + h)
        return gk.sensitivities(moved, payoff, list(asked), estimator=asked, paths=2**13, seed=3)

    def value(h: float) -> float:
        return at(h)["rho"].value

    def slope(h: float) -> float:
        return (value(h) - value(-h)) / (2.0 * h)

    def bend(h: float) -> float:
        return (value(h) - 2.0 * value(0.0) + value(-h)) / (h * h)

    found = at(0.0)
    assert found["delta"].value == pytest.approx((4.0 * slope(0.05) - slope(0.1)) / 3.0, rel=1e-6, abs=1e-8)
    assert found["gamma"].value == pytest.approx((4.0 * bend(0.1) - bend(0.2)) / 3.0, rel=1e-4, abs=1e-6)
    plain = gk.sensitivities(model, payoff, ["delta"], estimator=gk.LikelihoodRatio(), paths=2**15, seed=4)
    for one, other in ((found["delta"], plain["delta"]), (found["rho"], plain["price"])):
        assert abs(one.value - other.value) < 4.0 * math.hypot(one.std_error, other.std_error)


def test_calls_and_puts_in_one_step_are_their_closed_forms() -> None:
    """The kink integrated out leaves nothing to chance under Black-Scholes, in any derivative of either order."""
    names = {"delta": "delta", "gamma": "gamma", "vanna": "vanna", "volga": "volga", "vega": "vega"}
    settings: dict[str, float] = {"spot": 100.0, "rate": 0.05, "volatility": 0.2, "dividend": 0.02}
    for payoff, formula in ((gk.Call(103.0, 0.7), black_scholes.call), (gk.Put(103.0, 0.7), black_scholes.put)):
        truth = greeks(formula, **settings, strike=103.0, maturity=0.7)
        found = gk.sensitivities(MODEL, payoff, list(names), estimator=gk.Conditional(), paths=256, seed=1)
        for ours, theirs in names.items():
            assert found[ours].value == pytest.approx(truth[theirs], rel=1e-10)
            assert found[ours].std_error <= 1e-9 * abs(truth[theirs])


def test_a_calls_gamma_given_the_variance() -> None:
    """Heston: less than a fifth of the mixed estimator's error."""
    found, mixed = (
        gk.sensitivities(HESTON, gk.Call(100.0, 1.0), ["gamma"], estimator=e, paths=2**14, seed=5)["gamma"]
        for e in (gk.Conditional(), gk.Mixed())
    )
    truth = greeks(
        heston.call,
        spot=100.0, rate=0.03, variance=0.04, kappa=2.0, theta=0.04, xi=0.3, rho=-0.5, dividend=0.01,
        strike=100.0, maturity=1.0,
    )  # fmt: skip
    assert abs(found.z_score(truth["gamma"])) < 4.0
    assert 4.0 * found.std_error < mixed.std_error


def test_a_strike_that_every_price_exceeds() -> None:
    """Levels that no price reaches are no logarithm of a negative number."""
    for strike in (0.0, -20.0):
        found = gk.sensitivities(MODEL, gk.Call(strike, 1.0), ["delta"], estimator=gk.Conditional(), paths=256, seed=1)
        assert found["delta"].value == pytest.approx(math.exp(-0.02), rel=1e-12)


@pytest.mark.parametrize(
    "model", [gk.Bachelier(100.0, 0.05, 20.0), gk.CEV(100.0, 0.05, 2.0, 0.5)], ids=["normal", "cev"]
)
def test_steps_of_the_price_itself(model: gk.Model) -> None:
    """Not only logarithms: a digital on a price with Gaussian steps, by its last step."""
    scheme = None if isinstance(model, gk.Bachelier) else gk.Euler(steps=8)
    payoff = gk.DigitalCall(100.0, 1.0)
    found, plain = (
        gk.sensitivities(model, payoff, ["delta"], estimator=e, scheme=scheme, paths=2**15, seed=seed)["delta"]
        for e, seed in ((gk.Conditional(), 1), (gk.LikelihoodRatio(), 2))
    )
    assert abs(found.value - plain.value) < 4.0 * math.hypot(found.std_error, plain.std_error)
    assert found.std_error < 0.01 * found.value


@dataclass(frozen=True)
class PerformanceNote(gk.Payoff):
    """From the second date on it ends at S >= trigger with max(S - K, 0); each date alive pays a digital on it."""

    trigger: gk.Scalar
    strike: gk.Scalar
    maturity: gk.Scalar
    dates: Any

    def start(self) -> Any:
        return (0.0,)

    def observe(self, stats: Any, t: gk.Scalar, x: Any) -> Any:
        return (stats[0] + 1.0,)

    def pay(self, stats: Any, t: gk.Scalar, x: Any) -> Any:
        return gk.where(x[0] > self.strike, 2.0, 0.0)

    def exits(self, stats: Any, t: gk.Scalar, x: Any) -> Any:
        return (((stats[0] >= 1.0) & (x[0] >= self.trigger), gk.maximum(x[0] - self.strike, 0.0)),)

    def settle(self, stats: Any, x: Any) -> Any:
        return gk.where(x[0] > self.strike, 10.0, x[0] - 90.0)


@pytest.mark.parametrize("dates", DATES)
@pytest.mark.parametrize(
    "model", [MODEL, pytest.param(HESTON, marks=pytest.mark.slow)], ids=["black-scholes", "heston"]
)
def test_amounts_that_depend_on_the_price_of_their_date(model: Any, dates: Any) -> None:
    payoff, names = PerformanceNote(104.0, 98.0, 1.0, dates), ["delta", "rho", "d_trigger"]
    plain = gk.sensitivities(model, payoff, names[:2], estimator=gk.LikelihoodRatio(), paths=2**16, seed=4)
    found = gk.sensitivities(model, payoff, names, estimator=gk.Conditional(), paths=2**14, seed=3)
    for name in names[:2]:
        spread = math.hypot(found[name].std_error, plain[name].std_error)
        assert abs(found[name].value - plain[name].value) < 4.0 * spread, name
        assert found[name].std_error < plain[name].std_error, name  # with a quarter of the paths

    def moved(h: float) -> float:
        return price(model, dataclasses.replace(payoff, trigger=104.0 + h), 2**14).value

    assert found["d_trigger"].value == pytest.approx((moved(0.01) - moved(-0.01)) / 0.02, rel=1e-5)


@pytest.mark.parametrize("knock", ["out", "in"])
@pytest.mark.parametrize("over", ["path", "step"])
@pytest.mark.parametrize("model", [MODEL, HESTON], ids=["black-scholes", "heston"])
def test_exits_are_differentiated_on_the_same_noise(model: Any, over: str, knock: str) -> None:
    """Barrier and spot: the derivative of the sample is that of its mean to six digits, and the price is the price."""
    asked: dict[str, gk.Estimator] = {"delta": gk.Conditional(over=over), "rho": ConditionedPrice(over)}
    payoff = gk.BarrierOption(101.0, 95.0, 1.0, (0.2, 0.5, 0.9), knock=knock)

    def at(h: float) -> gk.Sensitivities:
        moved = dataclasses.replace(model, spot=100.0 + h)
        return gk.sensitivities(moved, payoff, list(asked), estimator=asked, paths=2**13, seed=3)

    found, h = at(0.0), 1e-4
    assert found["delta"].value == pytest.approx((at(h)["rho"].value - at(-h)["rho"].value) / (2.0 * h), rel=2e-6)
    spread = math.hypot(found["rho"].std_error, found["price"].std_error)
    assert abs(found["rho"].value - found["price"].value) < 4.0 * spread


@pytest.mark.parametrize("over", ["path", "step"])
def test_without_a_direction_it_is_the_price_alone(over: str) -> None:
    """The plain path is not simulated beside the surviving one."""
    fold = gk.Conditional(over=over).apply(_fold(gk.BarrierOption(100.0, 90.0, 1.0, 12)), ())
    names = {str(c.symbol) for c in fold.carries}
    assert "contract.alive" not in names
    assert ("log_spot" in names) == (over == "path") and ("contract.alive!" in names) == (over == "step")


def _fold(payoff: gk.Payoff) -> Fold:
    from greeks.engine.terms.contract import Contract, pricing_fold
    from greeks.engine.terms.grid import time_grid
    from greeks.schemes import Exact

    time_grid(payoff, Exact())
    return pricing_fold(Contract.of(MODEL, payoff), Exact(), True, False)


@pytest.mark.parametrize("over", ["path", "step"])
@pytest.mark.parametrize("barrier", [20.0, 99.9, 100.1])
def test_barriers_beyond_reach_and_a_hair_away(barrier: float, over: str) -> None:
    """Far away the option is the vanilla to rounding; just below and above the spot nothing overflows."""
    payoff = gk.BarrierOption(100.0, barrier, 1.0, 12)
    chosen = gk.Conditional(over=over)
    found = gk.sensitivities(MODEL, payoff, ["delta", "gamma"], estimator=chosen, paths=2**14, seed=1)
    assert all(math.isfinite(found[k].value) and math.isfinite(found[k].std_error) for k in found)
    if barrier == 20.0:
        truth = greeks(
            black_scholes.call, spot=100.0, rate=0.05, volatility=0.2, dividend=0.02, strike=100.0, maturity=1.0
        )
        for name in ("delta", "gamma"):
            assert abs(found[name].z_score(truth[name])) < 4.0


def test_bridges_over_little_variance() -> None:
    """A touch watched continuously under Heston: no draw leaves its region by rounding, no exponential overflows."""
    touch = gk.OneTouch(110.0, 1.0, None, "up")
    found, plain = (
        gk.sensitivities(HESTON, touch, ["delta"], estimator=e, paths=2**13, seed=5)["delta"]
        for e in (gk.Conditional(), gk.Pathwise())
    )
    assert math.isfinite(found.std_error)
    assert abs(found.value - plain.value) < 4.0 * math.hypot(found.std_error, plain.std_error)
