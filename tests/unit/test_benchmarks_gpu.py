"""The program that measures devices: what it counts and compares is right, and without a device it says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.special

import greeks as gk
from benchmarks.contender import Result
from benchmarks.gpu import rivals, tables
from benchmarks.gpu.device import Peak
from benchmarks.gpu.operations import operations
from benchmarks.gpu.problems import PROBLEMS, Functions
from benchmarks.gpu.turns import measured
from benchmarks.tasks import TASKS
from greeks.engine.run import Task
from greeks.engine.sampling.settings import Settings

MODEL = gk.BlackScholes(100.0, 0.05, 0.2, 0.02)


def counted(dates: int) -> float:
    payoff, pathwise = gk.AsianCall(100.0, 1.0, dates), gk.Pathwise()
    return operations(Task.of(MODEL, payoff, ("delta",), Settings(controls=(), estimator=pathwise)))


def test_operations_are_those_of_the_steps() -> None:
    few, more, most = (counted(dates) for dates in (10, 20, 40))
    assert most - more == pytest.approx(2.0 * (more - few), rel=0.05)
    assert 50 < (most - few) / 30 < 75  # half a normal pair, an exponential, the sums


def test_operations_are_those_counted_by_hand() -> None:
    """fma, product, sum, comparison: 1 each; quotient and root: 8 each; signs and moved numbers: none."""
    text = """\
OUTPUTS = 1

@device
def path(theta, grid, seed, stream, index, out):
    x = fma(theta[0], theta[1], -theta[0])
    y = x * x + 2.0
    out[0] = y / sqrt(y) if y > 0.0 else abs(x)
"""
    task: Any = SimpleNamespace(
        plan=SimpleNamespace(program=SimpleNamespace(cuda=text)), table=lambda: (np.array([2.0, 3.0]), np.ones((1, 1)))
    )
    assert operations(task) == 4 + 2 * 8


def stand_in() -> Any:
    """NumPy under CuPy's names."""

    class Generator:
        def __init__(self, bits: Any) -> None:
            generator = np.random.Generator(bits)
            self.standard_normal, self.random = generator.standard_normal, generator.random

    names = ("exp", "sqrt", "where", "zeros", "full", "stack", "maximum")
    random = SimpleNamespace(Generator=Generator, Philox4x3210=np.random.Philox)
    fuse = lambda: lambda function: function  # noqa: E731
    return SimpleNamespace(**{n: getattr(np, n) for n in names}, asnumpy=np.asarray, fuse=fuse, random=random)


@pytest.mark.parametrize("task", PROBLEMS)
def test_the_rivals_compute_what_they_are_compared_on(task: str) -> None:
    found = rivals.with_cupy(PROBLEMS[task], stand_in(), scipy.special, 2**12)(2**14, 7)
    for name, (value, error) in found.items():
        assert abs(value - TASKS[task].truth[name]) < 4.0 * error, name
    assert found.keys() == TASKS[task].truth.keys()
    assert found["delta"][1] < 0.02 * found["delta"][0]


@pytest.mark.parametrize("task", PROBLEMS)
def test_the_rivals_derivatives_are_bumps_of_their_paths(task: str) -> None:
    """Against a bump of the start, on the same draws: delta where the start is the spot's, d_variance for Heston."""
    problem = PROBLEMS[task]
    greek, place, h = {"T3": ("delta", 0, 1e-6), "T4": ("d_variance", 1, 1e-7), "T5": ("delta", 0, 1e-6)}[task]
    scale = {"delta": 100.0, "d_variance": 1.0}[greek]  # the start is the logarithm of the spot
    f = Functions(np.exp, np.sqrt, np.where, scipy.special.ndtr, scipy.special.ndtri)

    def samples(bump: float) -> list[Any]:
        rng = np.random.default_rng(5)
        start = [at + bump * (i == place) for i, at in enumerate(problem.start)]
        carry = tuple(np.full(200, at) for at in start)
        for k in range(1, problem.steps + 1):
            draws = [rng.standard_normal(200) for _ in range(problem.normals)]
            draws += [rng.random(200) for _ in range(problem.uniforms)]
            carry = problem.step(carry, draws, k * problem.dt, f)
        return problem.samples(carry, f)

    up, down, here = samples(h), samples(-h), samples(0.0)
    bumped = (up[0] - down[0]) / (2.0 * h * scale)
    at = problem.names.index(greek)
    np.testing.assert_allclose(np.median(abs(here[at] - bumped)), 0.0, atol=1e-5 * abs(bumped).max())


def test_who_fails_says_why_and_the_others_go_on() -> None:
    def out_of_memory(paths: int, seed: int) -> Result:
        if seed == 2:
            raise MemoryError("out of\n memory")
        return {"delta": (0.5, 0.1)}

    def sound(paths: int, seed: int) -> Result:
        return {"delta": (0.5, 0.1 * paths)}

    turns, failures = measured({"a rival": (8, out_of_memory), "ours": (2, sound)}, rounds=3)
    assert failures == {"a rival": "MemoryError: out of memory"}
    assert list(turns) == ["ours"] and turns["ours"].answers == [{"delta": (0.5, 0.2)}] * 3


def test_a_table_tells_of_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(paths: int, seed: int) -> Result:
        raise RuntimeError("no kernel image")

    def sound(paths: int, seed: int) -> Result:
        return {name: (1.0, 0.1) for name in TASKS["T4"].truth}

    calls = {"ours": (64, sound), "a rival": (64, sound), "another": (64, broken)}
    monkeypatch.setattr(tables, "contenders", lambda *of: calls)
    monkeypatch.setattr(tables, "bits", lambda *of: "the same bits.")
    text = tables.of_task("T4", tables.Size(64, 64, 64, 2), simulated=True)
    assert "| T4 | ours |" in text and "| T4 | a rival |" in text and "| another" not in text
    assert text.endswith("another failed: RuntimeError: no kernel image\n\nTwo runs of 64 paths: the same bits.")


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
