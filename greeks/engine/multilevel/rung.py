"""What is kept of a level: its samples, and what it takes to read numbers off them and to sample more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from greeks.engine.choosing.control import Array
from greeks.engine.choosing.decision import Decision
from greeks.engine.multilevel.statistics import Statistics
from greeks.engine.sampling.reading import Reading
from greeks.engine.sampling.tails import tails
from greeks.engine.sampling.tally import Rows, Tally
from greeks.samplers import Design


@dataclass(frozen=True, eq=False)
class Rung:
    """A level with its samples.

    chosen : for every number, in words, the samples that it is read off. steps : of the finer path. tallies : the
    samples of each stream.
    """

    decision: Decision
    chosen: tuple[tuple[str, ...], ...]
    readings: tuple[Reading, ...]
    steps: int
    design: Design
    tallies: Mapping[int, Tally] = field(default_factory=dict)

    @cached_property
    def statistics(self) -> Statistics:
        """Those of the samples."""
        return Statistics.of(self.readings, self._rows)

    @cached_property
    def samples(self) -> int:
        """How many there are."""
        return sum(tally.samples for tally in self.tallies.values())

    @property
    def paths(self) -> int:
        """Paths simulated; one on two grids counts once."""
        return self.samples * self.design.together

    @property
    def doubts(self) -> Array:
        """The relative errors of the standard errors of all numbers (numbers,)."""
        of_columns = tails(self._rows.merged(len(self._rows.counts)), self.design)
        return np.array([r.tails(of_columns).error_of_error for r in self.readings])

    @cached_property
    def _rows(self) -> Rows:
        """Moments of all streams, in the order of their numbers."""
        return Rows.joined([self.tallies[k].rows for k in sorted(self.tallies)])
