"""One rule of one field, and how a dataclass field carries it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, dataclass
from typing import Any

from greeks.fields.hints import HINTS
from greeks.fields.values import shown

Rule = Callable[[object, object], str | None]
"""(value, owner) -> what was expected instead, or None when the value will do."""

KEY = "greeks.constraint"


@dataclass(frozen=True)
class Constraint:
    """One rule of one field, with the remedy to print when the value breaks it.

    `kind` tells readers of text, such as a book's cells, what to make of it: "number", "whole", "word",
    "flag", "dates", "vector", "matrix", or "" for whatever it looks like.
    """

    rule: Rule
    kind: str = ""
    hint: str = ""
    optional: bool = False

    def complaint(self, name: str, value: object, owner: object) -> str | None:
        """`Owner.name = value: expected this; do that`, or None."""
        if value is None and self.optional:
            return None
        expected = self.rule(value, owner)
        if expected is None:
            return None
        alternative = " or None" if self.optional else ""
        remedy = self.hint or HINTS.get(name, "")
        return f"{type(owner).__name__}.{name} = {shown(value)}: expected {expected}{alternative}" + (
            f"; {remedy}" if remedy else ""
        )


def declare(rule: Rule, kind: str, default: object, hint: str, optional: bool) -> Any:
    metadata = {KEY: Constraint(rule, kind, hint, optional or default is None)}
    if default is MISSING:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)
