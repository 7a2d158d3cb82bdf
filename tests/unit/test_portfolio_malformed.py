"""200 books, each spoilt in some way: a clear error, a status on the row, or the very contract that was meant.

What is to become of each is known from how it was spoilt. The engine is a stand-in that remembers its contracts.
"""

from __future__ import annotations

import datetime
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

import greeks as gk
from greeks.engine.crowd.many import Group
from greeks.engine.sampling.reading import Reading
from greeks.errors import SchemaError

MARKET = {"DAX": gk.BlackScholes(100.0, 0.05, 0.2), "SMI": gk.BlackScholes(50.0, 0.01, 0.3)}
ROWS: list[dict[str, Any]] = [
    {"id": "a", "underlying": "DAX", "payoff": "Call", "quantity": 2.0, "strike": 100.0, "maturity": 1.0},
    {"id": "b", "underlying": "SMI", "payoff": "Put", "quantity": -1.0, "strike": 55.0, "maturity": 0.5},
    {"id": "c", "underlying": "DAX", "payoff": "AsianCall", "quantity": 3.0, "strike": 90.0, "maturity": 2.0,
     "dates": 8},
    {"id": "d", "underlying": "SMI", "payoff": "BarrierOption", "quantity": 1.0, "strike": 50.0, "maturity": 1.0,
     "dates": "0.5 1.0", "barrier": 40.0, "direction": "down"},
]  # fmt: skip
CONTRACTS = {
    "a": (MARKET["DAX"], gk.Call(100.0, 1.0)),
    "b": (MARKET["SMI"], gk.Put(55.0, 0.5)),
    "c": (MARKET["DAX"], gk.AsianCall(90.0, 2.0, 8)),
    "d": (MARKET["SMI"], gk.BarrierOption(50.0, 40.0, 1.0, (0.5, 1.0), "down")),
}
BAD_NUMBERS: list[Any] = [
    *(
        math.nan,
        math.inf,
        -math.inf,
        None,
        "",
        "abc",
        "1,000",
        "1e999",
        "１００",
        "½",
        "−5",
        "٣",
        "0x10",
        "1_000",
        "$5",
    ),
    *(1j, [1.0], {}, b"100", True, datetime.date(2030, 1, 1), pd.NaT, Decimal("NaN"), 10**400, np.array([1.0, 2.0])),
]
BAD_NAMES: list[Any] = [
    None,
    math.nan,
    "",
    "  ",
    "Nikkei",
    "dax",
    "D\u200bAX",
    "ＤＡＸ",
    7,
    "DAX; DROP TABLE",
    "\x00",
    "😀" * 50,
]
BAD_DATES: list[Any] = [
    0,
    -3,
    2.5,
    "monthly",
    "1.0 0.5",
    "0.5 0.5",
    "0.5 nan",
    "0.5 3.0",
    "-0.5 1.0",
    [],
    [None],
    10**9,
    "inf",
]


@dataclass(frozen=True)
class Spoilt:
    """A book, and what is to be said of it: of the whole, of some rows (column or word -> rows), or nothing."""

    book: Any
    whole: str = ""
    rows: tuple[int, ...] = ()
    said: str = ""


def base() -> Any:
    return pd.DataFrame(ROWS, dtype="object")


def with_cell(row: int, column: str, value: Any) -> Any:
    rows = [dict(each) for each in ROWS]
    rows[row][column] = value
    return pd.DataFrame(rows, dtype="object")


def a_number(rng: random.Random) -> Spoilt:
    row, column, value = rng.randrange(4), rng.choice(["strike", "maturity", "quantity"]), rng.choice(BAD_NUMBERS)
    return Spoilt(with_cell(row, column, value), rows=(row,), said=column)


def a_time(rng: random.Random) -> Spoilt:
    row = rng.randrange(4)
    return Spoilt(with_cell(row, "maturity", rng.choice([0.0, -1.0, "-1", -1e-300])), rows=(row,), said="maturity")


