"""What a run has sampled: enough to read its numbers, to go on, and to be put together with other runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from greeks.engine.sampling.tally import Array, Rows, Tally
from greeks.samplers import Design


@dataclass(frozen=True, eq=False)
class Strand:
    """The samples of one stream of draws.

    first : number of its first chunk. mixing : how controls are taken off the outputs; None as long as the pilot that
    says so is not whole.
    """

    first: int = 0
    tally: Tally = field(default_factory=Tally, repr=False)
    mixing: Array | None = field(default=None, repr=False)

    @property
    def end(self) -> int:
        """The number of the chunk after its last."""
        spans = self.tally.spans
        return int(spans[-1, 1]) if len(spans) else self.first

    def settled(self) -> Strand:
        """What of it stays when more is sampled: whole chunks, and no chunk that chose its own controls."""
        if self.mixing is None:
            return Strand(self.first)
        return replace(self, tally=self.tally.whole())


@dataclass(frozen=True, eq=False)
class Samples:
    """The samples of one request: a strand for each stream, and why sampling ended before its goal, if it did."""

    strands: Mapping[int, Strand]
    design: Design
    stopped: str = ""

    @property
    def paths(self) -> int:
        """Paths simulated."""
        return sum(s.tally.samples for s in self.strands.values()) * self.design.families * self.design.together

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """Those of all strands, in the order of their streams, whichever came first."""
        return tuple(self.strands[k].tally for k in sorted(self.strands) if self.strands[k].tally.levels)

    def batch_means(self) -> Array:
        """(m, B): means of the m numbers over the samples of each batch, or of each family of points."""
        from greeks.kernels.reduction import BATCHES

        rows = Rows.joined([t.rows for t in self.tallies])
        if self.design.families > 1:
            return np.asarray((rows.counts[:, None, None] * rows.means).sum(axis=0).T / rows.counts.sum())
        sizes = np.maximum((rows.counts[:, None] - np.arange(BATCHES) + BATCHES - 1) // BATCHES, 0)
        sums = np.where(sizes[:, None, :] > 0, rows.batches, 0.0) * sizes[:, None, :]
        with np.errstate(invalid="ignore"):
            return np.asarray(sums.sum(axis=0) / sizes.sum(axis=0))
