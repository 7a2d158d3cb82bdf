"""Every error names the field, its value, what was expected and what to do; nothing that is not a number gets out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

import greeks as gk

MODEL = gk.BlackScholes(100.0, 0.05, 0.2, 0.02)
CALL = gk.Call(100.0, 1.0)


def call(model: Any = MODEL, payoff: Any = CALL, greeks: Any = ("delta",), **settings: Any) -> Any:
    return gk.sensitivities(model, payoff, greeks, **{"paths": 256, **settings})


def any_value(value: Any) -> Any:
    """What a type checker would catch, and a notebook does not."""
    return value


@dataclass(frozen=True)
class Lopsided(gk.BlackScholes):
    def diffusion(self, t: Any, x: Any) -> Any:
        return ((0.2 * x[0],), (0.1,))


@dataclass(frozen=True)
class TwoDrifts(gk.BlackScholes):
    def drift(self, t: Any, x: Any) -> Any:
        return (0.0, 0.0)


@dataclass(frozen=True)
class Forgetful(gk.AsianCall):
    def observe(self, stats: Any, t: Any, x: Any) -> Any:
        return stats[0] + x[0]


@dataclass(frozen=True)
class Timeless(gk.Payoff):
    strike: gk.Scalar

    def settle(self, stats: Any, x: Any) -> Any:
        return x[0]


@dataclass(frozen=True)
class ManyAmounts(gk.Payoff):
    maturity: gk.Scalar

    def settle(self, stats: Any, x: Any) -> Any:
        return x[0]


TWO = gk.MultiBlackScholes((100.0, 95.0), 0.04, (0.2, 0.3), ((1.0, 0.4), (0.4, 1.0)), (0.0, 0.01))
# id -> (what is called, words that the message must hold: field, value, expectation, remedy)
MALFORMED: dict[str, tuple[Callable[[], Any], tuple[str, ...]]] = {
    "model is no model": (lambda: call(model=5), ("model = 5", "expected a greeks.Model", "BlackScholes")),
    "payoff is no payoff": (lambda: call(payoff="call"), ("payoff = 'call'", "expected a greeks.Payoff", "Call")),
    "arguments swapped": (lambda: call(CALL, MODEL), ("model = Call", "expected a greeks.Model")),
    "no maturity": (lambda: call(payoff=Timeless(1.0)), ("Timeless", "maturity", "give it one")),
    "negative spot": (lambda: gk.BlackScholes(-1.0, 0.0, 0.2), ("spot", "-1", "> 0")),
    "zero spot": (lambda: gk.BlackScholes(0.0, 0.0, 0.2), ("spot", "0", "> 0")),
    "negative volatility": (lambda: gk.BlackScholes(1.0, 0.0, -0.2), ("volatility", "-0.2", ">= 0")),
    "NaN rate": (lambda: gk.BlackScholes(1.0, math.nan, 0.2), ("rate", "nan", "finite")),
    "text": (lambda: gk.BlackScholes("100", 0.0, 0.2), ("spot", "'100'", "number")),
    "correlation above 1": (lambda: replace(TWO, correlation=((1.0, 1.5), (1.5, 1.0))), ("correlation", "1.5")),
    "correlation of a Heston": (lambda: gk.Heston(1.0, 0.0, 0.04, 1.0, 0.04, 0.3, -1.2), ("rho", "-1.2", "1")),
    "lengths differ": (lambda: replace(TWO, volatilities=(0.2,)), ("volatilities", "2")),
    "zero maturity": (lambda: gk.Call(100.0, 0.0), ("maturity", "0", "> 0")),
    "negative maturity": (lambda: gk.Call(100.0, -1.0), ("maturity", "-1", "> 0")),
    "dates beyond maturity": (lambda: call(payoff=gk.AsianCall(1.0, 1.0, (0.5, 1.5))), ("dates", "1.5", "maturity")),
    "dates that fall": (lambda: call(payoff=gk.AsianCall(1.0, 1.0, (0.5, 0.4))), ("dates", "0.4", "increasing")),
    "no dates": (lambda: call(payoff=gk.AsianCall(1.0, 1.0, 0)), ("dates", "0")),
    "barrier direction": (lambda: gk.BarrierOption(1.0, 1.0, 1.0, 1, "over"), ("direction", "'over'", "'down'")),
    "one name": (lambda: call(greeks="delta"), ("greeks = 'delta'", "list", '["delta"]')),
    "a number as name": (lambda: call(greeks=[1]), ("greeks", "1", '"delta"')),
    "misspelt Greek": (lambda: call(greeks=["detla"]), ('"detla"', "delta", "?")),
    "misspelt parameter": (lambda: call(greeks=["d_volatilty"]), ('"d_volatilty"', "d_volatility", "?")),
    "no name at all": (lambda: call(greeks=["?"]), ("'?'", "expected")),
    "index on a number": (lambda: call(greeks=["delta[0]"]), ('"delta[0]"', "single number", '"delta"')),
    "index too far": (lambda: call(TWO, gk.BasketCall(90.0, 1.0), ["delta[2]"]), ('"delta[2]"', "index 2", "0..1")),
    "too many indices": (
        lambda: call(TWO, gk.BasketCall(90.0, 1.0), ["delta[0,1]"]),
        ('"delta[0,1]"', "2 indices", "expected 1"),
    ),
    "diagonal": (
        lambda: call(TWO, gk.BasketCall(90.0, 1.0), ["d_correlation[1,1]"]),
        ('"d_correlation[1,1]"', "diagonal"),
    ),
    "one path": (lambda: call(paths=1), ("paths = 1", ">= 2")),
    "paths a float": (lambda: call(paths=1e5), ("paths = 100000.0", "whole number")),
    "paths a flag": (lambda: call(paths=True), ("paths = True", "whole number")),
    "no threads": (lambda: call(threads=0), ("threads = 0", ">= 1")),
    "seed a float": (lambda: call(seed=1.5), ("seed = 1.5", "whole number")),
    "negative stream": (lambda: call(stream=-1), ("stream = -1", ">= 0")),
    "no paths at most": (lambda: call(max_paths=0), ("max_paths = 0", ">= 1")),
    "no time": (lambda: call(time_limit=0.0), ("time_limit = 0.0", "> 0")),
    "time in words": (lambda: call(time_limit="soon"), ("time_limit = 'soon'", "seconds")),
    "target in words": (lambda: call(std_error="small"), ("std_error", "'small'", "number")),
    "target by name in words": (lambda: call(std_error={"delta": "small"}), ("std_error", "'small'", "number")),
    "scheme": (lambda: call(scheme="Euler"), ("scheme = 'Euler'", "greeks.Euler(steps=64)")),
    "sampler": (lambda: call(sampler="Sobol"), ("sampler = 'Sobol'", "greeks.Philox()")),
    "estimator": (lambda: call(estimator="pathwise"), ("estimator = 'pathwise'", '"auto"', "greeks.Pathwise()")),
    "an estimator's class": (lambda: call(estimator=gk.Pathwise), ("estimator = ", "greeks.Pathwise()")),
    "estimator of what is not asked": (lambda: call(estimator={"vega": gk.Pathwise()}), ("vega", "delta")),
    "estimator by name in words": (lambda: call(estimator={"delta": "LR"}), ("'LR'", "greeks.Pathwise()")),
    "steps": (lambda: gk.Euler(steps=0), ("Euler.steps = 0", ">= 1", "64")),
    "steps a float": (lambda: gk.QE(steps=any_value(8.0)), ("QE.steps = 8.0", "whole number")),
    "bump": (lambda: gk.FiniteDifference(0.0), ("FiniteDifference.relative = 0.0", "(0, 1)", "0.01")),
    "bump in words": (lambda: gk.FiniteDifference(any_value("1%")), ("FiniteDifference.relative = '1%'", "(0, 1)")),
    "diffusion of another shape": (lambda: call(Lopsided(1.0, 0.0, 0.2)), ("Lopsided.diffusion", "expected 1 row")),
    "drift of another length": (lambda: call(TwoDrifts(1.0, 0.0, 0.2)), ("TwoDrifts.drift", "2 values", "expected 1")),
    "observe without a tuple": (lambda: call(payoff=Forgetful(1.0, 1.0, 2)), ("observe", "expected a tuple of 2")),
    "a vector of amounts": (lambda: call(TWO, ManyAmounts(1.0), []), ("settle", "expected one number", "greeks.total")),
}  # fmt: skip


@pytest.mark.parametrize(
    ("model", "of_model"), [(MODEL, "seen_spot (a single number)"), (TWO, "seen_spots (elements: 2)")]
)
def test_weights_of_a_basket_are_as_many_as_the_assets(model: gk.Model, of_model: str) -> None:
    with pytest.raises(gk.UnsupportedError) as refusal:
        call(model, gk.BasketCall(90.0, 1.0, weights=(0.5, 0.25, 0.25)))
    for part in ("BasketCall cannot be paid on", "weights (elements: 3)", of_model, "as many assets"):
        assert part in str(refusal.value)


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_input_is_answered_with_field_value_expectation_and_remedy(name: str) -> None:
    wrong, words = MALFORMED[name]
    with pytest.raises(gk.SchemaError) as error:
        wrong()
    for word in words:
        assert word in str(error.value), str(error.value)


UNSUPPORTED: dict[str, tuple[Callable[[], Any], tuple[str, ...]]] = {
    "backend": (lambda: call(backend="gpu"), ("backend = 'gpu'", "'cpu'", "'cuda'")),
    "no such parameter": (
        lambda: call(payoff=gk.LookbackCall(1.0, 2), greeks=["dual_delta"]),
        ("dual_delta", "strike"),
    ),
    "vega of a Heston": (
        lambda: call(gk.Heston(1.0, 0.0, 0.04, 1.0, 0.04, 0.3, -0.5), gk.Call(1.0, 1.0), ["vega"]),
        ("vega", "Heston", "variance", 'ask for "d_'),
    ),
    "continuous monitoring": (
        lambda: call(gk.Bachelier(1.0, 0.1, 1.0), gk.BarrierOption(1.0, 0.5, 1.0, None), scheme=gk.Exact()),
        ("dates = None", "Bachelier", "greeks.Euler(steps=64)"),
    ),
    "maturity": (lambda: call(greeks=["d_maturity"]), ("d_maturity", "theta")),
    "exact CEV": (lambda: call(gk.CEV(1.0, 0.0, 0.2, 0.5), scheme=gk.Exact()), ("CEV", "greeks.Euler(steps=64)")),
    "QE without variance": (lambda: call(scheme=gk.QE(steps=4)), ("BlackScholes", "QE", "greeks.Euler(steps=64)")),
    "pathwise digital": (
        lambda: call(payoff=gk.DigitalCall(1.0, 1.0), estimator=gk.Pathwise()),
        ('"delta"', "silently miss the jump", "Remedy"),
    ),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_what_cannot_be_had_is_refused_with_reason_and_remedy(name: str) -> None:
    wrong, words = UNSUPPORTED[name]
    with pytest.raises(gk.UnsupportedError) as error:
        wrong()
    for word in words:
        assert word in str(error.value), str(error.value)


def test_every_error_is_a_greeks_error() -> None:
    assert issubclass(gk.SchemaError, gk.GreeksError) and issubclass(gk.SchemaError, ValueError)
    assert issubclass(gk.UnsupportedError, gk.GreeksError)
    assert issubclass(gk.EstimationError, gk.GreeksError)


def test_zero_volatility_has_no_density() -> None:
    still = replace(MODEL, volatility=0.0)
    with pytest.raises(gk.EstimationError, match=r'"delta".*Remedy'):
        call(still, gk.DigitalCall(90.0, 1.0), estimator=gk.LikelihoodRatio())
    r = call(still, gk.Call(90.0, 1.0), ["delta", "vega"])
    forward = 100.0 * math.exp(0.03)
    assert r["price"].value == pytest.approx(math.exp(-0.05) * (forward - 90.0), rel=1e-12)
    assert r["delta"].value == pytest.approx(math.exp(-0.02), rel=1e-12)


@pytest.mark.parametrize("strike", [1e-300, 1e-12, 1e12, 1e300])
@pytest.mark.parametrize("payoff", [gk.Call, gk.Put, gk.DigitalCall, gk.DigitalPut], ids=lambda p: p.__name__)
def test_strikes_out_of_all_proportion(payoff: Any, strike: float) -> None:
    try:
        r = call(payoff=payoff(strike, 1.0), greeks=["delta", "gamma", "vega", "theta"], paths=2**12)
    except gk.EstimationError as error:
        assert strike == 1e300 and "beyond double precision" in str(error)
        return
    assert all(math.isfinite(e.value) and math.isfinite(e.std_error) for e in r.values())
    if payoff in (gk.Call, gk.DigitalCall) and strike >= 1e12:
        assert [e.value for e in r.values()] == [0.0] * 5


@pytest.mark.parametrize("payoff", [gk.Call, gk.DigitalCall, gk.AssetOrNothingPut], ids=lambda p: p.__name__)
def test_an_hour_before_expiry(payoff: Any) -> None:
    hour = 1.0 / (365.0 * 24.0)
    r = call(payoff=payoff(100.0, hour), greeks=["delta", "gamma", "vega", "theta"], paths=2**17, seed=1)
    assert all(math.isfinite(e.value) and math.isfinite(e.std_error) for e in r.values())
    d1 = (0.03 + 0.02) * hour / (0.2 * math.sqrt(hour))
    cdf, pdf = 0.5 * math.erfc(-d1 / math.sqrt(2.0)), math.exp(-0.5 * d1 * d1) / math.sqrt(2.0 * math.pi)
    if payoff is gk.Call:
        assert abs(r["delta"].z_score(math.exp(-0.02 * hour) * cdf)) < 4.0
        assert abs(r["gamma"].z_score(math.exp(-0.02 * hour) * pdf / (20.0 * math.sqrt(hour)))) < 4.0
    if payoff is gk.DigitalCall:
        d2 = d1 - 0.2 * math.sqrt(hour)
        density = math.exp(-0.5 * d2 * d2) / math.sqrt(2.0 * math.pi)
        assert abs(r["delta"].z_score(math.exp(-0.05 * hour) * density / (20.0 * math.sqrt(hour)))) < 4.0


@pytest.mark.parametrize("volatility", [1e-8, 5.0, 40.0])
def test_volatilities_out_of_all_proportion_give_numbers_or_an_error(volatility: float) -> None:
    try:
        r = call(replace(MODEL, volatility=volatility), gk.Call(100.0, 1.0), ["delta", "gamma", "vega"], paths=2**12)
    except gk.EstimationError:
        return
    assert all(math.isfinite(e.value) and math.isfinite(e.std_error) for e in r.values())


def test_numpy_numbers_are_numbers() -> None:
    model = gk.BlackScholes(np.float64(100.0), np.float32(0.05), np.float64(0.2), np.int64(0))
    plain = gk.BlackScholes(100.0, float(np.float32(0.05)), 0.2, 0.0)
    one = gk.price(model, gk.Call(np.int32(100), 1), paths=np.int64(256), seed=np.int64(3))
    assert one.value == gk.price(plain, CALL, paths=256, seed=3).value


def test_repeated_greeks_are_asked_once_and_order_is_kept() -> None:
    assert list(call(greeks=["vega", "delta", "vega"])) == ["price", "vega", "delta"]
    assert list(call(greeks=[])) == ["price"]
    assert list(call(greeks=("price", "delta"))) == ["price", "delta"]


def test_plain_words_mean_every_asset() -> None:
    names = list(call(TWO, gk.BasketCall(90.0, 1.0), ["delta", "gamma", "d_correlation"]))
    assert names == ["price", "delta[0]", "delta[1]", "gamma[0,0]", "gamma[0,1]", "gamma[1,1]", "d_correlation[1,0]"]


def test_reasons_come_with_the_numbers() -> None:
    r = call(payoff=gk.DigitalCall(100.0, 1.0), greeks=["delta"])
    assert r["delta"].estimator == r["price"].estimator == "conditional"
    assert "closed form" in r["delta"].reason
    r = call(payoff=gk.DigitalCall(100.0, 1.0), greeks=["delta"], estimator={"delta": gk.LikelihoodRatio()})
    assert (r["delta"].estimator, r["delta"].reason) == ("likelihood ratio", "requested")
    assert r["price"].paths == 256
