"""What a path costs, by counting operations: the same on every machine and in every run, so choices repeat.

Weights are nanoseconds per path on one core with 512-bit vectors; only their ratios matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from greeks.engine.programs.stages import Stage, Stages, cut
from greeks.engine.terms.grid import GridShape, TimeGrid
from greeks.expressions.fold import Fold
from greeks.expressions.node import Expr, is_const, postorder

NORMAL, PLAIN = 1.6, 0.07
WEIGHTS: Mapping[str, float] = {
    "div": 0.15,
    "sqrt": 0.25,
    "exp": 0.65,
    "root": 7.0,
    "log": 0.75,
    "normal_cdf": 1.45,
    "normal_quantile": 2.1,
}


@dataclass(frozen=True)
class Cost:
    """Nanoseconds a fine step, a date that is observed or not, and once a path; `random` if paths differ at all."""

    fine: float
    seen: float
    unseen: float
    once: float
    random: bool

    def of(self, grid: TimeGrid) -> float:
        """Nanoseconds a path on a grid."""
        fine, seen, unseen = grid.counts
        return self.once + (seen * self.seen + unseen * self.unseen) + fine * self.fine


def cost(fold: Fold, shape: GridShape) -> Cost:
    """The cost of a fold's outputs, run alone on a grid of the given shape."""
    stages = cut(fold, shape)
    once = _work(stages, stages.settle.values())
    if stages.opening is not None:
        once += _work(stages, stages.opening.updates.values())
    if stages.single:
        once += NORMAL * sum(max(z.size, 1) for zs in fold.noise.values() for z in zs)
    random = any(stages.tidy.varies(e) for e in stages.settle.values())
    fine, seen, unseen = (_stage(stages, s) for s in (stages.fine, stages.seen, stages.unseen))
    return Cost(fine, seen, unseen, once, random)


def _stage(stages: Stages, stage: Stage | None) -> float:
    if stage is None:
        return 0.0
    return _work(stages, stage.updates.values()) + NORMAL * sum(max(z.size, 1) for z in stage.noise)


def _work(stages: Stages, roots: Iterable[Expr]) -> float:
    """Weights of all operations that differ from path to path, vectors element by element."""
    varying = [e for e in postorder(list(roots)) if e.args and not is_const(e) and stages.tidy.varies(e)]
    return sum(WEIGHTS.get(e.op, PLAIN) * max(e.size, *(a.size for a in e.args), 1) for e in varying)
