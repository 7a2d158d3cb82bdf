"""Columns to sum within, and what a unit of each currency is worth: as users give them, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from greeks.errors import SchemaError
from greeks.fields import finite, shown


def columns_to_sum_by(by: str | Sequence[str]) -> tuple[str, ...]:
    """The names of the columns.

    Examples
    --------
    >>> columns_to_sum_by("underlying"), columns_to_sum_by(["underlying", "payoff"]), columns_to_sum_by(())
    (('underlying',), ('underlying', 'payoff'), ())
    """
    if isinstance(by, str):
        return (by,)
    try:
        return tuple(by)
    except TypeError:
        raise SchemaError(f"by = {shown(by)}: expected the name of a column, or a list of names") from None


def worth_of(currencies: Sequence[Any], rates: Mapping[str, float]) -> dict[Any, float]:
    """What one unit of each currency counts for in a sum.

    Raises
    ------
    SchemaError
        For a currency without a finite number > 0.
    """
    if not isinstance(rates, Mapping):
        raise SchemaError(f"rates = {shown(rates)}: expected a number for each currency, such as {{'EUR': 1.0}}")
    worth = {name: finite(rates.get(name)) for name in currencies}
    wrong = [
        f"rates[{name!r}] = {shown(rates.get(name))}" for name, value in worth.items() if not (value and value > 0.0)
    ]
    if wrong:
        raise SchemaError(f"{', '.join(wrong)}: expected a finite number > 0, what one unit is worth")
    return {name: value for name, value in worth.items() if value is not None}
