"""Programs compile for a device where there is a compiler for one, whether or not there is a device."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.coverage.cases import MODELS
from tests.coverage.offers import offers
from tests.parity.cases import CASES, Case
from tests.parity.test_cuda_simulator import played
from tests.parity.toolkit import toolkit

FAST = ("barrier, conditioned", "Sobol points over a bridge")
ABSENT = "no NVVM on this machine: it comes with a CUDA toolkit, or with pip install nvidia-nvvm"


def compile_all(cases: Sequence[Case], folder: Path) -> None:
    home = toolkit(folder)
    if home is None:
        pytest.skip(ABSENT)
    found = played("ptx", cases, CUDA_HOME=str(home))
    assert [f["name"] for f in found] == [case.name for case in cases]
    assert all(f["target"] and f["entry"] for f in found), found
    assert all(f["calls"] == 0 for f in found), "the library is not inlined"


def test_programs_compile_to_ptx(tmp_path: Path) -> None:
    compile_all([case for case in CASES if case.name in FAST], tmp_path)


@pytest.mark.slow
def test_every_program_compiles_to_ptx(tmp_path: Path) -> None:
    compile_all(CASES, tmp_path)


@pytest.mark.slow
def test_every_program_compiles_in_single_precision(tmp_path: Path) -> None:
    home = toolkit(tmp_path)
    if home is None:
        pytest.skip(ABSENT)
    cases = [case for case in CASES if "FiniteDifference" not in case.text]
    found = played("single ptx", cases, CUDA_HOME=str(home))
    assert [f["name"] for f in found] == [case.name for case in cases]
    assert all(f["in single"] and f["calls"] == 0 for f in found), found


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_every_payoff_compiles_with_every_estimator_it_is_offered(model: str, tmp_path: Path) -> None:
    home = toolkit(tmp_path)
    if home is None:
        pytest.skip(ABSENT)
    done = subprocess.run(
        [sys.executable, "-m", "tests.parity.offered", model],
        capture_output=True,
        text=True,
        env={**os.environ, "CUDA_HOME": str(home)},
        cwd=Path(__file__).parents[2],
        timeout=3600,
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert {f["case"] for f in found} == {str(offer.case) for offer in offers(model)[0] if offer.greeks}
    assert {"Pathwise", "LikelihoodRatio", "Mixed"} <= {name for f in found for name in f["estimators"]}
    assert all(f["calls"] == 0 for f in found), "the library is not inlined"
