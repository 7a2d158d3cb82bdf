"""One level: the program of its samples, what a sample costs, and what a pilot saw."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from greeks.controls import RealisedVariance
from greeks.engine.choosing.control import Array
from greeks.engine.choosing.decision import Decision, decide, instead
from greeks.engine.choosing.legs import AUTO, LEVELS, Controls
from greeks.engine.choosing.menu import Menu, Wanted, menu_for
from greeks.engine.choosing.pilot import SEED, STREAM
from greeks.engine.choosing.plan import Plan, folds_of, plan_of, used_of
from greeks.engine.keeping.origin import chosen
from greeks.engine.multilevel.rung import Rung
from greeks.engine.multilevel.statistics import Statistics
from greeks.engine.programs.cost import Cost, cost
from greeks.engine.sampling.reading import Reading, readings_of
from greeks.engine.sampling.settings import Settings
from greeks.engine.sampling.simulation import refuse_wrong_scores
from greeks.engine.sampling.tally import Rows, Tally
from greeks.engine.terms.contract import Contract
from greeks.engine.terms.grid import TimeGrid, time_grid
from greeks.expressions.fold import joined as joined_folds
from greeks.schemes.base import Scheme
from greeks.schemes.multilevel import Multilevel

if TYPE_CHECKING:
    from greeks.kernels.moments import Chunks

CHUNK = 4096  # samples in a row of moments, as `kernels.chunks` has it: only the last of a level may have fewer
APART = 53  # bits: the samples of level l are paths l 2^53, l 2^53 + 1, ..., so that levels share none
CHOSEN_ON = 2  # the level on whose grid the estimators of all corrections are chosen
KEPT = 512  # costs of programs in memory
_costs: OrderedDict[str, Cost] = OrderedDict()


@dataclass(frozen=True)
class Level:
    """Samples of P_0, or of P_l - P_(l-1), l its `number`; a sample is what the sampler makes one: a path, a pair.

    tried : samples of its pilot. like : the level whose coefficients it takes where it has no pilot.
    """

    number: int
    contract: Contract
    grid: TimeGrid
    menu: Menu
    decision: Decision
    settings: Settings
    tried: int
    like: Level | None = None

    @classmethod
    def of(
        cls,
        number: int,
        contract: Contract,
        scheme: Multilevel,
        greeks: Sequence[str],
        settings: Settings,
        tried: int,
        like: Level | None = None,
        decision: Decision | None = None,
    ) -> Level:
        """A level as was decided before, or with the best estimators for it; those of all corrections are the same."""

        def grid_of(level: int) -> TimeGrid:
            return time_grid(contract.payoff, scheme.on_level(level))

        grid = grid_of(number)
        sampled, controls = _sampled(scheme, number), _controls(settings)
        menu = menu_for(contract, sampled, grid.shape, greeks, settings.estimator, controls=controls)
        if decision is not None:
            return cls(number, contract, grid, menu, decision, settings, tried, like)
        decision = decide(menu, contract, grid_of(min(number, 1) * CHOSEN_ON))
        return cls(number, contract, grid, menu, decision, settings, tried, like)._sound()

    @property
    def _multilevel(self) -> Multilevel:
        multilevel = self.settings.scheme
        assert isinstance(multilevel, Multilevel)
        return multilevel

    @property
    def steps(self) -> int:
        """Steps of the finer path."""
        return int(self.grid.substeps.sum()) * (self._multilevel.refine if self.number else 1)

    @cached_property
    def plan(self) -> Plan:
        taken, sampler = self.decision, self.settings.sampler
        return plan_of(self.menu, self.contract, taken.picks, sampler=sampler, controls=taken.controls)

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        return readings_of(self.menu, self.decision, self.plan)

    @cached_property
    def together(self) -> int:
        """Paths in a sample."""
        return self.plan.sampler.design.together

    @cached_property
    def cost(self) -> float:
        """Nanoseconds a sample, by counting operations."""
        source = self.plan.program.cpu
        if source not in _costs:
            picks = zip(self.menu.entries, self.decision.picks, strict=True)
            options = [[entry.options[k] for k in which] for entry, which in picks]
            kept = self.decision.controls or ((),) * len(options)
            controls = folds_of(*(used_of(some, names) for some, names in zip(options, kept, strict=True)))
            folds = [*(o.fold for some in options for o in some), *controls]
            _costs[source] = cost(joined_folds(folds), self.menu.shape)
            if len(_costs) > KEPT:
                _costs.popitem(last=False)
        return self.together * _costs[source].of(self.grid)

    @cached_property
    def pilot(self) -> Statistics:
        """Of samples that no run has: the same whatever the seed, so that allocations do not depend on the run."""
        return self._tried_with(self._coefficients)

    @cached_property
    def lasting(self) -> Array:
        """Variances (numbers,) of the same samples less those controls whose coefficients hold on finer levels too."""
        return self._tried_with(self._lasting).variance

    def samples(self, count: int, found: Tally) -> Tally:
        """The first `count` samples of the stream, of which some have been found; a chunk cut short is made again."""
        kept = found.begin()
        done = kept.samples
        return kept.plus(self._chunks(done // CHUNK, count - done))

    def further(self, more: int, found: Tally) -> Tally:
        """So many samples beside those that have been found: what is left of a chunk cut short is passed over."""
        return found.plus(self._chunks(found.end, more))

    def against(self, wanted: Wanted) -> Level:
        """The same level by every estimator that is wanted of each number, without controls."""
        greeks = [e.greek.name for e in self.menu.entries[1:]]
        scheme, controls = _sampled(self._multilevel, self.number), _controls(self.settings)
        menu = menu_for(self.contract, scheme, self.grid.shape, greeks, wanted, controls=controls)
        picks = tuple(tuple(range(len(e.options))) for e in menu.entries)
        weights = tuple(tuple(1.0 / len(which) for _ in which) for which in picks)
        return replace(self, menu=menu, decision=Decision(picks, weights, ("",) * len(picks)))

    def rung(self) -> Rung:
        """What is to be kept of it, without samples as yet."""
        words = chosen(self.menu, self.decision)
        return Rung(self.decision, words, self.readings, self.steps, self.plan.sampler.design)

    def _chunks(self, first: int, samples: int) -> Tally:
        """So many samples of the run's stream, from a chunk on."""
        seed, stream, mixing = self.settings.seed, self.settings.stream, self._coefficients
        return Tally.of(self._simulated(first * CHUNK, samples, seed=seed, stream=stream, mixing=mixing), first)

    def _tried_with(self, coefficients: Array) -> Statistics:
        """Of the pilot's samples less so much of each control."""
        return Statistics.of(self.readings, Rows.of(self.plan.pairing.applied(self._pilot, coefficients)))

    @cached_property
    def _pilot(self) -> Chunks:
        found = self._simulated(0, self.tried, seed=SEED, stream=STREAM)
        refuse_wrong_scores(self.plan, self.readings, found)
        return found

    @cached_property
    def _coefficients(self) -> Array:
        if self.like is not None:
            return self.like._lasting
        return self.plan.pairing.coefficients(self._pilot)

    @cached_property
    def _lasting(self) -> Array:
        """Coefficients of those controls that fall with the step as corrections do."""
        pairing = self.plan.pairing
        left = tuple(tuple(j for j in js if pairing.names[j] != RealisedVariance.name) for js in pairing.partners)
        return replace(pairing, partners=left).coefficients(self._pilot)

    @cached_property
    def _arguments(self) -> tuple[Any, Array, Array]:
        from greeks.kernels.compile import load

        device = self.settings.backend == "cuda"
        program = self.plan.program.cuda if device else self.plan.program.cpu
        return load(program, self.settings.backend), *self.plan.table(self.contract, self.grid)

    def _simulated(self, first: int, count: int, **draws: Any) -> Chunks:
        from greeks.kernels import backends

        rows_of = backends.module_of(self.settings.backend).rows
        begin = (self.number << APART) + first
        chunks: Chunks = rows_of(*self._arguments, first=begin, paths=count, threads=self.settings.threads, **draws)
        return chunks

    def _sound(self) -> Level:
        """With other estimators for what came out of the pilot as no number, if there are any."""
        sound = np.isfinite(self.pilot.mean) & np.isfinite(np.diag(self.pilot.covariance))
        names = {r.greek for r, good in zip(self.readings, sound, strict=True) if not good}
        other = instead(self.menu, self.decision, names) if names else None
        return self if other is None else replace(self, decision=other)


def _sampled(scheme: Multilevel, number: int) -> Scheme:
    """The scheme of a level's samples; those of all corrections differ in their grids alone, and have one menu."""
    return scheme.on_level(min(number, 1))


def _controls(settings: Settings) -> Controls:
    """Those of the user, or what is found for levels."""
    return LEVELS if settings.controls == AUTO else settings.controls
