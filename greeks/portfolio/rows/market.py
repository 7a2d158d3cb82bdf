"""A market from a file or a DataFrame: one table of parameters for each underlying."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from greeks.errors import SchemaError
from greeks.fields import shown
from greeks.models import registry
from greeks.portfolio.rows.cells import as_name, is_blank
from greeks.portfolio.rows.construct import construct, parameters
from greeks.portfolio.rows.suggest import suggestion


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
    return _built(_tables(Path(path)), models)


def read_market(market: object, models: Mapping[str, type[Any]] | None = None) -> Mapping[str, Any]:
    """The models of a market by underlying, in whatever form it comes.

    Parameters
    ----------
    market : mapping of str to model, DataFrame, or path
        A DataFrame has one row an underlying: its name in the column `underlying` or the index, the class in
        `model`, the parameters by name, blank where a model has none. A path is that of a TOML or JSON file.
    models : mapping of str to type, optional
        Model classes of your own, by name.

    Examples
    --------
    >>> frame = pd.DataFrame({"model": ["BlackScholes"], "spot": 100.0, "rate": 0.05, "volatility": 0.2}, index=["DAX"])
    >>> read_market(frame)["DAX"]
    BlackScholes(spot=100.0, rate=0.05, volatility=0.2, dividend=0.0)
    """
    if isinstance(market, (str, Path)):
        return load_market(market, models)
    if isinstance(market, pd.DataFrame):
        return _built(_rows(market), models)
    if not isinstance(market, Mapping):
        raise SchemaError(
            f"market is a {type(market).__name__}: expected a dict such as {{'DAX': BlackScholes(...)}}, a DataFrame "
            "with a row for each underlying, or the path of a TOML or JSON file"
        )
    return _named(market)


def _named(market: Mapping[Any, Any]) -> dict[str, Any]:
    """By names as a book's cells are read: 7 and "7" are the same underlying."""
    named: dict[str, Any] = {}
    for key, model in market.items():
        name = as_name(key)
        if not name or name in named:
            fault = "comes twice" if name else "is blank"
            raise SchemaError(f"market: the name {key!r} {fault}; expected one of its own for every model")
        named[name] = model
    return named


def _built(tables: Mapping[str, object], models: Mapping[str, type[Any]] | None) -> dict[str, Any]:
    known = {**registry(), **(models or {})}
    market: dict[str, Any] = {}
    faults: list[str] = []
    for name, table in tables.items():
        model, complaints = _model(table, known)
        faults += [f"[{name}]: {line}" for line in complaints]
        market[name] = model
    if faults:
        raise SchemaError("\n".join(faults))
    return market


def _rows(market: pd.DataFrame) -> dict[str, object]:
    """The rows of a market's table by underlying, without their blanks."""
    twice = [str(name) for name in market.columns[market.columns.duplicated()]]
    if twice:
        raise SchemaError(f"market: column {shown(twice[0])} comes twice; remove or rename one")
    named = market if "underlying" in market else market.rename_axis(index="underlying").reset_index()
    tables: dict[str, object] = {}
    for row in named.to_dict("records"):
        name = as_name(row.pop("underlying"))
        if not name:
            raise SchemaError("market: underlying is blank: expected a name of its own for every row; fill it in")
        if name in tables:
            raise SchemaError(f"market: underlying = {shown(name)} has two rows: expected one; remove the other")
        tables[name] = {str(key): cell for key, cell in row.items() if not is_blank(cell)}
    return tables


def _tables(path: Path) -> dict[str, Any]:
    import tomllib  # most markets are no files

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
