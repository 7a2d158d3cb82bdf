"""On a real device: agreement with the CPU, the same bits run after run, no error that a sanitizer sees.

make test-gpu
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import greeks as gk
from greeks.engine.programs.noise import held
from greeks.engine.sampling.devices import loaded
from greeks.engine.sampling.settings import Settings
from tests.parity.cases import CASES, Case
from tests.parity.programs import agreement, task_of
from tests.parity.test_cuda_simulator import check

pytestmark = pytest.mark.gpu
ROOT = Path(__file__).parents[2]
MODEL, PAYOFF = gk.BlackScholes(100.0, 0.05, 0.2, 0.02), gk.AsianCall(100.0, 1.0, 12)
CUDA = Settings(backend="cuda")


@pytest.fixture(autouse=True)
def device() -> None:
    """A device, or a word on why there is none."""
    found = gk.backends()["cuda"]
    if not found.available or os.environ.get("NUMBA_ENABLE_CUDASIM") == "1":
        pytest.skip(found.reason or "Numba's simulator is no device")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_device_agrees_with_the_cpu(case: Case) -> None:
    check(agreement(task_of(case.text)[1]))


def rows(case: Case, paths: int, **more: Any) -> list[bytes]:
    from greeks.kernels import cuda

    _, task = task_of(case.text)
    table, grid = task.table()
    program = loaded(task.plan.program, CUDA)
    found = cuda.rows(program, table, grid, seed=1, paths=paths, normals=held(table, grid), batches=True, **more)
    return [part.tobytes() for part in found]


@pytest.mark.parametrize("case", [case for case in CASES if not case.slow], ids=lambda case: case.name)
def test_two_runs_have_the_same_bits(case: Case) -> None:
    first = rows(case, 2**16 + 100)
    assert rows(case, 2**16 + 100) == first


def test_the_shape_of_a_launch_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    from greeks.kernels import cuda_flight
    from greeks.kernels.cuda_shape import Launch

    case = CASES[0]
    first = rows(case, 2**16 + 100)
    for blocks, threads, chunks in ((1, 32, 99), (7, 256, 3), (64, 96, 99)):
        shape = Launch(blocks, threads, chunks)
        monkeypatch.setattr(cuda_flight, "launch_for", lambda work, left, shape=shape: shape)
        assert rows(case, 2**16 + 100) == first, shape


def test_a_million_paths_agree_with_the_cpu() -> None:
    found = {
        backend: gk.sensitivities(MODEL, PAYOFF, ["delta", "gamma", "vega"], paths=2**20, seed=3, backend=backend)
        for backend in ("cpu", "cuda")
    }
    for name, e in found["cpu"].items():
        assert found["cuda"][name].value == pytest.approx(e.value, rel=1e-9, abs=1e-12)
        assert found["cuda"][name].std_error == pytest.approx(e.std_error, rel=1e-6)


def test_many_contracts_in_flight_are_what_each_is_alone() -> None:
    from greeks.engine.crowd.many import estimate_many

    contracts = [(MODEL, gk.AsianCall(90.0 + k, 1.0, 12)) for k in range(40)]
    settings = Settings(backend="cuda", paths=2**14, seed=2)
    (group,) = estimate_many(contracts, ["delta"], settings)
    for k in (0, 17, 39):
        alone = gk.sensitivities(*contracts[k], ["delta"], paths=2**14, seed=2, backend="cuda")
        np.testing.assert_array_equal(group.values[k], [e.value for e in alone.values()])


def test_single_precision_is_as_near_as_documented() -> None:
    wanted: dict[str, Any] = {"paths": 2**18, "seed": 4, "backend": "cuda", "controls": (), "estimator": gk.Pathwise()}
    double = gk.sensitivities(MODEL, PAYOFF, ["delta", "vega"], **wanted)
    single = gk.sensitivities(MODEL, PAYOFF, ["delta", "vega"], precision="float32", **wanted)
    for name, e in double.items():
        scale = abs(e.value) + e.std_error * np.sqrt(e.paths)
        assert 0.0 < abs(single[name].value - e.value) < 1e-5 * scale, name


def test_compute_sanitizer_sees_no_error() -> None:
    sanitizer = shutil.which("compute-sanitizer")
    if sanitizer is None:
        pytest.skip("compute-sanitizer is not on the path: it comes with the CUDA toolkit")
    for tool in ("memcheck", "racecheck", "synccheck"):
        done = subprocess.run(
            [sanitizer, "--tool", tool, "--error-exitcode", "9", sys.executable, "-m", "tests.parity.programs", "agree",
             *(case.text for case in CASES if not case.slow)],
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=900,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
