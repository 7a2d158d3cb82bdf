"""Fields that hold a number for each of several assets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import MISSING
from typing import Any

from greeks.fields.constraint import Rule, declare
from greeks.fields.values import finite, items_of, shown


def vector(default: object = MISSING, *, length_of: str = "", hint: str = "", optional: bool = False) -> Any:
    """Finite numbers, at least one; as many as the field named `length_of` has, when given."""
    return declare(_vector("", lambda v: True, length_of), "vector", default, hint, optional)


def positive_vector(default: object = MISSING, *, length_of: str = "", hint: str = "", optional: bool = False) -> Any:
    """Finite numbers > 0; lengths as in `vector`."""
    return declare(_vector("> 0", lambda v: v > 0.0, length_of), "vector", default, hint, optional)


def non_negative_vector(
    default: object = MISSING, *, length_of: str = "", hint: str = "", optional: bool = False
) -> Any:
    """Finite numbers >= 0; lengths as in `vector`."""
    return declare(_vector(">= 0", lambda v: v >= 0.0, length_of), "vector", default, hint, optional)


def length_of_field(owner: object, length_of: str) -> int:
    try:
        return len(list(items_of(getattr(owner, length_of)))) if length_of else 0
    except (TypeError, AttributeError):
        return 0  # that field has a complaint of its own


def _vector(condition: str, holds: Callable[[float], bool], length_of: str) -> Rule:
    kind = f"finite numbers {condition}".rstrip()

    def rule(value: object, owner: object) -> str | None:
        length = length_of_field(owner, length_of)
        expected = f"a sequence of {f'{length} ' if length else ''}{kind}" + (
            f", one for each of {length_of}" if length else ""
        )
        try:
            items = list(items_of(value))
        except TypeError:
            return expected
        if not items or (length and len(items) != length):
            return f"{expected} (it has {len(items)})"
        return _first_bad(items, expected, holds)

    return rule


def _first_bad(items: Sequence[object], expected: str, holds: Callable[[float], bool]) -> str | None:
    for i, item in enumerate(items):
        number = finite(item)
        if number is None or not holds(number):
            return f"{expected} (entry [{i}] is {shown(item)})"
    return None
