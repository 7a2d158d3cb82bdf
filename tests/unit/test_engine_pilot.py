"""The choice of an estimator by measurement, blends of several, and prices that do not depend on a measurement."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import greeks as gk
from greeks.engine.choosing import decision, pilot
from greeks.engine.choosing.lending import places
from greeks.engine.choosing.menu import menu_for
from greeks.engine.choosing.plan import plan_of
from greeks.engine.run import Task
from greeks.engine.sampling.settings import Settings
from greeks.engine.terms.contract import Contract
from greeks.engine.terms.grid import time_grid
from greeks.expressions.node import ONE, ZERO, where
from greeks.schemes.defaults import default_scheme

MODEL = gk.BlackScholes(100.0, 0.05, 0.2, 0.02)
HESTON = gk.Heston(100.0, 0.03, 0.04, 2.0, 0.04, 0.3, -0.5, 0.01)
BARRIER = gk.BarrierOption(100.0, 90.0, 1.0, 12)
CONTESTED = [
    (MODEL, BARRIER, ["delta", "gamma", "vega"]),
    (MODEL, gk.LookbackPut(maturity=1.0, dates=3), ["delta"]),
    (MODEL, gk.BarrierOption(100.0, 120.0, 1.0, 12, direction="up"), ["delta", "gamma", "vega"]),
    (HESTON, gk.BarrierOption(100.0, 85.0, 1.0, 2), ["delta", "d_kappa"]),
    (HESTON, gk.AsianCall(100.0, 1.0, 2), ["delta", "gamma", "d_xi"]),
    (gk.CEV(100.0, 0.05, 2.0, 0.5), gk.DigitalCall(100.0, 1.0), ["delta", "vega"]),
]

TWO = gk.MultiBlackScholes((100.0, 90.0), 0.05, (0.2, 0.3), ((1.0, 0.5), (0.5, 1.0)), (0.0, 0.01))
VECTORS = (TWO, gk.BasketCall(95.0, 1.0), ["delta", "vega"])
IN_EVERY_RUN = [*CONTESTED[:4], pytest.param(*CONTESTED[4], marks=pytest.mark.slow), CONTESTED[5]]


def names(model: gk.Model, payoff: gk.Payoff, greeks: list[str], **settings: Any) -> list[tuple[str, str]]:
    return [(e.estimator, e.reason) for e in gk.sensitivities(model, payoff, greeks, **settings).values()]


@pytest.mark.parametrize(("model", "payoff", "greeks"), IN_EVERY_RUN)
def test_the_choice_needs_no_more_than_a_fifth_above_the_least_work(model: Any, payoff: Any, greeks: list[str]) -> None:
    """Against sixteen times the paths of the pilot, on other draws."""
    contract, scheme = Contract.of(model, payoff), default_scheme(model, payoff)
    grid = time_grid(payoff, scheme)
    menu = menu_for(contract, scheme, grid.shape, greeks, "auto")
    assert menu.contested
    taken = decision.decide(menu, contract, grid).picks
    every = tuple(tuple(range(len(e.options))) if e.contested else () for e in menu.entries)
    plan = plan_of(menu, contract, every)
    covariance = pilot.sampled(plan, *plan.table(contract, grid), paths=2**15, seed=77).covariance
    for entry, which, samples in zip(menu.entries, taken, plan.samples, strict=True):
        if entry.contested:
            work = [
                covariance[s.column, s.column] * o.cost.of(grid) for s, o in zip(samples, entry.options, strict=True)
            ]
            assert work[which[0]] <= 1.2 * min(work), (entry.greek.name, work)


@pytest.mark.parametrize(("model", "payoff", "greeks"), [*IN_EVERY_RUN, VECTORS])
def test_what_a_run_takes_from_the_table_of_its_pilot_is_what_it_would_compute(
    model: Any, payoff: Any, greeks: list[str]
) -> None:
    task = Task.of(model, payoff, greeks, Settings())
    lent = places(task.plan.program, task.menu.contests[0].plan.program, task.grid)
    assert lent is not None
    filled = lent > 0
    assert filled.sum() > 0.9 * len(lent)
    mine, theirs = (p.each([task.contract], task.grid)[0][0] for p in (task.plan, task.menu.contests[0].plan))
    assert np.array_equal(theirs[lent][filled], mine[filled])
    assert np.array_equal(task.table()[0][filled], mine[filled])


def test_the_choice_does_not_depend_on_seed_threads_paths_or_on_what_was_asked_before() -> None:
    first = names(MODEL, BARRIER, ["delta", "gamma"], paths=2**12)
    for settings in ({"seed": 9}, {"threads": 1}, {"seed": 2**40, "stream": 3}):
        assert names(MODEL, BARRIER, ["delta", "gamma"], paths=2**12, **settings) == first
    longer = names(MODEL, BARRIER, ["delta", "gamma"], paths=2**13)  # has a longer pilot, and other figures of losers
    assert [estimator for estimator, _ in longer] == [estimator for estimator, _ in first]
    for spot in (95.0, 130.0, 91.0):
        names(gk.BlackScholes(spot, 0.05, 0.2, 0.02), BARRIER, ["delta", "gamma"], paths=256)
    assert names(MODEL, BARRIER, ["delta", "gamma"], paths=2**12) == first


def test_the_reason_keeps_the_losers_figures_and_the_refusals() -> None:
    delta = gk.sensitivities(MODEL, BARRIER, ["delta"], paths=4096)["delta"]
    assert delta.estimator == "conditional"
    assert delta.reason.startswith("least work in a pilot (likelihood ratio ") and "x)" in delta.reason
    assert "pathwise in spot would silently miss the jump" in delta.reason


@pytest.mark.slow
def test_explain_says_what_a_run_then_does() -> None:
    for model, payoff, greeks in CONTESTED:
        told = gk.explain(model, payoff, greeks, paths=2**13)
        found = gk.sensitivities(model, payoff, greeks, paths=2**13)
        assert told.estimators == {g: found[g].estimator for g in greeks}
        assert told.reasons == {g: found[g].reason for g in greeks}


def test_nothing_is_measured_where_the_price_is_looked_at_once_and_drawn_in_one_go() -> None:
    """Its own noise integrated out, the sample is the expectation of any other: less variance than all of them."""
    for payoff in (gk.DigitalCall(100.0, 1.0), gk.Call(120.0, 1.0)):
        found = gk.sensitivities(HESTON, payoff, ["delta", "gamma", "d_kappa"], paths=2**14, seed=1)
        assert {e.estimator for e in found.values()} == {"conditional"}
        assert "the price's own noise integrated out" in found["delta"].reason
        others = gk.sensitivities(HESTON, payoff, list(found), estimator=gk.LikelihoodRatio(), paths=2**14, seed=1)
        assert all(found[k].std_error < others[k].std_error for k in found)


def test_nothing_is_measured_where_nothing_is_left_to_chance() -> None:
    model, payoff = MODEL, gk.DigitalCall(100.0, 1.0)
    contract, scheme = Contract.of(model, payoff), default_scheme(model, payoff)
    grid = time_grid(payoff, scheme)
    menu = menu_for(contract, scheme, grid.shape, ["delta", "gamma"], "auto")
    assert not menu.contested
    assert decision.decide(menu, contract, grid).reasons[1].startswith("integrated in closed form")


def test_where_the_pilot_sees_no_cash_flow_the_estimator_that_integrates_is_taken() -> None:
    far = gk.BarrierOption(1000.0, 90.0, 1.0, 12)
    delta = gk.sensitivities(MODEL, far, ["delta"], paths=4096)["delta"]
    assert delta.estimator == "conditional" and "too few paths of the pilot saw what matters" in delta.reason
    assert math.isfinite(delta.value)


def test_prices_a_bump_apart_are_estimated_alike() -> None:
    """A user's own bump of a price must not compare two estimators: no measurement enters."""
    for payoff in (BARRIER, gk.DigitalCall(100.0, 1.0), gk.AsianCall(100.0, 1.0, 12)):
        spots = np.linspace(80.0, 130.0, 11)
        found = [gk.price(gk.BlackScholes(s, 0.05, 0.2, 0.02), payoff, paths=256) for s in spots]
        assert len({e.estimator for e in found}) == 1


