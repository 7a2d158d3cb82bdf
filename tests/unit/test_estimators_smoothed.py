"""Smoothed jumps: the smoothed price itself by quadrature, its derivatives by bumps, and the bias that is reported."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

import greeks as gk
from greeks.estimators.smoothed.estimator import extrapolating
from greeks.estimators.smoothed.ruler import Ruler
from greeks.expressions.fold import Carry, Fold
from greeks.expressions.node import Expr, symbol, unary
from greeks.reference import black_scholes, heston
from greeks.reference import greeks as closed_form
from tests.property.trees import evaluate

MODEL = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2, dividend=0.02)
DIGITAL = gk.DigitalCall(strike=100.0, maturity=1.0)
UP_AND_OUT = gk.BarrierOption(100.0, 120.0, 1.0, dates=[7 * i / 365 for i in range(1, 52)], direction="up")
GREEKS = ["delta", "gamma", "vega", "rho", "theta", "vanna"]
FIRST = ["delta", "vega", "rho", "theta"]


@dataclass(frozen=True)
class KilledCall(gk.Payoff):
    """max(S_T - K, 0) unless some S(t_i) >= B, the jump hidden in a statistic"""

    strike: gk.Scalar
    barrier: gk.Scalar
    maturity: gk.Scalar
    dates: Any = 12

    def start(self) -> Any:
        return (1.0,)

    def observe(self, stats: Any, t: Any, x: Any) -> Any:
        return (gk.where(x[0] < self.barrier, stats[0], 0.0),)

    def settle(self, stats: Any, x: Any) -> Any:
        return stats[0] * gk.maximum(x[0] - self.strike, 0.0)


@dataclass(frozen=True)
class LateAccrual(gk.Payoff):
    """max(n - 3, 0), n the number of dates with S > K: a kink in a count of jumps"""

    strike: gk.Scalar
    maturity: gk.Scalar
    dates: int = 6

    def start(self) -> Any:
        return (0.0,)

    def observe(self, stats: Any, t: Any, x: Any) -> Any:
        return (stats[0] + gk.where(x[0] > self.strike, 1.0, 0.0),)

    def settle(self, stats: Any, x: Any) -> Any:
        return gk.maximum(stats[0] - 3.0, 0.0)


@dataclass(frozen=True)
class Outside(gk.Payoff):
    """1 if S_T is not between two levels, said with `or` and `not`"""

    lower: gk.Scalar
    upper: gk.Scalar
    maturity: gk.Scalar

    def settle(self, stats: Any, x: Any) -> Any:
        return gk.where((x[0] < self.lower) | ~(x[0] < self.upper), 1.0, 0.0)


@dataclass(frozen=True)
class LogDigital(gk.Payoff):
    """1 if log S_T > log K"""

    strike: gk.Scalar
    maturity: gk.Scalar

    def settle(self, stats: Any, x: Any) -> Any:
        return gk.where(gk.log(x[0] / self.strike) > 0.0, 1.0, 0.0)


@dataclass(frozen=True)
class Overtakes(gk.Payoff):
    """1 if the first asset ends above the second"""

    maturity: gk.Scalar

    def settle(self, stats: Any, x: Any) -> Any:
        return gk.where(x[0][0] > x[0][1], 1.0, 0.0)


@dataclass(frozen=True)
class MoreUpsThanDowns(gk.Payoff):
    """1 if more dates are above the level than below: two counts that start at 0"""

    level: gk.Scalar
    maturity: gk.Scalar
    dates: int = 5

    def start(self) -> Any:
        return 0.0, 0.0

    def observe(self, stats: Any, t: Any, x: Any) -> Any:
        above = gk.where(x[0] > self.level, 1.0, 0.0)
        return stats[0] + above, stats[1] + 1.0 - above

    def settle(self, stats: Any, x: Any) -> Any:
        return gk.where(stats[0] > stats[1], 1.0, 0.0)


def run(payoff: gk.Payoff, greeks: list[str], estimator: gk.Smoothed, model: gk.Model = MODEL, **how: Any) -> Any:
    settings = {"paths": 2**16, "seed": 5, **how}
    return gk.sensitivities(model, payoff, greeks, estimator=estimator, **settings)


def agrees(found: gk.Estimate, truth: float) -> bool:
    """Within its error and twice the bias that it reports."""
    assert found.bias is not None
    return abs(found.value - truth) < 4.0 * found.std_error + 2.0 * abs(found.bias)


def digital_truth(greek: str) -> float:
    return float(closed_form(black_scholes.cash_call, **TERMS)[greek])


TERMS = {"spot": 100.0, "rate": 0.05, "volatility": 0.2, "dividend": 0.02, "strike": 100.0, "maturity": 1.0}
NODES = np.linspace(-10.0, 10.0, 2001)  # of the trapezoidal rule, which is exact here to rounding


def smoothed_digital(width: float, spot: float = 100.0, strike: float = 100.0, in_logs: bool = False) -> float:
    """e^(-rT) E[Phi((S_T - K) / (width K))], by quadrature; with log S_T - log K in logarithms."""
    log_ratio = math.log(spot / strike) + 0.05 - 0.02 - 0.02 + 0.2 * NODES
    distance = log_ratio if in_logs else np.expm1(log_ratio)
    density = np.exp(-0.5 * NODES**2) / math.sqrt(2.0 * math.pi)
    return math.exp(-0.05) * 0.01 * float(density @ ndtr(distance / width))


def smoothed_delta(width: float, strike: float = 100.0, in_logs: bool = False) -> float:
    up, down = (smoothed_digital(width, 100.0 + h, strike, in_logs) for h in (1e-3, -1e-3))
    return (up - down) / 2e-3


def bias_left(width: float, halvings: int) -> float:
    """The bias of the extrapolated delta of the digital."""
    widths = [width / 2**k for k in range(halvings + 1)]
    weighted = zip(extrapolating(len(widths)), widths, strict=True)
    return math.fsum(w * smoothed_delta(h) for w, h in weighted) - digital_truth("delta")


# what is estimated -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("width", [0.3, 0.1])
def test_one_width_estimates_the_smoothed_digital(width: float) -> None:
    found = run(DIGITAL, ["delta"], gk.Smoothed(width, halvings=0))
    assert abs(found["price"].z_score(smoothed_digital(width))) < 4.0
    assert abs(found["delta"].z_score(smoothed_delta(width))) < 4.0
    assert found["delta"].std_error < 0.005 * found["delta"].value


def test_the_width_of_a_comparison_of_logarithms_is_that_of_the_logarithm() -> None:
    found = run(LogDigital(125.0, 1.0), ["delta"], gk.Smoothed(0.4, halvings=0))
    assert abs(found["price"].z_score(smoothed_digital(0.4, strike=125.0, in_logs=True))) < 4.0
    assert abs(found["delta"].z_score(smoothed_delta(0.4, 125.0, in_logs=True))) < 4.0
    assert abs(found["delta"].z_score(smoothed_delta(0.4, 125.0))) > 8.0


@pytest.mark.parametrize("width, halvings", [(0.2, 0), (0.1, 0), (0.4, 1), (0.3, 1), (0.4, 2)])
def test_the_reported_bias_is_that_of_the_extrapolated_digital(width: float, halvings: int) -> None:
    found = run(DIGITAL, ["delta"], gk.Smoothed(width, halvings), paths=2**20)["delta"]
    truth = bias_left(width, halvings)
    assert abs(found.value - digital_truth("delta") - truth) < 4.0 * found.std_error
    assert found.bias == pytest.approx(truth, rel=0.35)
    assert abs(truth) > 10.0 * found.std_error
    assert any("biased by about" in text for text in found.warnings)


def test_the_bias_is_of_second_order_and_each_halving_takes_two_orders_off() -> None:
    def bias(width: float, halvings: int) -> float:
        found = run(DIGITAL, ["delta"], gk.Smoothed(width, halvings), paths=2**22)["delta"].bias
        assert found is not None
        return float(found)

    assert bias(0.1, 0) / bias(0.05, 0) == pytest.approx(4.0, rel=0.2)
    assert 4.9 < bias(0.3, 1) / bias(0.15, 1) < 16.0
    assert abs(bias(0.2, 0)) > 4.0 * abs(bias(0.2, 1)) > 8.0 * abs(bias(0.2, 2))


@pytest.mark.parametrize("widths", [1, 2, 3, 5])
def test_extrapolation_keeps_constants_and_removes_even_powers(widths: int) -> None:
    steps = [0.5**k for k in range(widths)]
    for power in range(widths):
        found = math.fsum(w * h ** (2 * power) for w, h in zip(extrapolating(widths), steps, strict=True))
        assert found == pytest.approx(float(power == 0), abs=1e-12)


# against bumps ---------------------------------------------------------------------------------------------------
BUMPED = [
    (DIGITAL, gk.Smoothed(0.1)),
    (gk.CorridorDigital(90.0, 115.0, 1.0), gk.Smoothed(0.1, halvings=2)),
    (gk.RangeAccrual(90.0, 115.0, 1.0, dates=6), gk.Smoothed(0.1)),
    (gk.BarrierDigital(100.0, 120.0, 1.0, dates=6, direction="up", knock="in"), gk.Smoothed(0.1, halvings=0)),
    (gk.Autocallable(105.0, 0.02, 80.0, 100.0, 1.0, dates=4), gk.Smoothed(0.1)),
]


@pytest.mark.parametrize("payoff, estimator", BUMPED, ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("greek, field", [("delta", "spot"), ("vega", "volatility"), ("rho", "rate")])
def test_first_derivatives_are_those_of_the_smoothed_price(
    payoff: gk.Payoff, estimator: gk.Smoothed, greek: str, field: str
) -> None:
    def price(bump: float) -> float:
        moved = replace(MODEL, **{field: getattr(MODEL, field) + bump})
        return float(gk.price(moved, payoff, estimator=estimator, paths=2**12, seed=1).value)

    h = 1e-4 * getattr(MODEL, field)
    bumped = (8.0 * (price(h) - price(-h)) - (price(2.0 * h) - price(-2.0 * h))) / (12.0 * h)
    found = run(payoff, [greek], estimator, paths=2**12, seed=1)[greek]
    assert found.value == pytest.approx(bumped, rel=1e-6, abs=1e-8)


def test_gamma_is_the_bump_of_the_smoothed_delta() -> None:
    payoff = gk.BarrierDigital(100.0, 120.0, 1.0, dates=6, direction="up")

    def delta(bump: float) -> float:
        moved = replace(MODEL, spot=100.0 + bump)
        return float(run(payoff, ["delta"], gk.Smoothed(0.1), moved, paths=2**12)["delta"].value)

    bumped = (8.0 * (delta(0.01) - delta(-0.01)) - (delta(0.02) - delta(-0.02))) / 0.12
    assert run(payoff, ["gamma"], gk.Smoothed(0.1), paths=2**12)["gamma"].value == pytest.approx(bumped, rel=1e-6)


def test_derivatives_in_a_level_see_the_width_move_with_it() -> None:
    def price(strike: float) -> float:
        return float(gk.price(MODEL, gk.DigitalCall(strike, 1.0), estimator=gk.Smoothed(0.1), paths=2**12).value)

    found = run(DIGITAL, ["d_strike"], gk.Smoothed(0.1), paths=2**12, seed=0)["d_strike"]
    assert found.value == pytest.approx((price(100.01) - price(99.99)) / 0.02, rel=1e-6)


# against the truth -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("width, halvings", [(0.2, 0), (0.1, 0), (0.1, 1), (0.05, 1), (0.2, 2)])
def test_digital_within_error_and_reported_bias(width: float, halvings: int) -> None:
    found = run(DIGITAL, GREEKS, gk.Smoothed(width, halvings))
    for greek in ["price", *GREEKS]:
        assert agrees(found[greek], digital_truth(greek)), greek
    for greek in FIRST:
        assert found[greek].std_error < 0.03 * abs(digital_truth(greek)), greek


def test_up_and_out_call() -> None:
    """The truths are those of a quadrature over the dates."""
    found = run(UP_AND_OUT, ["delta", "gamma", "vega"], gk.Smoothed(0.05))
    for greek, truth in {"price": 1.56175, "delta": -0.011459, "gamma": -0.007346, "vega": -13.432}.items():
        assert agrees(found[greek], truth), greek
    assert found["delta"].std_error < 0.0035 and found["vega"].std_error < 0.25


def test_heston_digital() -> None:
    model = gk.Heston(100.0, 0.03, variance=0.04, kappa=2.0, theta=0.04, xi=0.3, rho=-0.5, dividend=0.01)
    found = run(DIGITAL, ["delta", "d_variance"], gk.Smoothed(0.05), model, scheme=gk.QE(steps=16))
    terms = {"spot": 100.0, "rate": 0.03, "variance": 0.04, "kappa": 2.0, "theta": 0.04, "xi": 0.3, "rho": -0.5}
    truth = closed_form(heston.cash_call, **terms, dividend=0.01, strike=100.0, maturity=1.0)
    for greek in ("delta", "d_variance"):
        assert agrees(found[greek], float(truth[greek])), greek
    assert found["delta"].std_error < 0.02 * truth["delta"]


def test_corridor_and_its_complement() -> None:
    def truth(greek: str) -> float:
        low, high = (closed_form(black_scholes.cash_call, **{**TERMS, "strike": k})[greek] for k in (90.0, 115.0))
        return float(low - high)

    inside = run(gk.CorridorDigital(90.0, 115.0, 1.0), FIRST, gk.Smoothed(0.05))
    outside = run(Outside(90.0, 115.0, 1.0), FIRST, gk.Smoothed(0.05))
    for greek in FIRST:
        assert agrees(inside[greek], truth(greek)), greek
        paid_anyway = {"rho": -math.exp(-0.05), "theta": 0.05 * math.exp(-0.05)}.get(greek, 0.0)
        assert inside[greek].value + outside[greek].value == pytest.approx(paid_anyway, abs=1e-9), greek
    assert inside["delta"].std_error < 0.001


def test_a_jump_in_a_statistic_is_the_same_as_an_exit() -> None:
    exits = run(gk.BarrierOption(100.0, 120.0, 1.0, dates=12, direction="up"), ["delta", "gamma"], gk.Smoothed(0.05))
    hidden = run(KilledCall(100.0, 120.0, 1.0), ["delta", "gamma"], gk.Smoothed(0.05))
    for greek in ("price", "delta", "gamma"):
        assert hidden[greek].value == pytest.approx(exits[greek].value, rel=1e-9)
        assert hidden[greek].bias == pytest.approx(exits[greek].bias, rel=1e-6)


@pytest.mark.parametrize("width", [0.1, 0.05, 0.02])
def test_a_kink_in_a_count_of_jumps(width: float) -> None:
    """Bias of order h only, and still within what is reported."""
    late = LateAccrual(105.0, 1.0)
    weighed = gk.sensitivities(MODEL, late, ["delta"], estimator=gk.LikelihoodRatio(), paths=2**20, seed=7)["delta"]
    found = run(late, ["delta"], gk.Smoothed(width), paths=2**18)["delta"]
    assert found.bias is not None
    error = math.hypot(found.std_error, weighed.std_error)
    assert abs(found.value - weighed.value) < 4.0 * error + 2.0 * abs(found.bias) and error < 0.01 * weighed.value


def test_two_prices_against_one_another() -> None:
    """P(S_1 > S_2) = Phi(d), and a width relative to today's price."""
    model = gk.MultiBlackScholes((100.0, 95.0), 0.05, (0.2, 0.3), ((1.0, 0.4), (0.4, 1.0)), (0.02, 0.01))
    spread = math.sqrt(0.2**2 + 0.3**2 - 2.0 * 0.4 * 0.2 * 0.3)
    d = (math.log(100.0 / 95.0) - 0.02 + 0.01 - 0.5 * (0.2**2 - 0.3**2)) / spread
    slope = math.exp(-0.05 - 0.5 * d * d) / math.sqrt(2.0 * math.pi) / spread
    found = run(Overtakes(1.0), ["delta[0]", "delta[1]"], gk.Smoothed(0.05), model)
    assert agrees(found["price"], math.exp(-0.05) * float(ndtr(d)))
    assert agrees(found["delta[0]"], slope / 100.0) and agrees(found["delta[1]"], -slope / 95.0)
    assert found["delta[0]"].std_error < 0.03 * slope / 100.0


