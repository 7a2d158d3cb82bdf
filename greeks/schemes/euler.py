"""Euler-Maruyama."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from greeks.expressions.node import Expr
from greeks.expressions.trace import Parameter
from greeks.models.base import Model
from greeks.schemes.base import SteppedScheme
from greeks.schemes.sde import SDE, trace_sde
from greeks.schemes.transition import Transition, assemble, increments


@dataclass(frozen=True)
class Euler(SteppedScheme):
    """y' = y + a dt + sum_j b_j sqrt(dt) z_j.

    States whose drift and diffusion are multiples of the state are stepped in their logarithm; nonnegative states by
    full truncation. Weak order one in the step.

    Parameters
    ----------
    steps : fine steps over the life of the contract; every observation date is a step's end besides.

    References
    ----------
    Kloeden and Platen (1992), section 10.2; Lord, Koekkoek and van Dijk (2010) for the truncation.
    """

    def transition(self, model: Model, parameters: Mapping[str, Parameter], observed: Collection[int]) -> Transition:
        sde = trace_sde(model, parameters)
        return assemble(sde, euler_steps(sde), observed)


def euler_steps(sde: SDE) -> list[Expr]:
    """The Euler step of every coordinate."""
    advances = []
    for i, c in enumerate(sde.coordinates):
        drift, shocks = increments(sde, i)
        step = c.y + drift
        for shock in shocks:
            step = step + shock
        advances.append(step)
    return advances
