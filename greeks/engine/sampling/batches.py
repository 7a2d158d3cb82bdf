"""How many paths a run takes at a time, so that what is independent, or balanced, stays so."""

from __future__ import annotations

from dataclasses import dataclass

from greeks.engine.choosing.control import PILOT
from greeks.errors import SchemaError
from greeks.samplers import Design


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
        """The next batch towards `needed` paths in all: families double, so that each stays balanced.

        Others end with a chunk, or with a block before the first chunk is whole.
        """
        if self.design.families > 1:
            return done if 2 * done <= limit else 0
        unit = self.design.together * (self.block if needed < self.chunk * self.design.together else self.chunk)
        return min(-(-needed // unit) * unit - done, limit - done - (limit - done) % self.design.together)

    def piece(self, share: int, missing: int) -> int:
        """About `share` of the `missing` paths, in whole chunks of every family; all, where little would be left."""
        unit = self.chunk * self.design.families * self.design.together
        size = max(share // unit, 1) * unit
        return missing if 2 * missing < 3 * size else size

    def chunk_at(self, path: int) -> int:
        """The number of the chunk that begins with this path of a run; runs of parts begin where a pilot may end."""
        unit = self.part(PILOT) if self.design.families == 1 else self.chunk * self.design.families
        if path % unit:
            raise SchemaError(
                f"first = {path}: expected a multiple of {unit:,}, so that parts of a run share no chunk of paths"
            )
        return path // (self.chunk * self.design.families * self.design.together)

    def path_of(self, chunk: int) -> int:
        """The path with which a chunk begins, as a run counts them."""
        return chunk * self.chunk * self.design.families * self.design.together

    def part(self, chunks: int) -> int:
        """Paths of about so many chunks, of each family as many."""
        d = self.design
        return max(1, chunks // d.families) * d.families * self.chunk * d.together

    def range(self, done: int, paths: int) -> dict[str, int]:
        """The paths after `done`, as kernels count them."""
        each = self.design.families * self.design.together
        return {"first": done // each, "paths": paths // each, "families": self.design.families}

    def apart(self, samples: int) -> dict[str, int]:
        """So many samples of a family that no run has: a pilot whose paths are not those of the run."""
        return {"first": self.design.families << 32, "paths": samples}

    def _up(self, paths: int) -> int:
        unit = self.chunk * self.design.together
        return -(-paths // unit) * unit
