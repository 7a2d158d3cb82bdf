"""Discretely monitored knock-outs and knock-ins under Black-Scholes, single and double, with calls, puts and cash."""

from __future__ import annotations

import pytest

import greeks as gk
from tests.agreement.agree import Trade, assert_agreement, every, quantities
from tests.agreement.black_scholes import NAMES, black_scholes
from tests.agreement.payoffs import Corridor, UpAndOut
from tests.oracle import Case, cases

VANILLA = ["down_out_call", "up_out_call", "up_in_call", "down_out_put", "down_in_put"]
CASH = ["up_out_cash_call", "up_out_one"]
DOUBLE = ["call", "put", "one"]
KINDS = [f"barrier_discrete_{kind}" for kind in VANILLA + CASH]
KINDS += [f"double_knock_out_discrete_{right}" for right in DOUBLE]


def payoff(case: Case) -> gk.Payoff:
    p, (*words, right) = case.params, case.payoff.split("_")
    n, maturity = int(p["n"]), p["T"]
    if "double" in words:
        return Corridor(p.get("K", p["S0"]), p["L"], p["U"], maturity, n, right)
    if "cash" in words or right == "one":
        return UpAndOut(p.get("K", 0.0), p["H"], maturity, n)
    direction, knock = words[2:4]
    return gk.BarrierOption(p["K"], p["H"], maturity, n, direction=direction, knock=knock, call=right == "call")


def trade(case: Case) -> Trade:
    return Trade(case, black_scholes(case), payoff(case), quantities(case, NAMES, omit=("theta",)))


TRADES = {kind: [trade(case) for case in cases("B2", kind)] for kind in KINDS}
FAST = ("barrier_discrete_down_out_call", "double_knock_out_discrete_one")


@pytest.mark.parametrize("kind", every(TRADES, FAST))
def test_every_greek(kind: str) -> None:
    """Few paths are knocked out, and they make the error: the normal law of a mean needs many."""
    assert_agreement("barrier", TRADES[kind], paths=2**20)
