"""The scheme of a model for which the user names none."""

from __future__ import annotations

from typing import Any

from greeks.expressions.trace import parameters, structure, traced
from greeks.models.base import Model
from greeks.schemes.base import Scheme
from greeks.schemes.euler import Euler
from greeks.schemes.exact import Exact, has_exact_step
from greeks.schemes.qe import QE, square_root_variance
from greeks.schemes.sde import trace_sde

QE_STEPS = 32
EULER_STEPS = 64
KEPT = 1024


_known: dict[Any, Scheme] = {}  # by the structure of a model


def default_scheme(model: Model) -> Scheme:
    """`Exact` where an exact step is known, `QE` for square-root variance, else `Euler`."""
    key = structure(model), not getattr(model, "xi", 1.0)
    if key not in _known:
        if len(_known) >= KEPT:
            _known.clear()
        _known[key] = _chosen(model)
    return _known[key]


def _chosen(model: Model) -> Scheme:
    known = parameters(model)
    symbolic = traced(model, {name: p.symbol for name, p in known.items()})
    if has_exact_step(symbolic, known):
        return Exact()
    if square_root_variance(trace_sde(symbolic, known, truncated=False)) is not None:
        return QE(QE_STEPS) if getattr(model, "xi", 1.0) else Euler(EULER_STEPS)
    return Euler(EULER_STEPS)
