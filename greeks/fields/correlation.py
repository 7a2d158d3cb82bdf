"""Fields that hold a correlation matrix."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import MISSING
from typing import Any

from greeks.fields.constraint import declare
from greeks.fields.values import as_matrix
from greeks.fields.vectors import length_of_field


def correlation_matrix(
    default: object = MISSING, *, length_of: str = "", hint: str = "", optional: bool = False
) -> Any:
    """A symmetric positive-definite matrix with unit diagonal, one row for each entry of `length_of`."""

    def rule(value: object, owner: object) -> str | None:
        return _correlation(value, length_of_field(owner, length_of))

    return declare(rule, "matrix", default, hint, optional)


def _correlation(value: object, length: int) -> str | None:
    expected = f"a correlation matrix{f' of {length} rows' if length else ''}"
    try:
        rows = as_matrix(value)
    except TypeError:
        return f"{expected}, a square of finite numbers"
    n = len(rows)
    if not n or any(len(row) != n for row in rows) or (length and n != length):
        return f"{expected}, square (the rows have {', '.join(str(len(row)) for row in rows) or 'no'} entries)"
    return _bad_entry(rows, expected) or _indefinite(rows, expected)


def _bad_entry(rows: Sequence[Sequence[float]], expected: str) -> str | None:
    for i, row in enumerate(rows):
        for j, entry in enumerate(row):
            if not math.isfinite(entry):
                return f"{expected}, a square of finite numbers (entry [{i}][{j}] is {entry!r})"
            if abs(entry - rows[j][i]) > 1e-12:
                return f"{expected}, symmetric ([{i}][{j}] is {entry!r}, [{j}][{i}] is {rows[j][i]!r})"
        if abs(row[i] - 1.0) > 1e-12:
            return f"{expected} with unit diagonal (entry [{i}][{i}] is {row[i]!r})"
    return None


def _indefinite(rows: Sequence[Sequence[float]], expected: str) -> str | None:
    """By the pivots of a Cholesky factorisation."""
    if _has_cholesky(rows):
        return None
    return f"{expected}, positive definite (some mix of the assets has variance <= 0)"


def _has_cholesky(rows: Sequence[Sequence[float]]) -> bool:
    lower: list[list[float]] = []
    for i, row in enumerate(rows):
        factor: list[float] = []
        for j in range(i):
            partial = sum(a * b for a, b in zip(factor, lower[j], strict=False))
            factor.append((row[j] - partial) / lower[j][j])
        pivot = row[i] - sum(a * a for a in factor)
        if not pivot > 1e-14:  # rounding of the sums, of order 1e-16 for each of the entries, all at most 1
            return False
        lower.append([*factor, math.sqrt(pivot)])
    return True
