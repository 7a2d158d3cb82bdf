"""Exact steps, where they are known."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from greeks.errors import UnsupportedError
from greeks.expressions import node as n
from greeks.expressions.algebra import free_of
from greeks.expressions.fold import DT, T
from greeks.expressions.node import Expr, substitute, symbols
from greeks.expressions.tangent import partial
from greeks.expressions.trace import Parameter, as_tuple, called, number
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


def has_exact_step(model: Model, parameters: Mapping[str, Parameter], bridged: bool = False) -> bool:
    """Whether `Exact` applies to a traced model; with `bridged`, whether a path is a Brownian bridge in its steps."""
    sde = trace_sde(model, parameters)
    return constant_coefficients(sde) or (not bridged and _given(model, sde) is not None)


def _given(model: Model, sde: SDE) -> tuple[SDE, list[Expr]] | None:
    """The model's own transition, in the logarithm of a state where that is linear in the noise."""
    states = tuple(n.symbol(f"x_{c.name}", c.y.size) for c in sde.coordinates)
    noises = tuple(w.value for w in sde.noises)
    stepped = called(model, "transition", T, DT, states, noises)
    if stepped is None:
        return None
    raw = [number(model, "transition", e) for e in as_tuple(model, "transition", stepped, "one value a state")]
    logs = [_log_step(e, noises) for e in raw]
    coordinates = [_coordinate(c, x, log) for c, x, log in zip(sde.coordinates, states, logs, strict=True)]
    back = {x: c.value for x, c in zip(states, coordinates, strict=True) if c.value is not x}
    advances = [substitute(e if log is None else log, back) for e, log in zip(raw, logs, strict=True)]
    return replace(sde, coordinates=tuple(coordinates)), advances


def _coordinate(c: Coordinate, x: Expr, log: Expr | None) -> Coordinate:
    start = c.start.args[0] if c.logarithmic else c.start
    if log is None:
        return replace(c, y=x, start=start, value=x, growth=None)
    y = n.symbol(f"log_{c.name}", x.size)
    return replace(c, y=y, start=n.unary("log", start), value=n.unary("exp", y), growth=n.ZERO)


def _log_step(e: Expr, noises: tuple[Expr, ...]) -> Expr | None:
    """log e where e is a product of powers and exponentials, and its logarithm linear in the noise but e is not."""
    bent = any(not free_of(partial(e, w), symbols(*noises)) for w in noises)
    log = _log_of(e, set(symbols(*noises))) if bent else None
    if log is None or any(not free_of(partial(log, w), symbols(*noises)) for w in noises):
        return None
    return log


def _log_of(e: Expr, noise: set[Expr]) -> Expr | None:
    if free_of(e, noise):
        return n.unary("log", e)
    if e.op == "exp":
        return e.args[0]
    if e.op in ("mul", "div"):
        a, b = (_log_of(part, noise) for part in e.args)
        return None if a is None or b is None else (a + b if e.op == "mul" else a - b)
    return None
