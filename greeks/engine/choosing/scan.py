"""What paths of one shift show of the samples of a request: their second moments, and what a shift would make of them.

A program of its own for each kind of request, which is given the shift of its paths and another one that is tested.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from greeks.engine.choosing.control import Pairing
from greeks.engine.choosing.menu import Menu, Picks
from greeks.engine.choosing.pilot import Pilot, sampled
from greeks.engine.choosing.plan import Plan, compiled
from greeks.engine.programs.shift import (
    STEPS,
    Noise,
    by_piece,
    drifts_of,
    lengths,
    noises_used,
    products,
    shifted,
    weight,
)
from greeks.engine.programs.stages import cut
from greeks.engine.terms.contract import Contract
from greeks.engine.terms.grid import TimeGrid
from greeks.errors import UnsupportedError
from greeks.expressions import node as n
from greeks.expressions.fold import Carry, Fold, joined
from greeks.expressions.node import ONE, ZERO, const
from greeks.samplers import DriftShift, Philox

Array = npt.NDArray[np.float64]
MOST = 64  # drifts that a pilot can tell
ROUNDING = 1e-20  # of a second moment
SHARE = 0.1  # of paths that a shift leaves as they are
TESTED = "tested "  # begins the names of noises in the shift that is tested
PLAIN, SAMPLE, SUM = "plain ", "sample ", "sum "
SIZE, TARGET, CROSS = "size", "target", "cross"


@dataclass(frozen=True, eq=False)
class Scan:
    """The program of a request, and what its shifts consist of.

    noises : all that are shifted; of a vector each element has a drift in every piece. spans : years, for every drift
    (noise by noise, piece by piece, element by element). entries : the numbers that have noise.
    """

    plan: Plan
    contract: Contract
    grid: TimeGrid
    noises: tuple[Noise, ...]
    until: tuple[float, ...]
    spans: Array
    entries: tuple[int, ...]

    @classmethod
    def of(cls, menu: Menu, contract: Contract, grid: TimeGrid, picks: Picks, pieces: int) -> Scan | None:
        """The scan of the first sample of every number; None where no number has noise."""
        options = {i: e.options[which[0]] for i, (e, which) in enumerate(zip(menu.entries, picks, strict=True))}
        random = {i: o for i, o in options.items() if o.cost.random}
        if not random:
            return None
        whole = joined([o.fold for o in random.values()])
        samples = {i: n.index(whole.outputs[o.label], menu.entries[i].greek.element) for i, o in random.items()}
        whole = replace(whole, outputs={f"{SAMPLE}{i}": e for i, e in samples.items()})
        noises = tuple(noises_used(whole))
        elements = sum(max(z.size, 1) for _, z in noises)
        if elements > MOST:
            raise UnsupportedError(
                f"ImportanceSampling: {elements} normals in a step, each with a drift that a pilot would have to tell; "
                f"it can tell {MOST}. Remedy: leave the sampler out, or take greeks.Sobol()"
            )
        pieces = min(pieces, MOST // elements, max(len(grid.ends), len(grid.fine)))
        until = tuple(float(grid.ends[-1]) * (k + 1) / pieces for k in range(pieces - 1))
        key = ("scan", picks, pieces)
        if key not in menu.plans:
            menu.plans[key] = _plan(contract, menu, scanned(whole, noises, pieces))
        spans = [np.repeat(lengths(grid, until, at), max(z.size, 1)) for at, z in noises]
        found = (menu.plans[key], contract, grid, noises, until, np.concatenate(spans))
        return cls(*found, tuple(samples))

    def look(self, drift: Array, tested: Array, paths: int, seed: int, plain: float = 0.0) -> View:
        """So many paths with a drift, but for a share of them, and what they say of a tested one."""
        ours, others = self.shift(drift), self.shift(tested)
        names = tuple((f"{TESTED}{name}", size) for name, size in others.noises)
        both = DriftShift((*ours.noises, *names), self.until, (*ours.drift, *others.drift), plain)
        table = self.plan.table(self.contract, self.grid, both)
        return View(self, drift, sampled(self.plan, *table, paths, seed))

    def shift(self, drift: Array) -> DriftShift:
        """Drifts in one row as a shift of the paths' law."""
        rows: list[tuple[float, ...]] = []
        pieces, first = len(self.until) + 1, 0
        for _, z in self.noises:
            size = max(z.size, 1)
            rows += map(tuple, drift[first : first + size * pieces].reshape(pieces, size).T.tolist())
            first += size * pieces
        return DriftShift(tuple((str(z.payload), z.size) for _, z in self.noises), self.until, tuple(rows), SHARE)

    def size(self, drift: Array) -> float:
        """The length of the shift of all normals."""
        return math.sqrt(float(drift**2 @ self.spans))

    def coarse(self, sizes: Sequence[float]) -> Iterator[Array]:
        """Shifts of some sizes: of each noise in turn, one way, or one way and back; of a vector all elements alike."""
        pieces, first = len(self.until) + 1, 0
        back = np.where(np.arange(pieces) < pieces // 2, 1.0, -1.0)
        for _, z in self.noises:
            width = max(z.size, 1) * pieces
            for way in (np.ones(pieces), back)[: min(pieces, 2)]:
                alone = np.zeros(len(self.spans))
                alone[first : first + width] = np.repeat(way, max(z.size, 1))
                for size, side in itertools.product(sizes, (1.0, -1.0)):
                    yield alone * (side * size / self.size(alone))
            first += width

    def column(self, name: str) -> int:
        return self.plan.program.outputs[name][0]

    @cached_property
    def sums(self) -> list[int]:
        """The columns of the sums, in the order of the drifts."""
        names = [f"{SUM}{z} {k}" for _, z in self.noises for k in range(len(self.until) + 1)]
        placed = (self.plan.program.outputs[name] for name in names)
        return [first + e for first, size in placed for e in range(max(size, 1))]


def scanned(whole: Fold, noises: Sequence[Noise], pieces: int) -> Fold:
    """The outputs that a scan reads, of the samples of a fold; the first sample is the target.

    "sum": the sample times sum_k sqrt(dt_k) z_k over a piece, by which V has its derivatives. "cross": its square times
    the weight that the tested shift would give the path, its mean what a run with it has, whatever that of these paths.
    """
    target = next(iter(whole.outputs.values()))
    carries, outputs = [], {SIZE: n.unary("abs", target), TARGET: target}
    for at, z in noises:
        begun, length = STEPS[at]
        for k in range(pieces):
            total = n.symbol(f"shift.sum {z} {k}", z.size)
            own = by_piece([ONE if j == k else ZERO for j in range(pieces)], begun) * n.unary("sqrt", length)
            carries.append(Carry.of(str(total.payload), ZERO, z.size, **{at: total + own * z}))
            outputs[f"{SUM}{z} {k}"] = target * total
    product, square = products("shift.tested", noises, {z: drifts_of(z, pieces, TESTED) for _, z in noises})
    carries += [product, square]
    outputs[CROSS] = target * target * weight(product, square, const(SHARE))
    for name, e in whole.outputs.items():
        outputs |= {name: e, PLAIN + name: e}
    fold = replace(whole, carries=(*whole.carries, *carries), outputs=outputs)
    named = tuple((str(z.payload), z.size) for _, z in noises)
    return shifted(fold, (named, pieces), {name for name in outputs if not name.startswith(PLAIN)}, lambda _: False)


def _plan(contract: Contract, menu: Menu, fold: Fold) -> Plan:
    """The scan's program as a plan without samples."""
    stages = cut(fold, menu.shape)
    slots, program = compiled(contract, stages, Philox())
    return Plan((), Pairing(((),) * program.width, ()), program, slots, len(contract.packed), Philox())


@dataclass(frozen=True, eq=False)
class View:
    """What paths with a drift show."""

    scan: Scan
    drift: Array
    pilot: Pilot

    @property
    def paths(self) -> int:
        return self.pilot.paths

    @cached_property
    def second(self) -> Array:
        """Means of products of all outputs."""
        mean = self.pilot.mean
        return np.asarray(self.pilot.raw.comoment) / self.paths + np.outer(mean, mean)

    @cached_property
    def variance(self) -> float:
        """Of the target."""
        k = self.scan.column(TARGET)
        return float(self.pilot.covariance[k, k])

    @cached_property
    def doubt(self) -> float:
        """The relative standard error of the target's variance; infinite where nothing was seen of it."""
        k = self.scan.column(TARGET)
        return self.pilot.doubt[k] if self.variance > ROUNDING * self.second_moment else math.inf

    @property
    def second_moment(self) -> float:
        """V, of the target at this drift."""
        k = self.scan.column(TARGET)
        return float(self.second[k, k])

    @property
    def relative(self) -> float:
        """The variance over the square of the target's size, more where it may well be; infinite where none was seen.

        Relative, since paths that hardly reach what matters see a small variance, but a smaller size.
        """
        size = float(self.pilot.mean[self.scan.column(SIZE)])
        if not (size > 0.0 and self.variance > ROUNDING * self.second_moment):
            return math.inf
        return self.variance / size / size * (1.0 + 2.0 * self.doubt)

    def step(self, spans: Array) -> Array:
        """Newton's step towards the least log V: (spans + Cov S)^-1 (E S - drift spans), under the law ~ f^2 w^2."""
        at, sums = self.scan.column(TARGET), self.scan.sums
        expected = self.second[at, sums] / self.second_moment
        spread = self.second[np.ix_(sums, sums)] / self.second_moment - np.outer(expected, expected)
        found = np.linalg.lstsq(np.diag(spans) + spread, expected - self.drift * spans, rcond=None)[0]
        return np.asarray(found, dtype=np.float64)

    @property
    def crossed(self) -> float:
        """The second moment of a run with the tested shift."""
        return float(self.pilot.mean[self.scan.column(CROSS)])

    @property
    def crossed_error(self) -> float:
        """Its standard error."""
        return math.sqrt(float(self.pilot.covariance.diagonal()[self.scan.column(CROSS)]) / self.paths)

    @property
    def ratios(self) -> dict[int, float]:
        """For every number that has noise, the variance without any shift over that with this one."""
        return {i: self._ratio(i) for i in self.scan.entries}

    def _ratio(self, i: int) -> float:
        with_it, without = (self.scan.column(f"{prefix}{SAMPLE}{i}") for prefix in ("", PLAIN))
        variance, square = float(self.pilot.covariance[with_it, with_it]), float(self.pilot.mean[with_it]) ** 2
        return max(float(self.second[with_it, without]) - square, 0.0) / variance if variance > 0.0 else 1.0
