"""The scheme of a contract for which the user names none."""

from __future__ import annotations

import math
from typing import Any

from greeks.expressions.trace import parameters, structure, traced
from greeks.models.base import Model
from greeks.payoffs.base import Payoff, is_continuous
from greeks.schemes.base import Scheme
from greeks.schemes.euler import Euler
from greeks.schemes.exact import Exact, has_exact_step
from greeks.schemes.qe import QE, square_root_variance
from greeks.schemes.sde import trace_sde

QE_STEPS = 32  # a year
EULER_STEPS = 64  # a year
MOST_YEARS = 100.0  # whose steps are taken by default: a maturity in days must not run for hours
KEPT = 1024
Kind = type[Exact] | type[QE] | type[Euler]


_known: dict[Any, Kind] = {}  # by the structure of a model, and whether its path is watched all the time


def default_scheme(model: Model, payoff: Payoff) -> Scheme:
    """`Exact` where an exact step serves, `QE` for square-root variance, else `Euler`.

    Steps are as many for every year that the contract begins, so that their bias does not grow with its life. A path
    that is watched all the time needs steps between whose ends it is a Brownian bridge, which not all exact ones are.

    >>> import greeks as gk
    >>> heston = gk.Heston(spot=100.0, rate=0.03, variance=0.04, kappa=2.0, theta=0.04, xi=0.3, rho=-0.7)
    >>> default_scheme(heston, gk.Call(strike=100.0, maturity=2.5))
    QE(steps=96)
    """
    always = is_continuous(payoff)
    key = structure(model), not getattr(model, "xi", 1.0), always
    kind = _known.get(key)
    if kind is None:
        if len(_known) >= KEPT:
            _known.clear()
        kind = _known[key] = _chosen(model, always)
    life = min(float(payoff.maturity), MOST_YEARS)  # type: ignore[attr-defined]
    years = max(1, math.ceil(life - 1e-9))  # a year is a year, whatever a sum of months rounds to
    if kind is Exact:
        return Exact()
    return QE(QE_STEPS * years) if kind is QE else Euler(EULER_STEPS * years)


def _chosen(model: Model, watched_always: bool) -> Kind:
    known = parameters(model)
    symbolic = traced(model, {name: p.symbol for name, p in known.items()})
    if has_exact_step(symbolic, known, bridged=watched_always):
        return Exact
    if square_root_variance(trace_sde(symbolic, known, truncated=False)) is not None:
        return QE if getattr(model, "xi", 1.0) else Euler
    return Euler
