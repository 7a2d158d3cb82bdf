"""Controls: means that are 0 for the price and every Greek, estimates unbiased, errors honest, gains as promised."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pytest

import greeks as gk
from greeks.controls import AUTOMATIC
from greeks.engine.choosing.control import FEWEST, SCORE, Pairing
from greeks.engine.choosing.menu import menu_for
from greeks.engine.choosing.pilot import residual
from greeks.engine.choosing.plan import controls_of, plan_of
from greeks.engine.choosing.residuals import Question, Residuals, Sheet
from greeks.engine.terms.contract import Contract
from greeks.engine.terms.grid import time_grid
from greeks.kernels import cpu
from greeks.kernels.compile import load
from greeks.kernels.moments import Moments, combine
from greeks.schemes.defaults import default_scheme

MODEL = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2, dividend=0.02)
NORMAL = gk.Bachelier(spot=100.0, rate=0.05, volatility=20.0, dividend=0.02)
HESTON = gk.Heston(100.0, 0.05, 0.05, kappa=2.0, theta=0.04, xi=0.3, rho=-0.7, dividend=0.02)
CEV = gk.CEV(spot=100.0, rate=0.05, sigma=2.0, beta=0.5, dividend=0.02)
BASKET = gk.MultiBlackScholes(
    (100.0, 90.0, 110.0), 0.05, (0.2, 0.3, 0.25), ((1.0, 0.5, 0.2), (0.5, 1.0, 0.3), (0.2, 0.3, 1.0)), (0.02, 0.0, 0.01)
)
ASIAN = gk.AsianCall(strike=100.0, maturity=1.0, dates=4)
PATHS = 2**17
CASES = {
    "Asian": (MODEL, gk.AsianCall(101.0, 1.0, (0.2, 0.5, 0.9)), ["delta", "gamma", "vega", "rho", "theta", "d_strike"]),
    "Asian put on a Gaussian price": (NORMAL, gk.AsianPut(100.0, 1.0, 3), ["delta", "vega", "theta"]),
    "today counts": (MODEL, gk.AsianCall(101.0, 1.0, (0.0, 0.5, 1.0)), ["delta", "vega"]),
    "lookback": (MODEL, gk.LookbackPut(maturity=1.0, dates=3), ["delta", "rho"]),
    "barrier": (MODEL, gk.BarrierOption(100.0, 85.0, 1.0, 3), ["vega"]),
    "basket": (BASKET, gk.BasketCall(100.0, 1.0), ["delta", "vega", "rho", "theta", "d_strike"]),
    "Heston": (HESTON, gk.Call(100.0, 1.0), ["delta", "d_kappa", "d_theta", "d_xi", "d_rho", "d_variance", "theta"]),
    "Heston Asian": (HESTON, gk.AsianCall(100.0, 1.0, 2), ["delta", "d_variance"]),
    "CEV": (CEV, gk.Call(100.0, 1.0), ["delta", "vega", "d_beta"]),
}
SCHEMES = {"Heston": gk.Euler(steps=8), "Heston Asian": gk.Euler(steps=8), "CEV": gk.Euler(steps=8)}


def moments_of(name: str, wanted: Any = "auto") -> tuple[Pairing, Moments]:
    """All outputs of a program with all samples, scores and controls that a request may have."""
    model, payoff, greeks = CASES[name]
    contract, scheme = Contract.of(model, payoff), SCHEMES.get(name) or default_scheme(model, payoff)
    grid = time_grid(payoff, scheme)
    menu = menu_for(contract, scheme, grid.shape, greeks, wanted, controls=AUTOMATIC)
    picks = tuple((e.best or 0,) for e in menu.entries)
    plan = plan_of(menu, contract, picks, controls=controls_of(menu, picks))
    program = load(plan.program.cpu, "cpu")
    return plan.pairing, combine(cpu.rows(program, *plan.table(contract, grid), seed=11, paths=PATHS))


def worst_mean(pairing: Pairing, moments: Moments) -> float:
    """The largest |mean| / error of a control; those that vanish identically are rounding and count by their size."""
    m = len(pairing.partners)
    mean, error = np.abs(moments.mean[m:]), moments.std_error[m:]
    vanish = error < 1e-9 * np.median(error)
    assert len(pairing.names) >= 2 and vanish.sum() < len(error) / 2 and np.all(mean[vanish] < 1e-9)
    return float(np.max(mean[~vanish] / error[~vanish]))


@pytest.mark.parametrize("name", CASES)
def test_every_control_has_mean_0_and_controls_something(name: str) -> None:
    """The price's and every Greek's: |z| < 4.5 for some 200 controls, all of which vary."""
    pairing, moments = moments_of(name)
    m = len(pairing.partners)
    assert worst_mean(pairing, moments) < 4.5
    b = pairing.fitted(moments.count, moments.mean, moments.comoment)
    for i, js in enumerate(pairing.partners):
        explained = b[i, list(js)] @ moments.comoment[np.ix_([m + j for j in js], [i])]
        assert explained[0] / moments.comoment[i, i] >= -1e-9 and explained[0] <= moments.comoment[i, i] * (1.0 + 1e-9)


@pytest.mark.parametrize("wanted", [gk.LikelihoodRatio(), gk.FiniteDifference(), gk.Mixed()], ids=lambda e: e.name)
def test_whatever_an_estimator_makes_of_a_control_has_mean_0(wanted: gk.Estimator) -> None:
    by_greek = {"gamma": wanted} if isinstance(wanted, gk.Mixed) else wanted
    pairing, moments = moments_of("Asian", by_greek)
    assert worst_mean(pairing, moments) < 4.5


GAINS = [
    (MODEL, gk.AsianCall(100.0, 1.0, 12), {"price": 1500.0, "theta": 50.0}),
    (HESTON, gk.Call(100.0, 1.0), {"price": 20.0, "delta": 90.0, "d_kappa": 6.0, "d_variance": 70.0}),
    (CEV, gk.Call(100.0, 1.0), {"price": 100.0, "vega": 100.0}),
    (BASKET, gk.BasketCall(100.0, 1.0), {"price": 3000.0, "delta[1]": 8.0, "vega[1]": 20.0}),
]


@pytest.mark.parametrize(("model", "payoff", "gains"), GAINS, ids=lambda x: type(x).__name__)
def test_controls_buy_what_they_are_for(model: gk.Model, payoff: gk.Payoff, gains: dict[str, float]) -> None:
    """At least these ratios of variances, and the same numbers: |z| < 4 against the run without, on other paths."""
    greeks = [g for g in gains if g != "price"]
    with_them = gk.sensitivities(model, payoff, greeks, paths=2**15, seed=5)
    without = gk.sensitivities(model, payoff, greeks, estimator=gk.Pathwise(), paths=2**15, seed=6)
    for greek, gain in gains.items():
        a, b = with_them[greek], without[greek]
        assert (b.std_error / a.std_error) ** 2 > gain, greek
        assert abs(a.value - b.value) < 4.0 * math.hypot(a.std_error, b.std_error)
        assert "controls: " in a.reason and "variance / " in a.reason and "control" not in b.reason
    assert gk.explain(model, payoff, greeks)[greeks[0]] == with_them[greeks[0]].reason


def test_an_average_over_daily_dates_to_five_digits() -> None:
    """252 dates against the trusted values of quadrature: |z| < 4 and errors that plain paths reach after 1,000 x."""
    truths = {"price": 5.195031, "delta": 0.550575, "vega": 21.94145, "rho": 23.12602}
    r = gk.sensitivities(MODEL, gk.AsianCall(100.0, 1.0, 252), ["delta", "vega", "rho"], paths=2**15, seed=2)
    for greek, truth in truths.items():
        assert abs(r[greek].z_score(truth)) < 4.0
    assert r["price"].std_error < 0.001 and r["delta"].std_error < 0.0006


def test_a_payoff_that_is_its_own_control_comes_out_exact() -> None:
    from greeks.reference import geometric_asian, greeks

    payoff = gk.AsianCall(100.0, 1.0, 12, average="geometric")
    terms = {"spot": 100.0, "rate": 0.05, "volatility": 0.2, "dividend": 0.02, "strike": 100.0, "maturity": 1.0}
    truth = greeks(geometric_asian.call, **terms, dates=12)
    by = gk.Pathwise()
    r = gk.sensitivities(
        MODEL, payoff, ["delta", "vega", "rho"], estimator=by, controls=(gk.GeometricAverage(),), paths=2**13
    )
    for greek in r:
        assert r[greek].value == pytest.approx(truth[greek], rel=1e-8)
    assert "no variance left" in r["delta"].reason


def test_an_estimator_that_is_named_gives_plain_samples_unless_controls_are_named_too() -> None:
    plain = gk.price(MODEL, ASIAN, controls=(), estimator=gk.Pathwise(), paths=2**12)
    assert gk.price(MODEL, ASIAN, estimator=gk.Pathwise(), paths=2**12) == plain
    r = gk.price(MODEL, ASIAN, estimator=gk.Pathwise(), controls=(gk.GeometricAverage(),), paths=2**12)
    assert r.std_error < plain.std_error / 20


def test_a_hedge_gains_nothing_on_average_whatever_is_asked() -> None:
    """Price and derivatives under Heston with the gains of a hedge taken off, against plain paths on other draws."""
    payoff, greeks = gk.AsianCall(100.0, 1.0, 12), ["delta", "d_kappa", "theta"]
    hedged, plain = (
        gk.sensitivities(HESTON, payoff, greeks, controls=c, estimator=gk.Pathwise(), paths=2**15, seed=s)
        for c, s in (((gk.DeltaHedge(),), 1), ((), 2))
    )
    for name, least in {"price": 1.7, "delta": 1.4, "d_kappa": 1.0, "theta": 1.0}.items():
        a, b = hedged[name], plain[name]
        assert abs(a.value - b.value) < 4.0 * math.hypot(a.std_error, b.std_error)
        assert a.std_error < b.std_error / least
    assert "delta hedge" in hedged["delta"].reason


def test_a_hedge_needs_dates_and_a_strike() -> None:
    """Elsewhere it offers nothing, and plain samples stay as they are."""
    for payoff in (gk.Call(100.0, 1.0), gk.LookbackPut(1.0, 4)):
        asked = {"estimator": gk.Pathwise(), "paths": 2**10}
        plain, same = (gk.price(MODEL, payoff, controls=c, **asked) for c in ((), (gk.DeltaHedge(),)))
        assert plain == same


# small runs ------------------------------------------------------------------------------------------------------
def _coverage(paths: int, seeds: int) -> None:
    payoff, truth = gk.AsianCall(100.0, 1.0, 4), {}
    exact = gk.sensitivities(MODEL, payoff, ["delta"], paths=2**21, seed=999)
    truth = {k: exact[k].value for k in exact}
    runs = [gk.sensitivities(MODEL, payoff, ["delta"], paths=paths, seed=s) for s in range(seeds)]
    for greek in truth:
        z = np.array([r[greek].z_score(truth[greek]) for r in runs])
        covered = int((np.abs(z) < 1.959964).sum())
        assert abs(covered - 0.95 * seeds) < 3.29 * math.sqrt(0.95 * 0.05 * seeds) + 1.0, (greek, covered)
        assert abs(z.mean()) < 4.0 / math.sqrt(seeds)


@pytest.mark.parametrize("paths", [2048, 12288])
def test_intervals_of_small_runs_cover(paths: int) -> None:
    _coverage(paths, 200)


@pytest.mark.slow
@pytest.mark.parametrize("paths", [1024, 4096, 8192, 20000])
def test_intervals_cover_over_many_seeds(paths: int) -> None:
    _coverage(paths, 800)


def test_numbers_do_not_depend_on_what_else_is_asked() -> None:
    alone = gk.sensitivities(MODEL, ASIAN, ["vega"], paths=2**13, seed=3)
    among = gk.sensitivities(MODEL, ASIAN, ["delta", "vega", "rho"], paths=2**13, seed=3)
    assert among["vega"].value == pytest.approx(alone["vega"].value, rel=1e-12)
    assert among["price"].value == pytest.approx(alone["price"].value, rel=1e-12)


@pytest.mark.parametrize("sampler", [gk.Sobol(scrambles=16), gk.Antithetic()], ids=lambda s: s.name)
def test_point_sets_and_pairs_take_controls_too(sampler: gk.Sampler) -> None:
    with_them = gk.sensitivities(MODEL, ASIAN, ["theta"], sampler=sampler, paths=2**14, seed=1)
    without = gk.sensitivities(MODEL, ASIAN, ["theta"], sampler=sampler, paths=2**14, seed=1, controls=())
    for greek in with_them:
        a, b = with_them[greek], without[greek]
        assert a.std_error < b.std_error
        assert abs(a.value - b.value) < 5.0 * math.hypot(a.std_error, b.std_error)
    assert ("if paths were independent" in with_them["theta"].reason) == isinstance(sampler, gk.Sobol)


def test_explain_says_what_controls_and_sampler_buy() -> None:
    """Within the scatter of ratios of variances over 16 scrambles, what runs with and without them show."""
    payoff, by = gk.AsianCall(90.0, 1.0, 4), dict.fromkeys(("price", "delta"), gk.Pathwise())
    told = gk.explain(MODEL, payoff, ["price", "delta"], sampler=gk.Sobol(), controls=(gk.European(),), estimator=by)
    plain, points = (
        gk.sensitivities(
            MODEL, payoff, ["delta"], sampler=s, controls=(gk.European(),), estimator=by, paths=2**14, seed=1
        )
        for s in (gk.Philox(), gk.Sobol())
    )
    assert told.sampler == repr(gk.Sobol()) and told.to_frame().loc["delta", "controls"] == "European"
    assert told.controls == {"price": ("European",), "delta": ("European",)}
    without = gk.sensitivities(MODEL, payoff, ["delta"], controls=(), estimator=by, paths=2**14, seed=1)
    for name in told:
        seen = (plain[name].std_error / points[name].std_error) ** 2
        assert 0.2 < told.by_sampler[name] / seen < 5.0  # F with 15 and 15 degrees of freedom
        assert told.by_controls[name] == pytest.approx((without[name].std_error / plain[name].std_error) ** 2, rel=0.25)
        assert "European (variance / " in told[name] and "Sobol: variance / " in told[name]


def test_explain_has_nothing_to_say_of_samplers_where_nothing_is_random() -> None:
    told = gk.explain(MODEL, gk.Call(100.0, 1.0), ["price", "delta"], sampler=gk.Sobol())
    assert not told.by_sampler and not told.by_controls and not told.controls
    assert list(gk.explain(MODEL, gk.Call(100.0, 1.0), ["delta"])) == ["delta"]


# what the user gives ---------------------------------------------------------------------------------------------
def known(strike: float, greeks: Sequence[str], off: float = 0.0) -> gk.KnownPayoff:
    call = gk.Call(strike=strike, maturity=1.0)
    r = gk.sensitivities(MODEL, call, greeks)  # in closed form
    return gk.KnownPayoff(call, r["price"].value + off, {g: r[g].value for g in greeks})


def test_a_known_payoff_controls_price_and_the_greeks_that_are_given() -> None:
    payoff = gk.LookbackPut(maturity=1.0, dates=4)
    greeks = ["delta", "gamma", "vega"]
    plain = gk.sensitivities(MODEL, payoff, greeks, controls=(), estimator=gk.LikelihoodRatio(), paths=2**15)
    given = known(105.0, ["delta", "gamma"])
    r = gk.sensitivities(MODEL, payoff, greeks, controls=(given,), estimator=gk.LikelihoodRatio(), paths=2**15)
    for greek in r:
        assert abs(r[greek].value - plain[greek].value) < 4.0 * plain[greek].std_error
        assert r[greek].std_error < plain[greek].std_error
    gained = {g: plain[g].std_error / r[g].std_error for g in r}
    assert gained["delta"] > 1.02 * gained["vega"]


def test_a_price_that_the_paths_contradict_is_refused() -> None:
    with pytest.raises(gk.EstimationError, match="known payoff"):
        gk.price(MODEL, gk.LookbackPut(maturity=1.0, dates=4), controls=(known(105.0, [], off=2.0),), paths=2**12)


@pytest.mark.parametrize(
    ("control", "words"),
    [
        (gk.KnownPayoff(gk.Call(100.0, 2.0), 1.0), "same maturity"),
        (gk.KnownPayoff(gk.AsianCall(100.0, 1.0, 3), 1.0), "same dates"),
        (gk.KnownPayoff(gk.BarrierOption(100.0, 90.0, 1.0, None), 1.0), "same dates"),
    ],
)
def test_a_known_payoff_of_another_time_is_refused(control: gk.ControlVariate, words: str) -> None:
    with pytest.raises(gk.UnsupportedError, match=words):
        gk.price(MODEL, ASIAN, controls=(control,))


@pytest.mark.parametrize("controls", ["all", None, [gk.European()], (gk.Call(100.0, 1.0),), gk.European()])
def test_what_is_no_control_is_refused(controls: object) -> None:
    with pytest.raises(gk.SchemaError, match="controls = "):
        gk.price(MODEL, ASIAN, controls=controls)


# the regression --------------------------------------------------------------------------------------------------
def test_controls_that_say_the_same_share_the_work() -> None:
    rng = np.random.default_rng(1)
    c = rng.normal(size=(5000, 2))
    y = 3.0 * c[:, 0] - c[:, 1] + 0.1 * rng.normal(size=5000)
    moments = Moments.of(np.column_stack([y, c, c @ [[1.0], [1.0]], 1e-3 * c[:, :1], np.zeros(5000)]))
    pairing = Pairing(((0, 1, 2, 3, 4),), ("a", "b", "c", "d", "e"))
    b = pairing.fitted(moments.count, moments.mean, moments.comoment)
    left = moments.comoment[0, 0] - b[0] @ moments.comoment[1:, 0]
    assert left / 4999 == pytest.approx(0.01, rel=0.1)
    assert np.abs(b).max() < 1e4 and b[0, 4] == 0.0


def test_many_choices_of_controls_leave_what_each_leaves() -> None:
    """Against the regressions of runs, one by one; of controls that say the same, and of a sum of two samples."""
    rng = np.random.default_rng(3)
    c = rng.normal(size=(5000, 3)) @ [[1.0, 0.5, 0.2], [0.0, 1.0, 0.3], [0.0, 0.0, 1e-3]]
    y = c @ [[1.0, 0.3], [2.0, 0.0], [3.0, 1.0]] + rng.normal(size=(5000, 2))
    moments = Moments.of(np.column_stack([y, c, c[:, :1], np.full(5000, np.nan)]))
    pairing = Pairing(((0, 1, 2, 3), (0, 2)), ("a", "b", "c", "d", "e"))
    asked = [
        Question(samples, frozenset(which))
        for samples in (((0, 1.0),), ((0, 0.25), (1, -2.0)))
        for n in range(5)
        for which in combinations("abcd", n)
    ]
    together = Residuals(pairing, moments).on(Sheet.of(asked, pairing)).tolist()
    for question, left in zip(asked, together, strict=True):
        named = tuple(tuple(j for j in js if pairing.names[j] in question.controls) for js in pairing.partners)
        covariance = residual(Pairing(named, pairing.names), moments.count, moments.mean, moments.comoment)
        row = np.zeros(2)
        for i, weight in question.samples:
            row[i] = weight
        assert left == pytest.approx(row @ covariance @ row * 4999, rel=1e-9)
    alone = Pairing(((0,), ()), ("a",))
    spoilt = Residuals(alone, Moments.of(np.column_stack([y[:, 0], np.full(5000, np.nan), c])))
    left, none = spoilt.on(Sheet.of([Question(((0, 1.0),), frozenset("a")), Question(((1, 1.0),), frozenset())], alone))
    assert 0.0 < left < moments.comoment[0, 0] and np.isnan(none)


def test_few_paths_get_few_coefficients_or_none() -> None:
    rng = np.random.default_rng(2)
    sample = rng.normal(size=(FEWEST, 21))
    pairing = Pairing((tuple(range(20)),), ("c",) * 20)
    few = Moments.of(sample)
    assert np.count_nonzero(pairing.fitted(few.count, few.mean, few.comoment)) == FEWEST // 32
    fewer = Moments.of(sample[:-1])
    assert not pairing.fitted(fewer.count, fewer.mean, fewer.comoment).any()


def test_controls_that_are_no_numbers_take_no_part() -> None:
    """Zero volatility divides by zero in every closed form: the paths alone then say the price."""
    still = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.0)
    r = gk.price(still, gk.AsianCall(90.0, 1.0, 4), paths=2**12)
    assert r.value == pytest.approx(gk.price(still, gk.AsianCall(90.0, 1.0, 4), controls=()).value, rel=1e-12)


def test_a_score_is_left_to_its_own_sample() -> None:
    pairing, _ = moments_of("Asian", gk.LikelihoodRatio())
    of_scores = [[j for j in js if pairing.names[j] == SCORE] for js in pairing.partners]
    assert max(map(len, of_scores)) == 1 and len({j for js in of_scores for j in js}) == sum(map(len, of_scores))


def test_a_control_that_no_path_sees_is_not_taken() -> None:
    """At a volatility of 1,000 % the mean of a price is made on paths that nobody sees: prices came out as -3e7."""
    model, payoff = gk.BlackScholes(100.0, 0.05, 10.0, 0.02), gk.AsianCall(100.0, 1.0, 12)
    found = gk.sensitivities(model, payoff, ["delta"], paths=2**12, seed=1)
    assert 0.0 <= found["price"].value <= 100.0 and 0.0 <= found["delta"].value <= 1.0


@pytest.mark.parametrize("greek", ["delta", "gamma"])
def test_a_direction_that_cannot_be_integrated_out_gives_way(greek: str) -> None:
    """Beyond its reach the next estimator answers, for second derivatives as for first."""
    wild = gk.BlackScholes(100.0, 0.05, 3.0, 0.02)
    found = gk.sensitivities(wild, gk.AsianCall(100.0, 1.0, 12), [greek], paths=2**14, seed=1)[greek]
    assert "came out as no number" in found.reason and 0.0 < found.std_error < found.value
