"""Programs on the CPU and in Numba's CUDA simulator: the same paths, so the same moments but for rounding."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.parity.cases import CASES, Case

BOUND = 1e-10
BUMPED = 1e-9  # bumps divide rounding by the bump
FAST = [case for case in CASES if not case.slow]


def played(what: str, cases: Sequence[Case], **environment: str) -> list[dict[str, Any]]:
    """What a process says of cases, several in one, since starting it costs more than most of them."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.parity.programs", what, *(case.text for case in cases)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=900,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(found: dict[str, Any]) -> None:
    bound = BUMPED if "finite difference" in found["estimators"] else BOUND
    assert found["random"], found
    assert max(found["differences"].values()) < bound, found


@pytest.mark.parametrize("half", [0, 1])
def test_the_simulator_agrees_with_the_cpu(half: int) -> None:
    cases = FAST[half::2]
    found = played("agree", cases, NUMBA_ENABLE_CUDASIM="1")
    assert [f["name"] for f in found] == [case.name for case in cases]
    for f in found:
        check(f)


def test_the_fast_cases_are_of_all_kinds() -> None:
    text = " ".join(case.text for case in FAST)
    assert all(word in text for word in ("Sobol", "Antithetic", "GeometricAverage", "MultiBlackScholes", "Heston"))


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in CASES if case.slow], ids=lambda case: case.name)
def test_the_simulator_agrees_with_the_cpu_on_all_the_others(case: Case) -> None:
    (found,) = played("agree", [case], NUMBA_ENABLE_CUDASIM="1")
    check(found)
