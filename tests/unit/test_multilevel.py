"""Multilevel Monte Carlo: right within what it says of its errors, and refused where it makes no sense."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest

import greeks as gk
from greeks.engine.multilevel.ladder import Ladder
from greeks.engine.multilevel.run import climbed
from greeks.engine.sampling.clock import Clock
from greeks.engine.sampling.settings import Settings
from greeks.engine.sampling.targets import Relative
from tests.coverage.intervals import band
from tests.oracle import cases

CEV = gk.CEV(spot=100.0, rate=0.05, sigma=2.0, beta=0.5)
HESTON = gk.Heston(100.0, 0.03, 0.04, kappa=2.0, theta=0.04, xi=0.3, rho=-0.5, dividend=0.01)
CALL = gk.Call(strike=100.0, maturity=1.0)
MILSTEIN, EULER, QE = gk.Multilevel(gk.Milstein(2)), gk.Multilevel(gk.Euler(2)), gk.Multilevel(gk.QE(2))
TRUTH = {name: value for name, (value, _) in cases("F", "call", id_contains="b05", model="cev")[0].values.items()}
HESTON_TRUTH = {name: value for name, (value, _) in cases("D", id_contains="heston.friendly.call")[0].values.items()}


@dataclass(frozen=True)
class TimeDependent(gk.Model):
    """dS = r S dt + sigma (1 + t) S^0.8 100^0.2 dW"""

    spot: gk.Scalar
    rate: gk.Scalar
    sigma: gk.Scalar
    state = ("spot",)
    nonnegative = ("spot",)

    def drift(self, t: Any, x: Any) -> Any:
        return (self.rate * x[0],)

    def diffusion(self, t: Any, x: Any) -> Any:
        return ((self.sigma * (1.0 + t) * x[0] ** 0.8 * 100.0**0.2,),)

    def discount(self, t: Any) -> Any:
        return gk.exp(-self.rate * t)


def total(e: gk.Estimate) -> float:
    """Root-mean-square error, as the estimate has it."""
    assert e.bias is not None
    return math.hypot(e.std_error, e.bias)


@cache
def cev(seed: int = 1, std_error: float = 0.02) -> gk.Sensitivities:
    return gk.sensitivities(CEV, CALL, ["delta", "vega"], scheme=EULER, std_error=std_error, seed=seed)


@pytest.mark.slow
def test_price_and_greeks_of_cev_within_their_errors() -> None:
    r = cev()
    for name, e in r.items():
        assert total(e) <= 0.02
        assert abs(e.value - TRUTH[name]) < 3.0 * total(e)
    assert max(map(total, r.values())) > 0.01  # and not by far


def test_milstein_needs_less_than_euler_for_the_same_error() -> None:
    fine, coarse = (gk.price(CEV, CALL, scheme=scheme, std_error=0.02, seed=1) for scheme in (MILSTEIN, EULER))
    assert abs(fine.value - TRUTH["price"]) < 3.0 * total(fine)
    assert fine.paths < 0.5 * coarse.paths


@pytest.mark.slow
def test_corrections_have_controls_too() -> None:
    """Of a control with mean 0 on every grid the difference between two has mean 0."""
    names = ["delta"]
    plain, controlled = (
        gk.sensitivities(HESTON, CALL, names, scheme=gk.Multilevel(gk.QE(2), levels=4), paths=2**16, seed=8, controls=c)
        for c in ((), "auto")
    )
    for name in ("price", "delta"):
        a, b = plain[name], controlled[name]
        assert abs(a.value - b.value) < 4.0 * math.hypot(a.std_error, b.std_error)
        assert b.std_error < 0.8 * a.std_error


def test_heston_under_qe() -> None:
    r = gk.sensitivities(HESTON, CALL, ["delta"], scheme=QE, std_error={"price": 0.02, "delta": 1e-3}, seed=2)
    for name, target in (("price", 0.02), ("delta", 1e-3)):
        assert total(r[name]) <= target
        assert abs(r[name].value - HESTON_TRUTH[name]) < 3.0 * total(r[name])


def test_a_relative_target_is_one_for_the_whole_error() -> None:
    settings = Settings(scheme=MILSTEIN, std_error=Relative(2e-3), seed=3)
    ladder = climbed(CEV, CALL, (), MILSTEIN, settings, Clock(0.0))
    value, error = ladder.values[0], math.hypot(ladder.errors[0], ladder.biases[0].value)
    assert error <= 2e-3 * value
    assert abs(value - TRUTH["price"]) < 3.0 * error


def test_the_result_says_both_errors_apart() -> None:
    r = cev()
    assert all("time-step bias about" in e.reason for e in r.values())
    assert "biased, which ± does not contain, by about: price" in repr(r)
    assert r["price"].estimator and "levels of 2 to" in r["price"].reason


def ladder_of(scheme: gk.Multilevel, model: gk.Model, payoff: gk.Payoff, greeks: tuple[str, ...], paths: int) -> Ladder:
    settings = Settings(scheme=scheme, paths=paths, seed=5, controls=())
    return climbed(model, payoff, greeks, scheme, settings, Clock(0.0))


@pytest.mark.parametrize(
    ("model", "scheme", "payoff"),
    [
        pytest.param(CEV, gk.Euler(3), gk.AsianCall(100.0, 1.0, 3), marks=pytest.mark.slow),
        (TimeDependent(100.0, 0.05, 0.15), gk.Euler(4), gk.BarrierOption(100.0, 85.0, 1.0, dates=[0.5, 1.0])),
    ],
    ids=["Asian", "user's model, barrier"],
)
def test_corrections_telescope_between_dates(model: gk.Model, scheme: gk.Euler, payoff: gk.Payoff) -> None:
    """The mean of each correction is the difference of two plain runs, one on each of its grids."""
    greeks = ("delta", "theta")
    ladder = ladder_of(gk.Multilevel(scheme, levels=3), model, payoff, greeks, 3 * 2**17)
    plain = [
        gk.sensitivities(
            model, payoff, greeks, scheme=gk.Euler(scheme.steps * times), paths=2**17, seed=10 + times, controls=()
        )
        for times in (1, 2, 4)
    ]
    for k, s in enumerate(ladder.statistics):
        errors = np.sqrt(np.diag(s.covariance) / s.count)
        for j, name in enumerate(plain[0]):
            e, before = plain[k][name], plain[k - 1][name] if k else None
            expected = e.value - (before.value if before else 0.0)
            spread = math.hypot(errors[j], e.std_error, before.std_error if before else 0.0)
            assert abs(s.mean[j] - expected) < 4.0 * spread
            assert k == 0 or errors[j] < math.sqrt(2.0) * e.std_error  # coupled, not just subtracted


def test_a_correction_has_less_variance_the_finer_its_grids() -> None:
    ladder = ladder_of(gk.Multilevel(gk.Milstein(2), levels=5), CEV, CALL, (), 2**16)
    variances = [float(s.covariance[0, 0]) for s in ladder.statistics]
    ratios = np.array(variances[1:-1]) / np.array(variances[2:])
    assert variances[1] < 1e-3 * variances[0]
    assert (ratios > 2.5).all()  # strong order one: 4


def test_swapped_noise_takes_variances_down_faster_than_strong_order_one() -> None:
    """Without it they fall by 2.6 to 3.2 from level to level here, as the exponential branch of few steps fades."""
    ladder = ladder_of(gk.Multilevel(gk.QE(1), levels=5), HESTON, CALL, (), 2**16)
    ladder.simulate(np.full(5, 2.0**14))
    variances = np.array([float(s.covariance[0, 0]) for s in ladder.statistics])
    assert (variances[2:-1] / variances[3:] > 3.6).all()
    assert variances[-1] < 3e-4 * variances[0]


def test_paths_without_a_target_are_shared_out() -> None:
    r = gk.price(CEV, CALL, scheme=MILSTEIN, paths=2**16, seed=1)
    assert 0.99 * 2**16 < r.paths <= 2**16
    assert abs(r.value - r.bias - TRUTH["price"]) < 4.0 * r.std_error  # type: ignore[operator]


def test_one_level_is_a_plain_run() -> None:
    one, plain = (
        gk.price(CEV, CALL, scheme=s, paths=2**14, seed=4, controls=())
        for s in (gk.Multilevel(gk.Milstein(2), levels=1), gk.Milstein(2))
    )
    assert (one.value, one.std_error, one.bias) == (plain.value, plain.std_error, None)


def test_levels_that_are_too_few_for_the_target_are_told() -> None:
    e = gk.price(CEV, CALL, scheme=gk.Multilevel(gk.Milstein(2), levels=2), std_error=0.02, seed=1)
    assert e.std_error <= 0.02 < abs(e.bias or 0.0)
    assert "stopped early: the time-step bias needs more levels" in e.warnings[0]


def test_a_target_out_of_reach_stops_at_max_paths_and_says_so() -> None:
    e = gk.price(CEV, CALL, scheme=MILSTEIN, std_error=1e-6, max_paths=50_000, seed=1)
    assert e.paths <= 50_000
    assert "stopped early: max_paths after" in e.warnings[0]
    assert abs(e.value - (e.bias or 0.0) - TRUTH["price"]) < 4.0 * total(e)


def test_a_time_limit_stops_with_all_levels_in_proportion() -> None:
    ladder = climbed(
        CEV, CALL, (), MILSTEIN, Settings(scheme=MILSTEIN, std_error=1e-7, threads=1), Clock(0.0, limit=1e-9)
    )
    assert ladder.short == "time_limit"
    counts = [s.count for s in ladder.statistics]
    assert counts == sorted(counts, reverse=True) and counts[-1] > 0


def test_numbers_do_not_depend_on_threads() -> None:
    one, two = (
        gk.sensitivities(CEV, CALL, ["delta", "vega"], scheme=EULER, paths=2**15, seed=9, threads=k) for k in (1, 2)
    )
    assert [(e.value, e.std_error, e.bias) for e in one.values()] == [
        (e.value, e.std_error, e.bias) for e in two.values()
    ]


def test_seeds_and_streams_give_other_numbers() -> None:
    prices = {
        gk.price(CEV, CALL, scheme=MILSTEIN, paths=2**13, seed=s, stream=k).value for s, k in ((1, 0), (2, 0), (1, 1))
    }
    assert len(prices) == 3


def test_antithetic_pairs_are_samples() -> None:
    e, alone = (
        gk.price(CEV, CALL, scheme=MILSTEIN, std_error=0.02, sampler=s, seed=3, controls=())
        for s in (gk.Antithetic(), gk.Philox())
    )
    assert abs(e.value - TRUTH["price"]) < 3.0 * total(e)
    assert total(e) <= 0.02
    assert e.paths < 0.7 * alone.paths


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"model": gk.BlackScholes(100.0, 0.05, 0.2)}, "exact step.*scheme=greeks.Exact"),
        ({"sampler": gk.Sobol()}, "randomisations.*Antithetic"),
        ({"payoff": gk.BarrierOption(100.0, 90.0, 1.0, dates=None)}, "no dates. Remedy: give it dates="),
        ({"estimator": gk.Smoothed(), "payoff": gk.DigitalCall(100.0, 1.0), "greeks": ["delta"]}, "bias of its own"),
        ({"scheme": MILSTEIN, "greeks": ["delta"]}, "no unbiased estimator.*scheme whose steps have a density"),
    ],
    ids=["exact", "point set", "continuous", "smoothed", "no estimator"],
)
def test_what_makes_no_sense_is_refused_with_a_remedy(request_: dict[str, Any], words: str) -> None:
    asked: dict[str, Any] = {"model": CEV, "payoff": CALL, "greeks": [], "scheme": EULER, "paths": 2**12} | request_
    with pytest.raises(gk.UnsupportedError, match=words):
        gk.sensitivities(**asked)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: gk.Multilevel(gk.Exact()), r"Multilevel.scheme = Exact\(\).*greeks.Euler\(steps=4\)"),  # type: ignore[arg-type]
        (lambda: gk.Multilevel(gk.Euler(2), refine=1), "refine = 1: expected a whole number from 2 to 8"),
        (lambda: gk.Multilevel(gk.Euler(2), levels=0), "levels = 0: expected a whole number from 1 to 16"),
        (lambda: gk.price(CEV, CALL, scheme=MILSTEIN, paths=10), "paths = 10: expected at least 20"),
    ],
)
def test_arguments_that_are_wrong_are_named(make: Any, words: str) -> None:
    with pytest.raises(gk.SchemaError, match=words):
        make()


def test_it_is_explained_by_its_coarsest_level_and_is_no_scheme_of_one_simulation() -> None:
    assert gk.explain(CEV, CALL, ["delta"], scheme=EULER, controls=()).scheme == repr(EULER)
    with pytest.raises(gk.UnsupportedError, match=r"several simulations.*Euler\(steps=2\)"):
        EULER.transition(CEV, {}, ())


def assert_errors_are_right(scheme: gk.Multilevel, greeks: list[str], seeds: int) -> None:
    """Over seeds and at fixed levels, intervals hold the mean of all runs, and errors are their spread."""
    runs = [gk.sensitivities(CEV, CALL, greeks, scheme=scheme, paths=2**13, seed=1000 + k) for k in range(seeds)]
    low, high = band(seeds)
    for name in ("price", *greeks):
        estimates = [r[name] for r in runs]
        mean, spread = np.mean([e.value for e in estimates]), np.std([e.value for e in estimates], ddof=1)
        held = sum(a < mean < b for a, b in (e.interval() for e in estimates))
        assert low <= held <= high
        assert np.mean([e.std_error for e in estimates]) == pytest.approx(spread, rel=4.0 / math.sqrt(2.0 * seeds))


def test_intervals_hold_what_the_finest_level_says() -> None:
    assert_errors_are_right(gk.Multilevel(gk.Milstein(2), levels=4), [], 100)


@pytest.mark.slow
def test_intervals_of_greeks_hold_what_the_finest_level_says() -> None:
    assert_errors_are_right(gk.Multilevel(gk.Euler(2), levels=4), ["delta", "vega"], 300)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "scheme", "greeks", "truth", "target"),
    [
        (CEV, MILSTEIN, [], TRUTH, 0.02),
        (CEV, EULER, ["delta", "vega"], TRUTH, 0.04),
        (HESTON, QE, ["delta"], HESTON_TRUTH, 0.02),
    ],
    ids=["CEV, Milstein", "CEV, Euler", "Heston, QE"],
)
def test_targets_hold_over_300_seeds(
    model: gk.Model, scheme: gk.Multilevel, greeks: list[str], truth: dict[str, float], target: float
) -> None:
    """The root-mean-square miss of the truth is within the target; the two errors together bound the misses."""
    low, _ = band(300)
    runs = [gk.sensitivities(model, CALL, greeks, scheme=scheme, std_error=target, seed=k) for k in range(300)]
    for name in ("price", *greeks):
        misses = np.array([r[name].value - truth[name] for r in runs])
        assert math.sqrt(np.mean(misses**2)) < target
        assert (np.abs(misses) < [1.96 * total(r[name]) for r in runs]).sum() >= low
