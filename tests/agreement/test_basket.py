"""Baskets and worst-of digitals on three to ten assets: per-asset and cross Greeks, all correlations, factor bumps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

import greeks as gk
from tests.agreement.agree import Trade, assert_agreement, every
from tests.agreement.multi_asset import several, weights
from tests.agreement.payoffs import BasketDigital, WorstOfDigital
from tests.oracle import Case, cases

PAYOFFS: dict[str, Callable[[float, float], gk.Payoff]] = {
    "geometric_basket_call": partial(gk.BasketCall, average="geometric"),
    "geometric_basket_cash_call": partial(BasketDigital, geometric=True),
    "worst_of_digital_3_assets": WorstOfDigital,
    "worst_of_digital_5_assets": WorstOfDigital,
    "arithmetic_basket_call_4": gk.BasketCall,
    "arithmetic_basket_call_10": gk.BasketCall,
}
DIGITAL = "digital_price"  # of the arithmetic baskets, a contract of its own
MANY = 20  # Greeks in one quantity, a derivative in all correlations: a program that takes a minute to compile


def trades(name: str, many: bool) -> list[Trade]:
    """The cases of a payoff with the quantities of few Greeks, or of many."""
    return [t for t in (trade(case, many) for case in cases("C", name)) if t.quantities]


def trade(case: Case, many: bool) -> Trade:
    payoff = PAYOFFS[case.payoff](case.params["K"], case.params["T"])
    wanted = {q: weights(case, q) for q in case.values if q != DIGITAL}
    return Trade(case, several(case), payoff, {q: w for q, w in wanted.items() if (len(w) > MANY) == many})


def digital(case: Case) -> Trade:
    payoff = BasketDigital(case.params["K"], case.params["T"])
    return Trade(case, several(case), payoff, {DIGITAL: weights(case, DIGITAL)})


TRADES = {name: trades(name, many=False) for name in PAYOFFS}
TRADES |= {f"{name}, many": trades(name, many=True) for name in PAYOFFS if trades(name, many=True)}
FAST = ("worst_of_digital_3_assets", "arithmetic_basket_call_4", DIGITAL)
TRADES |= {DIGITAL: [digital(t.case) for n in PAYOFFS if "arithmetic" in n for t in TRADES[n]]}


@pytest.mark.parametrize("name", every(TRADES, FAST))
def test_every_greek(name: str) -> None:
    assert_agreement("basket", TRADES[name])
