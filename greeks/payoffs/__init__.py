"""Payoffs: cash flows as functionals of a path. One family a file."""

from greeks.payoffs.asian import AsianCall, AsianPut
from greeks.payoffs.autocallable import Autocallable
from greeks.payoffs.barrier import BarrierDigital, BarrierOption
from greeks.payoffs.base import Payoff
from greeks.payoffs.basket import (
    BasketCall,
    BasketPut,
    BestOfCall,
    ExchangeOption,
    SpreadCall,
    WorstOfCall,
    WorstOfPut,
)
from greeks.payoffs.corridor import CorridorDigital, RangeAccrual
from greeks.payoffs.digital import AssetOrNothingCall, AssetOrNothingPut, DigitalCall, DigitalPut
from greeks.payoffs.lookback import LookbackCall, LookbackPut
from greeks.payoffs.phoenix import PhoenixAutocallable
from greeks.payoffs.touch import NoTouch, OneTouch
from greeks.payoffs.vanilla import Call, Put

BUILT_IN: tuple[type[Payoff], ...] = (
    *(Call, Put, DigitalCall, DigitalPut, AssetOrNothingCall, AssetOrNothingPut),
    *(AsianCall, AsianPut, BarrierOption, BarrierDigital, OneTouch, NoTouch, LookbackCall, LookbackPut),
    *(CorridorDigital, RangeAccrual, Autocallable, PhoenixAutocallable),
    *(BasketCall, BasketPut, ExchangeOption, SpreadCall, BestOfCall, WorstOfCall, WorstOfPut),
)

__all__ = [
    "AsianCall",
    "AsianPut",
    "AssetOrNothingCall",
    "AssetOrNothingPut",
    "Autocallable",
    "BarrierDigital",
    "BarrierOption",
    "BasketCall",
    "BasketPut",
    "BestOfCall",
    "Call",
    "CorridorDigital",
    "DigitalCall",
    "DigitalPut",
    "ExchangeOption",
    "LookbackCall",
    "LookbackPut",
    "NoTouch",
    "OneTouch",
    "Payoff",
    "PhoenixAutocallable",
    "Put",
    "RangeAccrual",
    "SpreadCall",
    "WorstOfCall",
    "WorstOfPut",
    "registry",
]


def registry() -> dict[str, type[Payoff]]:
    """The built-in payoffs by class name."""
    return {p.__name__: p for p in BUILT_IN}