def test_a_kink_is_smoothed_for_second_derivatives() -> None:
    call = gk.Call(100.0, 1.0)
    found = gk.sensitivities(MODEL, call, ["delta", "gamma"], estimator={"gamma": gk.Smoothed(0.1)}, seed=2)
    truth = closed_form(black_scholes.call, **TERMS)["gamma"]
    assert agrees(found["gamma"], float(truth)) and found["gamma"].std_error < 0.01 * truth
    assert found["delta"].bias is None


# what is said, and refused ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("payoff", [gk.LookbackCall(maturity=1.0, dates=4), gk.LookbackPut(maturity=1.0, dates=4)])
def test_an_extreme_that_has_seen_nothing_yet_has_no_size(payoff: gk.Payoff) -> None:
    """A running extreme starts beyond every price, where no width could be a fraction of it."""
    model, names = gk.Bachelier(spot=100.0, rate=0.05, volatility=15.0, dividend=0.02), ["gamma", "volga"]
    found, mixed = (
        gk.sensitivities(model, payoff, names, estimator=dict.fromkeys(names, e), paths=2**16, seed=3)
        for e in (gk.Smoothed(), gk.Mixed())
    )
    for name in names:
        gap = math.hypot(found[name].std_error, mixed[name].std_error)
        assert abs(found[name].value - mixed[name].value) < 4.0 * gap
        assert 0.0 < found[name].std_error < 0.05 * abs(found[name].value)


