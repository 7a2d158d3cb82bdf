"""A market from a file: one table of parameters for each underlying."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from greeks.errors import SchemaError
from greeks.fields import shown
from greeks.models import registry
from greeks.portfolio.construct import construct, parameters
from greeks.portfolio.suggest import suggestion


def load_market(path: str | Path, models: Mapping[str, type[Any]] | None = None) -> dict[str, Any]:
    """Read the models of a market from a TOML or JSON file, told apart by its suffix.

    Parameters
    ----------
    path : path
        A file with a table for each underlying::

            [DAX]
            model = "BlackScholes"
            spot = 4468.17
            rate = 0.0357
            volatility = 0.25
    models : mapping of str to type, optional
        Model classes of your own, by name, in addition to the built-in ones.

    Returns
    -------
    dict of str to model

    Raises
    ------
    SchemaError
        When the file cannot be read, or with a line for every fault in it.
    """
    known = {**registry(), **(models or {})}
    market: dict[str, Any] = {}
    faults: list[str] = []
    for name, table in _tables(Path(path)).items():
        model, complaints = _model(table, known)
        faults += [f"[{name}]: {line}" for line in complaints]
        market[name] = model
    if faults:
        raise SchemaError("\n".join(faults))
    return market


def _tables(path: Path) -> dict[str, Any]:
    readers = {".toml": tomllib.loads, ".json": json.loads}
    if path.suffix.lower() not in readers:
        raise SchemaError(f"market file {path}: expected the suffix .toml or .json")
    try:
        tables = readers[path.suffix.lower()](path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SchemaError(f"market file {path} cannot be read: {error.strerror}; check the path") from None
    except (ValueError, RecursionError) as error:
        raise SchemaError(f"market file {path} is not {path.suffix[1:].upper()}: {error}") from None
    if not isinstance(tables, dict):
        raise SchemaError(f"market file {path} holds a {type(tables).__name__}: expected a table for each underlying")
    return tables


def _model(table: object, known: Mapping[str, type[Any]]) -> tuple[Any, list[str]]:
    if not isinstance(table, dict):
        return None, [f'{shown(table)}: expected a table of parameters with model = "BlackScholes" or the like']
    name = table.get("model")
    if not isinstance(name, str) or name not in known:
        return None, [f"model = {shown(name)} is unknown: {suggestion(name or '', known)}"]
    names = parameters(known[name])
    strangers = [
        f"{key} = {shown(value)}: {name} has no such parameter; {suggestion(key, names)}"
        for key, value in table.items()
        if key not in names and key != "model"
    ]
    model, complaints = construct(known[name], {key: value for key, value in table.items() if key != "model"})
    return model, strangers + complaints
