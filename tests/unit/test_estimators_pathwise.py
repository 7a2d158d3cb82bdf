"""Pathwise derivatives are bumps of the same program on the same noise: deterministic, so compared to 1e-6."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest

import greeks as gk

PATHS, SEED = 512, 23


@dataclasses.dataclass(frozen=True)
class Hyperbolic(gk.Model):
    """dX = kappa (theta - X) dt + sigma sqrt(1 + X^2 / 100^2) dW: a diffusion that bends, for Milstein"""

    spot: gk.Scalar
    rate: gk.Scalar
    kappa: gk.Scalar
    theta: gk.Scalar
    sigma: gk.Scalar
    state = ("spot",)

    def drift(self, t: Any, x: Any) -> Any:
        return (self.kappa * (self.theta - x[0]),)

    def diffusion(self, t: Any, x: Any) -> Any:
        return ((self.sigma * gk.sqrt(1.0 + (x[0] / 100.0) ** 2),),)

    def discount(self, t: Any) -> Any:
        return gk.exp(-self.rate * t)


BLACK_SCHOLES = gk.BlackScholes(100.0, 0.05, 0.2, 0.02)
HESTON = gk.Heston(100.0, 0.03, 0.05, kappa=2.0, theta=0.04, xi=0.25, rho=-0.6, dividend=0.01)
MODELS: dict[str, tuple[gk.Model, gk.Scheme | None]] = {
    "Black-Scholes": (BLACK_SCHOLES, None),
    "Black-Scholes, Euler": (BLACK_SCHOLES, gk.Euler(steps=8)),
    "Bachelier": (gk.Bachelier(100.0, 0.03, 18.0, 0.01), None),
    "CEV": (gk.CEV(100.0, 0.05, 2.1, 0.5, 0.02), gk.Euler(steps=8)),
    "own SDE, Milstein": (Hyperbolic(100.0, 0.05, 0.8, 104.0, 15.0), gk.Milstein(steps=8)),
    "Heston, Euler": (HESTON, gk.Euler(steps=8)),
    "Heston, QE": (HESTON, gk.QE(steps=8)),
}
PAYOFFS: dict[str, gk.Payoff] = {
    "call": gk.Call(103.0, 1.0),
    "put": gk.Put(103.0, 1.0),
    "Asian": gk.AsianCall(101.0, 1.0, 4),
    "geometric Asian": gk.AsianPut(101.0, 1.0, (0.0, 0.3, 0.7), average="geometric"),
    "lookback": gk.LookbackCall(1.0, 4),
    "fixed lookback": gk.LookbackCall(1.0, (0.2, 0.9), 104.0),
}


def names(subject: object) -> list[str]:
    """The numeric fields that have a Greek."""
    values = dataclasses.asdict(subject)  # type: ignore[call-overload]
    return [k for k, v in values.items() if isinstance(v, float) and k != "maturity"]


def price(model: gk.Model, payoff: gk.Payoff, scheme: gk.Scheme | None) -> float:
    plain = gk.Pathwise()  # leaves the price as it is
    return float(gk.price(model, payoff, scheme=scheme, estimator=plain, paths=PATHS, seed=SEED).value)


def bumped(model: gk.Model, payoff: gk.Payoff, name: str, h: float) -> tuple[gk.Model, gk.Payoff]:
    subject: Any = model if hasattr(model, name) else payoff
    moved = dataclasses.replace(subject, **{name: getattr(subject, name) + h})
    return (moved, payoff) if subject is model else (model, moved)


def slope(model: gk.Model, payoff: gk.Payoff, scheme: gk.Scheme | None, name: str) -> float:
    """A central difference of the price on the same noise, so small that hardly a path crosses a kink."""
    h: float = 1e-7 * max(1.0, abs(getattr(model, name, getattr(payoff, name, 0.0))))
    up, down = (price(*bumped(model, payoff, name, s), scheme) for s in (h, -h))
    return (up - down) / (2.0 * h)


def pairs() -> list[Any]:
    """Every model with every payoff; each model with one and each payoff with one in the fast tests."""
    fast = {("Black-Scholes", c) for c in PAYOFFS} | {(m, "Asian") for m in MODELS}
    every = [(m, c) for m in MODELS for c in PAYOFFS]
    return [pytest.param(*p, marks=() if p in fast else pytest.mark.slow, id=", ".join(p)) for p in every]


@pytest.mark.parametrize(("which", "contract"), pairs())
def test_first_derivatives_are_bumps(which: str, contract: str) -> None:
    (model, scheme), payoff = MODELS[which], PAYOFFS[contract]
    if contract == "geometric Asian" and which in ("Bachelier", "own SDE, Milstein"):
        payoff = gk.AsianPut(101.0, 1.0, (0.0, 0.3, 0.7))  # such a price has no logarithm
    parameters = [*names(model), *names(payoff)]
    found = gk.sensitivities(
        model, payoff, [f"d_{p}" for p in parameters], scheme=scheme, estimator=gk.Pathwise(), paths=PATHS, seed=SEED
    )
    for p in parameters:
        truth = slope(model, payoff, scheme, p)
        assert found[f"d_{p}"].value == pytest.approx(truth, rel=1e-6, abs=1e-6 * max(1.0, abs(truth))), p


@pytest.mark.parametrize("which", MODELS)
def test_theta_is_a_bump_of_calendar_time(which: str) -> None:
    """With all contract dates fixed the time to each shrinks: a contract whose dates are all earlier by h.

    The fine steps of each interval (3/4, 3/4, 3/2 of one, rounded up) stay as many when it shrinks.
    """
    model, scheme = MODELS[which]
    dates = (0.25, 0.5, 1.0)
    if scheme is not None:
        scheme = dataclasses.replace(scheme, steps=3)  # type: ignore[call-arg]

    def value(h: float) -> float:
        payoff = gk.AsianCall(101.0, dates[-1] - h, tuple(t - h for t in dates))
        return price(model, payoff, scheme)

    h = 1e-7
    truth = (value(h) - value(-h)) / (2.0 * h)
    found = gk.sensitivities(
        model,
        gk.AsianCall(101.0, 1.0, dates),
        ["theta"],
        scheme=scheme,
        estimator=gk.Pathwise(),
        paths=PATHS,
        seed=SEED,
    )
    assert found["theta"].value == pytest.approx(truth, rel=2e-6, abs=2e-6)


THREE = gk.MultiBlackScholes(
    (100.0, 90.0, 110.0),
    0.04,
    (0.2, 0.3, 0.25),
    ((1.0, 0.5, 0.2), (0.5, 1.0, -0.1), (0.2, -0.1, 1.0)),
    (0.0, 0.01, 0.02),
)
VECTORS: dict[str, tuple[gk.Payoff, Sequence[str]]] = {
    "basket": (gk.BasketCall(strike=98.0, maturity=1.0, weights=(0.3, 0.4, 0.3)), ("weights",)),
    "worst of": (gk.WorstOfPut(95.0, 1.0), ()),
    "best of": (gk.BestOfCall(95.0, 1.0), ()),
}


def moved_element(subject: Any, field: str, k: int, h: float) -> Any:
    values = list(getattr(subject, field))
    values[k] += h
    return dataclasses.replace(subject, **{field: tuple(values)})


def moved_correlation(model: gk.MultiBlackScholes, i: int, j: int, h: float) -> gk.MultiBlackScholes:
    rows = [list(r) for r in model.correlation]
    rows[i][j] += h
    rows[j][i] += h
    return dataclasses.replace(model, correlation=tuple(map(tuple, rows)))


@pytest.mark.parametrize("contract", VECTORS)
def test_every_element_of_a_vector_is_a_bump(contract: str) -> None:
    payoff, own = VECTORS[contract]
    greeks = ["delta", "vega", "rho", "d_dividends", "d_correlation", *(f"d_{w}" for w in own)]
    found = gk.sensitivities(THREE, payoff, greeks, estimator=gk.Pathwise(), paths=PATHS, seed=SEED)
    h = 1e-7

    def check(name: str, up: float, down: float) -> None:
        assert found[name].value == pytest.approx((up - down) / (2.0 * h), rel=1e-6, abs=2e-6), name

    for field, greek in (("spots", "delta"), ("volatilities", "vega"), ("dividends", "d_dividends")):
        for k in range(3):
            check(f"{greek}[{k}]", *(price(moved_element(THREE, field, k, s), payoff, None) for s in (h, -h)))
    for field in own:
        for k in range(3):
            check(f"d_{field}[{k}]", *(price(THREE, moved_element(payoff, field, k, s), None) for s in (h, -h)))
    for i, j in ((1, 0), (2, 0), (2, 1)):
        check(f"d_correlation[{i},{j}]", *(price(moved_correlation(THREE, i, j, s), payoff, None) for s in (h, -h)))
    check("rho", *(price(dataclasses.replace(THREE, rate=THREE.rate + s), payoff, None) for s in (h, -h)))


def test_second_derivatives_of_smooth_payoffs_are_bumps_of_first_ones() -> None:
    @dataclasses.dataclass(frozen=True)
    class Power(gk.Payoff):
        exponent: gk.Scalar
        maturity: gk.Scalar

        def settle(self, stats: Any, x: Any) -> Any:
            return (x[0] / 100.0) ** self.exponent

    payoff, greeks = Power(2.5, 1.0), ["gamma", "vanna", "volga", "d2_spot_exponent", "d2_rate_volatility"]
    scheme = gk.Exact()
    found = gk.sensitivities(BLACK_SCHOLES, payoff, greeks, estimator=gk.Pathwise(), paths=PATHS, seed=SEED)

    def first(greek: str, model: gk.Model, contract: gk.Payoff) -> float:
        return gk.sensitivities(model, contract, [greek], scheme=scheme, paths=PATHS, seed=SEED)[greek].value

    for greek, inner, name in (
        ("gamma", "delta", "spot"),
        ("vanna", "delta", "volatility"),
        ("volga", "vega", "volatility"),
        ("d2_spot_exponent", "delta", "exponent"),
        ("d2_rate_volatility", "rho", "volatility"),
    ):
        h = 1e-6 * max(1.0, getattr(BLACK_SCHOLES, name, 1.0))
        up, down = (first(inner, *bumped(BLACK_SCHOLES, payoff, name, s)) for s in (h, -h))
        assert found[greek].value == pytest.approx((up - down) / (2.0 * h), rel=1e-6), greek
        assert found[greek].estimator == "pathwise"


def test_finite_difference_is_the_bump_it_says_it_is() -> None:
    """h = relative * |parameter|, both sides on the same noise, to rounding."""
    payoff, relative = gk.DigitalCall(103.0, 1.0), 0.01
    found = gk.sensitivities(
        BLACK_SCHOLES, payoff, ["delta", "vega"], estimator=gk.FiniteDifference(relative), paths=PATHS, seed=SEED
    )
    for greek, name in (("delta", "spot"), ("vega", "volatility")):
        h = relative * getattr(BLACK_SCHOLES, name)
        up, down = (price(*bumped(BLACK_SCHOLES, payoff, name, s), None) for s in (h, -h))
        assert found[greek].value == pytest.approx((up - down) / (2.0 * h), rel=1e-9)


def test_a_bump_of_one_asset_leaves_the_others_alone() -> None:
    model = gk.MultiBlackScholes((100.0, 95.0), 0.04, (0.2, 0.3), ((1.0, 0.4), (0.4, 1.0)), (0.0, 0.01))
    greeks = ["delta[0]", "delta[1]", "vega[1]", "delta"]
    bumped, exact = (
        gk.sensitivities(model, gk.BasketCall(96.0, 1.0), greeks, estimator=by, paths=2**13, seed=3)
        for by in (gk.FiniteDifference(1e-4), gk.Pathwise())
    )
    for name in exact:
        assert bumped[name].value == pytest.approx(exact[name].value, rel=1e-3), name
