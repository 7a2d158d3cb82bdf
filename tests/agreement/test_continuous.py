"""Barriers, touches and lookbacks that are watched all the time, under Black-Scholes: every Greek of the oracle."""

from __future__ import annotations

import pytest

import greeks as gk
from tests.agreement.agree import Trade, assert_agreement, every, quantities
from tests.agreement.black_scholes import NAMES, black_scholes
from tests.oracle import Case, cases

DIRECTIONS = ("down", "up")
BARRIERS = [f"barrier_continuous_{d}_{k}_{r}" for d in DIRECTIONS for k in ("in", "out") for r in ("call", "put")]
TOUCHES = [f"{d}_{kind}" for d in DIRECTIONS for kind in ("one_touch_hit", "one_touch_expiry", "no_touch")]
CASH = [f"{d}_out_cash_call" for d in DIRECTIONS]
EXTREMES = ("floating", "fixed", "inception_floating")
LOOKBACKS = [f"lookback_continuous_{kind}_{right}" for kind in EXTREMES for right in ("call", "put")]


def payoff(case: Case) -> gk.Payoff:
    p, words = case.params, case.payoff.split("_")
    if case.payoff in LOOKBACKS:
        kind = gk.LookbackCall if words[-1] == "call" else gk.LookbackPut
        return kind(maturity=p["T"], dates=None, strike=p.get("K"), extreme=p.get("M"))
    direction = words[2] if case.payoff in BARRIERS else words[0]
    if case.payoff in BARRIERS:
        knock, right = words[3:]
        return gk.BarrierOption(p["K"], p["H"], p["T"], None, direction, knock, right == "call", p["rebate"])
    if case.payoff in CASH:
        return gk.BarrierDigital(p["K"], p["H"], p["T"], None, direction, cash=p["cash"])
    if words[1] == "no":
        return gk.NoTouch(p["H"], p["T"], direction=direction, cash=p["cash"])
    return gk.OneTouch(p["H"], p["T"], direction=direction, cash=p["cash"], pays=words[-1])


def trade(case: Case) -> Trade:
    return Trade(case, black_scholes(case), payoff(case), quantities(case, NAMES))


TRADES = {kind: [trade(case) for case in cases("B1", kind)] for kind in (*BARRIERS, *TOUCHES, *CASH, *LOOKBACKS)}
FAST = ("barrier_continuous_down_out_call", "down_one_touch_hit", "down_no_touch", "lookback_continuous_fixed_put")


@pytest.mark.parametrize("kind", every(TRADES, FAST))
def test_every_greek(kind: str) -> None:
    assert_agreement("continuous", TRADES[kind], paths=2**16)
