"""Fields that hold the dates on which a path is observed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import MISSING
from typing import Any

from greeks.fields.constraint import declare
from greeks.fields.values import as_float, finite, is_whole, items_of, shown

MOST = 2**20
"""More dates than this are a slip of the pen, and would be the end of the memory."""


def date_grid(default: object = MISSING, *, hint: str = "", optional: bool = False) -> Any:
    """A count n >= 1, or strictly increasing year fractions >= 0 up to `maturity`."""
    return declare(dates_rule, "dates", default, hint, optional)


def dates_rule(value: object, owner: object) -> str | None:
    expected = "a whole number >= 1 or strictly increasing year fractions >= 0"
    if is_whole(value):
        return _bad_count(as_float(value), expected)
    try:
        items = list(items_of(value))
    except TypeError:
        return expected
    return _bad_fractions(items, expected, finite(getattr(owner, "maturity", None)))


def _bad_count(count: float, expected: str) -> str | None:
    if count < 1.0:
        return expected
    return None if count <= MOST else f"at most {MOST:,} dates"


def _bad_fractions(items: Sequence[object], expected: str, maturity: float | None) -> str | None:
    if not items:
        return f"{expected} (it is empty)"
    previous = -math.ulp(0.0)  # today, 0, may be a date
    for i, item in enumerate(items):
        date = finite(item)
        if date is None or date <= previous:
            return f"{expected} (entry [{i}] is {shown(item)})"
        previous = date
    if maturity is not None and previous > maturity:
        return f"{expected}, the last not after the maturity {maturity:g} (it is {previous:g})"
    return None
