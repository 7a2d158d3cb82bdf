"""The levels of a run, with the samples that they have so far."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from greeks.engine.bias import Bias
from greeks.engine.clock import Clock
from greeks.engine.control import Array
from greeks.engine.multilevel.allocation import allocated, believable, shared_out
from greeks.engine.multilevel.level import CHUNK, FEWEST, Level
from greeks.engine.multilevel.rung import Rung
from greeks.engine.multilevel.statistics import Statistics, biases, errors, values
from greeks.engine.settings import Settings
from greeks.engine.tally import Tally
from greeks.schemes.multilevel import MOST_LEVELS, Multilevel

START = 3  # levels that a run with a target begins with: two corrections show how fast they fall
DEFAULT = 5  # levels without a target
SLICE = 0.25e9  # counted nanoseconds of work between two looks at the clock, which is what an interrupt may lose
MOST = 2**40  # paths that no run exceeds
SPARE = 1.02  # more samples than the last estimate of the variances asks for, so that few rounds do


@dataclass
class Ladder:
    """Levels 0, 1, ... and their samples; `short` says why a target was missed, if it was."""

    make: Callable[[int], Level]
    scheme: Multilevel
    settings: Settings
    clock: Clock
    levels: list[Level] = field(default_factory=list)
    found: list[Tally] = field(default_factory=list)
    short: str = ""

    def extend(self, levels: int) -> None:
        """Add levels until there are so many."""
        for number in range(len(self.levels), levels):
            self.levels.append(self.make(number))
            self.found.append(Tally())

    def share_out(self, paths: int) -> None:
        """Spend so many paths on all levels together: as the pilots say, so that it makes no difference what is there.

        A run that goes on has on every level the samples that one run over all paths has.
        """
        samples = paths / self.levels[0].together
        least = min(FEWEST, samples / (4 * len(self.levels)))
        shares = np.maximum(shared_out(self._believed([k.pilot for k in self.levels]), self.costs, samples), least)
        self.simulate(np.floor(shares * samples / shares.sum()))

    def reach(self, targets: Callable[[Array], Array]) -> None:
        """Add samples and levels until sampling error and bias together are within the target of every number.

        Bias and sampling error share target^2: whatever the bias leaves of it, but never less than half, is what the
        variance may be; a level is added where it would have to be less. `targets` says them, given the numbers.
        """
        self.extend(self.scheme.levels or START)
        target = targets(np.sum([k.pilot.mean for k in self.levels], axis=0))
        bias = np.zeros(len(target))
        while self._enough(np.maximum(target**2 - bias**2, 0.5 * target**2)):
            target = targets(self.values)
            bias = np.array([math.hypot(b.value, b.std_error) for b in self.biases])
            if (bias**2 > 0.5 * target**2).any():
                if not self._another():
                    return
                bias /= self.scheme.refine
            elif (self.errors**2 + bias**2 <= target**2).all():
                return

    def simulate(self, samples: Array) -> bool:
        """Bring every level to so many samples; False if time or patience ran out before.

        All grow together, doubling what they have, so that a run that is stopped has all levels in proportion.
        """
        samples = np.ceil(samples)
        share = min(1.0, CHUNK / float(samples.max()))
        try:
            while self._grown(np.minimum(np.ceil(share * samples / CHUNK) * CHUNK, samples)):
                if share == 1.0:
                    return True
                share = min(1.0, 2.0 * share)
            self.short = "time_limit"
        except KeyboardInterrupt:
            if not self._begun or self.clock.insists():
                raise
            self.short = "interrupted"
        return False

    def _grown(self, samples: Array) -> bool:
        """Bring every level to so many samples, the finest first, looking at the clock; False if it is late."""
        for level in reversed(range(len(self.levels))):
            piece = max(CHUNK, int(SLICE / self.levels[level].cost))
            while self._count(level) < samples[level]:
                if self.clock.late and self._begun:
                    return False
                count = int(min(samples[level], self._count(level) + piece))
                self.found[level] = self.levels[level].samples(count, self.found[level])
        return True

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """What is to be kept of every level."""
        return tuple(level.rung(found) for level, found in zip(self.levels, self.found, strict=True))

    @property
    def statistics(self) -> list[Statistics]:
        """Those of every level's samples, all simulated."""
        return [Statistics.of(level.readings, found) for level, found in zip(self.levels, self.found, strict=True)]

    @property
    def variances(self) -> Array:
        """Variance of one sample (levels, numbers), as far as the samples or else the pilots tell."""
        seen = []
        for level, found in zip(self.levels, self.found, strict=True):
            enough = found.samples >= level.pilot.count
            seen.append(Statistics.of(level.readings, found) if enough else level.pilot)
        return self._believed(seen)

    def _believed(self, seen: Sequence[Statistics]) -> Array:
        return believable(np.array([np.diag(s.covariance) for s in seen]), self.scheme.refine)

    @property
    def _begun(self) -> bool:
        """Whether every level has samples."""
        return all(found.samples for found in self.found)

    @property
    def costs(self) -> Array:
        """Nanoseconds a sample (levels,)."""
        return np.array([level.cost for level in self.levels])

    @property
    def paths(self) -> int:
        """Paths simulated on all levels."""
        return sum(self._count(k) * level.together for k, level in enumerate(self.levels))

    @property
    def values(self) -> Array:
        """The sums over levels (numbers,)."""
        return values(self.statistics)

    @property
    def errors(self) -> Array:
        """Standard errors of the sums over levels (numbers,)."""
        return errors(self.statistics)

    @property
    def biases(self) -> list[Bias]:
        """What the finest level leaves of every number's bias; none where there is but one level."""
        return biases(self.statistics, self.scheme.refine)

    def _enough(self, allowed: Array) -> bool:
        """Sample until the variances are within what is allowed; False if a limit came first."""
        while True:
            samples = np.maximum(np.ceil(SPARE * allocated(self.variances, self.costs, allowed)), FEWEST)
            done = np.array([self._count(k) for k in range(len(self.levels))])
            if (done >= FEWEST).all() and (self.errors**2 <= allowed).all():
                return True
            if not self.simulate(self._within_limit(np.maximum(samples, done))) or self.short:
                return False

    def _within_limit(self, samples: Array) -> Array:
        """As many samples as max_paths leaves, in the same proportions."""
        limit = (self.settings.max_paths or MOST) / self.levels[0].together
        if samples.sum() <= limit:
            return samples
        self.short = "max_paths"
        return np.asarray(np.maximum(np.floor(samples * limit / samples.sum()), 2.0))

    def _another(self) -> bool:
        """One more level, if there may be."""
        if self.scheme.levels is not None or len(self.levels) == MOST_LEVELS:
            self.short = "levels"
            return False
        self.extend(len(self.levels) + 1)
        return True

    def _count(self, level: int) -> int:
        return self.found[level].samples
