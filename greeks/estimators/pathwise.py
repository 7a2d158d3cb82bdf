"""Differentiation through the path (infinitesimal perturbation analysis)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from greeks.errors import UnsupportedError
from greeks.estimators.base import Estimator
from greeks.estimators.direction import Direction
from greeks.estimators.moving import roughness, tangent_carries, tangent_symbol
from greeks.expressions.fold import Fold
from greeks.expressions.node import Expr
from greeks.expressions.regularity import Regularity
from greeks.expressions.tangent import Tangent


@dataclass(frozen=True)
class Pathwise(Estimator):
    """dE[f(X)]/dtheta = E[f'(X) dX/dtheta], the noise held fixed.

    Valid where every map that moves is Lipschitz: kinks are harmless, jumps are not, and are refused.

    References
    ----------
    Broadie and Glasserman (1996), "Estimating security price derivatives using simulation"; Glasserman (2003),
    section 7.2.
    """

    name = "pathwise"

    def apply(self, fold: Fold, directions: tuple[Direction, ...]) -> Fold:
        for direction in directions:
            fold = pathwise(fold, direction)
        return fold


def pathwise(fold: Fold, d: Direction) -> Fold:
    """`fold` with every carry's tangent riding along and every output replaced by its derivative."""
    size = next(iter(d.seeds)).size
    names = {c.symbol: tangent_symbol(c, "|", d.label, d.vector, size) for c in fold.carries}

    def seeds(stage: str, moving: Mapping[Expr, Expr]) -> Mapping[Expr, Expr]:
        return {**d.seeds, **moving}

    tangents = tangent_carries(fold, names, seeds, d.vector)
    moved = {c: j for c, j in names.items() if any(k.symbol is j for k in tangents)}
    derive = Tangent({**d.seeds, **moved}, d.vector)
    result = replace(
        fold,
        carries=(*fold.carries, *tangents),
        outputs={k: derive(e) for k, e in fold.outputs.items()},
    )
    moving = dict.fromkeys([*moved, *d.seeds], Regularity.SMOOTH)
    level, jumps = roughness(fold, lambda place: moving)
    if level > Regularity.LIPSCHITZ:
        raise UnsupportedError(f"pathwise in {d.label} would silently miss the jump at {jumps[0]}")
    return result
