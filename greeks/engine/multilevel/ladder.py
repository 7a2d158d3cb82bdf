"""The levels of a run, with the samples that they have so far."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from greeks.engine.choosing.control import Array
from greeks.engine.multilevel.allocation import allocated, believable, shared_out
from greeks.engine.multilevel.level import CHUNK, Level
from greeks.engine.multilevel.remainder import LAST, ROUGH
from greeks.engine.multilevel.report import estimates_of
from greeks.engine.multilevel.rung import Rung
from greeks.engine.multilevel.statistics import Statistics, biases, errors, falling, values
from greeks.engine.sampling.bias import SEEN, Bias
from greeks.engine.sampling.clock import Clock
from greeks.engine.sampling.progress import Progress
from greeks.engine.sampling.settings import Settings
from greeks.engine.sampling.tally import Tally
from greeks.engine.sampling.targets import Target, allowed
from greeks.schemes.multilevel import MOST_LEVELS, Multilevel

START = 3  # levels that a run with a target begins with: two corrections show how fast they fall
DEFAULT = 5  # levels without a target
SLICE = 0.25e9  # counted nanoseconds of work between two looks at the clock, which is what an interrupt may lose
MOST = 2**40  # paths that no run exceeds
SHARE = 0.25  # of the square of a target that the bias may have
FEW = 32  # samples by whose variance alone no level is judged
KNOWN = 0.25  # of the square of a target, the variance of a mean that tells the bias, at most
SPARE = 1.05  # more samples than the last estimate of the variances asks for, so that few rounds do
MORE = 1.25  # times the samples that a level has, at least, where it is given more and has less than a chunk


@dataclass
class Ladder:
    """Levels 0, 1, ... and their samples; `short` says why a target was missed, if it was.

    make : a level, given its number, the samples of its pilot and, where these are none, the level that stands in.
    progress, aims : who looks on, and the targets, if there are any. had : paths that were there before.
    """

    make: Callable[[int, int, Level | None], Level]
    scheme: Multilevel
    settings: Settings
    clock: Clock
    progress: Progress = field(default_factory=Progress)
    aims: Mapping[str, Target] = field(default_factory=dict)
    levels: list[Level] = field(default_factory=list)
    rungs: list[Rung] = field(default_factory=list)
    had: int = 0
    short: str = ""
    _goal: int = field(default=0, init=False)  # paths that the simulation under way ends with

    def go_on(self, before: Sequence[Rung]) -> None:
        """With the samples that the first levels have."""
        self.rungs[: len(before)] = before
        self.had = self.paths

    def extend(self, levels: int) -> None:
        """Add levels until there are so many."""
        for number in range(len(self.levels), levels):
            tried = self._trial(number)
            self.levels.append(self.make(number, tried, None if tried else self._tried[-1]))
            self.rungs.append(self.levels[-1].rung())

    def share_out(self, levels: int, paths: int) -> None:
        """Spend so many paths on all levels together: as the pilots say, so that it makes no difference what is there.

        A run that goes on has on every level the samples that one run over all paths has.
        """
        self.extend(levels)
        samples = paths / self.levels[0].together
        least = np.minimum(self._fewest, samples / (4 * len(self.levels)))
        variances = self._believed([k.pilot.variance for k in self.levels])
        shares = np.maximum(shared_out(variances, self.costs, samples), least)
        self.simulate(np.floor(shares * samples / shares.sum()))

    def reach(self) -> None:
        """Add samples and levels until sampling error and bias together are within all targets.

        Bias and sampling error share target^2: where the bias takes more than its SHARE there is another level, else
        the variance may be what it leaves. How many levels there will be is found out first: until then sampling
        errors need be no less than the bias.
        """
        self.extend(self.scheme.levels or START)
        target, bias = self._foreseen()
        while self._enough(_spared(target**2, bias**2)):
            target = self._targets(self.values)
            bias = np.array([math.hypot(b.value, b.std_error) for b in self.biases])
            if (bias**2 > SHARE * target**2).any():
                if not self._another():
                    return
                bias /= self.scheme.refine
            elif (self.errors**2 + bias**2 <= target**2).all():
                return

    def _foreseen(self) -> tuple[Array, Array]:
        """Targets and biases (numbers,), and so many levels that these are small enough, as far as pilots tell them.

        A bias that may be noise, or whose order is not to be seen yet, asks for no level here: samples will tell.
        """
        seen, refine = [level.pilot for level in self._tried], self.scheme.refine
        target = self._targets(values(seen))
        if self.scheme.levels is not None:
            return target, np.zeros(len(target))
        ratio, told = falling(seen, refine), biases(seen, refine)
        bias = np.array([math.hypot(b.value, b.std_error) * (abs(b.value) > SEEN * b.std_error) for b in told])
        bias *= ratio <= (1.0 + ROUGH) / refine
        for levels in range(len(seen) + 1, MOST_LEVELS + 1):
            if (bias**2 <= SHARE * target**2).all():
                break
            self.extend(levels)
            bias *= ratio
        return target, np.asarray(bias)

    @property
    def _tried(self) -> list[Level]:
        """Levels that have pilots of their own."""
        return [level for level in self.levels if level.like is None]

    def _trial(self, number: int) -> int:
        """Samples of a level's pilot: by how many its run would need with the coefficients of the last that has one."""
        if not self.aims or number < START:
            return self.scheme.pilot(number)
        last = self._tried[-1]
        if last.number < number - 1:
            return 0
        variance, cost = last.lasting / self._decline, last.cost * self.scheme.refine
        allowed = self._targets(values([level.pilot for level in self._tried])) ** 2
        work = np.sqrt(self.variances * self.costs[:, None]).sum(axis=0)
        own, told = np.sqrt(variance / cost) * work / allowed, variance / (KNOWN * allowed)
        return self.scheme.pilot(number, float(np.max([own, told])))

    def _foretold(self, level: Level) -> Array:
        """Variances (numbers,) as far as pilots tell them."""
        if level.like is None:
            return level.pilot.variance
        return np.asarray(level.like.lasting / self._decline ** (level.number - level.like.number))

    @property
    def _decline(self) -> Array:
        """How many times less variance (numbers,) a level has than the one before: as the last pilots saw it."""
        before, last = (level.lasting for level in self._tried[-2:])
        seen = np.divide(before, last, out=np.full_like(last, self.scheme.decline), where=last > 0.0)
        return np.clip(seen, 1.0, self.scheme.decline)

    def _targets(self, values: Array) -> Array:
        """What the aims allow numbers of such values (numbers,); infinite where there is none."""
        names = (reading.greek for reading in self.levels[0].readings)
        pairs = zip(names, values.tolist(), strict=True)
        return np.array([allowed(self.aims[k], v) if k in self.aims else math.inf for k, v in pairs])

    def simulate(self, samples: Array) -> bool:
        """Bring every level to so many samples; False if time ran out before.

        All grow together, doubling what they have, so that a run that is stopped has all levels in proportion.
        """
        samples = np.ceil(samples)
        self._goal = int(samples.sum()) * self.levels[0].together
        share = min(1.0, max(CHUNK / float(samples.max()), self._unwatched(samples)))
        while self._grown(np.minimum(np.ceil(share * samples / CHUNK) * CHUNK, samples)):
            if share == 1.0:
                return True
            share = min(1.0, 2.0 * share)
        self.short = "time_limit"
        return False

    def _unwatched(self, samples: Array) -> float:
        """The share of so many samples that is done at once: as much work as an interrupt may lose, without a limit."""
        work = float(self.costs @ np.maximum(samples - self._counts, 0.0))
        return SLICE / max(work, SLICE) if self.clock.limit is None else 0.0

    def until_interrupted(self, climb: Callable[[], None]) -> None:
        """A Ctrl-C leaves what there is, if there is anything; see `Clock.insists` on the second."""
        try:
            climb()
        except KeyboardInterrupt:
            self._drop_empty()
            if not self.levels or self.clock.insists():
                raise
            self.short = "interrupted"

    def _drop_empty(self) -> None:
        """Levels up to the first without samples are a ladder of their own, with more bias."""
        begun = next((k for k, rung in enumerate(self.rungs) if not rung.paths), len(self.rungs))
        del self.levels[begun:], self.rungs[begun:]

    def _grown(self, samples: Array) -> bool:
        """Bring every level to so many samples, the finest first, looking at the clock; False if it is late."""
        for level in reversed(range(len(self.levels))):
            piece = max(CHUNK, int(SLICE / self.levels[level].cost))
            while self._count(level) < samples[level]:
                if self.clock.late and self._begun:
                    return False
                self._sample(level, int(min(samples[level] - self._count(level), piece)))
                self._show()
        return True

    def _sample(self, level: int, more: int) -> None:
        """So many samples more of a level, of the run's own stream."""
        rung, stream = self.rungs[level], self.settings.stream
        own = rung.tallies.get(stream, Tally())
        source = self.levels[level]
        tally = source.further(more, own) if self.aims else source.samples(own.samples + more, own)
        self.rungs[level] = replace(rung, tallies={**rung.tallies, stream: tally})

    def _show(self) -> None:
        """What there is, to whom it may concern."""
        if self.progress.wanted and self._begun:
            self.clock.end(self.paths - self.had)
            estimates, _ = estimates_of(self.rungs, self.scheme.refine, bool(self.aims))
            self.progress.update(estimates, self.aims, self.paths, self._goal, self.clock)

    @property
    def statistics(self) -> list[Statistics]:
        """Those of every level's samples, all simulated."""
        return [rung.statistics for rung in self.rungs]

    @property
    def variances(self) -> Array:
        """Variance of one sample (levels, numbers), as far as the samples or else the pilots tell."""
        pairs = zip(self.rungs, self.levels, strict=True)
        return self._believed([_told(rung, level.tried, self._foretold(level)) for rung, level in pairs])

    def _believed(self, variances: Sequence[Array]) -> Array:
        return believable(np.array(variances), self.scheme.fall)

    @property
    def _begun(self) -> bool:
        """Whether every level has samples."""
        return all(rung.paths for rung in self.rungs)

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
            variances, done = self.variances, self._counts
            fewest = np.maximum(self._fewest, _telling(variances, allowed))
            if (done >= fewest).all() and (self.errors**2 <= allowed).all():
                return True
            samples = np.maximum(np.ceil(SPARE * allocated(variances, self.costs, allowed)), fewest)
            samples = np.where((samples > done) & (done < CHUNK), np.maximum(samples, MORE * done), samples)
            if not self.simulate(self._within_limit(np.maximum(samples, done), done)) or self.short:
                return False

    def _within_limit(self, samples: Array, done: Array) -> Array:
        """As many samples more than there are as max_paths leaves, in the same proportions."""
        limit = (self.settings.max_paths or MOST) / self.levels[0].together
        if samples.sum() <= limit:
            return samples
        self.short = "max_paths"
        share = max(limit - done.sum(), 0.0) / (samples - done).sum()
        found = np.maximum(np.floor(done + share * (samples - done)), 2.0)
        found[found.argmax()] -= max(found.sum() - limit, 0.0)
        return np.asarray(found)

    def _another(self) -> bool:
        """One more level, if there may be."""
        if self.scheme.levels is not None or len(self.levels) == MOST_LEVELS:
            self.short = "levels"
            return False
        self.extend(len(self.levels) + 1)
        return True

    @property
    def _fewest(self) -> Array:
        """Samples that each level has at least (levels,)."""
        return np.array([self.scheme.least(level.number) for level in self.levels], dtype=float)

    def _count(self, level: int) -> int:
        return self.rungs[level].samples

    @property
    def _counts(self) -> Array:
        """Samples that each level has (levels,)."""
        return np.array([rung.samples for rung in self.rungs], dtype=float)


def _told(rung: Rung, tried: int, foreseen: Array) -> Array:
    """Variances (numbers,) by the samples; while they are few, fewer than the pilot's, no less than was foreseen."""
    if rung.samples < 2:
        return foreseen
    own = rung.statistics.variance
    return own if rung.samples >= max(tried, FEW) else np.maximum(own, foreseen)


def _telling(variances: Array, allowed: Array) -> Array:
    """Samples (levels,) of the last corrections without which their means would not tell the bias."""
    found = np.ceil((variances / (KNOWN * allowed)).max(axis=1))
    return np.concatenate([np.zeros(max(1, len(found) - LAST)), found[max(1, len(found) - LAST) :]])


def _spared(target: Array, bias: Array) -> Array:
    """Of squares of targets (numbers,) what squares of biases leave; all, and more, where another level is needed."""
    return np.where(bias > SHARE * target, np.maximum(target, bias), target - bias)
