"""QuantLib: its Monte Carlo engines, Greeks by central bumps on common random numbers.

The engines give standard errors of prices only, so a bump's comes from independent batches of paths.
Actual/365 (Fixed) throughout: business-day calendars make the same engines hundreds of times slower. The 252
dates are 252 days, with rates and volatility rescaled to the longer year that this makes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from math import sqrt
from typing import Any

import numpy as np
import QuantLib as ql  # noqa: N813  (its users' name for it)

from benchmarks.contender import Contender, Result, Simulation
from benchmarks.tasks import (
    BARRIER,
    DATES,
    DIVIDEND,
    HESTON_STEPS,
    KAPPA,
    RATE,
    RHO,
    SPOT,
    STRIKE,
    THETA,
    VARIANCE,
    VOLATILITY,
    XI,
)

BATCHES = 16
YEAR = 365
TODAY = ql.Date(2, ql.January, 2023)
COUNTER = ql.Actual365Fixed()
ql.Settings.instance().evaluationDate = TODAY


@dataclass(frozen=True)
class Market:
    """Every number that a Greek can bump; `shorten` is the rescaling of time described above."""

    spot: float = SPOT
    rate: float = RATE
    dividend: float = DIVIDEND
    volatility: float = VOLATILITY
    variance: float = VARIANCE
    kappa: float = KAPPA
    theta: float = THETA
    xi: float = XI
    rho: float = RHO
    days: int = YEAR
    shorten: float = 1.0


def handle(rate: float) -> Any:
    return ql.YieldTermStructureHandle(ql.FlatForward(TODAY, rate, COUNTER))


def quote(value: float) -> Any:
    return ql.QuoteHandle(ql.SimpleQuote(value))


def black_scholes(m: Market) -> Any:
    surface = ql.BlackConstantVol(TODAY, ql.NullCalendar(), m.volatility * sqrt(m.shorten), COUNTER)
    return ql.BlackScholesMertonProcess(
        quote(m.spot),
        handle(m.dividend * m.shorten),
        handle(m.rate * m.shorten),
        ql.BlackVolTermStructureHandle(surface),
    )


def expiry(m: Market) -> Any:
    return ql.EuropeanExercise(TODAY + m.days)


def priced(option: Any, engine: Any) -> float:
    option.setPricingEngine(engine)
    return float(option.NPV())


def call(m: Market, paths: int, seed: int) -> float:
    engine = ql.MCEuropeanEngine(black_scholes(m), "PseudoRandom", timeSteps=1, requiredSamples=paths, seed=seed)
    return priced(ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Call, STRIKE), expiry(m)), engine)


def asian(m: Market, paths: int, seed: int, *, control: bool = True) -> float:
    m = replace(m, days=DATES, shorten=YEAR / DATES)
    dates = [TODAY + i for i in range(1, DATES + 1)]
    payoff = ql.PlainVanillaPayoff(ql.Option.Call, STRIKE)
    option = ql.DiscreteAveragingAsianOption(ql.Average.Arithmetic, 0.0, 0, dates, payoff, expiry(m))
    engine = ql.MCDiscreteArithmeticAPEngine(
        black_scholes(m), "PseudoRandom", controlVariate=control, requiredSamples=paths, seed=seed
    )
    return priced(option, engine)


def asian_plain(m: Market, paths: int, seed: int) -> float:
    return asian(m, paths, seed, control=False)


def heston(m: Market, paths: int, seed: int) -> float:
    process = ql.HestonProcess(
        handle(m.rate),
        handle(m.dividend),
        quote(m.spot),
        m.variance,
        m.kappa,
        m.theta,
        m.xi,
        m.rho,
        ql.HestonProcess.QuadraticExponentialMartingale,
    )
    engine = ql.MCEuropeanHestonEngine(
        process, "PseudoRandom", timeSteps=HESTON_STEPS, requiredSamples=paths, seed=seed
    )
    return priced(ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Call, STRIKE), expiry(m)), engine)


def barrier(m: Market, paths: int, seed: int) -> float:
    """`isBiased` turns the correction to continuous monitoring off."""
    option = ql.BarrierOption(
        ql.Barrier.DownOut, BARRIER, 0.0, ql.PlainVanillaPayoff(ql.Option.Call, STRIKE), expiry(m)
    )
    engine = ql.MCBarrierEngine(
        black_scholes(m), "PseudoRandom", timeSteps=DATES, isBiased=True, requiredSamples=paths, seed=seed
    )
    return priced(option, engine)


Price = Callable[[Market, int, int], float]
Bump = dict[str, tuple[str, float]]
"""Greek -> (field of the market, half width of the bump)."""


def bumped(price: Price, m: Market, field: str, width: float, paths: int, seed: int) -> tuple[float, float, float]:
    """Derivative, and the prices on either side."""
    at = getattr(m, field)
    up, down = (price(replace(m, **{field: at + h}), paths, seed) for h in (width, -width))
    return (up - down) / (2 * width), up, down


def batch(price: Price, bumps: Bump, gamma: bool, paths: int, seed: int) -> dict[str, float]:
    market = Market()
    result = {"price": price(market, paths, seed)}
    for greek, (field, width) in bumps.items():
        result[greek], up, down = bumped(price, market, field, width, paths, seed)
        if gamma and field == "spot":
            result["gamma"] = (up - 2 * result["price"] + down) / width**2
    return result


def simulation(price: Price, bumps: Bump, gamma: bool = False) -> Simulation:
    """Mean and standard error over batches; seeds start at 1, for 0 would mean the clock to QuantLib."""

    def run(paths: int, seed: int) -> Result:
        seeds = (1 + BATCHES * seed + i for i in range(BATCHES))
        rows = [batch(price, bumps, gamma, paths // BATCHES, s) for s in seeds]
        columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        return {k: (float(v.mean()), float(v.std(ddof=1) / sqrt(BATCHES))) for k, v in columns.items()}

    return run


def contender(task: str, method: str, paths: int, price: Price, bumps: Bump, gamma: bool = False) -> Contender:
    whole, alone = simulation(price, bumps, gamma), simulation(price, {})
    return Contender("QuantLib", method, task, paths, whole, alone)


SPOT_BUMP = {"delta": ("spot", 0.01 * SPOT)}
VEGA_BUMP = {"vega": ("volatility", 0.002)}
RHO_BUMP = {"rho": ("rate", 0.0005)}
HESTON_BUMPS = {
    f"d_{field.name}": (field.name, 0.01 * abs(field.default))
    for field in fields(Market)
    if field.name in {"kappa", "theta", "xi", "rho", "variance"} and isinstance(field.default, float)
}
# No T2: the engine takes plain calls and puts only ("non-plain payoff given").
CONTENDERS = (
    contender("T1", "bump", 2**15, call, SPOT_BUMP | VEGA_BUMP | RHO_BUMP, gamma=True),
    contender("T3", "bump, geometric control", 2**10, asian, SPOT_BUMP | VEGA_BUMP | RHO_BUMP),
    contender("T3", "bump", 2**10, asian_plain, SPOT_BUMP | VEGA_BUMP | RHO_BUMP),
    contender("T4", "bump, QE-M", 2**10, heston, SPOT_BUMP | HESTON_BUMPS),
    contender("T5", "bump", 2**11, barrier, SPOT_BUMP | VEGA_BUMP),
)
