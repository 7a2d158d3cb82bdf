"""Autocallables on the worse of two assets, and what conditioning on their common direction gains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

import greeks as gk
from greeks.estimators.conditional.estimator import conditioned
from greeks.estimators.direction import Direction
from greeks.expressions.fold import Fold
from tests.agreement.agree import Row, Trade, assert_close
from tests.agreement.multi_asset import several, weights
from tests.agreement.payoffs import BestOfDigital, Stats, WorstOfDigital
from tests.oracle import cases


@dataclass(frozen=True)
class WorstOfAutocallable(gk.Payoff):
    """On date k the note pays 1 + k coupon and ends if all S_i >= trigger; else at maturity 1, or the worst / 100."""

    trigger: gk.Scalar
    coupon: gk.Scalar
    protection: gk.Scalar
    maturity: gk.Scalar
    dates: int | Sequence[float]
    reference: gk.Scalar = 100.0

    def start(self) -> Stats:
        return (0.0,)

    def observe(self, stats: Stats, t: gk.Scalar, x: Stats) -> Stats:
        return (stats[0] + 1.0,)

    def exits(self, stats: Stats, t: gk.Scalar, x: Stats) -> Stats:
        return ((gk.smallest(x[0]) >= self.trigger, 1.0 + (stats[0] + 1.0) * self.coupon),)

    def settle(self, stats: Stats, x: Stats) -> gk.Scalar:
        worst = gk.smallest(x[0])
        return gk.where(worst >= self.protection, 1.0, worst / self.reference)


def autocall(case_id: str) -> Trade:
    case = cases("C2", id_contains=case_id)[0]
    p = case.params
    payoff = WorstOfAutocallable(100.0 * p["trigger"], p["coupon"], 100.0 * p["protection"], p["T"], int(p["n"]))
    return Trade(case, several(case), payoff, {q: weights(case, q) for q in case.values})


def estimates(trade: Trade, quantities: Sequence[str], estimator: gk.Estimator, paths: int) -> dict[str, Row]:
    """One run for some quantities, each a single Greek."""
    names = {q: next(iter(trade.quantities[q])) for q in quantities}
    found = gk.sensitivities(trade.model, trade.payoff, list(names.values()), estimator=estimator, paths=paths, seed=7)
    return {q: Row(trade.case.id, q, found[name], *trade.case.values[q]) for q, name in names.items()}


FIRST = ["delta1", "vega2", "d_rho"]
ACROSS = {"gamma11": 0.3, "gamma22": 0.3, "gamma12": 0.7, "vanna11": 0.3, "vanna12": 0.3}


@pytest.mark.slow
@pytest.mark.parametrize("case_id", ["base", "two_dates"])
def test_autocallables(case_id: str) -> None:
    """Less than half the likelihood ratio's deviation, that is a quarter of its paths."""
    trade = autocall(case_id)
    found = estimates(trade, FIRST, gk.Conditional(), 2**15)
    plain = estimates(trade, FIRST, gk.LikelihoodRatio(), 2**13)
    assert_close(list(found.values()))
    for q in FIRST:
        assert found[q].deviation < 0.5 * plain[q].deviation, q


@pytest.mark.parametrize("name", ["worst_of_digital", "best_of_digital"])
def test_second_order_across_a_jump(name: str) -> None:
    """The first derivative by the density of all but the common direction, the second along the path."""
    case = cases("C", name)[0]
    payoff = {"worst_of_digital": WorstOfDigital, "best_of_digital": BestOfDigital}[name]
    trade = Trade(
        case, several(case), payoff(case.params["K"], case.params["T"]), {q: weights(case, q) for q in ACROSS}
    )
    found = estimates(trade, list(ACROSS), gk.Conditional(), 2**15)
    plain = estimates(trade, list(ACROSS), gk.LikelihoodRatio(), 2**13)
    assert_close(list(found.values()))
    for q, gain in ACROSS.items():
        assert found[q].deviation < gain * plain[q].deviation, q


def test_the_strike_of_a_digital() -> None:
    """Out of reach of the other estimators; S_1 delta_1 + S_2 delta_2 + K dual_delta = 0, as only ratios matter."""
    case = cases("C", "worst_of_digital")[0]
    p, payoff = case.params, WorstOfDigital(case.params["K"], case.params["T"])
    truth = -sum(p[f"S{i}"] * case.values[f"delta{i}"][0] for i in (1, 2)) / p["K"]
    found = gk.sensitivities(several(case), payoff, ["dual_delta"], paths=2**15, seed=3)["dual_delta"]
    assert abs(found.z_score(truth)) < 4.0
    assert found.std_error < 0.01 * abs(truth)


@dataclass(frozen=True)
class ConditionedPrice(gk.Estimator):
    """The price of the conditioned fold, in place of a derivative: what a bump on the same noise differentiates."""

    name = "conditioned price"

    def apply(self, fold: Fold, directions: tuple[Direction, ...]) -> Fold:
        return conditioned(fold)


def test_derivatives_are_those_of_a_bump_on_the_same_noise() -> None:
    trade, size = autocall("base"), 1e-4
    whole = several(trade.case)
    first, second = whole.spots

    def price(spot: float) -> float:
        model = replace(whole, spots=(first, spot))
        conditioned_price = {"rho": ConditionedPrice()}
        found = gk.sensitivities(model, trade.payoff, ["rho"], estimator=conditioned_price, paths=2**10, seed=7)
        return found["rho"].value

    bump = (price(second + size) - price(second - size)) / (2.0 * size)
    found = estimates(trade, ["delta2"], gk.Conditional(), 2**10)["delta2"].estimate
    assert found.value == pytest.approx(bump, rel=1e-6)
