"""Parameters of a model or payoff, and copies of it whose parameters are symbols."""

from __future__ import annotations

import dataclasses
import numbers
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from greeks.errors import SchemaError
from greeks.expressions.node import Expr, const, symbol, wrap

Subject = TypeVar("Subject")
STRUCTURAL = frozenset({"dates"})  # fields that shape the time grid rather than enter a formula


class TraceError(SchemaError, TypeError):
    """A model's or payoff's own code failed on symbols."""


@dataclass(frozen=True)
class Parameter:
    """A numeric field: its symbol, and its value flattened to floats."""

    field: str
    symbol: Expr
    values: tuple[float, ...]
    rows: int = 0  # n of an n x n matrix, else 0

    @property
    def size(self) -> int:
        """Elements of a vector, 0 for a scalar."""
        return 0 if self.rows else self.symbol.size


def parameters(subject: Any, taken: Collection[str] = ()) -> dict[str, Parameter]:
    """The numeric fields of a dataclass instance, by name; a name in `taken` gets a longer symbol."""
    found = {}
    for f in dataclasses.fields(subject):
        value = getattr(subject, f.name)
        if f.name not in STRUCTURAL and not is_static(subject, f.name, value):
            found[f.name] = _parameter(f.name, f"payoff_{f.name}" if f.name in taken else f.name, value)
    return found


def is_static(subject: Any, name: str, value: object) -> bool:
    """Whether the value is part of the structure: words, flags, blanks, and zeros declared to switch a feature off."""
    if isinstance(value, (bool, str)) or value is None or type(value).__name__ == "bool_":
        return True
    if name in getattr(subject, "off_when_zero", ()) and value == 0:
        return True
    return not (isinstance(value, numbers.Real) or _is_sequence(value))


def _is_sequence(value: object) -> bool:
    return isinstance(value, Sequence) or hasattr(value, "shape")


def _parameter(field: str, name: str, value: Any) -> Parameter:
    if not _is_sequence(value) or getattr(value, "shape", None) == ():
        return Parameter(field, symbol(name), (float(value),))
    if len(value) and _is_sequence(value[0]) and getattr(value[0], "shape", None) != ():
        flat = tuple(float(entry) for row in value for entry in row)
        return Parameter(field, symbol(name, len(value) ** 2), flat, rows=len(value))
    return Parameter(field, symbol(name, len(value)), tuple(float(entry) for entry in value))


def traced(subject: Subject, replaced: Mapping[str, Expr], reads: set[str] | None = None) -> Subject:
    """A copy whose fields in `replaced` hold symbols (zeros that switch a feature off become constants).

    Structural fields that its methods read are noted in `reads`: their values are then part of the program.
    """
    copy: Subject = object.__new__(_watched(type(subject), reads) if reads is not None else type(subject))
    for f in dataclasses.fields(subject):  # type: ignore[arg-type]
        value = replaced.get(f.name, getattr(subject, f.name))
        if f.name in getattr(subject, "off_when_zero", ()) and not isinstance(value, Expr) and value == 0:
            value = const(0.0)
        object.__setattr__(copy, f.name, value)
    return copy


def _watched(kind: type[Subject], reads: set[str]) -> type[Subject]:
    def __getattribute__(self: Any, name: str) -> Any:  # noqa: N807
        if name in STRUCTURAL:
            reads.add(name)
        return object.__getattribute__(self, name)

    return type(kind.__name__, (kind,), {"__getattribute__": __getattribute__})


def structure(subject: Any) -> tuple[Any, ...]:
    """What of an instance is not a parameter: its class, static fields and shapes. Hashable."""
    return taken_apart_once(subject)[0]


def taken_apart_once(subject: Any) -> tuple[tuple[Any, ...], tuple[float, ...]]:
    """`taken_apart`, remembered: of a model that many contracts have in common."""
    try:
        return _remembered(subject)
    except TypeError:  # it holds an array, and cannot be looked up
        return taken_apart(subject)


def taken_apart(subject: Any) -> tuple[tuple[Any, ...], tuple[float, ...]]:
    """The structure of an instance, and the numbers of all its parameters in their order, flattened."""
    kind: Any = type(subject)
    parts: list[Any] = [kind]
    numbers: list[float] = []
    for name in _varied_fields(kind):
        value = getattr(subject, name)
        if isinstance(value, float) and value:  # most are
            numbers.append(float(value))
        elif is_static(subject, name, value):
            parts.append((name, value))
        else:
            values = _parameter(name, name, value).values
            numbers += values
            if _is_sequence(value) and getattr(value, "shape", None) != ():
                parts.append((name, "vector", len(value)))
    return tuple(parts), tuple(numbers)


_remembered = lru_cache(maxsize=1024)(taken_apart)


@lru_cache(maxsize=1024)
def _varied_fields(kind: Any) -> tuple[str, ...]:
    """The fields of a dataclass that may enter a formula."""
    return tuple(f.name for f in dataclasses.fields(kind) if f.name not in STRUCTURAL)


def called(subject: Any, method: str, *args: Any) -> Any:
    """What a user's method returns for symbols; what goes wrong in it is said with its name."""
    try:
        return getattr(subject, method)(*args)
    except (TypeError, ValueError, IndexError, KeyError, AttributeError) as e:
        hint = ""
        if "ufunc" in str(e):
            hint = (
                "; numpy functions cannot see through a traced value: use greeks.exp, greeks.maximum, greeks.where, ..."
            )
        kind = "" if isinstance(e, (TypeError, ValueError)) else f"{type(e).__name__} "  # else it says too little
        raise TraceError(f"{type(subject).__name__}.{method}: {kind}{e}{hint}") from e


def as_tuple(subject: Any, method: str, value: Any, meaning: str) -> tuple[Any, ...]:
    """`value` if it is a tuple or list, as a method that returns several values must give."""
    if not isinstance(value, (tuple, list)):
        raise TraceError(
            f"{type(subject).__name__}.{method} returned {value!r:.80}: expected a tuple of {meaning}; "
            "a single value needs its comma, (value,)"
        )
    return tuple(value)


def number(subject: Any, method: str, value: Any) -> Expr:
    """`value` as an expression."""
    try:
        return wrap(value)
    except TypeError as e:
        raise TraceError(f"{type(subject).__name__}.{method} returned {value!r:.80}: {e}") from None
