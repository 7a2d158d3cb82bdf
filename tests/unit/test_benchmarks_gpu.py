"""The program that measures devices: what it counts and compares is right, and without a device it says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import greeks as gk
from benchmarks.gpu import rivals
from benchmarks.gpu.device import Peak
from benchmarks.gpu.operations import operations
from benchmarks.tasks import DATES, TASKS
from greeks.engine.run import Task
from greeks.engine.sampling.settings import Settings

MODEL = gk.BlackScholes(100.0, 0.05, 0.2, 0.02)


def counted(dates: int) -> float:
    payoff, pathwise = gk.AsianCall(100.0, 1.0, dates), gk.Pathwise()
    return operations(Task.of(MODEL, payoff, ("delta",), Settings(controls=(), estimator=pathwise)))


def test_operations_are_those_of_the_steps() -> None:
    few, more, most = (counted(dates) for dates in (10, 20, 40))
    assert most - more == pytest.approx(2.0 * (more - few), rel=0.05)
    assert 50 < (most - few) / 30 < 150  # half a normal pair, an exponential, the sums


def test_the_rivals_compute_what_they_are_compared_on() -> None:
    rng, paths = np.random.default_rng(1), 2**14
    carry = tuple(np.zeros(paths) for _ in range(5))
    for k in range(1, DATES + 1):
        carry = rivals.step(carry, rng.standard_normal(paths), k * rivals.DT, np.exp)
    found = rivals.samples(carry, np.where)
    for name, sample in zip(rivals.NAMES, found, strict=True):
        error = sample.std() / np.sqrt(paths)
        assert abs(sample.mean() - TASKS["T3"].truth[name]) < 4.0 * error, name
        assert error < 0.02 * abs(TASKS["T3"].truth[name])


def test_peaks_come_from_the_device() -> None:
    device = SimpleNamespace(
        name=b"H", compute_capability=(9, 0), MULTIPROCESSOR_COUNT=132, CLOCK_RATE=1_980_000,
        MEMORY_CLOCK_RATE=3_201_000, GLOBAL_MEMORY_BUS_WIDTH=6144,
    )  # fmt: skip
    peak = Peak.of(device)
    assert peak.name == "H"
    assert peak.double == pytest.approx(16.7e12, rel=0.01)  # 33.5 TFLOP/s, a multiply-add being two
    assert peak.memory == pytest.approx(4.9e12, rel=0.01)


def test_without_a_device_it_says_so() -> None:
    if gk.backends()["cuda"].available:
        pytest.skip("there is a device here")
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu"], capture_output=True, text=True, cwd=root, timeout=120
    )
    assert done.returncode == 0 and done.stdout.startswith("no figures: "), done.stderr
