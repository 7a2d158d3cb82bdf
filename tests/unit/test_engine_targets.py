"""Targets for the standard error, and where batches stop."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest

import greeks as gk
from greeks.engine.sampling.estimates import BIASED
from greeks.engine.sampling.targets import BLIND
from greeks.reference import black_scholes as closed
from greeks.reference import geometric_asian as asian

MODEL = gk.BlackScholes(100.0, 0.05, 0.2, 0.02)
CALL = gk.Call(100.0, 1.0)
price = partial(gk.price, MODEL, CALL, estimator=gk.Pathwise(), controls=())  # sampled, where `auto` would integrate
sensitivities = partial(gk.sensitivities, MODEL, CALL, estimator=gk.Pathwise(), controls=())


def test_a_target_for_the_price_is_met_and_not_by_far() -> None:
    r = price(paths=2**12, seed=1, std_error=0.02)
    assert 0.01 < r.std_error <= 0.02
    assert r.paths > 2**12


def test_one_target_holds_for_everything_asked() -> None:
    r = sensitivities(["delta", "vega"], paths=2**12, seed=1, std_error=0.1)
    assert all(e.std_error <= 0.1 for e in r.values())
    assert max(e.std_error for e in r.values()) > 0.05


def test_a_target_by_name_leaves_the_others_alone() -> None:
    r = sensitivities(["delta", "vega"], paths=2**12, seed=1, std_error={"delta": 5e-4})
    assert r["delta"].std_error <= 5e-4
    assert r["vega"].std_error > 5e-4


def test_a_target_already_met_costs_one_batch() -> None:
    assert price(paths=2**13, seed=1, std_error=10.0).paths == 2**13


def test_reaching_a_target_in_batches_gives_the_numbers_of_one_run() -> None:
    r = sensitivities(["delta"], paths=2**12, seed=1, std_error=0.05)
    again = sensitivities(["delta"], paths=r["price"].paths, seed=1)
    assert [e.value for e in r.values()] == [e.value for e in again.values()]


def test_max_paths_stops_a_target_out_of_reach() -> None:
    r = price(paths=2**12, seed=1, std_error=1e-9, max_paths=50_000)
    assert r.paths == 50_000
    assert r.std_error > 1e-9
    assert "max_paths = 50,000 after 50,000 paths; missed price" in r.warnings[0]


def test_max_paths_bounds_the_first_batch_too() -> None:
    assert price(paths=2**14, seed=1, max_paths=1_000).paths == 1_000


def test_a_time_limit_stops_a_target_out_of_reach() -> None:
    price(paths=2**12, seed=1, std_error=1.0)  # compiled
    begun = time.perf_counter()
    r = price(paths=2**12, seed=1, std_error=1e-9, time_limit=0.5)
    assert time.perf_counter() - begun < 30.0
    assert r.std_error > 1e-9
    assert r.paths >= 2**12


def test_no_time_at_all_still_gives_the_first_paths_and_says_so() -> None:
    r = sensitivities(["delta"], paths=2**20, seed=1, time_limit=1e-3)
    assert not r.complete and 2**12 <= r["price"].paths < 2**20
    assert r.stopped.startswith("time limit of 0.001 s after ") and "of 1,048,576 paths" in r.stopped
    assert "warning: stopped early: time limit" in repr(r) and "stopped early: time limit" in r._repr_html_()
    alone = sensitivities(["delta"], paths=r["price"].paths, seed=1)
    assert alone.complete and [e.value for e in alone.values()] == [e.value for e in r.values()]


def test_a_limit_below_the_first_batch_is_kept_with_a_target_too() -> None:
    r = sensitivities([], paths=2**14, seed=1, std_error=1e-4, max_paths=1_000)
    assert r["price"].paths == 1_000 and not r.complete and "wanted ± 0.0001" in r.stopped


def test_relative_targets_are_of_the_numbers_own_size() -> None:
    r = sensitivities(["delta", "vega"], paths=2**13, seed=1, std_error=gk.Relative(4e-3))
    assert r.complete and all(e.std_error <= 4e-3 * abs(e.value) for e in r.values())
    assert max(e.std_error / abs(e.value) for e in r.values()) > 2e-3


def test_kinds_of_targets_can_be_mixed() -> None:
    r = sensitivities(["delta", "vega"], paths=2**13, seed=1, std_error={"delta": gk.Relative(2e-3), "vega": 0.15})
    assert r["delta"].std_error <= 2e-3 * r["delta"].value and r["vega"].std_error <= 0.15


def test_a_name_means_all_elements_of_its_vector() -> None:
    model = gk.MultiBlackScholes((100.0, 90.0), 0.05, (0.2, 0.3), ((1.0, 0.5), (0.5, 1.0)), (0.0, 0.0))
    basket = gk.BasketCall(strike=95.0, maturity=1.0, weights=(0.5, 0.5))
    r = gk.sensitivities(model, basket, ["delta"], paths=2**13, std_error={"delta": 1e-3}, estimator=gk.Pathwise())
    assert max(r["delta[0]"].std_error, r["delta[1]"].std_error) <= 1e-3


@dataclass(frozen=True)
class Forward(gk.Payoff):
    """S_T - K: worth nothing at all where K is the forward price."""

    strike: gk.Scalar
    maturity: gk.Scalar

    def settle(self, stats: tuple[gk.Scalar, ...], x: tuple[gk.Scalar, ...]) -> gk.Scalar:
        return x[0] - self.strike


WORTHLESS = Forward(100.0 * math.exp(0.03), 1.0)


def test_no_relative_error_of_a_number_that_is_0_is_waited_for() -> None:
    """Without limits a run stops once no run that ends could get there; with a floor, or limits, it keeps to them."""
    mean: dict[str, Any] = {"estimator": gk.Pathwise(), "paths": 2**13, "seed": 2}
    r = gk.sensitivities(MODEL, WORTHLESS, **mean, std_error=gk.Relative(1e-6))
    assert r.stopped.startswith("out of reach without max_paths or time_limit")
    limited = gk.sensitivities(MODEL, WORTHLESS, **mean, std_error=gk.Relative(1e-6), max_paths=2**15)
    assert limited["price"].paths == 2**15 and not limited.complete
    floored = gk.sensitivities(MODEL, WORTHLESS, **mean, std_error=gk.Relative(1e-6, floor=0.05))
    assert floored.complete and 0.025 < floored["price"].std_error <= 0.05


def test_a_number_that_no_path_has_seen_is_looked_for_a_while() -> None:
    r = gk.sensitivities(MODEL, gk.Call(10_000.0, 1.0), estimator=gk.Pathwise(), std_error=gk.Relative(0.1))
    assert not r.complete and BLIND <= r["price"].paths <= 4 * BLIND and "every path gave the same" in repr(r)


@dataclass(frozen=True)
class Bond(gk.Payoff):
    """1 at maturity, whatever the price."""

    maturity: gk.Scalar

    def settle(self, stats: tuple[gk.Scalar, ...], x: tuple[gk.Scalar, ...]) -> gk.Scalar:
        return 1.0


def test_what_is_exactly_0_meets_any_target() -> None:
    r = gk.sensitivities(MODEL, Bond(1.0), ["delta"], paths=2**13, std_error=gk.Relative(1e-6))
    assert r.complete and r["delta"].value == 0.0 and r["delta"].paths == 2**13


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_targets_are_refused(value: float) -> None:
    with pytest.raises(gk.SchemaError, match=r"std_error = .*expected a finite number > 0"):
        price(paths=256, std_error=value)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: gk.Relative(0.0), r"Relative.share = 0.0: expected a number strictly between 0 and 1"),
        (lambda: gk.Relative(1.0), r"Relative.share = 1.0"),
        (lambda: gk.Relative(math.nan), r"Relative.share = nan"),
        (lambda: gk.Relative("0.1"), r"Relative.share = '0.1'"),  # type: ignore[arg-type]
        (lambda: gk.Relative(0.1, floor=-1.0), r"Relative.floor = -1.0: expected a finite number >= 0"),
        (lambda: gk.Relative(0.1, floor=math.inf), r"Relative.floor = inf"),
        (lambda: price(std_error="0.1"), r"std_error = '0.1'"),
        (lambda: price(std_error=True), r"std_error = True"),
        (lambda: price(std_error={"price": -1.0}), r"std_error\['price'\] = -1.0"),
        (lambda: price(paths=1), r"paths = 1: expected a whole number >= 2"),
        (lambda: price(first=100), r"first = 100: expected a multiple of 8,192"),
        (lambda: price(first=-1), r"first = -1"),
    ],
)
def test_what_is_no_target_is_refused(wrong: Any, words: str) -> None:
    with pytest.raises(gk.SchemaError, match=words):
        wrong()


def test_a_target_for_something_not_asked_is_refused() -> None:
    with pytest.raises(gk.SchemaError, match=r"gamma.*there are price, delta"):
        sensitivities(["delta"], paths=256, std_error={"gamma": 0.1})


ENDINGS: dict[str, tuple[gk.Payoff, Any, dict[str, Any]]] = {
    "call": (CALL, 0.1, {}),
    "relative": (CALL, gk.Relative(0.012), {}),
    "skewed": (gk.Call(160.0, 1.0), 0.02, {}),  # skewness 20
    "pairs": (CALL, 0.05, {"sampler": gk.Antithetic()}),
}
SEEDS = 400


def ended(name: str, seeds: int) -> tuple[list[gk.Estimate], float]:
    """Runs of so many seeds to a target, and the truth."""
    payoff, target, settings = ENDINGS[name]
    assert isinstance(payoff, gk.Call)
    truth = closed.call(100.0, 0.05, 0.2, 0.02, float(payoff.strike), 1.0)
    run = partial(gk.price, MODEL, payoff, estimator=gk.Pathwise(), controls=(), paths=2**12, threads=1, **settings)
    return [run(seed=s, std_error=target) for s in range(seeds)], truth


def check_endings(name: str, seeds: int) -> None:
    """Intervals cover within the binomial 99.9 % band, and the mean is off by no more than is promised."""
    estimates, truth = ended(name, seeds)
    covered = sum(low < truth < high for low, high in (e.interval() for e in estimates))
    assert abs(covered - 0.95 * seeds) < 3.29 * math.sqrt(0.95 * 0.05 * seeds) + 1.0
    values = np.array([e.value for e in estimates])
    assert abs(values.mean() - truth) < (BIASED + 4.0 / math.sqrt(seeds)) * values.std()
    assert min(e.paths for e in estimates) > 2**12, "a run stopped before it had looked"


@pytest.mark.parametrize("name", ENDINGS)
def test_stopping_at_a_target_keeps_the_intervals_honest(name: str) -> None:
    check_endings(name, SEEDS)


@pytest.mark.slow
@pytest.mark.parametrize("name", ENDINGS)
def test_stopping_at_a_target_biases_by_less_than_a_tenth_of_the_error(name: str) -> None:
    check_endings(name, 20 * SEEDS)


def test_stopping_point_sets_keeps_the_intervals_honest() -> None:
    payoff = gk.AsianCall(100.0, 1.0, 12, average="geometric")
    truth = asian.call(100.0, 0.05, 0.2, 0.02, 100.0, 1.0, 12)
    run = partial(gk.price, MODEL, payoff, estimator=gk.Pathwise(), controls=(), sampler=gk.Sobol(), paths=2**12)
    estimates = [run(seed=s, std_error=0.004) for s in range(SEEDS)]
    covered = sum(low < truth < high for low, high in (e.interval() for e in estimates))
    assert abs(covered - 0.95 * SEEDS) < 3.29 * math.sqrt(0.95 * 0.05 * SEEDS) + 1.0
    assert len({e.paths for e in estimates}) > 1
