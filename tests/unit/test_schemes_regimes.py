"""Coefficients that jump with the state are stepped, not taken for constants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import greeks as gk


@dataclass(frozen=True)
class TwoRegimes(gk.Model):
    """dS = s(S) S dW, s = high above the level, low below"""

    spot: gk.Scalar
    level: gk.Scalar
    low: gk.Scalar
    high: gk.Scalar
    state = ("spot",)

    def drift(self, t: Any, x: Any) -> Any:
        return (0.0 * x[0],)

    def diffusion(self, t: Any, x: Any) -> Any:
        return ((gk.where(x[0] > self.level, self.high, self.low) * x[0],),)

    def discount(self, t: Any) -> Any:
        return 1.0 + 0.0 * t


def test_a_volatility_that_switches_with_the_price_is_no_constant() -> None:
    """Against the same Euler steps of the logarithm in NumPy."""
    rng, steps, log_spot = np.random.default_rng(1), 32, np.full(2**17, np.log(100.0))
    for _ in range(steps):
        vol = np.where(log_spot > np.log(90.0), 0.1, 0.3)
        log_spot += -0.5 * vol**2 / steps + vol * np.sqrt(1.0 / steps) * rng.standard_normal(log_spot.size)
    payoff = np.maximum(np.exp(log_spot) - 100.0, 0.0)
    truth, error = payoff.mean(), payoff.std() / np.sqrt(payoff.size)
    found = gk.price(
        TwoRegimes(100.0, 90.0, 0.3, 0.1), gk.Call(100.0, 1.0), scheme=gk.Euler(steps), paths=2**17, seed=1
    )
    assert abs(found.value - truth) < 4.0 * np.hypot(found.std_error, error)
    assert found.std_error < 0.01 * truth