def a_name(rng: random.Random) -> Spoilt:
    row, column, value = rng.randrange(4), rng.choice(["underlying", "payoff"]), rng.choice(BAD_NAMES)
    return Spoilt(with_cell(row, column, value), rows=(row,), said=column)


def some_dates(rng: random.Random) -> Spoilt:
    row = rng.choice([2, 3])
    return Spoilt(with_cell(row, "dates", rng.choice(BAD_DATES)), rows=(row,), said="dates")


def a_word(rng: random.Random) -> Spoilt:
    value = rng.choice(["DOWN!", "sideways", 5, True, "up down", ["down"]])
    return Spoilt(with_cell(3, "direction", value), rows=(3,), said="direction")


def an_unused_cell(rng: random.Random) -> Spoilt:
    row, column = rng.randrange(2), rng.choice(["barrier", "dates", "cash", "weights", "trigger"])
    return Spoilt(with_cell(row, column, rng.choice([1.0, "x", 0])), rows=(row,), said=column)


def an_id(rng: random.Random) -> Spoilt:
    if rng.random() < 0.5:
        return Spoilt(with_cell(1, "id", rng.choice([None, "", " ", math.nan, pd.NA])), rows=(1,), said="id is blank")
    return Spoilt(with_cell(1, "id", rng.choice(["a", " a", "a "])), rows=(0, 1), said="2 rows have it")


def a_currency(rng: random.Random) -> Spoilt:
    currencies: list[Any] = ["EUR", "EUR", rng.choice([None, math.nan, " ", 5]), "EUR"]
    return Spoilt(base().assign(currency=pd.Series(currencies, dtype="object")), rows=(2,), said="currency")


def a_missing_column(rng: random.Random) -> Spoilt:
    column = rng.choice(["id", "underlying", "payoff", "quantity"])
    return Spoilt(base().drop(columns=column), whole=f"column '{column}' is missing")


def a_misspelt_column(rng: random.Random) -> Spoilt:
    column, name = rng.choice(
        [("strike", "stirke"), ("strike", "Strike"), ("maturity", "matuirty"), ("dates", "date"),
         ("barrier", " barrier"), ("direction", "Direction"), ("quantity", "quantitiy"),
         ("underlying", "UNDERLYING"), ("id", "ID")]
    )  # fmt: skip
    return Spoilt(base().rename(columns={column: name}), whole=f"column '{name}' is unknown: did you mean '{column}'")


def a_column_without_a_name(rng: random.Random) -> Spoilt:
    book = base()
    book[rng.choice([3, None, ("a", "b"), 2.5, pd.Timestamp("2020-01-01"), " "])] = 1.0
    return Spoilt(book, whole="is unknown")


def a_column_twice(rng: random.Random) -> Spoilt:
    column = rng.choice(list(ROWS[0]))
    return Spoilt(pd.concat([base(), base()[[column]]], axis=1), whole=f"column '{column}' comes twice")


def the_name_of_a_result(rng: random.Random) -> Spoilt:
    column = rng.choice(["price", "delta", "delta_std_error", "status", "estimator"])
    return Spoilt(base().assign(**{column: 1.0}), whole=f"column '{column}' of the book has the name of a result")


def no_book(rng: random.Random) -> Spoilt:
    what = rng.choice([None, 5, "book.csv", ROWS, dict(ROWS[0]), base()["strike"], base().to_numpy()])
    return Spoilt(what, whole="expected a pandas DataFrame")


def nothing_in_it(rng: random.Random) -> Spoilt:
    if rng.random() < 0.5:
        return Spoilt(pd.DataFrame(), whole="column 'id' is missing")
    return Spoilt(pd.concat([base(), pd.DataFrame([{}], index=[9])]), rows=(4,), said="id is blank")


