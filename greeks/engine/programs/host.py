"""Values that the host computes before a run: packed parameters, factors of correlations, bumps."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from greeks.engine.programs.shift import Drift, Plain, Until
from greeks.estimators.finite_difference import Bump
from greeks.expressions.constants import Constants
from greeks.expressions.fold import VALUATION
from greeks.expressions.node import Expr
from greeks.expressions.trace import Parameter
from greeks.samplers import DriftShift
from greeks.schemes.sde import HostMatrix

Array = npt.NDArray[np.float64]
SMALLEST_SCALE = 1e-2  # a bump is relative to the parameter, but never to less than this


def value_of(
    slot: Expr, parameters: Mapping[Expr, Parameter], shift: DriftShift | None = None
) -> tuple[float, ...] | Array:
    """The numbers that go into a slot of the packed parameters."""
    if slot in parameters:
        return parameters[slot].values
    if (constant := constant_of(slot)) is not None:
        return constant
    if isinstance(slot.payload, (Drift, Plain, Until)):
        assert shift is not None
        return slot.payload.value(shift)
    by_field = {p.field: p for p in reversed(list(parameters.values()))}
    if isinstance(slot.payload, Bump):
        field = slot.payload.parameter
        values = by_field[field].values if field in by_field else (1.0,)
        return (slot.payload.relative * max(SMALLEST_SCALE, *(abs(v) for v in values)),)
    assert isinstance(slot.payload, HostMatrix)
    p = by_field[slot.payload.field]
    return _remembered(slot.payload.kind, slot.payload.entry, tuple(p.values), p.rows)


@lru_cache(maxsize=1024)
def _remembered(kind: str, entry: tuple[int, int], values: tuple[float, ...], rows: int) -> tuple[float, ...]:
    """`host_matrix`, of correlations that contracts on the same assets share."""
    found: list[float] = host_matrix(kind, entry, np.reshape(values, (rows, rows))).tolist()
    return tuple(found)


def constant_of(slot: Expr) -> tuple[float, ...] | None:
    """The numbers that go into a slot whatever the contract, if there are such."""
    if slot is VALUATION:
        return (0.0,)
    return slot.payload.values if isinstance(slot.payload, Constants) else None


def host_matrix(kind: str, entry: tuple[int, int], correlation: Array) -> Array:
    """C, L, C^-1, or with dC = e_i e_j' + e_j e_i' the derivatives dL = L Phi(L^-1 dC L^-T), dC^-1, d log det C.

    Phi takes the lower triangle and halves the diagonal (Smith, 1995, "Differentiation of the Cholesky algorithm").
    """
    factor: Array = np.asarray(np.linalg.cholesky(correlation), dtype=np.float64)
    inverse: Array = np.asarray(np.linalg.inv(correlation), dtype=np.float64)
    change = np.zeros_like(correlation)
    change[entry] = change[entry[::-1]] = 1.0
    if kind == "correlation":
        return correlation.ravel()
    if kind == "cholesky":
        return factor.ravel()
    if kind == "inverse":
        return inverse.ravel()
    if kind == "d_inverse":
        return -np.asarray(inverse @ change @ inverse).ravel()
    if kind == "d_log_determinant":
        return np.array([np.trace(inverse @ change)])
    whitened = np.linalg.solve(factor, np.linalg.solve(factor, change).T)
    inner = np.tril(whitened)
    inner[np.diag_indices_from(inner)] *= 0.5
    return np.asarray(factor @ inner).ravel()
