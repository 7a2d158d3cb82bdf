"""How many paths a run takes at a time, so that what is independent, or balanced, stays so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from greeks.errors import SchemaError
from greeks.samplers import Design

if TYPE_CHECKING:
    from greeks.kernels.moments import Chunks, Moments


@dataclass(frozen=True)
class Batches:
    """Sizes of batches, in paths: whole pairs, and powers of two of points for each family.

    chunk : samples in a row of moments; block : paths simulated side by side.
    """

    design: Design
    chunk: int
    block: int

    def first(self, paths: int, more: bool) -> int:
        """The first batch of at most so many paths; where `more` may follow, it ends with a chunk or block."""
        d = self.design
        if d.families > 1:
            if paths < d.families:
                raise SchemaError(
                    f"paths = {paths}: expected at least {d.families}, a point for each of the sampler's "
                    f"{d.families} scrambles; take more paths, or fewer scrambles"
                )
            points = 1 << ((paths // d.families).bit_length() - 1)
            return d.families * (max(points, self.block) if more else points)
        if paths < 2 * d.together:
            raise SchemaError(f"paths = {paths}: expected at least {2 * d.together}, two samples of {d.together} paths")
        return self._up(paths) if more else paths - paths % d.together

    def following(self, done: int, needed: int, limit: int) -> int:
        """The next batch towards `needed` paths in all: families double, so that each stays balanced."""
        if self.design.families > 1:
            return done if 2 * done <= limit else 0
        return min(self._up(needed - done), limit - done - (limit - done) % self.design.together)

    def part(self, chunks: int) -> int:
        """Paths of about so many chunks, of each family as many."""
        d = self.design
        return max(1, chunks // d.families) * d.families * self.chunk * d.together

    def range(self, done: int, paths: int) -> dict[str, int]:
        """The paths after `done`, as kernels count them."""
        each = self.design.families * self.design.together
        return {"first": done // each, "paths": paths // each, "families": self.design.families}

    def apart(self, chunks: int) -> dict[str, int]:
        """So many chunks of a family that no run has: a pilot whose paths are not those of the run."""
        return {"first": self.design.families << 32, "paths": chunks * self.chunk}

    def _up(self, paths: int) -> int:
        unit = self.chunk * self.design.together
        return -(-paths // unit) * unit


def independent(chunks: Chunks, design: Design) -> Moments:
    """The moments of independent samples: of paths or pairs, or of the means of families, whose rows take turns."""
    from greeks.kernels.moments import Moments, combine

    if design.families == 1:
        return combine(chunks)
    of_each = (chunks.family(k, design.families) for k in range(design.families))
    return Moments.of(np.stack([combine(c).mean for c in of_each]))
