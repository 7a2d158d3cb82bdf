"""Timing by turns where anybody may fail: out of memory, a driver too old, a compiler that gives up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.contender import Result, Simulation
from benchmarks.interleaved import Turns, take_turns


@dataclass
class Guarded:
    """A call that keeps why it failed, and is not made again then."""

    run: Simulation
    paths: int
    failure: str = ""

    def __call__(self, seed: int) -> Result:
        if self.failure:
            return {}
        try:
            return self.run(self.paths, seed)
        except Exception as error:  # every library has its own
            words = " ".join(str(error).split())
            self.failure = f"{type(error).__name__}: {words}"[:200]
            return {}


def measured(
    calls: Mapping[str, tuple[int, Callable[[int, int], Any]]], rounds: int
) -> tuple[dict[str, Turns[Result]], dict[str, str]]:
    """The turns of all who got through, and why the others did not; calls are (paths, what to call)."""
    guarded = {name: Guarded(run, paths) for name, (paths, run) in calls.items()}
    turns = take_turns(guarded, rounds)
    failures = {name: call.failure for name, call in guarded.items() if call.failure}
    return {name: of for name, of in turns.items() if name not in failures}, failures
