"""Single precision on a path: how far its numbers are from those in double precision, on the same draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from tests.parity.cases import BLACK_SCHOLES, CASES, Case
from tests.parity.programs import task_of
from tests.parity.single import outputs
from tests.parity.test_cuda_simulator import played

PATHS = 2**14
YEAR = "Asian of 252 dates"
DAILY = Case(YEAR, BLACK_SCHOLES, "gk.AsianCall(100.0, 1.0, 252)", ("delta", "vega"), "estimator=gk.Pathwise()")


@dataclass(frozen=True)
class Error:
    """Of each number: the mean difference and its root mean square, in units of a standard deviation of the number."""

    bias: float
    rms: float


def error_of(name: str, paths: int = PATHS) -> Error:
    (case,) = (c for c in (*CASES, DAILY) if c.name == name)
    _, task = task_of(case.text)
    double, single = (outputs(task, paths, in_single) for in_single in (False, True))
    scale = np.abs(double.mean(axis=0)) + double.std(axis=0)
    difference = (single - double) / scale
    return Error(float(np.abs(difference.mean(axis=0)).max()), float(np.sqrt((difference**2).mean(axis=0)).max()))


@pytest.mark.parametrize(
    ("name", "bias", "rms"),
    [("Asian with controls", 4e-6, 6e-6)],
)
def test_the_bias_is_as_documented(name: str, bias: float, rms: float) -> None:
    found = error_of(name)
    assert 0.0 < found.bias < bias and found.rms < rms, found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "bias", "rms"),
    [
        ("one interval, gamma mixed", 2e-7, 4e-7),
        ("barrier, conditioned", 3e-6, 6e-6),
        ("barrier with rebate, likelihood ratio", 1e-6, 3e-6),
        ("Heston by QE, likelihood ratio", 2e-7, 1e-6),
        ("Heston by Euler", 1e-6, 4e-4),
        ("CEV by Euler", 2e-7, 1e-6),
        ("basket, vectors", 1e-6, 2e-6),
        (YEAR, 1e-4, 2e-2),
    ],
)
def test_the_bias_is_as_documented_on_other_contracts(name: str, bias: float, rms: float) -> None:
    found = error_of(name, 2**17)
    assert 0.0 < found.bias < bias and found.rms < rms, found


def test_the_simulator_gives_the_same_in_single_precision() -> None:
    """Rounded numbers, not doubles under another name."""
    names = ("Asian with controls", "antithetic pairs")
    found = played("single", [c for c in CASES if c.name in names], NUMBA_ENABLE_CUDASIM="1")
    for f in found:
        assert 1e-9 < max(f["differences"].values()) < 1e-3, f