def test_estimators_of_different_greeks_do_not_disturb_one_another() -> None:
    """Both carry a score by the spot, one of the plain path and one of the surviving: they must not be mixed up."""
    wanted: dict[str, Any] = {"delta": gk.LikelihoodRatio(), "gamma": gk.Conditional(second="mixed")}
    both = gk.sensitivities(MODEL, BARRIER, ["delta", "gamma"], estimator=wanted, paths=2**13, seed=5)
    for greek, estimator in wanted.items():
        alone = gk.sensitivities(MODEL, BARRIER, [greek], estimator={greek: estimator}, paths=2**13, seed=5)
        assert both[greek].value == pytest.approx(alone[greek].value, rel=1e-9)
        assert both[greek].std_error == pytest.approx(alone[greek].std_error, rel=1e-9)


# Blend ------------------------------------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.parametrize(("model", "payoff", "greeks"), CONTESTED[:5])
def test_a_blend_has_no_more_variance_than_the_best_of_its_parts(model: Any, payoff: Any, greeks: list[str]) -> None:
    blended = gk.sensitivities(model, payoff, greeks, estimator=gk.Blend(), paths=2**14, seed=3)
    best = gk.sensitivities(model, payoff, greeks, controls=(), paths=2**14, seed=3)
    for greek in greeks:
        assert blended[greek].std_error <= 1.08 * best[greek].std_error, greek
        gap = blended[greek].value - best[greek].value
        assert abs(gap) < 4.0 * math.hypot(blended[greek].std_error, best[greek].std_error), greek


