"""Targets for the standard error, and where batches stop."""

from __future__ import annotations

import time
from functools import partial

import pytest

import greeks as gk

MODEL = gk.BlackScholes(100.0, 0.05, 0.2, 0.02)
CALL = gk.Call(100.0, 1.0)
price = partial(gk.price, MODEL, CALL, estimator=gk.Pathwise())  # sampled, where `auto` would integrate
sensitivities = partial(gk.sensitivities, MODEL, CALL, estimator=gk.Pathwise())


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


def test_max_paths_bounds_the_first_batch_too() -> None:
    assert price(paths=2**14, seed=1, max_paths=1_000).paths == 1_000


def test_a_time_limit_stops_a_target_out_of_reach() -> None:
    price(paths=2**12, seed=1, std_error=1.0)  # compiled
    begun = time.perf_counter()
    r = price(paths=2**12, seed=1, std_error=1e-9, time_limit=0.5)
    assert time.perf_counter() - begun < 30.0
    assert r.std_error > 1e-9
    assert r.paths >= 2**12


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_targets_are_refused(value: float) -> None:
    with pytest.raises(gk.SchemaError, match=r"std_error = .*expected a finite number > 0"):
        price(paths=256, std_error=value)


def test_a_target_for_something_not_asked_is_refused() -> None:
    with pytest.raises(gk.SchemaError, match=r"gamma.*there are price, delta"):
        sensitivities(["delta"], paths=256, std_error={"gamma": 0.1})