def test_results_say_that_they_are_biased_and_how_they_were_had() -> None:
    wide = run(DIGITAL, ["delta"], gk.Smoothed(0.2))
    delta = wide["delta"]
    assert delta.estimator == wide["price"].estimator == "smoothed (biased)"
    assert delta.reason.startswith("requested; extrapolated from steps 20 % and 10 % wide; bias about -0.000")
    assert "biased by about" in delta.warnings[0] and 'estimator="auto"' in delta.warnings[0]
    assert f"biased, which ± does not contain, by about: price {wide['price'].bias:.2g}, delta" in repr(wide)
    assert wide.to_frame()["bias"].tolist() == [wide["price"].bias, delta.bias]
    assert delta.bias is not None and wide.combination({"delta": -3.0}).bias == pytest.approx(-3.0 * delta.bias)
    assert run(DIGITAL, ["delta"], gk.Smoothed(0.02))["delta"].warnings == ()


def test_other_estimators_know_of_no_bias() -> None:
    found = gk.sensitivities(MODEL, DIGITAL, ["delta", "vega"], estimator={"vega": gk.Smoothed()}, seed=1)
    assert found["delta"].bias is None and found["price"].bias is None and found["vega"].bias is not None
    assert found.combination({"price": 1.0, "delta": 2.0}).bias is None
    assert found.combination({"vega": 2.0, "delta": 2.0}).bias == 2.0 * found["vega"].bias
    assert found.to_frame()["bias"].isna().tolist() == [True, True, False]


