"""Ctrl-C during a run gives what is there, and leaves a usable process and a sound cache."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import greeks as gk
from greeks.engine.sampling.clock import INSIST, PIECE, Clock
from greeks.kernels import cpu

PROGRAM = """
import os, signal, sys, threading, time
import greeks as gk

model, payoff = gk.BlackScholes(100.0, 0.05, 0.2, 0.02), gk.AsianCall(101.0, 1.0, 12)
if {warm}:
    before = gk.price(model, payoff, paths=2**12, seed=1, controls=()).value
threading.Timer({after}, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
begun = time.perf_counter()
try:
    found = gk.price(model, payoff, paths=2**12, seed=1, std_error=1e-9, time_limit=60.0, controls=())
    print("kept" if found.paths > 2**12 and found.std_error < 0.1 else found, time.perf_counter() - begun < 20.0)
except KeyboardInterrupt:
    print("interrupted", time.perf_counter() - begun < 20.0)
after = gk.price(model, payoff, paths=2**12, seed=1, controls=()).value
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


MODEL, ASIAN = gk.BlackScholes(100.0, 0.05, 0.2, 0.02), gk.AsianCall(101.0, 1.0, 12)
ESTIMATORS = {"delta": gk.LikelihoodRatio()}
estimated = partial(gk.sensitivities, MODEL, ASIAN, ["delta"], estimator=ESTIMATORS, seed=1)


@pytest.fixture
def pressed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Ctrl-C at the given calls of the kernels, in pieces of one chunk, long after any other Ctrl-C."""
    rows = cpu.rows

    def at(*calls: int) -> None:
        count = iter(range(1_000_000))

        def interrupted(*args: Any, **settings: Any) -> Any:
            if next(count) in calls:
                raise KeyboardInterrupt
            return rows(*args, **settings)

        monkeypatch.setattr(cpu, "rows", interrupted)
        monkeypatch.setattr(Clock, "share", lambda self: 4096)
        monkeypatch.setattr(Clock, "_interrupted", -INSIST)

    return at


@pytest.mark.parametrize("sampler", [gk.Philox(), gk.Sobol(scrambles=4)])
def test_what_was_simulated_before_an_interrupt_is_kept(pressed: Callable[..., None], sampler: gk.Sampler) -> None:
    whole = estimated(paths=2**16, sampler=sampler)
    pressed(3)
    r = estimated(paths=2**16, sampler=sampler)
    assert not r.complete and r.stopped.startswith("interrupted after") and "of 65,536 paths" in r.stopped
    assert 0 < r["price"].paths < 2**16 and "warning: stopped early: interrupted" in repr(r)
    pressed()
    again = r.resume()
    assert again.complete and dict(again) == dict(whole)


def test_an_interrupted_price_warns(pressed: Callable[..., None]) -> None:
    pressed(2)
    price = gk.price(MODEL, ASIAN, paths=2**16, estimator=gk.Pathwise())
    assert price.warnings[0].startswith("stopped early: interrupted after")


def test_an_interrupt_before_any_result_is_what_python_makes_of_it(pressed: Callable[..., None]) -> None:
    pressed(0)
    with pytest.raises(KeyboardInterrupt):
        estimated(paths=2**16)


def test_the_second_interrupt_in_short_time_ends_the_program(
    pressed: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    pressed(2, 5)
    assert not estimated(paths=2**16).complete
    with pytest.raises(KeyboardInterrupt):
        estimated(paths=2**16)
    pressed(2, 5)
    assert not estimated(paths=2**16).complete
    monkeypatch.setattr(Clock, "_interrupted", Clock._interrupted - INSIST)
    assert not estimated(paths=2**16).complete


def test_an_interrupted_check_is_no_check(pressed: Callable[..., None]) -> None:
    r = estimated(paths=2**16)
    pressed(2)
    with pytest.raises(KeyboardInterrupt):
        r.verify()


def test_pieces_take_a_quarter_of_a_second_and_less_before_the_limit() -> None:
    clock = Clock(0.0)
    clock._speed = 1e6
    assert clock.share() == int(1e6 * PIECE) and clock.seconds(3_000_000) == 3.0
    clock = Clock(Clock(0.0)._begun, 0.1)
    clock._speed = 1e6
    assert clock.share() <= 100_000
