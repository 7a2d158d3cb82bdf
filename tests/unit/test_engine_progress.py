"""The line of a run under way: what it says, and that nobody pays for it who does not look."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import pytest

import greeks as gk
from greeks.engine.sampling.clock import Clock
from greeks.engine.sampling.progress import Line, duration, errors, predicted

MODEL, CALL = gk.BlackScholes(100.0, 0.05, 0.2, 0.02), gk.Call(100.0, 1.0)
PRICE, DELTA = gk.Estimate("price", 10.0, 0.02, 1000), gk.Estimate("delta", 0.5, 0.001, 1000)
BOTH = {"price": PRICE, "delta": DELTA}


class Bar:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    def add_task(self, description: str, **fields: Any) -> int:
        return 7

    def update(self, task: int, **fields: Any) -> None:
        assert task == 7
        self.told.append(fields)


def test_the_line_has_errors_targets_paths_and_the_time_left() -> None:
    bar, clock = Bar(), Clock(time.perf_counter())
    clock.begin()
    time.sleep(0.02)
    clock.end(1000)
    Line(bar).update(BOTH, {"price": gk.Relative(1e-3)}, 1000, 2000, clock)
    (told,) = bar.told
    assert told["completed"] == 1000 and told["total"] == 4000  # the error is twice the target
    assert told["errors"].endswith("left  1,000 paths  price 10.000 ± 0.020 (to 0.01)  delta 0.5000 ± 0.0010")
    limited = Clock(time.perf_counter(), 60.0)
    Line(bar).update(BOTH, {}, 1000, 2000, limited)
    assert bar.told[-1]["errors"].startswith("1:00 left") and bar.told[-1]["total"] == 2000


def test_the_farthest_from_their_targets_come_first_and_many_are_cut() -> None:
    six = {f"d_{k}": gk.Estimate(f"d_{k}", 1.0, 0.01, 100) for k in "abcdef"}
    text = errors(six, {"d_e": 0.001, "d_f": 0.005})
    assert [part.split()[0] for part in text.split("  ")] == ["d_e", "d_f", "d_a", "d_b", "…"]
    assert predicted(six, {"d_e": 0.001}, 100) == 10_000
    assert predicted({"zero": gk.Estimate("zero", 0.0, 0.1, 100)}, {"zero": gk.Relative(0.1)}, 100) == 0
    assert duration(0.4) == "0:00" and duration(7325.0) == "2:02:05"


def test_a_run_shows_its_line_and_gives_the_same_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    settings: dict[str, Any] = {"estimator": gk.Pathwise(), "seed": 1, "std_error": 0.01, "paths": 2**13}
    shown = gk.sensitivities(MODEL, CALL, ["delta"], progress=True, **settings)
    captured = capsys.readouterr()
    assert captured.out == "" and "price" in captured.err and "left" in captured.err
    assert dict(gk.sensitivities(MODEL, CALL, ["delta"], **settings)) == dict(shown)
    assert capsys.readouterr().err == ""


def test_nothing_is_imported_for_a_line_that_is_not_wanted() -> None:
    program = (
        "import sys, greeks as gk; gk.price(gk.BlackScholes(100.0, 0.05, 0.2, 0.02), gk.Call(100.0, 1.0), "
        "estimator=gk.Pathwise(), paths=256); print(sorted(m for m in sys.modules if m.split('.')[0] == 'rich'))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
