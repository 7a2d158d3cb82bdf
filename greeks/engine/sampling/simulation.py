"""Simulate a plan, in batches where a target is to be met; a clock, an interrupt or a limit ends it in good order."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from greeks.engine.choosing.control import FEWEST, PILOT, Array, cross_fitted
from greeks.engine.choosing.plan import Plan
from greeks.engine.programs.noise import held
from greeks.engine.sampling.batches import Batches
from greeks.engine.sampling.clock import Clock
from greeks.engine.sampling.devices import check_precision, loaded
from greeks.engine.sampling.estimates import read, unbiased
from greeks.engine.sampling.progress import Progress, shown
from greeks.engine.sampling.reading import Reading
from greeks.engine.sampling.samples import Samples, Strand
from greeks.engine.sampling.settings import Settings
from greeks.engine.sampling.tally import Tally
from greeks.engine.sampling.targets import BLIND, Distance, Target, targets_of
from greeks.errors import EstimationError
from greeks.results import Estimate

if TYPE_CHECKING:
    from greeks.kernels.moments import Chunks

GROWTH = 4  # a batch never multiplies the paths by more, since early errors of errors are large
SLACK = 1.05  # more paths than a target seems to need, so that the next look is the last
BRIEF = 256  # samples of the first batch towards a target, where so few tell their own error
MOST = 2**40  # paths that no run exceeds
FAR = 2**36  # paths that no run without limits sets out for


@dataclass(frozen=True)
class Request:
    """What a simulation asks for next: a range of paths, and how outputs are mixed into samples (not at all: None)."""

    range: Mapping[str, int]
    mixing: Array | None = None


def simulate(
    plan: Plan,
    readings: Sequence[Reading],
    table: Array,
    rows: Array,
    settings: Settings,
    started: float,
    batches: bool = False,
    before: Samples | None = None,
) -> Samples:
    """Samples, less their controls, simulated as they are asked for; with the means of batches where wanted.

    `before` is what was sampled for the same plan: it is gone on with.
    """
    from greeks.kernels import backends

    check_precision(settings, readings)
    rows_of = backends.module_of(settings.backend).rows
    program = loaded(plan.program, settings)
    draws: dict[str, Any] = {"seed": settings.seed, "stream": settings.stream, "threads": settings.threads}
    draws |= {"normals": held(table, rows), "batches": batches}
    with shown(settings.progress) as progress:
        asking = requests(plan, readings, settings, Clock(started, settings.time_limit), before, progress)
        answer: Callable[[], Request] = partial(next, asking)
        while True:
            try:
                request = answer()
            except StopIteration as done:
                samples: Samples = done.value
                return samples
            try:
                found: Chunks = rows_of(program, table, rows, **request.range, mixing=request.mixing, **draws)
                answer = partial(asking.send, found)
            except KeyboardInterrupt as interrupt:
                answer = partial(asking.throw, interrupt)


def requests(
    plan: Plan,
    readings: Sequence[Reading],
    settings: Settings,
    clock: Clock,
    before: Samples | None = None,
    progress: Progress | None = None,
) -> Generator[Request, Chunks, Samples]:
    """What to simulate, one range after the other, each given what the last one gave; returns the samples.

    A pilot of all outputs, then batches of the samples alone. Of independent paths the pilot's count too; where a
    family of points is one sample, the pilot is a family apart.
    """
    run = _Run(plan, readings, settings, clock, before, progress or Progress())
    try:
        yield from run.requests()
    except KeyboardInterrupt:
        if not run.samples.paths or clock.insists():
            raise
        run.stop("interrupted")
    return run.samples


class _Run:
    """A simulation under way: what is sampled so far, and how many paths the batch in hand is to end with."""

    def __init__(
        self,
        plan: Plan,
        readings: Sequence[Reading],
        settings: Settings,
        clock: Clock,
        before: Samples | None,
        progress: Progress,
    ) -> None:
        from greeks.kernels.chunks import CHUNK
        from greeks.kernels.lanes import LANES

        self.plan, self.readings, self.settings, self.clock, self.progress = plan, readings, settings, clock, progress
        self.design = plan.sampler.design
        self.batches = Batches(self.design, CHUNK, LANES)
        self.targets: dict[str, Target] = targets_of(readings, settings.std_error)
        self.limit = settings.max_paths or (MOST if self.targets else settings.paths)
        first = Strand(self.batches.chunk_at(settings.first))
        self.samples = replace(before or Samples({settings.stream: first}, self.design), stopped="")
        self.goal = self._first_batch()

    def _first_batch(self) -> int:
        others = self.samples.paths - self._paths(self.strand)
        brief = self.plan.brief and self.targets and self.design.families == 1
        wanted = min(self.settings.paths, BRIEF * self.design.together) if brief else self.settings.paths
        if min(wanted, self.limit) <= self.samples.paths:
            return self.samples.paths
        paths = self.batches.first(wanted - others, bool(self.targets) and not brief)
        return others + min(paths, self.batches.first(self.limit - others, False))

    @property
    def strand(self) -> Strand:
        return self.samples.strands[self.settings.stream]

    def requests(self) -> Generator[Request, Chunks, None]:
        """Batches until all targets hold, each in pieces short enough to be lost."""
        while True:
            if self.samples.paths < self.goal and self.strand.mixing is None:
                yield from self._pilot()
            while self.samples.paths < self.goal:
                if self.samples.paths and self.clock.late:
                    self.stop(f"time limit of {self.settings.time_limit:g} s")
                    return
                yield from self._piece()
            if not self._more():
                return

    def _pilot(self) -> Generator[Request, Chunks, None]:
        """The coefficients of the controls, from the first chunks of the stream or from a family apart.

        A run too short to leave each half the coefficients of the other takes them from paths apart, too, as many as
        it has itself.
        """
        room = self.goal - (self.samples.paths - self._paths(self.strand))
        apart, whole = self.design.families > 1, self.batches.part(PILOT)
        counts = not apart and self.strand.first == 0
        size = min(whole, room) if counts else whole
        few = counts and FEWEST <= size < whole and bool(self.plan.pairing.names)
        self.clock.begin()
        samples = size // self.design.together if few else PILOT * self.batches.chunk
        pilot = yield Request(self.batches.apart(samples) if apart or few else self.batches.range(0, size))
        self.clock.end(size)
        refuse_wrong_scores(self.plan, self.readings, pilot)
        mixing = self.plan.pairing.coefficients(pilot)
        if few:
            tally = Tally.of((yield Request(self.batches.range(0, size), mixing)))
        else:
            tally = Tally.of(cross_fitted(self.plan.pairing, pilot)) if counts else Tally()
        if counts and size < whole:
            self._keep(Strand(0, tally, None))
            return
        self._keep(Strand(self.strand.first, tally, mixing))

    def _piece(self) -> Generator[Request, Chunks, None]:
        """Some more of the batch: chunks that are not whole are simulated again, with what makes them so."""
        settled = self.strand.settled()
        kept = self.samples.paths - self._paths(self.strand) + self._paths(settled)
        size = self.batches.piece(self.clock.share(), self.goal - kept)
        self.clock.begin()
        found = yield Request(self.batches.range(self.batches.path_of(settled.end), size), settled.mixing)
        self.clock.end(size)
        more = Tally.of(found, settled.end, self.design.families)
        self._keep(replace(settled, tally=settled.tally.plus(more)))
        if self.progress.wanted:
            self.progress.update(self._estimates(), self.targets, self.samples.paths, self.goal, self.clock)

    def _more(self) -> bool:
        """Whether a target is left to reach; the next batch is then set."""
        if not self.targets:
            return False
        distance, done = self._distance(), self.samples.paths
        held = distance.worst <= 1.0
        if not held and self._hopeless(distance, done):
            self.stop("out of reach without max_paths or time_limit")
            return False
        far = done * distance.worst * distance.worst * SLACK  # infinite for targets out of all proportion
        needed = unbiased(self.readings, self.samples, self.targets) if held else far
        size = self._following(math.ceil(min(needed, done * GROWTH))) if needed > done else 0
        if size <= 0 and not held:
            self.stop(f"max_paths = {self.limit:,}")
        self.goal = done + size
        return size > 0

    def _following(self, needed: int) -> int:
        """The next batch of the stream that is sampled, towards so many paths of all streams."""
        own = self._paths(self.strand)
        others = self.samples.paths - own
        return self.batches.following(own, needed - others, min(self.limit, MOST) - others)

    def _hopeless(self, distance: Distance, done: int) -> bool:
        """Whether no run that anyone waits for gets there, and nobody has said how long to wait."""
        if self.settings.max_paths is not None or self.settings.time_limit is not None:
            return False
        if math.isinf(distance.least):
            return done >= BLIND
        return done * distance.least * (1.0 if self.design.families > 1 else distance.least) > FAR

    def stop(self, why: str) -> None:
        """Leave it at what there is, and say what is missing."""
        missed = self._distance().missed if self.targets else ()
        of = "" if self.targets else f" of {self.goal:,}"
        told = [f"{why} after {self.samples.paths:,}{of} paths", *(f"missed {m}" for m in missed)]
        self.samples = replace(self.samples, stopped="; ".join(told))

    def _keep(self, strand: Strand) -> None:
        self.samples = replace(self.samples, strands={**self.samples.strands, self.settings.stream: strand})

    def _paths(self, strand: Strand) -> int:
        return strand.tally.samples * self.design.families * self.design.together

    def _estimates(self) -> dict[str, Estimate]:
        return read(self.readings, self.samples)[0]

    def _distance(self) -> Distance:
        return Distance.of(self._estimates(), self.targets, {r.greek: r.random for r in self.readings})


def refuse_wrong_scores(plan: Plan, readings: Sequence[Reading], pilot: Chunks) -> None:
    """The net under all likelihood ratios: a score that does not average to 0 is no score of the path's law."""
    wrong = set(plan.pairing.suspects(pilot))
    names = [r.greek for r in readings if not wrong.isdisjoint(r.columns)]
    if names:
        raise EstimationError(
            f"{', '.join(names)}: the score of the path does not average to 0, so its law has a bound that moves with "
            "the parameter, or a step bends back. Remedy: estimator=greeks.FiniteDifference(), or correct the model"
        )
