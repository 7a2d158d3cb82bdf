"""Exchange, spread and rainbow options on two assets: per-asset and cross Greeks, correlation, against closed forms."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import greeks as gk
from tests.agreement.agree import Trade, assert_agreement, every
from tests.agreement.multi_asset import several, weights
from tests.agreement.payoffs import BestOfDigital, WorstOfDigital
from tests.oracle import Case, cases

PAYOFFS: dict[str, Callable[[float, float], gk.Payoff]] = {
    "exchange_option": lambda strike, maturity: gk.ExchangeOption(maturity),
    "spread_call": gk.SpreadCall,
    "call_on_max": gk.BestOfCall,
    "call_on_min": gk.WorstOfCall,
    "put_on_min": gk.WorstOfPut,
    "worst_of_digital": WorstOfDigital,
    "best_of_digital": BestOfDigital,
}


def trade(case: Case) -> Trade:
    payoff = PAYOFFS[case.payoff](case.params.get("K", 0.0), case.params["T"])
    asked = {q: weights(case, q) for q in case.values}
    return Trade(case, several(case), payoff, asked)


TRADES = {name: [trade(case) for case in cases("C", name)] for name in PAYOFFS}
FAST = ("exchange_option", "worst_of_digital")


@pytest.mark.parametrize("name", every(PAYOFFS, FAST))
def test_every_greek(name: str) -> None:
    assert_agreement("two_assets", TRADES[name])
