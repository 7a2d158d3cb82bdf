"""What a book and its market must look like: every fault of every row, before anything is simulated."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

import pandas as pd

from greeks.errors import SchemaError
from greeks.fields import as_float, problems, shown
from greeks.payoffs.base import Payoff
from greeks.portfolio.rows.book import Trade
from greeks.portfolio.rows.cells import as_name, is_blank, read
from greeks.portfolio.rows.construct import construct, parameters
from greeks.portfolio.rows.suggest import nearest, sentence, suggestion

REQUIRED = ("id", "underlying", "payoff", "quantity")
OPTIONAL = ("currency",)
MISSPELT = 0.8
"""As like a known column as this, and an unknown one is taken for a slip of the pen rather than the user's own."""

Payoffs = Mapping[str, type[Any]]
Market = Mapping[str, Any]


@dataclass(frozen=True)
class Checked:
    """A book after checking: the good rows as trades, and what is wrong with the others, by row number.

    `extras` are the columns that belong to the user and to no payoff.
    """

    trades: list[Trade] = field(default_factory=list)
    faults: dict[int, list[str]] = field(default_factory=dict)
    labels: dict[int, str] = field(default_factory=dict)
    extras: tuple[str, ...] = ()

    def report(self) -> str:
        """One line for each fault, with its row."""
        return "\n".join(f"{self.labels[i]}: {line}" for i, lines in self.faults.items() for line in lines)


def check_book(book: pd.DataFrame, market: Market, payoffs: Payoffs, keep: Sequence[str] = ()) -> Checked:
    """Turn rows into trades.

    Parameters
    ----------
    book : DataFrame
        Columns `id`, `underlying`, `payoff`, `quantity`, perhaps `currency`, and the payoffs' parameters by name,
        blank where unused. Any other column is the user's own, unless its name is all but that of a known one.
    market : mapping of str to model
        By underlying.
    payoffs : mapping of str to type
        The payoff classes by the names that the `payoff` column may hold.
    keep : sequence of str
        Further columns, not to be understood, whatever their names.

    Raises
    ------
    SchemaError
        When the table or the market as a whole is malformed; faults of rows are reported in the result.
    """
    _check_columns(book, payoffs, keep)
    _check_market(market)
    known = _known(payoffs)
    extras = [name for name in book.columns if name not in known]
    cells = book.drop(columns=extras).to_dict("list")
    columns = [str(name) for name in cells]
    rows = (dict(zip(columns, row, strict=True)) for row in zip(*cells.values(), strict=True))
    names = [as_name(cell) for cell in cells["id"]]
    counts = Counter(names)
    checked = Checked(extras=tuple(extras))
    for i, (label, name, row) in enumerate(zip(book.index, names, rows, strict=True)):
        trade, faults = _trade(i, name, row, market, payoffs)
        if counts[name] > 1 and name:
            faults.append(
                f"id = {shown(name)}: expected an id of its own, but {counts[name]} rows have it; rename them"
            )
        if faults:
            checked.faults[i] = faults
            checked.labels[i] = f"row {shown(label)}" + (f", id {shown(name)}" if name else "")
        elif trade:
            checked.trades.append(trade)
    return checked


def _check_columns(book: pd.DataFrame, payoffs: Payoffs, keep: Sequence[str]) -> None:
    if not isinstance(book, pd.DataFrame):
        raise SchemaError(f"book is a {type(book).__name__}: expected a pandas DataFrame, one row a trade")
    known = _known(payoffs)
    if isinstance(keep, str):
        raise SchemaError(f"keep = {keep!r}: expected a list of column names; write keep=[{keep!r}]")
    wrong = [_unknown(name, known) for name in book.columns if name not in keep and _is_slip(name, known)]
    wrong += [f"column {name!r} is missing: {_REMEDIES[name]}" for name in REQUIRED if name not in book.columns]
    wrong += [
        f"keep: column {shown(name)} is not in the book; take it out" for name in keep if name not in book.columns
    ]
    twice = [name for name, count in Counter(book.columns).items() if count > 1]
    wrong += [f"column {shown(name)} comes twice: remove or rename one" for name in twice]
    if wrong:
        raise SchemaError("\n".join(wrong))


def _is_slip(name: object, known: set[str]) -> bool:
    """No name at all, or all but a known one."""
    if name in known:
        return False
    return not isinstance(name, str) or not name.strip() or nearest(name, known, MISSPELT) is not None


def _unknown(name: object, known: set[str]) -> str:
    remedy = sentence(suggestion(name, known)) if isinstance(name, str) else "expected a text as its name."
    return f"column {shown(name)} is unknown: {remedy} Or, if it is your own, list it in keep=[...]"


