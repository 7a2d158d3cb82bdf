"""Shifted paths against closed forms: options far out of the money, barriers far away; and their intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import stats

import greeks as gk
from greeks.reference import barrier, black_scholes, greeks, heston

pytestmark = pytest.mark.slow
MARKET = {"spot": 100.0, "rate": 0.03, "volatility": 0.2, "dividend": 0.0}
MODEL = gk.BlackScholes(**MARKET)
MARKET_HESTON = {"spot": 100.0, "rate": 0.03, "variance": 0.04, "kappa": 2.0, "theta": 0.04, "xi": 0.3, "rho": -0.5}
HESTON = gk.Heston(**MARKET_HESTON)
SHIFTED = gk.ImportanceSampling()
FIRST = ("delta", "vega")
ALL = ("delta", "gamma", "vega")


@dataclass(frozen=True)
class Skewed(gk.Model):
    """dS = r S dt + sigma exp(-a S / 100) S dW."""

    spot: gk.Scalar
    rate: gk.Scalar
    volatility: gk.Scalar
    slope: gk.Scalar
    state = ("spot",)

    def drift(self, t: gk.Scalar, x: tuple[gk.Scalar, ...]) -> tuple[gk.Scalar, ...]:
        return (self.rate * x[0],)

    def diffusion(self, t: gk.Scalar, x: tuple[gk.Scalar, ...]) -> tuple[tuple[gk.Scalar, ...], ...]:
        return ((self.volatility * x[0] * gk.exp(-self.slope * x[0] / 100.0),),)

    def discount(self, t: gk.Scalar) -> gk.Scalar:
        return gk.exp(-self.rate * t)


@dataclass(frozen=True)
class Case:
    """A contract, its closed form, and the least that the shift divides every variance by."""

    model: gk.Model
    payoff: gk.Payoff
    names: tuple[str, ...]
    truth: Mapping[str, float]
    gain: float
    settings: Mapping[str, Any]

    def run(self, seed: int = 1, paths: int = 2**17, sampler: gk.Sampler | None = SHIFTED) -> gk.Sensitivities:
        asked = {"paths": paths, "seed": seed, "sampler": sampler, **self.settings}
        return gk.sensitivities(self.model, self.payoff, self.names, **asked)


def european(strike: float, names: tuple[str, ...], gain: float, estimator: gk.Estimator) -> Case:
    price: Callable[..., float] = black_scholes.call if strike > 100.0 else black_scholes.put
    payoff = (gk.Call if strike > 100.0 else gk.Put)(strike, 1.0)
    truth = greeks(price, **MARKET, strike=strike, maturity=1.0)
    return Case(MODEL, payoff, names, _read(truth, names), gain, {"estimator": estimator})


def _read(truth: Any, names: tuple[str, ...]) -> dict[str, float]:
    return {name: float(truth[name]) for name in ("price", *names)}


TOUCH = greeks(barrier.one_touch, **MARKET, barrier=180.0, maturity=1.0)
DOWN_IN = greeks(
    lambda **p: barrier.price(**p, direction="down", knock="in", call=False),
    **MARKET, strike=80.0, barrier=60.0, maturity=1.0,
)  # fmt: skip
FAR_HESTON = greeks(heston.call, **MARKET_HESTON, dividend=0.0, strike=180.0, maturity=1.0)
CASES = {
    "call along the path": european(200.0, FIRST, 500.0, gk.Pathwise()),
    "call by its density": european(200.0, ALL, 2000.0, gk.LikelihoodRatio()),
    "call, gamma mixed": european(200.0, ("gamma",), 500.0, gk.Mixed()),
    "put along the path": european(50.0, FIRST, 500.0, gk.Pathwise()),
    "one-touch": Case(MODEL, gk.OneTouch(180.0, 1.0), ALL, _read(TOUCH, ALL), 8.0, {}),
    "down-and-in put": Case(
        MODEL, gk.BarrierOption(80.0, 60.0, 1.0, None, "down", "in", False), FIRST, _read(DOWN_IN, FIRST), 1.5, {}
    ),
    "Heston": Case(
        HESTON, gk.Call(180.0, 1.0), ("delta", "gamma"), _read(FAR_HESTON, ("delta", "gamma")), 1.5,
        {"scheme": gk.QE(64)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_far_contracts(name: str) -> None:
    case = CASES[name]
    found = case.run()
    for greek, truth in case.truth.items():
        e = found[greek]
        assert "paths shifted" in e.reason
        assert abs(e.z_score(truth)) < 4.0
        assert e.std_error < 0.012 * abs(truth)


@pytest.mark.parametrize("name", CASES)
def test_what_the_shift_buys(name: str) -> None:
    case = CASES[name]
    plain, shifted = (case.run(paths=2**19, sampler=s) for s in (None, SHIFTED))
    for greek in case.truth:
        assert (plain[greek].std_error / shifted[greek].std_error) ** 2 > case.gain


def test_an_equation_of_the_users() -> None:
    case = Case(Skewed(100.0, 0.03, 0.2, 0.1), gk.Call(180.0, 1.0), ALL, {}, 100.0, {"scheme": gk.Euler(16)})
    plain, shifted = case.run(paths=2**22, sampler=None), case.run(paths=2**17)
    for greek in ("price", *ALL):
        a, b = plain[greek], shifted[greek]
        assert abs(a.value - b.value) < 4.0 * np.hypot(a.std_error, b.std_error)
        assert b.std_error < 0.01 * b.value and (a.std_error / b.std_error) ** 2 * 32.0 > 100.0


def test_several_assets_are_shifted_together() -> None:
    """A basket that is all one asset, whose normal is one of three that are correlated."""
    correlation = ((1.0, 0.5, 0.2), (0.5, 1.0, -0.1), (0.2, -0.1, 1.0))
    model = gk.MultiBlackScholes((90.0, 100.0, 80.0), 0.03, (0.3, 0.2, 0.25), correlation, (0.0,) * 3)
    settings = {"estimator": gk.Pathwise()}
    case = Case(model, gk.BasketCall(200.0, 1.0, (0.0, 1.0, 0.0)), ("delta", "vega"), {}, 100.0, settings)
    found, truth = case.run(), greeks(black_scholes.call, **MARKET, strike=200.0, maturity=1.0)
    for name in ("delta", "vega"):
        assert abs(found[f"{name}[1]"].z_score(float(truth[name]))) < 4.0
        assert found[f"{name}[1]"].std_error < 0.02 * truth[name]
    assert abs(found["price"].z_score(float(truth["price"]))) < 4.0


def test_controls_are_those_that_shifted_paths_see() -> None:
    controls = (gk.GeometricAverage(), gk.Average(), gk.Forward())
    along = {"estimator": gk.Pathwise(), "controls": controls}
    case = Case(MODEL, gk.AsianCall(150.0, 1.0, 12), ("delta", "vega"), {}, 1.0, along)
    alone = Case(MODEL, case.payoff, case.names, {}, 1.0, along | {"controls": ()})
    controlled, shifted = case.run(seed=1), alone.run(seed=2, paths=2**19)
    assert "option on it" in controlled["price"].reason
    for greek in ("price", *FIRST):
        a, b = controlled[greek], shifted[greek]
        assert abs(a.value - b.value) < 4.0 * np.hypot(a.std_error, b.std_error)
    assert controlled["price"].std_error < 0.9 * shifted["price"].std_error


def test_paths_stay_where_controls_know_more_than_a_shift() -> None:
    """Of an average of Gaussian prices all is known, far as the strike may be; near the money most of any average."""
    far = Case(gk.Bachelier(100.0, 0.03, 20.0), gk.AsianCall(140.0, 1.0, 4), FIRST, {}, 1.0, {})
    near = Case(MODEL, gk.AsianCall(100.0, 1.0, 12), FIRST, {}, 1.0, {})
    for case in (far, near):
        plain, shifted = (case.run(paths=2**15, sampler=s) for s in (None, SHIFTED))
        assert [(e.value, e.std_error) for e in shifted.values()] == [(e.value, e.std_error) for e in plain.values()]
        assert all("paths not shifted: no shift saves work" in e.reason for e in shifted.values())


@pytest.mark.parametrize("name", ["call along the path", "call by its density", "one-touch", "down-and-in put"])
def test_intervals_cover_the_truth(name: str) -> None:
    """95 % intervals of 300 seeds, within what 999 of 1,000 binomials are."""
    case, seeds = CASES[name], 300
    low, high = stats.binom(seeds, 0.95).ppf([0.0005, 0.9995])
    runs = [case.run(seed=k, paths=2**13) for k in range(seeds)]
    for greek, truth in case.truth.items():
        bounds = np.array([r[greek].interval(0.95) for r in runs])
        covered = int(((bounds[:, 0] <= truth) & (truth <= bounds[:, 1])).sum())
        assert low <= covered <= high, (greek, covered)
