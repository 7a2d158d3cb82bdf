"""Values that the host computes before a run: packed parameters, factors of correlations, bumps, the table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from greeks.estimators.finite_difference import Bump
from greeks.expressions.fold import VALUATION
from greeks.expressions.node import Expr
from greeks.expressions.trace import Parameter
from greeks.schemes.sde import HostMatrix

Array = npt.NDArray[np.float64]
SMALLEST_SCALE = 1e-2  # a bump is relative to the parameter, but never to less than this


def value_of(slot: Expr, parameters: Mapping[Expr, Parameter]) -> tuple[float, ...] | Array:
    """The numbers that go into a slot of the packed parameters."""
    if slot in parameters:
        return parameters[slot].values
    if slot is VALUATION:
        return (0.0,)
    by_field = {p.field: p for p in reversed(list(parameters.values()))}
    if isinstance(slot.payload, Bump):
        field = slot.payload.parameter
        values = by_field[field].values if field in by_field else (1.0,)
        return (slot.payload.relative * max(SMALLEST_SCALE, *(abs(v) for v in values)),)
    assert isinstance(slot.payload, HostMatrix)
    p = by_field[slot.payload.field]
    return host_matrix(slot.payload.kind, slot.payload.entry, np.reshape(p.values, (p.rows, p.rows)))


def host_matrix(kind: str, entry: tuple[int, int], correlation: Array) -> Array:
    """L, C^-1, or with dC = e_i e_j' + e_j e_i' the derivatives dL = L Phi(L^-1 dC L^-T), dC^-1, d log det C.

    Phi takes the lower triangle and halves the diagonal (Smith, 1995, "Differentiation of the Cholesky algorithm").
    """
    factor: Array = np.asarray(np.linalg.cholesky(correlation), dtype=np.float64)
    inverse: Array = np.asarray(np.linalg.inv(correlation), dtype=np.float64)
    change = np.zeros_like(correlation)
    change[entry] = change[entry[::-1]] = 1.0
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


def _normal_pdf(x: float) -> float:
    return math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)


def _exprel(order: int, x: float) -> float:
    from greeks.kernels.exprel import exprel

    return float(exprel(order, x))


_NAMES: dict[str, Callable[..., Any]] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "power": np.power,
    "tanh": np.tanh,
    "sin": np.sin,
    "cos": np.cos,
    "absolute": abs,
    "maximum": max,
    "minimum": min,
    "fma": lambda a, b, c: a * b + c,
    "normal_cdf": lambda x: 0.5 * math.erfc(-x / math.sqrt(2.0)),
    "normal_pdf": _normal_pdf,
    "normal_quantile": NormalDist().inv_cdf,
    "exprel": _exprel,
    "zeros": np.zeros,
}


@lru_cache(maxsize=512)
def compiled_prepare(text: str) -> Callable[..., None]:
    """The function that fills the table, as Python on numpy scalars (which divide by zero without raising)."""
    space: dict[str, Any] = dict(_NAMES)
    exec(compile(text, "<prepare>", "exec"), space)
    function: Callable[..., None] = space["prepare"]
    return function
