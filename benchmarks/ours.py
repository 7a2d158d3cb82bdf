"""The tasks in this package's own words: one thread, `auto` estimators unless the method says otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import greeks as gk
from benchmarks.contender import Contender, Result
from benchmarks.tasks import (
    ASSETS,
    BARRIER,
    CORRELATION,
    DATES,
    DIVIDEND,
    HESTON_STEPS,
    KAPPA,
    MATURITY,
    RATE,
    RHO,
    SPOT,
    STRIKE,
    TASKS,
    THETA,
    VARIANCE,
    VOLATILITY,
    XI,
)


@dataclass(frozen=True)
class MyBlackScholes(gk.Model):
    """dS = (r - q) S dt + sigma S dW, as a user would write it."""

    spot: gk.Scalar
    rate: gk.Scalar
    volatility: gk.Scalar
    dividend: gk.Scalar = 0.0
    state = ("spot",)

    def drift(self, t: gk.Scalar, x: Any) -> Any:
        return ((self.rate - self.dividend) * x[0],)

    def diffusion(self, t: gk.Scalar, x: Any) -> Any:
        return ((self.volatility * x[0],),)

    def discount(self, t: gk.Scalar) -> gk.Scalar:
        return gk.exp(-self.rate * t)


@dataclass(frozen=True)
class CallAndDigital(gk.Payoff):
    """max(S_T - K, 0) + 1{S_T > K}."""

    strike: gk.Scalar
    maturity: gk.Scalar

    def settle(self, stats: Any, x: Any) -> gk.Scalar:
        return gk.maximum(x[0] - self.strike, 0.0) + gk.where(x[0] > self.strike, 1.0, 0.0)


BLACK_SCHOLES: dict[str, float] = {
    "spot": SPOT,
    "rate": RATE,
    "volatility": VOLATILITY,
    "dividend": DIVIDEND,
}


def problem(task: str) -> tuple[gk.Model, gk.Payoff, dict[str, Any]]:
    """Model, payoff and settings of a task."""
    model = gk.BlackScholes(**BLACK_SCHOLES)
    match task:
        case "T1":
            return model, gk.Call(STRIKE, MATURITY), {}
        case "T2":
            return model, gk.DigitalCall(STRIKE, MATURITY), {}
        case "T3":
            return model, gk.AsianCall(STRIKE, MATURITY, dates=DATES), {}
        case "T4":
            heston = gk.Heston(SPOT, RATE, VARIANCE, KAPPA, THETA, XI, RHO, DIVIDEND)
            return heston, gk.Call(STRIKE, MATURITY), {"scheme": gk.Euler(steps=HESTON_STEPS)}
        case "T5":
            return model, gk.BarrierOption(STRIKE, BARRIER, MATURITY, dates=DATES), {}
        case "T6":
            return basket_model(), gk.BasketCall(STRIKE, MATURITY), {}
        case "TERMINAL":
            return model, CallAndDigital(STRIKE, MATURITY), {"estimator": gk.LikelihoodRatio()}
    raise KeyError(f"no task {task!r}")


def basket_model() -> gk.Model:
    correlation = np.full((ASSETS, ASSETS), CORRELATION) + (1 - CORRELATION) * np.eye(ASSETS)
    one_each = (1.0,) * ASSETS
    return gk.MultiBlackScholes(
        spots=tuple(SPOT * one for one in one_each),
        rate=RATE,
        volatilities=tuple(VOLATILITY * one for one in one_each),
        correlation=correlation,
        dividends=tuple(DIVIDEND * one for one in one_each),
    )


def simulate(task: str, greeks: list[str], paths: int, seed: int, model: gk.Model | None = None, **more: Any) -> Result:
    """The price and the Greeks named, on one thread; `model` in place of the task's own."""
    own, payoff, settings = problem(task)
    settings = {**settings, **more}
    found = gk.sensitivities(model or own, payoff, greeks, paths=paths, seed=seed, threads=1, **settings)
    return {name: (found[name].value, found[name].std_error) for name in ("price", *greeks)}


def contender(task: str, method: str, paths: int, **more: Any) -> Contender:
    def greeks(paths: int, seed: int) -> Result:
        return simulate(task, TASKS[task].greeks, paths, seed, **more)

    def price(paths: int, seed: int) -> Result:
        return simulate(task, [], paths, seed, **{k: v for k, v in more.items() if k != "estimator"})

    return Contender("pathgreeks", method, task, paths, greeks, price)


AUTO = "auto"
ALONG_THE_PATH = "derivatives along the path, by request"
OF_THE_DENSITY = "likelihood ratio, by request"
PATHWISE: dict[str, Any] = {"gamma": gk.Mixed()} | dict.fromkeys(("delta", "vega", "rho", "theta"), gk.Pathwise())

CONTENDERS = (
    contender("T1", AUTO, 2**22),
    contender("T1", ALONG_THE_PATH, 2**22, estimator={"price": gk.Pathwise()} | PATHWISE),
    contender("T2", AUTO, 2**22),
    contender("T2", OF_THE_DENSITY, 2**22, estimator=gk.LikelihoodRatio()),
    contender("T3", AUTO, 2**10),
    contender("T3", ALONG_THE_PATH, 2**17, estimator=gk.Pathwise()),
    contender("T4", AUTO, 2**17),
    contender("T4", ALONG_THE_PATH, 2**17, estimator=gk.Pathwise()),
    contender("T5", AUTO, 2**16),
    contender("T5", OF_THE_DENSITY, 2**16, estimator=gk.LikelihoodRatio()),
    contender("T6", AUTO, 2**18),
    contender("TERMINAL", OF_THE_DENSITY, 2**22),
)
