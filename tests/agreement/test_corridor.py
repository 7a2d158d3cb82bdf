"""Corridors: differences of digitals, so that closed forms give every Greek."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

import greeks as gk
from greeks.reference import black_scholes, greeks, heston

BLACK_SCHOLES = {"spot": 100.0, "rate": 0.05, "volatility": 0.2, "dividend": 0.02}
HESTON = {
    "spot": 100.0, "rate": 0.03, "variance": 0.04, "kappa": 2.0, "theta": 0.04, "xi": 0.3, "rho": -0.5, "dividend": 0.01
}  # fmt: skip
LOWER, UPPER = 95.0, 115.0


def between(digital: object, market: Mapping[str, float], maturity: float, name: str) -> float:
    """A Greek of 1 paid if L < S_T < U."""
    low, high = (greeks(digital, **market, strike=k, maturity=maturity)[name] for k in (LOWER, UPPER))  # type: ignore[arg-type]
    return low - high


def test_a_corridor_under_black_scholes_needs_no_luck() -> None:
    names = ["delta", "gamma", "vega", "rho", "theta", "vanna", "volga"]
    payoff = gk.CorridorDigital(LOWER, UPPER, 0.7, cash=5.0)
    found = gk.sensitivities(
        gk.BlackScholes(**BLACK_SCHOLES), payoff, names, estimator=gk.Conditional(), paths=256, seed=1
    )
    for name in names:
        truth = 5.0 * between(black_scholes.cash_call, BLACK_SCHOLES, 0.7, name)
        assert found[name].value == pytest.approx(truth, rel=1e-9, abs=1e-12)


def test_a_corridor_given_the_variance() -> None:
    names = ["delta", "gamma", "d_variance", "d_xi"]
    payoff, model = gk.CorridorDigital(LOWER, UPPER, 0.7), gk.Heston(**HESTON)
    found = gk.sensitivities(model, payoff, names, estimator=gk.Conditional(), paths=2**15, seed=1)
    plain = gk.sensitivities(model, payoff, ["delta"], estimator=gk.LikelihoodRatio(), paths=2**15, seed=1)
    for name in names:
        assert abs(found[name].z_score(between(heston.cash_call, HESTON, 0.7, name))) < 4.0, name
    assert 1.5 * found["delta"].std_error < plain["delta"].std_error


@pytest.mark.parametrize("dates", [12, (0.1, 0.25, 0.6)])
def test_accruals_are_the_mean_of_corridors(dates: int | tuple[float, ...]) -> None:
    maturity, names = 0.8, ["delta", "gamma", "vega"]
    model, payoff = gk.BlackScholes(**BLACK_SCHOLES), gk.RangeAccrual(LOWER, UPPER, maturity, dates, cash=3.0)
    found = gk.sensitivities(model, payoff, names, estimator=gk.Conditional(), paths=2**15, seed=2)
    times = [maturity * (i + 1) / dates for i in range(dates)] if isinstance(dates, int) else dates
    for name in names:
        paid_then = [
            between(black_scholes.cash_call, BLACK_SCHOLES, t, name) * math.exp(-0.05 * (maturity - t)) for t in times
        ]
        assert abs(found[name].z_score(3.0 * sum(paid_then) / len(paid_then))) < 4.0, name
        assert found[name].std_error < {"delta": 7e-4, "gamma": 9e-5, "vega": 0.015}[name]
