"""Exact steps, where they are known."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from greeks.errors import UnsupportedError
from greeks.expressions import node as n
from greeks.expressions.algebra import free_of, quotient
from greeks.expressions.fold import DT, T
from greeks.expressions.node import substitute, wrap
from greeks.expressions.trace import Parameter
from greeks.models.base import Model
from greeks.schemes.base import Scheme
from greeks.schemes.euler import euler_steps
from greeks.schemes.sde import SDE, Coordinate, trace_sde
from greeks.schemes.transition import Transition, assemble


@dataclass(frozen=True)
class Exact(Scheme):
    """X(t + dt) drawn from its law given X(t): one step from date to date, no time-step bias.

    Known for every model whose `transition` gives it, and found by itself for constant-coefficient dynamics of the
    state or of its logarithm (arithmetic and geometric Brownian motion), built in or the user's own.
    """

    def transition(self, model: Model, parameters: Mapping[str, Parameter], observed: Collection[int]) -> Transition:
        sde = trace_sde(model, parameters)
        if constant_coefficients(sde):
            return assemble(sde, euler_steps(sde), observed)
        given = _given(model, sde)
        if given is None:
            raise UnsupportedError(
                f"{type(model).__name__} has no exact step: its coefficients depend on the state or on time; use "
                "scheme=greeks.Euler(steps=64), or give the model a `transition` method"
            )
        return assemble(*given, observed)


def constant_coefficients(sde: SDE) -> bool:
    """Whether drift and diffusion of every coordinate are free of states and of time."""
    moving = {T, *sde.ys}
    return all(free_of(e, moving) for c in sde.coordinates for e in (c.drift, *c.row))


def has_exact_step(model: Model, parameters: Mapping[str, Parameter]) -> bool:
    """Whether `Exact` applies to a traced model."""
    sde = trace_sde(model, parameters)
    return constant_coefficients(sde) or _given(model, sde) is not None


def _given(model: Model, sde: SDE) -> tuple[SDE, list[n.Expr]] | None:
    """The model's own transition, in logarithms where a state's step is a multiple of it."""
    states = tuple(n.symbol(f"x_{c.name}", c.y.size) for c in sde.coordinates)
    stepped = model.transition(T, DT, states, tuple(w.value for w in sde.noises))
    if stepped is None:
        return None
    raw = [wrap(e) for e in stepped]
    coordinates, advances = [], []
    factors = [quotient(e, x) for e, x in zip(raw, states, strict=True)]
    in_log = [q is not None and q.op == "exp" and free_of(q, states) for q in factors]
    for c, x, e, q, log in zip(sde.coordinates, states, raw, factors, in_log, strict=True):
        start = c.start.args[0] if c.logarithmic else c.start
        y = n.symbol(f"log_{c.name}", x.size) if log else x
        coordinates.append(_coordinate(c, y, start, log))
        advances.append(y + n.unary("log", q) if log and q is not None else e)
    back = {x: c.value for x, c in zip(states, coordinates, strict=True)}
    advances = [substitute(e, {k: v for k, v in back.items() if v is not k}) for e in advances]
    return replace(sde, coordinates=tuple(coordinates)), advances


def _coordinate(c: Coordinate, y: n.Expr, start: n.Expr, log: bool) -> Coordinate:
    if log:
        return replace(c, y=y, start=n.unary("log", start), value=n.unary("exp", y), growth=n.ZERO)
    return replace(c, y=y, start=start, value=y, growth=None)
