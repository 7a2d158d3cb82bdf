"""Options on geometric and arithmetic averages under Black-Scholes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

import greeks as gk
from tests.agreement.agree import Trade, assert_agreement, every, quantities
from tests.agreement.black_scholes import NAMES, black_scholes, dates_from_start
from tests.agreement.payoffs import CashOnAverage
from tests.oracle import Case, cases

GEOMETRIC, ARITHMETIC, TAIL = "asian_geometric_discrete_", "asian_arithmetic_discrete_", "asian_arithmetic_last30days_"
RIGHTS = ("call", "put", "cash_call")
FAMILY = {GEOMETRIC + right: "B1" for right in RIGHTS} | {ARITHMETIC + right: "B2" for right in RIGHTS}
FAMILY |= {TAIL + "call": "B2"}
OMITTED = {"theta"}  # the reference moves all dates in proportion


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


def trade(case: Case) -> Trade:
    return Trade(case, black_scholes(case), payoff(case), quantities(case, NAMES, OMITTED))


TRADES = {kind: [trade(case) for case in cases(family, kind)] for kind, family in FAMILY.items()}
FAST = ("asian_arithmetic_discrete_call", "asian_arithmetic_last30days_call")


@pytest.mark.parametrize("kind", every(TRADES, FAST))
def test_every_greek(kind: str) -> None:
    assert_agreement("asian", TRADES[kind])