def test_explained_with_its_widths() -> None:
    told = gk.explain(MODEL, DIGITAL, ["delta"], estimator=gk.Smoothed(0.08, halvings=2))
    assert told["delta"] == "requested; extrapolated from steps 8 %, 4 % and 2 % wide"


@pytest.mark.parametrize(
    "payoff",
    [gk.Call(100.0, 1.0), gk.AsianCall(100.0, 1.0, dates=4), gk.OneTouch(120.0, 1.0)],
    ids=["call", "asian", "touch at any time"],
)
def test_nothing_to_smooth_is_refused(payoff: gk.Payoff) -> None:
    with pytest.raises(gk.UnsupportedError, match=r'"delta": smoothed: there is no jump to smooth.*"auto"'):
        run(payoff, ["delta"], gk.Smoothed())


def test_a_comparison_without_a_level_is_refused() -> None:
    with pytest.raises(gk.UnsupportedError, match="stat_0 - stat_1 starts at 0 and has no level"):
        run(MoreUpsThanDowns(100.0, 1.0), ["delta"], gk.Smoothed())


@pytest.mark.parametrize("width", [0.0, 1.0, -0.1, math.nan, "2 %"])
def test_widths_that_are_none(width: Any) -> None:
    with pytest.raises(gk.SchemaError, match=r"Smoothed\.width = .*fraction of its level"):
        gk.Smoothed(width)


