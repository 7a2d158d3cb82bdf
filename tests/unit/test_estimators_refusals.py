"""What cannot be estimated honestly is refused with a reason and a remedy; nothing is silently zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

import greeks as gk

MODEL = gk.BlackScholes(100.0, 0.05, 0.2, 0.02)
HESTON = gk.Heston(100.0, 0.03, 0.05, kappa=2.0, theta=0.04, xi=0.25, rho=-0.6)


@dataclass(frozen=True)
class RangeAccrual(gk.Payoff):
    """The share of dates with L < S < U, paid at maturity"""

    low: gk.Scalar
    high: gk.Scalar
    maturity: gk.Scalar
    dates: int = 3

    def start(self) -> Any:
        return (0.0, 0.0)

    def observe(self, stats: Any, t: Any, x: Any) -> Any:
        inside = (x[0] > self.low) & (x[0] < self.high)
        return (stats[0] + gk.where(inside, 1.0, 0.0), stats[1] + 1.0)

    def settle(self, stats: Any, x: Any) -> Any:
        return stats[0] / stats[1]


def slow(payoff: gk.Payoff) -> Any:
    """Like others of the list, and long to compile."""
    return pytest.param(payoff, marks=pytest.mark.slow)


JUMPING = [
    gk.DigitalCall(101.0, 1.0),
    gk.DigitalPut(101.0, 1.0),
    gk.AssetOrNothingCall(101.0, 1.0),
    gk.AssetOrNothingPut(101.0, 1.0),
    gk.BarrierOption(101.0, 90.0, 1.0, 3),
    slow(gk.BarrierOption(101.0, 90.0, 1.0, 3, knock="in", call=False, rebate=2.0)),
    slow(gk.BarrierOption(101.0, 115.0, 1.0, 3, direction="up", rebate=2.0)),
    RangeAccrual(90.0, 110.0, 1.0),
]
ACTIVE = ["delta", "vega", "rho", "dividend_rho", "theta", "gamma", "vanna"]


@pytest.mark.parametrize("payoff", JUMPING, ids=lambda p: type(p).__name__)
def test_auto_never_differentiates_through_a_jump(payoff: gk.Payoff) -> None:
    chosen = gk.explain(MODEL, payoff, ACTIVE, controls=()).estimators
    assert set(chosen) == set(ACTIVE)
    assert "pathwise" not in chosen.values()
    assert "finite difference" not in chosen.values()


@pytest.mark.parametrize("payoff", JUMPING, ids=lambda p: type(p).__name__)
@pytest.mark.parametrize("greek", ACTIVE)
def test_asking_for_pathwise_across_a_jump_is_refused(payoff: gk.Payoff, greek: str) -> None:
    with pytest.raises(gk.UnsupportedError, match=rf'"{greek}".*silently miss the jump'):
        gk.sensitivities(MODEL, payoff, [greek], estimator=gk.Pathwise(), paths=256)


@pytest.mark.parametrize(
    "payoff",
    [JUMPING[0], *(pytest.param(p, marks=pytest.mark.slow) for p in JUMPING[2:6:2])],
    ids=lambda p: type(p).__name__,
)
def test_jumps_under_heston_are_never_pathwise_in_the_spot(payoff: gk.Payoff) -> None:
    for scheme in (gk.Euler(steps=4), gk.QE(steps=4)):
        found = gk.explain(HESTON, payoff, ["delta", "gamma", "d_variance", "d_xi"], scheme=scheme, controls=())
        assert "pathwise" not in found.estimators.values()


def test_pathwise_where_a_jump_stands_still_is_allowed() -> None:
    """The amount of a digital moves no jump."""
    digital, plain = gk.DigitalCall(101.0, 1.0, 3.0), gk.Pathwise()
    found = gk.sensitivities(MODEL, digital, ["d_cash"], paths=2**12, seed=1, estimator=plain)
    assert found["d_cash"].estimator == "pathwise"
    assert found["d_cash"].value == pytest.approx(found["price"].value / 3.0, rel=1e-12)


def test_second_order_pathwise_across_a_kink_is_refused() -> None:
    with pytest.raises(gk.UnsupportedError, match="jump"):
        gk.sensitivities(MODEL, gk.Call(100.0, 1.0), ["gamma"], estimator=gk.Pathwise(), paths=256)
    assert gk.explain(MODEL, gk.Call(100.0, 1.0), ["gamma"]).estimators["gamma"] == "conditional"


def test_mixed_needs_two_derivatives() -> None:
    with pytest.raises(gk.UnsupportedError, match=r"second derivative.*Pathwise\(\)"):
        gk.sensitivities(MODEL, gk.Call(100.0, 1.0), ["delta"], estimator=gk.Mixed(), paths=256)


def test_a_barrier_or_strike_inside_a_jump_is_never_zero() -> None:
    for payoff, greek in ((JUMPING[0], "d_strike"), (JUMPING[4], "d_barrier"), (JUMPING[7], "d_high")):
        bump = gk.sensitivities(MODEL, payoff, [greek], estimator={greek: gk.FiniteDifference()}, paths=2**14, seed=1)
        assert abs(bump[greek].value) > 4.0 * bump[greek].std_error
        for refusing in (gk.Pathwise(), gk.LikelihoodRatio()):
            with pytest.raises(gk.UnsupportedError, match=rf'"{greek}".*Remedy'):
                gk.sensitivities(MODEL, payoff, [greek], paths=256, estimator=refusing)
        try:
            found = gk.sensitivities(MODEL, payoff, [greek], paths=2**14, seed=1, controls=())
        except gk.UnsupportedError as refusal:
            assert "FiniteDifference" in str(refusal)
        else:
            assert found[greek].estimator == "conditional"
            assert abs(found[greek].value - bump[greek].value) < 4.0 * bump[greek].std_error


@dataclass(frozen=True)
class Uniform(gk.Model):
    """X_T = a N(Z), uniform on (0, a): a law whose support moves with its parameter"""

    spot: gk.Scalar
    width: gk.Scalar
    state = ("spot",)

    def drift(self, t: Any, x: Any) -> Any:
        return (0.0,)

    def diffusion(self, t: Any, x: Any) -> Any:
        return ((self.width * gk.sqrt(1.0 + x[0] * x[0]),),)  # of no consequence: `transition` is the law

    def discount(self, t: Any) -> Any:
        return gk.exp(-0.0 * t)

    def transition(self, t: Any, dt: Any, x: Any, z: Any) -> Any:
        return (self.width * gk.normal_cdf(z[0]),)


@dataclass(frozen=True)
class Above(gk.Payoff):
    """1 if X_T > K"""

    level: gk.Scalar
    maturity: gk.Scalar

    def settle(self, stats: Any, x: Any) -> Any:
        return gk.where(x[0] > self.level, 1.0, 0.0)


def test_a_support_that_moves_with_the_parameter_is_no_trap() -> None:
    """d/da P(X > 1), X ~ U(0, a), at a = 3 is 1/9; the score -1/a of the density alone would say -2/9.

    The score of the reparameterised map keeps the boundary term, since z itself moves; or the request is refused.
    """
    model, payoff = Uniform(0.0, 3.0), Above(1.0, 1.0)
    try:
        found = gk.sensitivities(model, payoff, ["d_width"], scheme=gk.Exact(), paths=2**16, seed=1)
    except (gk.UnsupportedError, gk.EstimationError):
        return
    assert found["price"].value == pytest.approx(2.0 / 3.0, abs=0.01)
    assert abs(found["d_width"].z_score(1.0 / 9.0)) < 4.0
    assert found["d_width"].std_error < 0.02


@dataclass(frozen=True)
class Reflected(Uniform):
    """X_T = a |Z|, whose support is [0, inf) for every a, but whose map is not invertible in z"""

    def transition(self, t: Any, dt: Any, x: Any, z: Any) -> Any:
        return (self.width * gk.absolute(z[0]),)


@dataclass(frozen=True)
class Floored(Uniform):
    """X_T = max(a Z, 0): an atom at 0"""

    def transition(self, t: Any, dt: Any, x: Any, z: Any) -> Any:
        return (gk.maximum(self.width * z[0], 0.0),)


@pytest.mark.parametrize("model", [Reflected(0.0, 3.0), Floored(0.0, 3.0)], ids=lambda m: type(m).__name__)
def test_maps_that_fold_or_flatten_the_noise_are_refused_or_right(model: gk.Model) -> None:
    """P(a |Z| > 1) and P(a Z > 1) have derivatives 2 and 1 times phi(1/a)/a^2."""
    truth = {"Reflected": 2.0, "Floored": 1.0}[type(model).__name__] * 0.3773832276 / 9.0
    try:
        found = gk.sensitivities(model, Above(1.0, 1.0), ["d_width"], scheme=gk.Exact(), paths=2**16, seed=1)
    except (gk.UnsupportedError, gk.EstimationError):
        return
    assert abs(found["d_width"].z_score(truth)) < 4.0
    assert found["d_width"].std_error < 0.02


def test_a_maturity_has_no_greek_but_theta() -> None:
    with pytest.raises(gk.UnsupportedError, match='"theta" is the derivative in calendar time'):
        gk.sensitivities(MODEL, gk.Call(100.0, 1.0), ["d_maturity"], paths=256)


def test_explain_collects_every_refusal() -> None:
    wanted = {"d_strike": gk.LikelihoodRatio(), "d_cash": gk.Pathwise()}
    found = gk.explain(MODEL, gk.DigitalCall(101.0, 1.0), ["delta", "d_strike", "d_cash"], estimator=wanted)
    assert set(found.refused) == {"d_strike"}
    assert "Remedy" in found.refused["d_strike"]
    assert found.estimators == {"delta": "conditional", "d_cash": "pathwise"}
    assert "refused" in repr(found)
    assert list(found.to_frame()["estimator"]) == ["conditional", "pathwise", "refused"]
