"""JSON schemas of a book and of a market, generated from the classes of payoffs and models.

For tools: editors, web forms, checks in other languages. What a schema cannot say, that dates increase or a lower level
is below the upper one, only `greeks validate` finds.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from greeks.fields import Constraint, constraint_of
from greeks.portfolio.rows.construct import parameters
from greeks.portfolio.rows.schema import OPTIONAL, REQUIRED

DRAFT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]
_BOUND = re.compile(
    r"(?P<sign>>=|>) (?P<low>-?[\d.]+)$|in (?P<open>[(\[])(?P<from>-?[\d.e+-]+), (?P<to>-?[\d.e+-]+)[)\]]$"
)
_DESCRIBED = re.compile(r"^ {4}(?P<names>\w+(?:, \w+)*) : (?P<text>.+(?:\n {8}.+)*)", re.MULTILINE)


def book_schema(payoffs: Mapping[str, type[Any]]) -> Schema:
    """The schema of a book as a list of records, one a trade.

    Parameters
    ----------
    payoffs : mapping of str to type
        The classes that a book may name.

    Examples
    --------
    >>> from greeks.payoffs import Call, DigitalCall
    >>> schema = book_schema({"Call": Call, "DigitalCall": DigitalCall})
    >>> schema["items"]["required"], schema["$defs"]["Call"]["properties"]["maturity"]["exclusiveMinimum"]
    (['id', 'underlying', 'payoff', 'quantity'], 0.0)
    """
    known = {name for kind in payoffs.values() for name in parameters(kind)}
    text = {"type": "string", "minLength": 1}
    columns: Schema = {
        "id": {"type": ["string", "integer"], "minLength": 1, "description": "a name of its own for every trade"},
        "underlying": {**text, "description": "the name of the trade's model in the market"},
        "payoff": {"enum": sorted(payoffs), "description": "the class of the contract"},
        "quantity": {"type": "number", "description": "1.0 for one contract, -1.0 for one sold"},
        "currency": {"type": ["string", "null"], "description": "of the trade's numbers"},
    }
    return {
        "$schema": DRAFT,
        "title": "A book of trades",
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "properties": {name: columns[name] for name in (*REQUIRED, *OPTIONAL)},
            "required": list(REQUIRED),
            "allOf": [_case("payoff", name) for name in payoffs],
        },
        "$defs": {name: _record(kind, known - set(parameters(kind))) for name, kind in payoffs.items()},
    }


def market_schema(models: Mapping[str, type[Any]]) -> Schema:
    """The schema of a market, a table for each underlying.

    Examples
    --------
    >>> from greeks.models import registry
    >>> market_schema(registry())["$defs"]["Heston"]["properties"]["rho"]["minimum"]
    -1.0
    """
    return {
        "$schema": DRAFT,
        "title": "A market: models by underlying",
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "properties": {"model": {"enum": sorted(models), "description": "the class of the model"}},
            "required": ["model"],
            "allOf": [_case("model", name) for name in models],
        },
        "$defs": {
            name: {**_record(kind, set()), "propertyNames": {"enum": ["model", *parameters(kind)]}}
            for name, kind in models.items()
        },
    }


def _case(column: str, name: str) -> Schema:
    return {"if": {"properties": {column: {"const": name}}}, "then": {"$ref": f"#/$defs/{name}"}}


def _record(kind: type[Any], foreign: set[str]) -> Schema:
    """The parameters of one class; those of other classes are blank."""
    told = _descriptions(kind)
    fields = parameters(kind)
    properties = {name: _field(item) | _described(told.get(name)) for name, item in fields.items()}
    properties |= {name: {"type": "null"} for name in sorted(foreign)}
    return {
        "description": (kind.__doc__ or kind.__name__).strip().split("\n\n")[0],
        "properties": properties,
        "required": [name for name, item in fields.items() if not _has_default(item)],
    }


def _field(item: dataclasses.Field[Any]) -> Schema:
    constraint = constraint_of(item)
    value = _value(constraint, str(constraint.rule(object(), None) or ""))
    if not _has_default(item):
        return value
    default = item.default if isinstance(item.default, (int, float, str, bool)) else None
    return {"anyOf": [value, {"type": "null"}]} | ({} if default is None else {"default": default})


def _value(constraint: Constraint, expected: str) -> Schema:
    """What a cell may hold, by its kind and by what its rule says it expects."""
    numbers = {"type": "number", **_bounds(expected)}
    dates = {"type": "array", "minItems": 1, "items": {"type": "number", "minimum": 0.0}}
    kinds: dict[str, Schema] = {
        "number": numbers,
        "whole": {**numbers, "type": "integer"},
        "flag": {"type": "boolean"},
        "word": {"enum": re.findall(r"'([^']*)'", expected)},
        "vector": {"type": "array", "minItems": 1, "items": numbers},
        "matrix": {"type": "array", "minItems": 1, "items": {"type": "array", "minItems": 1, "items": numbers}},
        "dates": {
            "anyOf": [
                {"type": "integer", "minimum": 1, "description": "so many equally spaced, the last at maturity"},
                {**dates, "description": "increasing year fractions"},
                *([{"const": "continuous"}] if constraint.optional else []),
            ]
        },
    }
    return kinds.get(constraint.kind, {})


def _bounds(expected: str) -> Schema:
    """The bounds in "a finite number > 0", "... >= 0" or "... in [-1, 1]"."""
    found = _BOUND.search(expected)
    if found is None:
        return {}
    if found["sign"]:
        return {"minimum" if found["sign"] == ">=" else "exclusiveMinimum": float(found["low"])}
    ends = ("minimum", "maximum") if found["open"] == "[" else ("exclusiveMinimum", "exclusiveMaximum")
    return dict(zip(ends, (float(found["from"]), float(found["to"])), strict=True))


def _has_default(item: dataclasses.Field[Any]) -> bool:
    return item.default is not dataclasses.MISSING or item.default_factory is not dataclasses.MISSING


def _descriptions(kind: type[Any]) -> dict[str, str]:
    """What the class's docstring says of its parameters."""
    return {
        name: " ".join(found["text"].split())
        for found in _DESCRIBED.finditer(kind.__doc__ or "")
        for name in found["names"].split(", ")
    }


def _described(text: str | None) -> Schema:
    return {"description": text} if text else {}
