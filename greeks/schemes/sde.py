"""A traced model in the coordinates in which it is stepped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from greeks.errors import SchemaError
from greeks.expressions import node as n
from greeks.expressions.algebra import quotient
from greeks.expressions.fold import T
from greeks.expressions.node import ZERO, Expr, const, substitute, symbol
from greeks.expressions.trace import Parameter, as_tuple, called, number
from greeks.models.base import Model


@dataclass(frozen=True)
class HostMatrix:
    """A matrix computed on the host from a correlation parameter; the payload of its symbol."""

    kind: str  # "correlation", "cholesky", "inverse"; derivatives "d_cholesky", "d_inverse", "d_log_determinant"
    field: str
    entry: tuple[int, int] = (0, 0)

    def __str__(self) -> str:
        return f"{self.kind}_{self.field}_{self.entry[0]}_{self.entry[1]}"

    def symbol(self, size: int) -> Expr:
        """Its n * n entries as one symbol."""
        return n.node("symbol", payload=self, size=size * size)


@dataclass(frozen=True)
class Noise:
    """A Brownian increment per sqrt(dt): independent normals `z`, the correlated `value`, and C^-1 value."""

    z: Expr
    value: Expr
    weight: Expr


def brownian(name: str, size: int, correlation: str) -> Noise:
    """Standard normals, one or `size` of them, correlated by the matrix parameter where there is one."""
    z = symbol(name, size)
    if not size or not correlation:
        return Noise(z, z, z)
    value = n.matvec(HostMatrix("cholesky", correlation).symbol(size), z)
    return Noise(z, value, n.matvec(HostMatrix("inverse", correlation).symbol(size), value))


@dataclass(frozen=True)
class Coordinate:
    """One state in the coordinate y in which it is stepped: dy = drift dt + sum_j row_j dW_j, state = value(y)."""

    name: str
    y: Expr
    start: Expr
    value: Expr
    drift: Expr
    row: tuple[Expr, ...]
    growth: Expr | None = None  # relative drift of the state, where y is its logarithm

    @property
    def logarithmic(self) -> bool:
        return self.growth is not None


@dataclass(frozen=True)
class SDE:
    """All coordinates and the noises of one step."""

    model: Model
    coordinates: tuple[Coordinate, ...]
    noises: tuple[Noise, ...]

    @property
    def ys(self) -> tuple[Expr, ...]:
        return tuple(c.y for c in self.coordinates)

    @property
    def visible(self) -> tuple[Expr, ...]:
        """The model's states, as the payoff sees them."""
        return tuple(c.value for c in self.coordinates)


def trace_sde(model: Model, parameters: Mapping[str, Parameter], truncated: bool = True) -> SDE:
    """The SDE of a traced model.

    A state whose drift and diffusion are proportional to it is stepped in its logarithm, which keeps it positive.
    A `nonnegative` state enters the coefficients as max(y, 0) where `truncated` (full truncation: Lord, Koekkoek and
    van Dijk, 2010), as it is otherwise.
    """
    states = tuple(symbol(f"x_{name}", parameters[name].size) for name in model.state)
    seen = tuple(
        n.extremum("max", x, ZERO) if truncated and name in model.nonnegative else x
        for name, x in zip(model.state, states, strict=True)
    )
    drift = _values(model, "drift", called(model, "drift", T, seen), "one value a state")
    given = as_tuple(model, "diffusion", called(model, "diffusion", T, seen), "rows, one a state")
    rows = tuple(_values(model, "diffusion", row, "entries, one a Brownian motion") for row in given)
    _check_shapes(model, drift, rows)
    logs = [
        _proportional(name, x, a, row, model) for name, x, a, row in zip(model.state, states, drift, rows, strict=True)
    ]
    back = {
        x: n.unary("exp", symbol(f"log_{name}", x.size))
        for name, x, log in zip(model.state, states, logs, strict=True)
        if log is not None
    }
    coordinates = []
    for i, (name, x, log) in enumerate(zip(model.state, states, logs, strict=True)):
        start = parameters[name].symbol
        a, row = (drift[i], rows[i]) if log is None else log[:2]
        a, row = substitute(a, back), tuple(substitute(b, back) for b in row)
        if log is None:
            value = n.extremum("max", x, ZERO) if name in model.nonnegative and truncated else x
            coordinates.append(Coordinate(name, x, start, value, a, row))
        else:
            y, growth = back[x].args[0], substitute(log[2], back)
            coordinates.append(Coordinate(name, y, n.unary("log", start), back[x], a, row, growth))
    size = max(x.size for x in states)
    count = len(rows[0])
    noises = tuple(brownian(f"z_{j}", size, model.correlation_of) for j in range(count))
    return SDE(model, tuple(coordinates), noises)


def _values(model: Model, method: str, value: object, meaning: str) -> tuple[Expr, ...]:
    return tuple(number(model, method, v) for v in as_tuple(model, method, value, meaning))


def _proportional(
    name: str, x: Expr, a: Expr, row: tuple[Expr, ...], model: Model
) -> tuple[Expr, tuple[Expr, ...], Expr] | None:
    """Drift and diffusion of log x (Ito) and relative drift of x, where both are multiples of x."""
    if name in model.nonnegative:
        return None
    over_x = [quotient(e, x) for e in (a, *row)]
    relative = [q for q in over_x if q is not None]
    if len(relative) < len(over_x) or all(n.is_const(q, 0.0) for q in relative):
        return None
    half_variance = ZERO
    for b in relative[1:]:
        half_variance = half_variance + const(0.5) * n.mul(b, b)
    return relative[0] - half_variance, tuple(relative[1:]), relative[0]


def _check_shapes(model: Model, drift: tuple[Expr, ...], rows: tuple[tuple[Expr, ...], ...]) -> None:
    name, d = type(model).__name__, len(model.state)
    if len(drift) != d:
        raise SchemaError(f"{name}.drift returned {len(drift)} values: expected {d}, one for each of {model.state}")
    if len(rows) != d or len({len(r) for r in rows}) != 1:
        raise SchemaError(
            f"{name}.diffusion returned rows of lengths {[len(r) for r in rows]}: expected {d} rows, one for each of "
            f"{model.state}, all as long as there are Brownian motions (write 0.0 where one does not enter)"
        )
