"""Constant elasticity of variance: Euler steps (for calls and puts the default 64) against the closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

import greeks as gk
from tests.agreement.agree import (
    Row,
    Trade,
    assert_agreement,
    assert_close,
    assert_unbiased,
    every,
    lines,
    quantities,
    rows,
)
from tests.oracle import Case, cases

PAYOFFS: dict[str, Callable[..., gk.Payoff]] = {"call": gk.Call, "put": gk.Put, "cash_call": gk.DigitalCall}
NAMES = {"rho_q": "dividend_rho"}
FINE = {"cash_call": gk.Euler(steps=1024)}  # conditioned on the last step it is sharp enough to see the bias of 64


def cev(case: Case) -> gk.CEV:
    p = case.params
    return gk.CEV(spot=p["S0"], rate=p["r"], sigma=p["sigma"], beta=p["beta"], dividend=p["q"])


def trade(case: Case) -> Trade:
    payoff = PAYOFFS[case.payoff](strike=case.params["K"], maturity=case.params["T"])
    return Trade(case, cev(case), payoff, quantities(case, NAMES), FINE.get(case.payoff))


TRADES = {name: [trade(case) for case in cases("F", name, model="cev")] for name in PAYOFFS}


@pytest.mark.parametrize("name", every(PAYOFFS, ("call",)))
def test_every_greek(name: str) -> None:
    assert_agreement("cev", TRADES[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", PAYOFFS)
def test_time_step_bias_is_below_the_error_of_a_usual_run(name: str) -> None:
    """16 million paths tell the bias to a twelfth of that error."""
    assert_unbiased([row for t in TRADES[name] for row in rows(t, 2**24, seed=5)])


SHARP: list[tuple[gk.Estimator, dict[str, float]]] = [
    (gk.LikelihoodRatio(), {"delta": 0.01, "rho": 0.02, "vanna": 0.3}),
    (gk.Malliavin(), {"delta": 0.01, "rho": 0.02, "vanna": 0.1}),
    (gk.Vibrato(), {"delta": 0.05, "rho": 0.1}),
]


@pytest.mark.parametrize(("weight", "bounds"), SHARP, ids=lambda p: getattr(p, "name", ""))
def test_every_greek_of_a_cash_call_by_its_weight(weight: gk.Estimator, bounds: dict[str, float]) -> None:
    """Standard errors at most so large a part of the truth as `bounds` says."""
    found = []
    for i, t in enumerate(TRADES["cash_call"]):
        run = gk.sensitivities(t.model, t.payoff, t.greeks, estimator=weight, paths=2**17, seed=40 + i)
        found += [Row(t.case.id, q, run.combination(w, q), *t.case.values[q]) for q, w in t.quantities.items()]
    assert_close(found)
    blunt = [r for r in found if not r.estimate.std_error <= bounds.get(r.quantity, math.inf) * abs(r.truth)]
    assert not blunt, lines(blunt)
