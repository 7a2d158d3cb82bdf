"""Options on geometric and arithmetic averages under Black-Scholes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

import greeks as gk
from tests.agreement.agree import Trade, assert_agreement, assert_bump_agrees, assert_refused, every, quantities
from tests.agreement.black_scholes import NAMES, black_scholes, dates_from_start
from tests.agreement.payoffs import CashOnAverage
from tests.oracle import Case, cases

GEOMETRIC, ARITHMETIC, TAIL = "asian_geometric_discrete_", "asian_arithmetic_discrete_", "asian_arithmetic_last30days_"
RIGHTS = ("call", "put", "cash_call")
FAMILY = {GEOMETRIC + right: "B1" for right in RIGHTS} | {ARITHMETIC + right: "B2" for right in RIGHTS}
FAMILY |= {TAIL + "call": "B2"}
# With today's price in the average the kink moves with the spot, other than through the density of the prices to come.
REFUSED = {"gamma"}
MANY = 50


def dates(case: Case) -> int | Sequence[float]:
    """1..n equally spaced, with today where the case says so, or the last 30 days."""
    p = case.params
    if "n_avg" in p:
        return [p["first_fixing"] + i * p["dt"] for i in range(int(p["n_avg"]))]
    return dates_from_start(p) if p.get("include_S0") else int(p["n"])


def payoff(case: Case) -> gk.Payoff:
    strike, maturity, geometric = case.params["K"], case.params["T"], "geometric" in case.payoff
    if case.payoff.endswith("cash_call"):
        return CashOnAverage(strike, maturity, dates(case), geometric)
    kind = gk.AsianCall if case.payoff.endswith("call") else gk.AsianPut
    return kind(strike, maturity, dates(case), "geometric" if geometric else "arithmetic")


def omitted(case: Case) -> set[str]:
    """What is not asked for: theta, since the reference moves all dates in proportion, and what is refused.

    Nor the strike of a digital on an average of many dates, of which the last decides so rarely that few paths say
    anything of it.
    """
    refused = REFUSED if case.params.get("include_S0") else set()
    spike = {"dual_delta"} if "cash" in case.payoff and case.params["n"] > MANY else set()
    return {"theta"} | refused | spike


def trade(case: Case) -> Trade:
    return Trade(case, black_scholes(case), payoff(case), quantities(case, NAMES, omitted(case)))


TRADES = {kind: [trade(case) for case in cases(family, kind)] for kind, family in FAMILY.items()}
FAST = ("asian_arithmetic_discrete_call", "asian_arithmetic_last30days_call")


@pytest.mark.parametrize("kind", every(TRADES, FAST))
def test_every_greek(kind: str) -> None:
    assert_agreement("asian", TRADES[kind])


def test_gamma_with_todays_price_in_the_average_is_refused_and_had_by_a_bump() -> None:
    [trade] = [t for t in TRADES[ARITHMETIC + "call"] if t.case.params["include_S0"]]
    assert_refused(trade, "gamma", "jump at")
    assert_bump_agrees(trade, "gamma", relative=0.02, bias=0.01)
