"""Ctrl-C during a run gives what is there, and leaves a usable process and a sound cache."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, signal, sys, threading, time
import greeks as gk

model, payoff = gk.BlackScholes(100.0, 0.05, 0.2, 0.02), gk.AsianCall(101.0, 1.0, 12)
if {warm}:
    before = gk.price(model, payoff, paths=2**12, seed=1).value
threading.Timer({after}, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
begun = time.perf_counter()
try:
    found = gk.price(model, payoff, paths=2**12, seed=1, std_error=1e-9, time_limit=60.0)
    print("kept" if found.paths > 2**12 and found.std_error < 0.1 else found, time.perf_counter() - begun < 20.0)
except KeyboardInterrupt:
    print("interrupted", time.perf_counter() - begun < 20.0)
after = gk.price(model, payoff, paths=2**12, seed=1).value
print(after == before if {warm} else "priced", threading.active_count() < 20)
print(after.hex())
"""


def interrupted(cache: Path, warm: bool, after: float) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(warm=warm, after=after)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "GREEKS_CACHE_DIR": str(cache)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_an_interrupted_run_leaves_the_process_usable(tmp_path: Path) -> None:
    first, second, _ = interrupted(tmp_path, warm=True, after=1.0)
    assert first == "kept True"
    assert second == "True True"


@pytest.mark.parametrize(
    "after", [0.3, pytest.param(0.8, marks=pytest.mark.slow), pytest.param(1.5, marks=pytest.mark.slow)]
)
def test_an_interrupted_compilation_leaves_the_cache_sound(tmp_path: Path, after: float) -> None:
    first, second, value = interrupted(tmp_path, warm=False, after=after)
    assert first == "interrupted True"
    assert second == "priced True"
    assert interrupted(tmp_path, warm=True, after=0.5)[2] == value
