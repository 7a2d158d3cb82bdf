"""Every model with every payoff, at one representative set of parameters each.

A built-in class without an entry here fails a test, so that nothing new escapes.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import greeks as gk
from greeks.engine.terms.contract import Contract
from greeks.expressions.trace import Parameter
from greeks.models import registry as built_in_models
from greeks.payoffs import registry as built_in_payoffs

DATES = 4
STEPS = 8  # of schemes that are not exact: coarse, as truths belong to the scheme and not to its limit
WORDS = {"spot": "delta", "spots": "delta", "volatility": "vega", "volatilities": "vega", "rate": "rho"}
USUAL_SECOND_ORDER = ("gamma", "vanna", "volga")
SECOND_ORDER = {
    "Heston": ("gamma", "d2_spot_variance", "d2_variance"),
    "MultiBlackScholes": ("gamma[0,0]", "gamma[1,0]", "vanna[0,0]", "volga[1,1]"),
}


@dataclass(frozen=True)
class Schwartz(gk.Model):
    """dS = kappa (level - log S) S dt + sigma S dW."""

    spot: gk.Scalar
    rate: gk.Scalar
    kappa: gk.Scalar
    level: gk.Scalar
    volatility: gk.Scalar
    state = ("spot",)

    def drift(self, t: gk.Scalar, x: tuple[gk.Scalar, ...]) -> tuple[gk.Scalar, ...]:
        return (self.kappa * (self.level - gk.log(x[0])) * x[0],)

    def diffusion(self, t: gk.Scalar, x: tuple[gk.Scalar, ...]) -> tuple[tuple[gk.Scalar, ...], ...]:
        return ((self.volatility * x[0],),)

    def discount(self, t: gk.Scalar) -> gk.Scalar:
        return gk.exp(-self.rate * t)


@dataclass(frozen=True)
class Case:
    """A payoff on a model, simulated by a scheme."""

    model: gk.Model = field(repr=False)
    payoff: gk.Payoff = field(repr=False)
    terms: str
    scheme: gk.Scheme = field(repr=False)

    @property
    def model_name(self) -> str:
        return type(self.model).__name__

    @property
    def payoff_name(self) -> str:
        """The class, and the terms that tell its contracts apart."""
        name = type(self.payoff).__name__
        return f"{name}, {self.terms}" if self.terms else name

    def __str__(self) -> str:
        return f"{self.model_name}: {self.payoff_name}"


MODELS: dict[str, tuple[gk.Model, gk.Scheme]] = {
    "BlackScholes": (gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2, dividend=0.02), gk.Exact()),
    "Bachelier": (gk.Bachelier(spot=100.0, rate=0.05, volatility=15.0, dividend=0.02), gk.Exact()),
    "CEV": (gk.CEV(spot=100.0, rate=0.05, sigma=2.0, beta=0.5, dividend=0.02), gk.Euler(STEPS)),
    "Heston": (
        gk.Heston(spot=100.0, rate=0.03, variance=0.04, kappa=2.0, theta=0.04, xi=0.3, rho=-0.5, dividend=0.01),
        gk.QE(STEPS),
    ),
    "MultiBlackScholes": (
        gk.MultiBlackScholes((100.0, 95.0), 0.05, (0.2, 0.3), ((1.0, 0.5), (0.5, 1.0)), (0.02, 0.01)),
        gk.Exact(),
    ),
    "Schwartz": (
        Schwartz(spot=100.0, rate=0.05, kappa=1.0, level=math.log(105.0), volatility=0.25),
        gk.Euler(STEPS),
    ),
}
# Of payoffs that are watched all the time, where the exact step has no bridge.
WATCHED: dict[str, gk.Scheme] = {"Bachelier": gk.Euler(STEPS)}

NOTES = {"Schwartz": " It is not built in: this is what a model written by a user is offered."}
SEVERAL_ASSETS = ("MultiBlackScholes",)

_VANILLA: dict[str, Any] = {"strike": 100.0, "maturity": 1.0}
_SEEN: dict[str, Any] = {"maturity": 1.0, "dates": DATES}
_NOTE: dict[str, Any] = {
    **_SEEN,
    **{"trigger": 105.0, "coupon": 0.04, "protection": 80.0, "reference": 100.0, "notional": 100.0},
}
ON_ONE_ASSET: dict[str, dict[str, gk.Payoff]] = {
    "Call": {"": gk.Call(**_VANILLA)},
    "Put": {"": gk.Put(**_VANILLA)},
    "DigitalCall": {"": gk.DigitalCall(**_VANILLA, cash=10.0)},
    "DigitalPut": {"": gk.DigitalPut(**_VANILLA, cash=10.0)},
    "AssetOrNothingCall": {"": gk.AssetOrNothingCall(**_VANILLA)},
    "AssetOrNothingPut": {"": gk.AssetOrNothingPut(**_VANILLA)},
    "AsianCall": {
        "arithmetic": gk.AsianCall(strike=100.0, **_SEEN),
        "geometric": gk.AsianCall(strike=100.0, average="geometric", **_SEEN),
    },
    "AsianPut": {"arithmetic": gk.AsianPut(strike=100.0, **_SEEN)},
    "Autocallable": {"": gk.Autocallable(**_NOTE)},
    "PhoenixAutocallable": {"": gk.PhoenixAutocallable(**_NOTE, coupon_barrier=90.0)},
    "CorridorDigital": {"": gk.CorridorDigital(lower=90.0, upper=115.0, maturity=1.0, cash=10.0)},
    "RangeAccrual": {"": gk.RangeAccrual(lower=90.0, upper=115.0, cash=10.0, **_SEEN)},
    "BarrierOption": {
        "down-and-out call": gk.BarrierOption(strike=100.0, barrier=90.0, rebate=2.0, **_SEEN),
        "up-and-out call": gk.BarrierOption(strike=100.0, barrier=130.0, direction="up", **_SEEN),
        "down-and-in put": gk.BarrierOption(strike=100.0, barrier=90.0, knock="in", call=False, **_SEEN),
        "continuous down-and-out call": gk.BarrierOption(strike=100.0, barrier=90.0, maturity=1.0, dates=None),
        "continuous up-and-in call": gk.BarrierOption(
            strike=100.0, barrier=130.0, maturity=1.0, dates=None, direction="up", knock="in"
        ),
    },
    "BarrierDigital": {
        "down-and-out": gk.BarrierDigital(**_VANILLA, dates=DATES, barrier=90.0, cash=10.0),
        "continuous up-and-out": gk.BarrierDigital(**_VANILLA, dates=None, barrier=130.0, direction="up", cash=10.0),
    },
    "OneTouch": {
        "up": gk.OneTouch(barrier=115.0, cash=10.0, **_SEEN),
        "continuous down": gk.OneTouch(barrier=90.0, cash=10.0, maturity=1.0, direction="down", pays="expiry"),
    },
    "NoTouch": {
        "up": gk.NoTouch(barrier=115.0, cash=10.0, **_SEEN),
        "continuous down": gk.NoTouch(barrier=90.0, cash=10.0, maturity=1.0, direction="down"),
    },
    "LookbackCall": {
        "floating": gk.LookbackCall(**_SEEN),
        "fixed": gk.LookbackCall(strike=100.0, **_SEEN),
        "continuous floating": gk.LookbackCall(maturity=1.0, dates=None),
    },
    "LookbackPut": {
        "floating": gk.LookbackPut(**_SEEN),
        "fixed": gk.LookbackPut(strike=100.0, **_SEEN),
    },
}
ON_SEVERAL_ASSETS: dict[str, dict[str, gk.Payoff]] = {
    "BasketCall": {
        "arithmetic": gk.BasketCall(**_VANILLA, weights=(0.5, 0.5)),
        "geometric": gk.BasketCall(**_VANILLA, average="geometric"),
    },
    "BasketPut": {"arithmetic": gk.BasketPut(**_VANILLA)},
    "ExchangeOption": {"": gk.ExchangeOption(maturity=1.0)},
    "SpreadCall": {"": gk.SpreadCall(strike=5.0, maturity=1.0)},
    "BestOfCall": {"": gk.BestOfCall(**_VANILLA)},
    "WorstOfCall": {"": gk.WorstOfCall(**_VANILLA)},
    "WorstOfPut": {"": gk.WorstOfPut(**_VANILLA)},
}


def cases(model: str) -> Iterator[Case]:
    """Every payoff that is written on as many assets as the model has."""
    subject, scheme = MODELS[model]
    for contracts in (ON_SEVERAL_ASSETS if model in SEVERAL_ASSETS else ON_ONE_ASSET).values():
        for terms, payoff in contracts.items():
            watched = getattr(payoff, "dates", ()) is None
            yield Case(subject, payoff, terms, WATCHED.get(model, scheme) if watched else scheme)


def matching(patterns: Collection[str]) -> list[Case]:
    """The cases of some models, or whose names match: "Heston", "CEV*Digital*". Without patterns all of them."""
    every = [case for model in MODELS for case in cases(model)]
    named = {*patterns} & {*MODELS}
    return [c for c in every if not patterns or c.model_name in named or any(fnmatchcase(str(c), p) for p in patterns)]


def missing() -> list[str]:
    """Built-in models and payoffs that have no entry above."""
    return sorted({*built_in_models(), *built_in_payoffs()} - {*MODELS, *ON_ONE_ASSET, *ON_SEVERAL_ASSETS})


def greeks_of(case: Case) -> list[str]:
    """The Greeks asked of a case: the model's, and first ones in the payoff's own parameters."""
    known = Contract.of(case.model, case.payoff).payoff_parameters
    own = {name: p for name, p in known.items() if name != "maturity" and name == p.symbol.payload}
    return [*greeks_of_model(case), *(g for p in own.values() for g in _derivatives(p, case.model))]


def greeks_of_model(case: Case) -> list[str]:
    """First derivatives in every parameter of the model and in time, and some second ones."""
    known = Contract.of(case.model, case.payoff).model_parameters
    first = [g for p in known.values() for g in _derivatives(p, case.model)]
    return [*first, "theta", *SECOND_ORDER.get(case.model_name, USUAL_SECOND_ORDER)]


def order(greek: str) -> int:
    """1 or 2: of the derivative that a Greek is."""
    return 2 if greek.partition("[")[0] in USUAL_SECOND_ORDER or greek.startswith("d2_") else 1


def _derivatives(p: Parameter, model: gk.Model) -> list[str]:
    """ "delta", "d_kappa", "vega[0]", "vega[1]", "d_correlation[1,0]": the first derivatives in a parameter."""
    own = {field: word for word, field in model.words.items()}
    name = own.get(p.field) or WORDS.get(p.field, f"d_{p.field}")
    if p.rows:
        return [f"{name}[{i},{j}]" for i in range(p.rows) for j in range(i)]
    return [f"{name}[{i}]" for i in range(p.size)] if p.size else [name]
