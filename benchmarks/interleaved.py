"""Timing by turns: every contender once a round, so that a slow moment of the machine hits all alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Generic, TypeVar

T = TypeVar("T")

TURN = 0.02  # seconds


@dataclass(frozen=True)
class Turns(Generic[T]):
    """One contender's first call, and the seconds and answers of its later turns."""

    first: float
    seconds: list[float]
    answers: list[T]


@dataclass(frozen=True)
class Ratio:
    """Median, least and largest of a ratio over the rounds."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.3g} ({self.low:.3g} to {self.high:.3g})"


def timed(call: Callable[[int], T], seed: int, least: float = 0.0) -> tuple[float, T]:
    """Seconds of a call, the mean of as many as `least` seconds hold, and its answer."""
    start = perf_counter()
    answer = call(seed)
    calls, seconds = 1, perf_counter() - start
    while seconds < least:
        call(seed)
        calls, seconds = calls + 1, perf_counter() - start
    return seconds / calls, answer


def take_turns(calls: Mapping[str, Callable[[int], T]], rounds: int) -> dict[str, Turns[T]]:
    """Call everyone once unseen (compilation), then `rounds` times in an order that turns round each time.

    Each call gets the seed of its round, the same for all. Calls shorter than a turn are repeated, whoever's they are:
    a millisecond right after somebody else's second measures whose data is in the processor's caches.
    """
    turns: dict[str, Turns[T]] = {n: Turns(timed(call, 0)[0], [], []) for n, call in calls.items()}
    names = list(calls)
    for round_ in range(1, rounds + 1):
        for name in names if round_ % 2 else reversed(names):
            seconds, answer = timed(calls[name], round_, TURN)
            turns[name].seconds.append(seconds)
            turns[name].answers.append(answer)
    return turns


def ratio(above: Sequence[float], below: Sequence[float]) -> Ratio:
    """The ratio round by round."""
    quotients = [a / b for a, b in zip(above, below, strict=True)]
    return Ratio(median(quotients), min(quotients), max(quotients))
