"""What a cell of a table means, given the kind of value its field holds.

Tables that went through CSV or a spreadsheet lose their types: a whole number comes back as 12.0 or "12", a
flag as "True", a list of dates as "0.25 0.5". Reading undoes that and nothing more. What cannot be read is
handed on as it is, for the field's constraint to complain about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

import pandas as pd

from greeks.fields import as_bool, as_float

_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def is_blank(cell: object) -> bool:
    """None, NaN, NaT, NA and text without a visible character."""
    if isinstance(cell, str):
        return not cell.strip()
    return cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and cell != cell)


def as_name(cell: object) -> str:
    """A name as text, "" for a blank: 7, 7.0 and "7" are the same trade."""
    if isinstance(cell, str):
        return cell.strip()
    if is_blank(cell):
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def read(cell: object, kind: str) -> object:
    """The value of a cell that is not blank.

    Parameters
    ----------
    cell : object
        As pandas holds it.
    kind : str
        The `kind` of the field's constraint.

    Examples
    --------
    >>> read("12.0", "dates"), read("0.25 0.5", "dates"), read(1.0, "flag"), read(" up ", "word")
    (12, (0.25, 0.5), True, 'up')
    >>> read("continuous", "dates") is None
    True
    """
    return READERS.get(kind, _plain)(cell)


def _number(cell: object) -> object:
    if type(cell) is float:
        return cell
    if isinstance(cell, str):
        return _parsed(cell)
    try:
        return float(cell) if isinstance(cell, Decimal) else as_float(cell)
    except (TypeError, ValueError):
        return cell


def _parsed(text: str) -> object:
    """The number a text spells; Python's own underscores and foreign digits are typing errors in a book."""
    try:
        return float(text) if text.isascii() and "_" not in text else text
    except ValueError:
        return text


def _whole(cell: object) -> object:
    number = _number(cell)
    return int(number) if isinstance(number, float) and number.is_integer() else cell


def _flag(cell: object) -> object:
    if isinstance(cell, str):
        return _FLAGS.get(cell.strip().lower(), cell)
    try:
        return as_bool(cell)
    except TypeError:
        number = _number(cell)
        return bool(number) if isinstance(number, float) and number in (0.0, 1.0) else cell


def _word(cell: object) -> object:
    return cell.strip() if isinstance(cell, str) else cell


def _dates(cell: object) -> object:
    """A single whole number is a count of dates, "continuous" none at all, anything else the dates themselves."""
    if isinstance(cell, str):
        return _dates_of_text(cell)
    return _dates_of_value(cell)


@lru_cache(maxsize=4096)
def _dates_of_text(text: str) -> object:
    """Many trades of a book share their dates."""
    return None if text.strip().lower() == "continuous" else _dates_of_value(text)


def _dates_of_value(cell: object) -> object:
    whole = _whole(cell)
    if isinstance(whole, int) and not isinstance(cell, bool):
        return whole
    number = _number(cell)
    return (number,) if isinstance(number, float) else _vector(cell)


def _vector(cell: object) -> object:
    if isinstance(cell, str):
        items: Sequence[object] = [part for part in re.split(r"[\s,;]+", cell.strip("[]() \t")) if part]
        numbers = tuple(_number(item) for item in items)
        return numbers if all(isinstance(number, float) for number in numbers) else cell
    items_or_cell = _listed(cell)
    return tuple(_number(item) for item in items_or_cell) if isinstance(items_or_cell, list) else cell


def _matrix(cell: object) -> object:
    rows = cell.split(";") if isinstance(cell, str) else _listed(cell)
    return tuple(_vector(row) for row in rows) if isinstance(rows, list) else cell


def _listed(cell: object) -> object:
    if isinstance(cell, (list, tuple)):
        return list(cell)
    return cell.tolist() if hasattr(cell, "tolist") else cell


def _plain(cell: object) -> object:
    """A field without a constraint: text that spells a number is one, anything else is itself."""
    return _parsed(cell) if isinstance(cell, str) else cell


READERS: Mapping[str, Callable[[object], object]] = {
    "number": _number,
    "whole": _whole,
    "flag": _flag,
    "word": _word,
    "dates": _dates,
    "vector": _vector,
    "matrix": _matrix,
}
