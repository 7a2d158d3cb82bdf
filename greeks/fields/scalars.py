"""Fields that hold one number, one word or one flag."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING
from typing import Any

from greeks.fields.constraint import Rule, declare
from greeks.fields.values import as_bool, as_float, finite, is_whole


def positive(default: object = MISSING, *, hint: str = "", optional: bool = False) -> Any:
    """A finite number > 0."""
    return declare(number_rule("> 0", lambda v: v > 0.0), "number", default, hint, optional)


def non_negative(default: object = MISSING, *, hint: str = "", optional: bool = False) -> Any:
    """A finite number >= 0."""
    return declare(number_rule(">= 0", lambda v: v >= 0.0), "number", default, hint, optional)


def real(default: object = MISSING, *, hint: str = "", optional: bool = False) -> Any:
    """Any finite number."""
    return declare(number_rule("", lambda v: True), "number", default, hint, optional)


def between(
    low: float,
    high: float,
    default: object = MISSING,
    *,
    hint: str = "",
    optional: bool = False,
    open_ends: bool = False,
) -> Any:
    """A finite number in [low, high]; with `open_ends`, strictly inside."""
    if open_ends:
        rule = number_rule(f"in ({low:g}, {high:g})", lambda v: low < v < high)
    else:
        rule = number_rule(f"in [{low:g}, {high:g}]", lambda v: low <= v <= high)
    return declare(rule, "number", default, hint, optional)


def whole(minimum: int = 0, default: object = MISSING, *, hint: str = "", optional: bool = False) -> Any:
    """A whole number >= minimum."""

    def rule(value: object, owner: object) -> str | None:
        is_good = is_whole(value) and as_float(value) >= minimum
        return None if is_good else f"a whole number >= {minimum}"

    return declare(rule, "whole", default, hint, optional)


def choice(*words: str, default: object = MISSING, hint: str = "", optional: bool = False) -> Any:
    """One of a few words."""
    expected = "one of " + ", ".join(repr(word) for word in words)

    def rule(value: object, owner: object) -> str | None:
        return None if isinstance(value, str) and value in words else expected

    return declare(rule, "word", default, hint, optional)


def flag(default: object = MISSING, *, hint: str = "", optional: bool = False) -> Any:
    """True or False."""

    def rule(value: object, owner: object) -> str | None:
        try:
            as_bool(value)
        except TypeError:
            return "True or False"
        return None

    return declare(rule, "flag", default, hint, optional)


def number_rule(condition: str, holds: Callable[[float], bool]) -> Rule:
    expected = f"a finite number {condition}".rstrip()

    def rule(value: object, owner: object) -> str | None:
        number = finite(value)
        return None if number is not None and holds(number) else expected

    return rule
