"""The time of a run: when to stop, how much to simulate before the next look, and when Ctrl-C means it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import ClassVar

PIECE = 0.25  # seconds of simulation that an interrupt may lose
INSIST = 3.0  # seconds within which a second Ctrl-C ends the program, whichever run it meets


@dataclass
class Clock:
    """A run's clock, started with the request.

    started : `time.perf_counter()` then; limit : seconds from then on, or None.
    """

    started: float
    limit: float | None = None
    _begun: float = field(default_factory=time.perf_counter)
    _speed: float = 0.0
    _interrupted: ClassVar[float] = -INSIST

    @property
    def left(self) -> float:
        """Seconds until the limit."""
        return float("inf") if self.limit is None else self.started + self.limit - time.perf_counter()

    @property
    def late(self) -> bool:
        """Whether the limit is reached."""
        return self.left <= 0.0

    def begin(self) -> None:
        """Some simulation begins."""
        self._begun = time.perf_counter()

    def end(self, paths: int) -> None:
        """It has ended: so many paths."""
        self._speed = paths / max(time.perf_counter() - self._begun, 1e-9)

    def share(self) -> int:
        """Paths to simulate before the next look: a piece, or what the time left allows."""
        return int(self._speed * min(PIECE, max(self.left, 0.0)))

    def seconds(self, paths: int) -> float:
        """How long so many paths take at the speed of the last."""
        return paths / self._speed if self._speed else float("inf")

    @classmethod
    def insists(cls) -> bool:
        """Whether the Ctrl-C that has just come is the second in short time."""
        now = time.perf_counter()
        before, Clock._interrupted = Clock._interrupted, now
        return now - before < INSIST
