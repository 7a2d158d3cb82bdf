"""Extrapolation in the time step: less bias, hardly more variance, and a bias that is told."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import greeks as gk
from greeks.engine.terms.grid import time_grid
from tests.oracle import cases

CEV = gk.CEV(spot=100.0, rate=0.05, sigma=2.0, beta=0.5)
HESTON = gk.Heston(100.0, 0.03, 0.04, kappa=2.0, theta=0.04, xi=0.3, rho=-0.5, dividend=0.01)
CALL = gk.Call(strike=100.0, maturity=1.0)
TRUTH = {name: value for name, (value, _) in cases("F", "call", id_contains="b05", model="cev")[0].values.items()}
HESTON_TRUTH = {name: value for name, (value, _) in cases("D", id_contains="heston.friendly.call")[0].values.items()}


def test_the_bias_of_the_first_order_is_gone() -> None:
    """Milstein in 8 steps is 0.04 off; the standard error of either run is 0.0065."""
    plain, better = (
        gk.price(CEV, CALL, scheme=s, paths=2**22, seed=1) for s in (gk.Milstein(8), gk.Richardson(gk.Milstein(8)))
    )
    assert abs(plain.z_score(TRUTH["price"])) > 5.0
    assert abs(better.z_score(TRUTH["price"])) < 4.0
    assert better.std_error < 1.05 * plain.std_error < 0.0075


def test_greeks_are_extrapolated_and_what_is_left_is_told() -> None:
    """Euler's variance derivative in 16 steps is 0.75 off, ten standard errors."""
    names = ["delta", "d_variance"]
    plain, better = (
        gk.sensitivities(HESTON, CALL, names, scheme=s, paths=2**20, seed=3, controls=())
        for s in (gk.Euler(16), gk.Richardson(gk.Euler(16)))
    )
    for name, truth in (("delta", HESTON_TRUTH["delta"]), ("d_variance", HESTON_TRUTH["d_v0"])):
        e = better[name]
        assert e.bias is not None
        assert "bias about" in e.reason
        assert abs(e.value - truth) < 4.0 * e.std_error + 2.0 * abs(e.bias)
        assert e.std_error < 1.6 * plain[name].std_error
    assert abs(plain["d_variance"].z_score(HESTON_TRUTH["d_v0"])) > 10.0


def test_the_told_bias_is_that_of_the_extrapolation_twice_as_coarse() -> None:
    """(R_2h - R_h) / 3 has the mean of two extrapolations, each of its own run."""
    fine, coarse = (gk.price(CEV, CALL, scheme=gk.Richardson(gk.Euler(n)), paths=2**20, seed=n) for n in (16, 8))
    assert fine.bias is not None
    spread = math.hypot(fine.std_error, coarse.std_error) / 3.0
    assert abs(fine.bias - (coarse.value - fine.value) / 3.0) < 4.0 * spread


def test_grids_are_nested_between_dates() -> None:
    grid = time_grid(gk.AsianCall(100.0, 1.0, [0.1, 0.5, 1.0]), gk.Richardson(gk.Euler(64)))
    assert grid.substeps.tolist() == [2, 7, 8]  # times 4: 8, 28 and 32 steps, where Euler(64) has 7, 26 and 32
    assert np.allclose(grid.ends, [0.1, 0.5, 1.0])


@pytest.mark.slow
def test_dates_are_seen_by_all_grids() -> None:
    asian = gk.AsianCall(100.0, 1.0, 3)
    fine = gk.price(CEV, asian, scheme=gk.Euler(512), paths=2**16, seed=5)
    better = gk.price(CEV, asian, scheme=gk.Richardson(gk.Euler(24)), paths=2**18, seed=6)
    assert abs(better.value - fine.value) < 4.0 * math.hypot(better.std_error, fine.std_error)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: gk.Richardson(gk.Exact()), gk.SchemaError, r"Richardson.scheme = Exact\(\).*greeks.Euler"),  # type: ignore[arg-type]
        (
            lambda: gk.price(CEV, gk.BarrierOption(100.0, 90.0, 1.0, dates=None), scheme=gk.Richardson(gk.Euler(8))),
            gk.UnsupportedError,
            "Richardson plays a path on several time grids.*give it dates=",
        ),
    ],
    ids=["no steps", "no dates"],
)
def test_what_cannot_be_extrapolated_is_refused(make: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()