@pytest.mark.parametrize("halvings", [-1, 5, 1.0, True, None])
def test_halvings_that_are_none(halvings: Any) -> None:
    with pytest.raises(gk.SchemaError, match=r"Smoothed\.halvings = .*from 0 to 4"):
        gk.Smoothed(halvings=halvings)


def test_the_same_for_any_number_of_threads() -> None:
    one, two = (run(UP_AND_OUT, ["delta"], gk.Smoothed(), threads=t, paths=2**14) for t in (1, 2))
    assert one["delta"].value == two["delta"].value and one["delta"].bias == two["delta"].bias


def test_auto_never_takes_it() -> None:
    assert "smoothed" not in str(gk.explain(MODEL, UP_AND_OUT, ["delta", "gamma"]))


# lengths ---------------------------------------------------------------------------------------------------------
Y, COUNT, SPOT, K, CASH, Z = (symbol(s) for s in ("log_spot", "count", "spot", "K", "cash", "z"))
PRICE = unary("exp", Y)
FOLD = Fold(
    (
        Carry.of("log_spot", unary("log", SPOT), arrive=Y + Z),
        Carry.of("count", symbol("zero") - symbol("zero"), observe=COUNT + PRICE),
    ),
    {},
    noise={"arrive": (Z,)},
)
AT = {SPOT: 90.0, K: 120.0, CASH: -3.0, symbol("nearly_0"): 1e-5}


@pytest.mark.parametrize(
    "difference, length",
    [
        (PRICE - K, 120.0),
        (K - PRICE, 120.0),
        (PRICE / K - 1.25, 1.25),
        (CASH * (PRICE - 2.0 * K), 720.0),
        (COUNT / 12.0 - K, 120.0),
        (unary("log", PRICE / K), 1.0),
        (Y - unary("log", K), 1.0),
        ((Y - unary("log", K)) / 2.0, 0.5),
        (PRICE - COUNT / 12.0, 90.0),
        (COUNT / 12.0 - 0.8 * PRICE, 72.0),
        (PRICE - symbol("nearly_0"), 0.01),
    ],
    ids=str,
)
def test_length_is_the_size_of_the_level(difference: Expr, length: float) -> None:
    assert evaluate(Ruler(FOLD).length(difference), AT) == pytest.approx(length)
