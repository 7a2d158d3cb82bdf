"""Milstein's scheme for commutative noise."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from greeks.errors import UnsupportedError
from greeks.expressions import node as n
from greeks.expressions.fold import DT
from greeks.expressions.node import ZERO, Expr, const
from greeks.expressions.tangent import partial
from greeks.expressions.trace import Parameter
from greeks.models.base import Model
from greeks.schemes.base import SteppedScheme
from greeks.schemes.euler import euler_steps
from greeks.schemes.sde import SDE, trace_sde
from greeks.schemes.transition import Transition, assemble


@dataclass(frozen=True)
class Milstein(SteppedScheme):
    """Euler's step plus sum_jk (1/2) L^j b_k (dW_j dW_k - [j = k] dt), L^j = sum_i b_ij d/dy_i.

    Strong order one where the noise is commutative (L^j b_k = L^k b_j), which is always so with one Brownian motion;
    refused elsewhere. A step that bends has no density of the form that likelihood ratios need.

    Parameters
    ----------
    steps : fine steps over the life of the contract.

    References
    ----------
    Kloeden and Platen (1992), section 10.3.
    """

    strong_order = 1.0

    def transition(self, model: Model, parameters: Mapping[str, Parameter], observed: Collection[int]) -> Transition:
        sde = trace_sde(model, parameters)
        steps = euler_steps(sde)
        for i in range(len(steps)):
            steps[i] = steps[i] + _correction(sde, i)
        return assemble(sde, steps, observed)


def _correction(sde: SDE, i: int) -> Expr:
    """Second-order Ito-Taylor terms of coordinate i."""
    total = ZERO
    count = len(sde.noises)
    for j in range(count):
        for k in range(j, count):
            bend = _along(sde, j, sde.coordinates[i].row[k])
            if k > j and _along(sde, k, sde.coordinates[i].row[j]) is not bend:
                raise UnsupportedError(
                    f"{type(sde.model).__name__}: Milstein needs commutative noise, and Brownian motions {j} and {k} "
                    f"do not commute in {sde.coordinates[i].name}; "
                    "use scheme=greeks.Euler(steps=...) or greeks.QE(steps=...)"
                )
            total = total + bend * _area(sde, j, k)
    return total


def _along(sde: SDE, j: int, b: Expr) -> Expr:
    slope = ZERO
    for c in sde.coordinates:
        slope = slope + c.row[j] * partial(b, c.y)
    return slope


def _area(sde: SDE, j: int, k: int) -> Expr:
    """(dW_j dW_k - [j = k] dt) times 1/2 on the diagonal, 1 off it (two equal terms)."""
    wj, wk = sde.noises[j].value, sde.noises[k].value
    if j == k:
        return const(0.5) * DT * (n.mul(wj, wj) - 1.0)
    return DT * wj * wk
