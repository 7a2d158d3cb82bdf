"""Every complaint about an object in one error."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Hashable
from functools import cache
from typing import Any, cast

from greeks.errors import SchemaError
from greeks.fields.constraint import KEY, Constraint
from greeks.fields.dates import dates_rule
from greeks.fields.scalars import number_rule
from greeks.fields.values import as_float


def problems(obj: object) -> list[str]:
    """Every violated constraint of a dataclass instance, one line each, in field order.

    A field declared without a constraint need only hold finite numbers where it holds numbers; `maturity` and
    `dates` are asked more, since the engine itself reads them.
    """
    found = []
    for name, constraint in _constraints(cast(Hashable, type(obj))):
        complaint = constraint.complaint(name, getattr(obj, name, None), obj)
        if complaint is not None:
            found.append(complaint)
    return found


def check(obj: object) -> None:
    """Raise one `SchemaError` that lists every problem of `obj`; a sound object passes in silence.

    >>> from dataclasses import dataclass
    >>> from greeks.fields import non_negative, positive
    >>> @dataclass(frozen=True)
    ... class Flat:
    ...     spot: float = positive()
    ...     volatility: float = non_negative()
    >>> check(Flat(100.0, -0.2))
    Traceback (most recent call last):
    greeks.errors.SchemaError: Flat.volatility = -0.2: expected a finite number >= 0; \
give the volatility per square root of a year, 0.2 for 20 %
    """
    found = problems(obj)
    if found:
        raise SchemaError("\n".join(found))


def constraint_of(field: dataclasses.Field[Any]) -> Constraint:
    """The constraint declared on a dataclass field, or the lenient one that a plain field gets."""
    constraint: Constraint = field.metadata.get(KEY) or _PLAIN.get(field.name, _UNDECLARED)
    return constraint


@cache
def _constraints(kind: Hashable) -> tuple[tuple[str, Constraint], ...]:
    return tuple((item.name, constraint_of(item)) for item in dataclasses.fields(cast(Any, kind)))


def _undeclared(value: object, owner: object) -> str | None:
    if isinstance(value, complex):
        return "a finite real number"
    if isinstance(value, (tuple, list)):
        return next(filter(None, (_undeclared(item, owner) for item in value)), None)
    try:
        return None if math.isfinite(as_float(value)) else "a finite number"
    except TypeError:
        return None


_UNDECLARED = Constraint(_undeclared)
_PLAIN = {
    "maturity": Constraint(number_rule("> 0", lambda v: v > 0.0), "number"),
    "dates": Constraint(dates_rule, "dates", optional=True),
}
