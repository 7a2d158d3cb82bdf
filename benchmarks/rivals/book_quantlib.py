"""A few trades of a book in QuantLib's Monte Carlo engines, delta and vega by central bumps on common random numbers.

Its European engine takes plain calls and puts only, so a digital is timed as the call of its terms.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import QuantLib as ql  # noqa: N813  (its users' name for it)

TODAY = ql.Date(2, ql.January, 2023)
COUNTER = ql.Actual365Fixed()
DAY = 365.0 / 252.0
"""A year of 252 dates is one of 365 days in which rates and variances run so much faster."""


def price(t: Any, spot: float, volatility: float, paths: int, seed: int) -> float:
    days = round(t.maturity * 252)
    speed = t.maturity * 365.0 / days
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(spot)),
        ql.YieldTermStructureHandle(ql.FlatForward(TODAY, t.dividend * speed, COUNTER)),
        ql.YieldTermStructureHandle(ql.FlatForward(TODAY, t.rate * speed, COUNTER)),
        ql.BlackVolTermStructureHandle(
            ql.BlackConstantVol(TODAY, ql.NullCalendar(), volatility * sqrt(speed), COUNTER)
        ),
    )
    option, engine = _option(t, days, process, paths, seed)
    option.setPricingEngine(engine)
    return float(option.NPV())


def _option(t: Any, days: int, process: Any, paths: int, seed: int) -> tuple[Any, Any]:
    settings = {"requiredSamples": paths, "seed": seed}
    payoff = ql.PlainVanillaPayoff(ql.Option.Put if t.payoff == "Put" else ql.Option.Call, t.strike)
    exercise = ql.EuropeanExercise(TODAY + days)
    if t.payoff == "AsianCall":
        dates = [TODAY + round(days * (i + 1) / t.dates) for i in range(int(t.dates))]
        option = ql.DiscreteAveragingAsianOption(ql.Average.Arithmetic, 0.0, 0, dates, payoff, exercise)
        return option, ql.MCDiscreteArithmeticAPEngine(process, "PseudoRandom", controlVariate=True, **settings)
    if t.payoff == "BarrierOption":
        option = ql.BarrierOption(ql.Barrier.DownOut, t.barrier, 0.0, payoff, exercise)
        engine = ql.MCBarrierEngine(process, "PseudoRandom", timeSteps=int(t.dates), isBiased=True, **settings)
        return option, engine
    return ql.VanillaOption(payoff, exercise), ql.MCEuropeanEngine(process, "PseudoRandom", timeSteps=1, **settings)


def greeks(t: Any, paths: int, seed: int) -> tuple[float, float, float]:
    """Price, delta, vega: five prices."""
    ql.Settings.instance().evaluationDate = TODAY
    h, k = 0.01 * t.spot, 0.01 * t.volatility
    up, down = (price(t, t.spot + x, t.volatility, paths, seed) for x in (h, -h))
    more, less = (price(t, t.spot, t.volatility + x, paths, seed) for x in (k, -k))
    return price(t, t.spot, t.volatility, paths, seed), (up - down) / (2 * h), (more - less) / (2 * k)