def test_weights_of_a_blend_add_up_to_one_and_are_told() -> None:
    contract, scheme = Contract.of(MODEL, BARRIER), default_scheme(MODEL, BARRIER)
    grid = time_grid(BARRIER, scheme)
    menu = menu_for(contract, scheme, grid.shape, ["delta", "gamma"], gk.Blend())
    decided = decision.decide(menu, contract, grid)
    assert all(sum(w) == pytest.approx(1.0, abs=1e-12) for w in decided.weights)
    assert any(len(w) > 1 for w in decided.weights)
    delta = gk.sensitivities(MODEL, BARRIER, ["delta"], estimator=gk.Blend(), paths=256)["delta"]
    assert delta.reason.startswith("least variance in a pilot: ") and "%" in delta.reason


def test_a_blend_is_unbiased_over_many_seeds() -> None:
    """Up-and-out call of the oracle's kind: quadrature says -0.0114590 for weekly dates."""
    payoff = gk.BarrierOption(100.0, 120.0, 1.0, [7.0 * i / 365.0 for i in range(1, 52)], direction="up")
    runs = [gk.sensitivities(MODEL, payoff, ["delta"], estimator=gk.Blend(), paths=2**13, seed=s) for s in range(24)]
    values = np.array([r["delta"].value for r in runs])
    errors = np.array([r["delta"].std_error for r in runs])
    assert abs(values.mean() + 0.011459) < 4.0 * values.std(ddof=1) / math.sqrt(len(values))
    assert errors.mean() == pytest.approx(values.std(ddof=1), rel=0.5)


def test_minimum_variance_weights() -> None:
    covariance = np.array([[4.0, 1.0], [1.0, 2.0]])
    weights = decision.best_weights(covariance)
    assert weights == pytest.approx([0.25, 0.75])
    same = np.array([[2.0, 2.0], [2.0, 2.0]])
    assert decision.best_weights(same).sum() == pytest.approx(1.0)


# verify -----------------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_a_result_verifies_itself() -> None:
    for model, payoff, greeks in CONTESTED:
        result = gk.sensitivities(model, payoff, greeks, controls=(), paths=2**13, seed=4)
        checked = result.verify()
        assert checked.agrees, checked
        for greek in greeks:
            check = checked[greek]
            assert check.used.value == pytest.approx(result[greek].value, rel=1e-9)
            assert check.other is not None and check.difference is not None
            assert check.other.estimator != check.used.estimator
            assert abs(check.z) < 4.0
        assert list(checked.to_frame().index) == list(result)


def test_verification_finds_what_an_author_declared_wrongly() -> None:
    class Declared(gk.Call):
        """A digital whose author says that it has no jump."""

        def settle(self, stats: Any, x: Any) -> Any:
            return where(x[0] > self.strike, ONE, ZERO, "continuous")

    result = gk.sensitivities(MODEL, Declared(100.0, 1.0), ["delta"], estimator=gk.Pathwise(), paths=2**13)
    assert result["delta"].value == 0.0
    checked = result.verify()
    assert not checked["delta"].agrees and not checked.agrees
    assert "DISAGREE" in repr(checked)


def test_numbers_alone_cannot_be_verified() -> None:
    bare = gk.Sensitivities({"price": gk.Estimate("price", 1.0, 0.1, 100)}, np.array([[0.01]]))
    with pytest.raises(gk.SchemaError, match=r"greeks\.sensitivities"):
        bare.verify()


def test_a_choice_that_is_no_number_gives_way_to_the_next() -> None:
    """Without volatility there is no noise to integrate out, and the path itself is right."""
    still = gk.BlackScholes(100.0, 0.05, 0.0)
    r = gk.sensitivities(still, gk.Call(90.0, 1.0), ["delta", "rho"], paths=1000)
    assert r["delta"].value == pytest.approx(1.0) and r["delta"].estimator == "pathwise"
    assert "came out as no number" in r["delta"].reason
    assert r["rho"].value == pytest.approx(90.0 * math.exp(-0.05))
    with pytest.raises(gk.EstimationError, match="zero volatility"):
        gk.sensitivities(still, gk.DigitalCall(90.0, 1.0), ["delta"], paths=1000)


def test_a_run_too_short_for_a_pilot_takes_the_simplest() -> None:
    """Whatever a run before it has measured, and unless weights are asked for."""
    asian = gk.AsianCall(100.0, 1.0, 4)
    gk.sensitivities(MODEL, asian, ["theta"], paths=2**13)
    short = gk.sensitivities(MODEL, asian, ["theta"], paths=1024)["theta"]
    assert short.estimator == "pathwise" and short.reason.startswith("the simplest: too few paths for a pilot")
    blend = gk.sensitivities(MODEL, asian, ["theta"], paths=1024, estimator={"theta": gk.Blend()})["theta"]
    assert blend.reason.startswith("least variance in a pilot")
