"""Contracts on returns, written as a user's payoffs: forward starts, cliquets, variance swaps."""

from __future__ import annotations

import pytest

import greeks as gk
from tests.agreement.agree import Trade, assert_agreement, assert_refused, every, quantities
from tests.agreement.black_scholes import NAMES, black_scholes, dates_from_start
from tests.agreement.payoffs import Cliquet, ForwardStart, ReturnCalls, VarianceSwap
from tests.oracle import Case, cases

FAMILY = {
    "forward_start_call": "B1",
    "forward_start_put": "B1",
    "cliquet_sum_of_return_calls_paid_at_T": "B1",
    "variance_swap_discrete_log_returns": "B1",
    "cliquet_local_capfloor_global_floor": "B3",
}


def payoff(case: Case) -> gk.Payoff:
    p = case.params
    match case.payoff.split("_"):
        case ["forward", _, right]:
            return ForwardStart(p["alpha"], p["T"], [p["t1"]], call=right == "call")
        case ["variance", *_]:
            return VarianceSwap(p["Kvar"], p["T"], dates_from_start(p))
        case ["cliquet", "sum", *_]:
            return ReturnCalls(p["alpha"], p["T"], dates_from_start(p, "m"))
        case _:
            return Cliquet(p["floor"], p["cap"], p["global_floor"], p["T"], dates_from_start(p, "m"))


def trade(case: Case) -> Trade:
    # A first return depends on the spot in form, though not in value: its gamma, 0, is refused rather than found.
    omit = ("gamma",) if "cliquet" in case.payoff else ()
    return Trade(case, black_scholes(case), payoff(case), quantities(case, NAMES, omit))


TRADES = {kind: [trade(case) for case in cases(family, kind)] for kind, family in FAMILY.items()}
FAST = ("forward_start_call", "variance_swap_discrete_log_returns")


@pytest.mark.parametrize("kind", every(TRADES, FAST))
def test_every_greek(kind: str) -> None:
    assert_agreement("returns", TRADES[kind])


def test_gamma_of_a_cliquet_is_refused() -> None:
    for kind in FAMILY:
        if "cliquet" in kind:
            assert_refused(TRADES[kind][0], "gamma", "jump at")


def test_delta_of_returns_is_zero_on_every_path() -> None:
    """To rounding, not on average: a return does not depend on the spot."""
    for kind, trades in TRADES.items():
        if not kind.startswith("forward"):
            found = gk.sensitivities(trades[0].model, trades[0].payoff, ["delta"], paths=2**12)["delta"]
            assert abs(found.value) < 1e-14 and found.std_error < 1e-14
