"""Bump and revalue on the same noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from greeks.errors import SchemaError
from greeks.estimators.base import Estimator
from greeks.estimators.direction import Direction
from greeks.expressions.fold import MAPS, Carry, Fold, depending
from greeks.expressions.node import Expr, node, substitute, symbol
from greeks.expressions.tangent import DenseJacobianError


@dataclass(frozen=True)
class Bump:
    """The size of a bump, `relative` to the parameter's value; the payload of its symbol, filled in by the host."""

    parameter: str
    relative: float

    def __str__(self) -> str:
        return f"bump_{self.parameter}"


@dataclass(frozen=True)
class FiniteDifference(Estimator):
    """(V(theta + h) - V(theta - h)) / 2h with common random numbers, h = relative * max(|theta|, 1e-2).

    Always available, biased by O(h^2), and noisy across jumps (variance of order 1/h). Only by request.

    Parameters
    ----------
    relative : the bump as a fraction of the parameter.

    References
    ----------
    Glasserman (2003), section 7.1.
    """

    relative: float = 1e-2
    name = "finite difference"

    def __post_init__(self) -> None:
        if not isinstance(self.relative, (int, float)) or not 0.0 < self.relative < 1.0:
            raise SchemaError(
                f"FiniteDifference.relative = {self.relative!r}: expected a number in (0, 1); "
                "give the bump as a fraction of the parameter, 0.01 for 1 %"
            )

    def apply(self, fold: Fold, directions: tuple[Direction, ...]) -> Fold:
        if any(d.vector for d in directions):
            raise DenseJacobianError("a bump moves one element of a vector at a time")
        for place, d in enumerate(directions):
            h = node("symbol", payload=Bump(d.parameter, self.relative), size=0)
            up, down = _bumped(fold, d, h, f"^{place}"), _bumped(fold, d, -h, f"_{place}")
            outputs = {k: (up.outputs[k] - down.outputs[k]) / (2.0 * h) for k in fold.outputs}
            carries = {c.symbol: c for f in (fold, up, down) for c in f.carries}
            fold = replace(fold, carries=tuple(carries.values()), outputs=outputs)
        return fold


def _bumped(fold: Fold, d: Direction, h: Expr, mark: str) -> Fold:
    """The same fold at moved parameters; carries that do not notice are shared."""
    shift: dict[Expr, Expr] = {s: s + h * speed for s, speed in d.seeds.items()}
    touched = depending(fold, d.seeds)
    names = {c: symbol(f"{c}{mark}{d.label}", c.size) for c in touched}
    replaced: Mapping[Expr, Expr] = {**shift, **names}
    carries = tuple(
        Carry(names[c.symbol], substitute(c.start, replaced), *(substitute(c.map(m), replaced) for m in MAPS))
        if c.symbol in names
        else c
        for c in fold.carries
    )
    return replace(fold, carries=carries, outputs={k: substitute(e, replaced) for k, e in fold.outputs.items()})
