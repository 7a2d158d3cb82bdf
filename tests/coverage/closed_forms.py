"""The cases whose truth is a formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import greeks as gk
from greeks.reference import Derivatives, bachelier, barrier, black_scholes, geometric_asian, margrabe
from greeks.reference import greeks as differentiated
from tests.coverage.cases import Case

Formula = Callable[..., float]


def _cash(price: Formula) -> Formula:
    def formula(cash: float, **terms: Any) -> float:
        return cash * price(**terms)

    return formula


FORMULAS: dict[tuple[str, str], Formula] = {
    ("BlackScholes", "Call"): black_scholes.call,
    ("BlackScholes", "Put"): black_scholes.put,
    ("BlackScholes", "DigitalCall"): _cash(black_scholes.cash_call),
    ("BlackScholes", "DigitalPut"): _cash(black_scholes.cash_put),
    ("BlackScholes", "AssetOrNothingCall"): black_scholes.asset_call,
    ("BlackScholes", "AssetOrNothingPut"): black_scholes.asset_put,
    ("BlackScholes", "AsianCall, geometric"): geometric_asian.call,
    ("BlackScholes", "BarrierOption, continuous down-and-out call"): barrier.price,
    ("BlackScholes", "BarrierOption, continuous up-and-in call"): barrier.price,
    ("Bachelier", "Call"): bachelier.call,
    ("Bachelier", "Put"): bachelier.put,
    ("Bachelier", "DigitalCall"): _cash(bachelier.cash_call),
}
NO_ARGUMENTS = {  # fields of the contract that its formula does not take
    "AsianCall, geometric": ("average",),
    "BarrierOption, continuous down-and-out call": ("dates",),
    "BarrierOption, continuous up-and-in call": ("dates",),
}
EXCHANGE = {  # the formula's names by those of our Greeks; it has no rate, on which the price does not depend
    **{f"delta[{i}]": f"d_spot_{i + 1}" for i in range(2)},
    **{f"vega[{i}]": f"d_volatility_{i + 1}" for i in range(2)},
    **{f"d_dividends[{i}]": f"d_dividend_{i + 1}" for i in range(2)},
    "d_correlation[1,0]": "d_correlation",
    "gamma[0,0]": "d2_spot_1",
    "gamma[1,0]": "d2_spot_1_spot_2",
    "vanna[0,0]": "d2_spot_1_volatility_1",
    "volga[1,1]": "d2_volatility_2",
}


def closed_form(case: Case) -> Callable[[str], float] | None:
    """Greek -> its exact value, where a formula is known."""
    if (case.model_name, case.payoff_name) == ("MultiBlackScholes", "ExchangeOption"):
        return _exchange(case.model, case.payoff)
    formula = FORMULAS.get((case.model_name, case.payoff_name))
    if formula is None:
        return None
    terms = {**asdict(case.model), **asdict(case.payoff)}
    for name in NO_ARGUMENTS.get(case.payoff_name, ()):
        del terms[name]
    if "dates" in terms:
        terms["elapsed"] = 0.0
    return differentiated(formula, **terms).__getitem__


def _exchange(model: Any, payoff: Any) -> Callable[[str], float]:
    pairs = {"spot": model.spots, "volatility": model.volatilities, "dividend": model.dividends}
    terms = {f"{name}_{i + 1}": value for name, values in pairs.items() for i, value in enumerate(values)}
    rho = model.correlation[0][1]
    found: Derivatives = differentiated(margrabe.exchange, **terms, correlation=rho, maturity=payoff.maturity)
    return lambda greek: 0.0 if greek == "rho" else found[EXCHANGE.get(greek, greek)]


def formulas() -> set[tuple[str, str]]:
    """(model, payoff) of every formula, to be held against the cases."""
    return {*FORMULAS, ("MultiBlackScholes", gk.ExchangeOption.__name__)}
