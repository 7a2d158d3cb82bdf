"""Determinants and solutions of the small symbolic systems by which noise drives states."""

from __future__ import annotations

from collections.abc import Sequence

from greeks.errors import UnsupportedError
from greeks.expressions.node import ZERO, Expr, is_const

Matrix = Sequence[Sequence[Expr]]


def determinant(rows: Matrix) -> Expr:
    """Determinant by expansion: the matrices are as large as a model has scalar states."""
    if len(rows) == 1:
        return rows[0][0]
    total = ZERO
    for j, pivot in enumerate(rows[0]):
        if not is_const(pivot, 0.0):
            minor = [[*r[:j], *r[j + 1 :]] for r in rows[1:]]
            term = pivot * determinant(minor)
            total = total - term if j % 2 else total + term
    return total


def solve(rows: Matrix, right: Sequence[Expr]) -> list[Expr]:
    """Solution of rows @ x = right by elimination, pivoting on structure (symbolic entries have no size)."""
    if len(rows) == 1:
        return [right[0] / rows[0][0]]
    j = len(rows) - 1
    p = _pivot(rows, j)
    rest = [i for i in range(len(rows)) if i != p]
    factors = {i: rows[i][j] / rows[p][j] for i in rest}
    reduced = [[rows[i][k] - factors[i] * rows[p][k] for k in range(j)] for i in rest]
    x = solve(reduced, [right[i] - factors[i] * right[p] for i in rest])
    last = right[p]
    for k in range(j):
        last = last - rows[p][k] * x[k]
    return [*x, last / rows[p][j]]


def _pivot(rows: Matrix, j: int) -> int:
    """The row with the fewest nonzero entries among those that column j enters: triangular systems stay so."""
    candidates = [i for i, r in enumerate(rows) if not is_const(r[j], 0.0)]
    if not candidates:
        raise UnsupportedError("the step's dependence on its noise is singular: it has no density")
    return min(candidates, key=lambda i: sum(not is_const(e, 0.0) for e in rows[i]))
