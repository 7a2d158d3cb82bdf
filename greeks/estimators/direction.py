"""What a derivative moves: one number, or every element of a vector at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from greeks.expressions.fold import DT, DT_SHIFT, T_SHIFT, VALUATION, T
from greeks.expressions.node import ONE, Expr, node, onehot
from greeks.expressions.trace import Parameter
from greeks.schemes.sde import HostMatrix


@dataclass(frozen=True)
class Direction:
    """A parameter, or an element of one, that a derivative moves.

    `seeds` are the symbols that move with it and how fast. In a `vector` direction all elements of a parameter move,
    each by itself, and the derivative is the vector of them.
    """

    label: str
    parameter: str  # the field's name; "valuation" for calendar time
    seeds: Mapping[Expr, Expr]
    vector: bool = False
    noise_score: tuple[Expr, Expr] | None = None  # (dC^-1, d log det C), for an entry of a correlation C

    def __hash__(self) -> int:
        return hash(self.label)


def of_valuation() -> Direction:
    """Calendar time now, with all contract dates fixed: the first interval shrinks."""
    return Direction("valuation", "valuation", {VALUATION: ONE, T: T_SHIFT, DT: DT_SHIFT})


def of_parameter(p: Parameter) -> Direction:
    """A scalar parameter, or all elements of a vector one."""
    return Direction(str(p.symbol), p.field, {p.symbol: ONE}, vector=p.size > 0)


def of_element(p: Parameter, k: int) -> Direction:
    """Element k of a vector parameter, alone."""
    return Direction(f"{p.symbol}[{k}]", p.field, {p.symbol: onehot(k, p.size)})


def of_correlation(p: Parameter, i: int, j: int) -> Direction:
    """Entries (i, j) and (j, i) of a correlation matrix together."""
    entry = (max(i, j), min(i, j))

    def matrix(kind: str, at: tuple[int, int] = (0, 0)) -> Expr:
        return HostMatrix(kind, p.field, at).symbol(p.rows)

    d_inverse = matrix("d_inverse", entry)
    d_log_determinant = node("symbol", payload=HostMatrix("d_log_determinant", p.field, entry), size=0)
    seeds = {matrix("cholesky"): matrix("d_cholesky", entry), matrix("inverse"): d_inverse, p.symbol: ONE}
    return Direction(f"{p.symbol}[{i},{j}]", p.field, seeds, noise_score=(d_inverse, d_log_determinant))
