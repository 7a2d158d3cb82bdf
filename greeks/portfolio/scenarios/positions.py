"""The positions of a book as scenarios see them: good rows, their quantities, and the groups to sum over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from greeks.errors import SchemaError
from greeks.payoffs import registry
from greeks.portfolio.numbers.grouping import columns_to_sum_by, worth_of
from greeks.portfolio.rows.book import Trade
from greeks.portfolio.rows.schema import check_book, checked_payoffs
from greeks.portfolio.rows.suggest import suggestion

Label = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Holding:
    """Some trades of a book, by their positions in its list, and how much of each: quantities in one currency."""

    at: npt.NDArray[np.int64]
    quantities: npt.NDArray[np.float64]

    def among(self, part: npt.NDArray[np.int64], n: int) -> npt.NDArray[np.float64]:
        """The quantities of the trades `part` of n, NaN for those that are not held."""
        every = np.full(n, np.nan)
        every[self.at] = self.quantities
        return every[part]


@dataclass(frozen=True, eq=False)
class Positions:
    """n good trades of a book, by the groups of the columns `by`.

    Attributes
    ----------
    trades : the trades, in the order of the book.
    by : the columns that groups are made of.
    groups : the trades of each group, by the values of these columns.
    bad_rows : what is wrong with rows that are no trades, one text for each.
    """

    trades: Sequence[Trade]
    by: tuple[str, ...]
    groups: Mapping[Label, Holding]
    bad_rows: tuple[str, ...] = ()

    @cached_property
    def streams(self) -> list[int]:
        """(n,), which draws each trade has."""
        return [trade.stream for trade in self.trades]

    @property
    def market(self) -> dict[str, Any]:
        """The models that the trades are priced under."""
        return {trade.underlying: trade.model for trade in self.trades}


@dataclass(frozen=True)
class Summing:
    """What sums are made of: groups by columns, currencies by what a unit is worth, and what of bad rows.

    `errors` is "raise" or "coerce"; `payoffs` are classes of the user's own, by name.
    """

    by: str | Sequence[str] = ()
    rates: Mapping[str, float] | None = None
    errors: str = "raise"
    payoffs: Mapping[str, type[Any]] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "by", columns_to_sum_by(self.by))
        if self.errors not in ("raise", "coerce"):
            raise SchemaError(f"errors = {self.errors!r}: expected 'raise' or 'coerce'")

    def worth(self, trades: Sequence[Trade]) -> dict[str, float]:
        """What one unit of each currency counts for in a sum."""
        there = list(dict.fromkeys(trade.currency for trade in trades))
        if self.rates is None:
            if len(there) > 1 and not {"currency", "id"} & set(self.by):
                raise SchemaError(
                    f"the trades are in {', '.join(map(repr, there))}, which do not add; give "
                    f"rates={{{', '.join(f'{name!r}: ...' for name in there)}}}, what one unit of each is worth, or "
                    "by=[..., 'currency']"
                )
            return dict.fromkeys(there, 1.0)
        return worth_of(there, self.rates)


def positions(book: pd.DataFrame, market: Mapping[str, Any], how: Summing) -> Positions:
    """Check the book, and sort its trades into groups.

    Raises
    ------
    SchemaError
        For a malformed table or market, a column that is not there, and with errors="raise" for every bad row.
    """
    for name in how.by:
        if isinstance(book, pd.DataFrame) and name not in book.columns:
            raise SchemaError(f"by: column {name!r} is not in the book; {suggestion(name, map(str, book.columns))}")
    checked = check_book(book, market, {**registry(), **checked_payoffs(how.payoffs)})
    if checked.faults and how.errors == "raise":
        raise SchemaError(checked.report())
    bad = tuple(f"{checked.labels[i]}: {'; '.join(lines)}" for i, lines in checked.faults.items())
    if not checked.trades:
        raise SchemaError("\n".join(["the book has no good row to revalue; expected at least one trade", *bad]))
    return Positions(checked.trades, tuple(how.by), _groups(book, checked.trades, how), bad)


def _groups(book: pd.DataFrame, trades: Sequence[Trade], how: Summing) -> dict[Label, Holding]:
    worth, cells = how.worth(trades), [book[name].tolist() for name in how.by]
    members: dict[Label, list[int]] = {}
    try:
        for i, trade in enumerate(trades):
            members.setdefault(tuple(column[trade.position] for column in cells), []).append(i)
    except TypeError as error:
        raise SchemaError(f"by = {', '.join(how.by)} holds cells that are no names ({error}); make them text") from None
    amounts = np.array([trade.quantity * worth[trade.currency] for trade in trades])
    return {label: Holding(np.array(at), amounts[at]) for label, at in members.items()}
