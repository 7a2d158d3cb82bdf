"""What moved between two states of a model, and the terms of Taylor's formula that it makes.

    V(p + m, t + h) - V(p, t)  ~  theta h + sum_i V_i m_i + 1/2 sum_i V_ii m_i^2 + sum_i<j V_ij m_i m_j,

first order in every parameter, second order in those that are the state of the model or its volatility.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from greeks.errors import SchemaError
from greeks.portfolio.rows.construct import parameters
from greeks.portfolio.scenarios.parameter import VEGA, field_of

_FIRST = {"spot": "delta", "volatility": "vega", "rate": "rho", "dividend": "dividend_rho"}
_SECOND = {("spot", "spot"): "gamma", ("spot", "volatility"): "vanna", ("volatility", "volatility"): "volga"}


@dataclass(frozen=True)
class Move:
    """One number of a model that changed by `size`: its field, the element of it, and the word for it, if any."""

    field: str
    index: tuple[int, ...]
    size: float
    word: str
    curved: bool
    """Whether second-order terms are taken in it."""

    @property
    def suffix(self) -> str:
        return f"[{','.join(map(str, self.index))}]" if self.index else ""


@dataclass(frozen=True)
class Term:
    """factor times a Greek: `name` is what it is called in a table, `greek` what it is for the engine."""

    name: str
    greek: str
    factor: float


def moves(before: Any, after: Any, underlying: str) -> list[Move]:
    """Every number that differs between two models of one class.

    Raises
    ------
    SchemaError
        If they are of different classes or sizes.
    """
    if type(before) is not type(after):
        raise SchemaError(
            f"{underlying!r} is a {type(before).__name__} before and a {type(after).__name__} after: expected one "
            "class of model, for a change of model has no Greeks"
        )
    words = {field: word for word in _FIRST if (field := field_of(before, word)) is not None}
    return [
        Move(field, index, size, words.get(field, ""), field in before.state or words.get(field) == VEGA)
        for field in parameters(type(before))
        for index, size in _differences(getattr(before, field), getattr(after, field), f"{underlying}.{field}")
    ]


def terms(moved: list[Move], elapsed: float) -> list[Term]:
    """The terms of Taylor's formula, those of the first order before those of the second."""
    first = [Term(_first(move), _first(move) + move.suffix, move.size) for move in moved]
    time = [Term("theta", "theta", elapsed)] if elapsed else []
    curved = [move for move in moved if move.curved]
    pairs = [(a, b) for i, a in enumerate(curved) for b in curved[i:]]
    return [*first, *time, *(_second(*_ordered(a, b)) for a, b in pairs)]


def _first(move: Move) -> str:
    return _FIRST.get(move.word, f"d_{move.field}")


def _second(a: Move, b: Move) -> Term:
    name = _SECOND.get((a.word, b.word)) or (f"d2_{a.field}" if a.field == b.field else f"d2_{a.field}_{b.field}")
    index = ",".join(str(i) for move in (a, b) for i in move.index)
    factor = 0.5 * a.size * a.size if a is b else a.size * b.size
    return Term(name, f"{name}[{index}]" if index else name, factor)


def _ordered(a: Move, b: Move) -> tuple[Move, Move]:
    """As the names of second derivatives have them: a spot before a volatility."""
    return (b, a) if (b.word, a.word) in _SECOND and a is not b and a.field != b.field else (a, b)


def _differences(before: Any, after: Any, name: str) -> Iterator[tuple[tuple[int, ...], float]]:
    try:
        old, new = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    except (TypeError, ValueError):
        return  # no number has no derivative; its effect stays unexplained
    if old.shape != new.shape:
        raise SchemaError(f"{name} has the shape {old.shape} before and {new.shape} after: expected the same")
    for index in zip(*np.nonzero(old - new), strict=True) if old.ndim else [()] * bool(old != new):
        at = tuple(int(i) for i in index)
        if len(at) < 2 or at[0] > at[1]:  # a correlation is one number, though it stands twice
            yield at, float(new[at] - old[at])
