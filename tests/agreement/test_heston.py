"""Heston with the default scheme: every Greek, of the parameters too, against contour integrals."""

from __future__ import annotations

import math

import pytest

import greeks as gk
from tests.agreement.agree import (
    Trade,
    assert_agreement,
    assert_bump_agrees,
    assert_close,
    assert_refused,
    assert_unbiased,
    rows,
)
from tests.agreement.heston import PAYOFFS, feller_ratio, friendly, trade, unfriendly

# The second derivative in the variance meets the seam between the two branches of a quadratic-exponential step.
REFUSED = ("d2_v0",)
TRADES = {payoff: [trade(case, REFUSED) for case in friendly(payoff)] for payoff in PAYOFFS}


@pytest.mark.parametrize("payoff", PAYOFFS)
def test_every_greek(payoff: str) -> None:
    assert_agreement("heston", TRADES[payoff], paths=2**17)


@pytest.mark.parametrize("payoff", PAYOFFS)
def test_second_derivative_in_the_variance_is_refused(payoff: str) -> None:
    assert_refused(TRADES[payoff][0], "d2_variance", "jump at")


def test_a_bump_gives_the_refused_derivative() -> None:
    assert_bump_agrees(TRADES["european_call"][0], "d2_variance", relative=0.1, bias=0.01, quantity="d2_v0")


@pytest.mark.slow
@pytest.mark.parametrize("payoff", PAYOFFS)
def test_time_step_bias_is_below_the_error_of_a_usual_run(payoff: str) -> None:
    """16 million paths tell the bias of 32 steps to a twelfth of that error."""
    assert_unbiased([row for t in TRADES[payoff] for row in rows(t, 2**24, seed=5)])


HARSH = 0.1  # of 2 kappa theta / xi^2, below which the variance spends most of its time at 0
HEAVY = {
    "d_v0",
    "d_kappa",
    "d_theta",
    "d_xi",
    "theta",
}  # there their samples, tangents of sqrt(v), have no finite variance


def harsh_trade(payoff: str, index: int) -> Trade:
    """64 steps a year: with 32 steps over 10 or 15 years the bias of a harsh set is many standard errors."""
    case = unfriendly(payoff)[index]
    omit = set(REFUSED) | (HEAVY if feller_ratio(case) < HARSH else set())
    return trade(case, tuple(omit), gk.QE(max(64, math.ceil(64 * case.params["T"]))))


@pytest.mark.slow
@pytest.mark.parametrize("payoff", PAYOFFS)
def test_variance_that_touches_zero(payoff: str) -> None:
    trades = [harsh_trade(payoff, i) for i in range(len(unfriendly(payoff)))]
    assert_close([row for t in trades for row in rows(t, 2**17, seed=5)])