def odd_types_of_good_numbers(rng: random.Random) -> Spoilt:
    to: list[Callable[[Any], Any]] = [
        str,
        np.float32,
        Decimal,
        np.float64,
        lambda x: np.array(float(x)),
        lambda x: f" {x} ",
    ]
    rows = [{**each, **{c: rng.choice(to)(each[c]) for c in ("strike", "maturity", "quantity")}} for each in ROWS]
    return Spoilt(pd.DataFrame(rows, dtype="object"))


def odd_columns_of_good_cells(rng: random.Random) -> Spoilt:
    book = pd.DataFrame(ROWS).astype({"payoff": "category", "underlying": "category", "strike": "Float64"})
    return Spoilt(book.convert_dtypes() if rng.random() < 0.5 else book)


def an_odd_index(rng: random.Random) -> Spoilt:
    index: list[Any] = [
        [0, 0, 0, 0],
        [None, 1, 2, 3],
        list("wxyz"),
        pd.date_range("2020", periods=4),
        [1.5, math.nan, 2, 2],
    ]
    return Spoilt(base().set_axis(rng.choice(index), axis=0))


def columns_of_ones_own(rng: random.Random) -> Spoilt:
    return Spoilt(base().assign(**{rng.choice(["trader", "Größe", "💶", "x" * 500]): [None, 1, "x", object()]}))


def another_order(rng: random.Random) -> Spoilt:
    return Spoilt(base()[rng.sample(list(base().columns), len(base().columns))])


SPOILERS: Sequence[Callable[[random.Random], Spoilt]] = (
    *(a_number, a_number, a_time, a_name, some_dates, a_word, an_unused_cell, an_id, a_currency),
    *(a_missing_column, a_misspelt_column, a_column_without_a_name, a_column_twice, the_name_of_a_result, no_book),
    *(nothing_in_it, odd_types_of_good_numbers, odd_columns_of_good_cells, an_odd_index, columns_of_ones_own),
    another_order,
)


@pytest.fixture
def priced(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The contracts that reach the engine."""
    found: list[Any] = []

    def estimate_many(contracts: Any, greeks: Any, settings: Any, streams: Any) -> tuple[Group, ...]:
        found.extend(contracts)
        n, names = len(contracts), ("price", *greeks)
        readings = tuple(Reading(name, (0,), (1.0,), True, "pathwise", "a stand-in") for name in names)
        ones = np.ones((n, len(names)))
        return (
            Group(
                np.arange(n),
                names,
                ones,
                ones,
                np.ones((n, 4, len(names))),
                np.ones(n, int),
                (readings,) * n,
                {},
                {},
                {},
            ),
        )

    monkeypatch.setattr("greeks.portfolio.jobs.desk.estimate_many", estimate_many)
    return found


@pytest.mark.parametrize("seed", range(200))
def test_a_spoilt_book_is_told_or_priced_as_it_was_meant(seed: int, priced: list[Any]) -> None:
    rng = random.Random(seed)
    case = SPOILERS[seed % len(SPOILERS)](rng)
    if case.whole:
        with pytest.raises(SchemaError) as told:
            gk.run(case.book, MARKET, ["delta"], errors="coerce")
        assert case.whole in str(told.value)
        return
    if case.rows:
        with pytest.raises(SchemaError) as told:
            gk.run(case.book, MARKET, ["delta"])
        lines = str(told.value).splitlines()
        assert case.said in str(told.value) and all(line.startswith("row ") and ": " in line for line in lines)
        assert priced == []
    risk = gk.run(case.book, MARKET, ["delta"], errors="coerce")
    bad = [i for i, status in enumerate(risk["status"]) if status != "ok"]
    assert bad == list(case.rows) and risk["price"].isna().tolist() == [i in bad for i in range(len(risk))]
    assert all(case.said in risk["status"].iloc[i] for i in bad)
    meant = [CONTRACTS[row["id"]] for i, row in enumerate(ROWS) if i not in bad]
    assert sorted(map(repr, priced)) == sorted(map(repr, meant))
    assert risk["price"].dropna().tolist() == [row["quantity"] for i, row in enumerate(ROWS) if i not in bad]