_REMEDIES = {
    "id": "add it, a name of its own for every trade",
    "underlying": "add it, the name of the trade's model in the market",
    "payoff": "add it, the name of a payoff class such as 'Call'",
    "quantity": "add it, 1.0 for one contract, -1.0 for one sold",
}


def _check_market(market: object) -> None:
    if not isinstance(market, Mapping):
        raise SchemaError(f"market is a {type(market).__name__}: expected a dict such as {{'DAX': BlackScholes(...)}}")
    wrong = []
    for name, model in market.items():
        if not dataclasses.is_dataclass(model) or isinstance(model, type):
            wrong.append(f"market[{name!r}] = {shown(model)}: expected a model such as BlackScholes(spot=100.0, ...)")
        else:
            wrong += [f"market[{name!r}]: {line}" for line in problems(model)]
    if wrong:
        raise SchemaError("\n".join(wrong))


def checked_payoffs(own: Payoffs | None) -> dict[str, type[Any]]:
    """Payoff classes of the user's own, by name."""
    if own is None:
        return {}
    if not isinstance(own, Mapping):
        raise SchemaError(
            f"payoffs is a {type(own).__name__}: expected classes by name, such as {{'Cliquet': Cliquet}}"
        )
    for name, kind in own.items():
        if not (isinstance(kind, type) and issubclass(kind, Payoff) and dataclasses.is_dataclass(kind)):
            raise SchemaError(
                f"payoffs[{name!r}] = {shown(kind)}: expected a class of payoffs, a dataclass under greeks.Payoff"
            )
    return dict(own)


def _known(payoffs: Payoffs) -> set[str]:
    return {*REQUIRED, *OPTIONAL, *(name for kind in payoffs.values() for name in parameters(kind))}


def _trade(
    position: int, name: str, row: Mapping[str, object], market: Market, payoffs: Payoffs
) -> tuple[Trade | None, list[str]]:
    faults = [] if name else ["id is blank: expected a name of its own for every trade; fill it in"]
    underlying, model = _look_up(row, "underlying", market, "add its model to the market", faults)
    payoff_name, kind = _look_up(row, "payoff", payoffs, "use the name of a payoff class", faults)
    quantity, currency = _quantity(row["quantity"], faults), _currency(row, faults)
    if kind is None:
        return None, faults
    payoff, complaints = construct(kind, row)
    faults += complaints + _unused(payoff_name, kind, row)
    return (None if faults else Trade(position, name, underlying, model, payoff, quantity, currency)), faults


def _look_up(
    row: Mapping[str, object], column: str, table: Mapping[str, Any], remedy: str, faults: list[str]
) -> tuple[str, Any]:
    name = as_name(row[column])
    if name in table:
        return name, table[name]
    if name:
        near = sentence(suggestion(name, map(str, table)))
        faults.append(f"{column} = {shown(name)} is unknown: {near} Or {remedy}")
    else:
        faults.append(f"{column} is blank: expected a name; {suggestion('', map(str, table))}")
    return name, None


def _quantity(cell: object, faults: list[str]) -> float:
    value = read(cell, "number")
    try:
        number = as_float(value)
    except TypeError:
        number = float("nan")
    if not abs(number) < float("inf"):
        faults.append(f"quantity = {shown(cell)}: expected a finite number; 1.0 is one contract, -1.0 one sold")
    return number


def _currency(row: Mapping[str, object], faults: list[str]) -> str:
    """The currency of a book that has such a column; a blank would be added to whatever there is."""
    if "currency" not in row:
        return ""
    cell = row["currency"]
    if is_blank(cell) or not isinstance(cell, str):
        faults.append(f"currency = {shown(cell)}: expected a name such as 'EUR'; fill it in, or drop the column")
        return ""
    return cell.strip()


def _unused(payoff: str, kind: type[Any], row: Mapping[str, object]) -> list[str]:
    return [
        f"{column} = {shown(row[column])}: expected a blank, for {payoff} has no {column!r}; clear the cell"
        for column in _foreign(cast(Hashable, kind), tuple(row))
        if not is_blank(row[column])
    ]


@lru_cache(maxsize=1024)
def _foreign(kind: Hashable, columns: tuple[str, ...]) -> tuple[str, ...]:
    """The columns that a payoff of this class does not use."""
    used = {*REQUIRED, *OPTIONAL, *parameters(cast(type[Any], kind))}
    return tuple(column for column in columns if column not in used)
