"""Checking books: every fault of every row, named; and no book, however odd, that breaks the checker."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greeks.engine.sampling.settings import Settings
from greeks.errors import SchemaError
from greeks.models import BlackScholes
from greeks.payoffs import Payoff, registry
from greeks.payoffs.asian import AsianCall
from greeks.payoffs.barrier import BarrierOption
from greeks.payoffs.vanilla import Call
from greeks.portfolio.jobs.job import jobs_of
from greeks.portfolio.rows.book import stream_of
from greeks.portfolio.rows.cells import is_blank, read
from greeks.portfolio.rows.schema import Checked, check_book
from greeks.portfolio.rows.suggest import suggestion

MARKET = {"DAX": BlackScholes(100.0, 0.05, 0.2), "SMI": BlackScholes(50.0, 0.01, 0.3)}
CALL: dict[str, Any] = {
    "id": "c",
    "underlying": "DAX",
    "payoff": "Call",
    "quantity": 1.0,
    "strike": 100.0,
    "maturity": 1.0,
}
ASIAN = CALL | {"id": "a", "payoff": "AsianCall", "dates": 12}
BARRIER = CALL | {
    "id": "b",
    "payoff": "BarrierOption",
    "barrier": 80.0,
    "direction": "down",
    "dates": "0.5 1.0",
}


def checked(*rows: dict[str, Any], market: Any = MARKET, **more: Any) -> Checked:
    return check_book(pd.DataFrame(list(rows)), market, registry(), **more)


def faults(*rows: dict[str, Any]) -> str:
    return check_book(pd.DataFrame(list(rows), dtype="object"), MARKET, registry()).report()


def test_good_rows_become_trades() -> None:
    found = checked(CALL, ASIAN, BARRIER)
    assert found.faults == {}
    assert [trade.payoff for trade in found.trades] == [
        Call(100.0, 1.0),
        AsianCall(100.0, 1.0, 12),
        BarrierOption(100.0, 80.0, 1.0, (0.5, 1.0), "down"),
    ]
    assert [(trade.position, trade.id, trade.model) for trade in found.trades] == [
        (i, name, MARKET["DAX"]) for i, name in enumerate("cab")
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"strike": "abc"}, "Call.strike = 'abc': expected a finite number"),
        ({"strike": math.inf}, "Call.strike = inf: expected a finite number"),
        ({"strike": math.nan}, "Call.strike is blank: expected a value"),
        ({"strike": 1j}, "Call.strike = 1j: expected a finite number"),
        ({"strike": "1_000"}, "Call.strike = '1_000': expected a finite number"),
        ({"strike": True}, "Call.strike = True: expected a finite number"),
        (
            {"strike": datetime.date(2020, 1, 1)},
            "Call.strike = datetime.date(2020, 1, 1): expected a finite number",
        ),
        (
            {"maturity": 0.0},
            "Call.maturity = 0.0: expected a finite number > 0; give the time to expiry in years",
        ),
        ({"maturity": -0.5}, "Call.maturity = -0.5: expected a finite number > 0"),
        ({"maturity": None}, "Call.maturity is blank"),
        ({"quantity": math.nan}, "quantity = nan: expected a finite number; 1.0 is one contract"),
        ({"quantity": math.inf}, "quantity = inf: expected a finite number"),
        ({"quantity": "many"}, "quantity = 'many': expected a finite number"),
        ({"quantity": None}, "quantity = None: expected a finite number"),
        ({"underlying": "DAXX"}, "underlying = 'DAXX' is unknown: did you mean 'DAX'?"),
        ({"underlying": "Nikkei"}, "underlying = 'Nikkei' is unknown: known are DAX, SMI"),
        ({"underlying": ""}, "underlying is blank: expected a name; known are DAX, SMI"),
        ({"payoff": "call"}, "payoff = 'call' is unknown: did you mean 'Call'?"),
        ({"payoff": "BarierOption"}, "did you mean 'BarrierOption'?"),
        ({"payoff": None}, "payoff is blank"),
        ({"payoff": 7}, "payoff = '7' is unknown"),
        ({"id": " "}, "id is blank"),
        ({"barrier": 80.0}, "barrier = 80.0: expected a blank, for Call has no 'barrier'; clear the cell"),
    ],
)
def test_each_fault_is_named_with_its_row(change: dict[str, Any], said: str) -> None:
    report = faults(CALL | {"id": "good"}, CALL | change)
    assert said in report
    assert all(line.startswith("row 1") for line in report.splitlines())


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (ASIAN | {"dates": 0}, "AsianCall.dates = 0: expected a whole number >= 1"),
        (ASIAN | {"dates": "0.5 0.25"}, "AsianCall.dates = (0.5, 0.25): expected"),
        (ASIAN | {"dates": "0.5 2.0"}, "the last not after the maturity 1"),
        (ASIAN | {"dates": "monthly"}, "AsianCall.dates = 'monthly': expected a whole number >= 1"),
        (ASIAN | {"dates": None}, "AsianCall.dates is blank"),
        (BARRIER | {"direction": "sideways"}, "expected one of 'down', 'up'"),
        (BARRIER | {"barrier": -1.0}, "BarrierOption.barrier = -1.0: expected a finite number > 0"),
        (BARRIER | {"call": "perhaps"}, "BarrierOption.call = 'perhaps': expected True or False"),
    ],
)
def test_faults_of_richer_payoffs(row: dict[str, Any], said: str) -> None:
    assert said in faults(row)


def test_all_faults_of_all_rows_come_together() -> None:
    report = faults(CALL | {"strike": "x", "maturity": -1.0, "underlying": "?"}, CALL | {"id": "d", "quantity": "y"})
    assert [line.split(":")[0] for line in report.splitlines()] == ["row 0, id 'c'"] * 3 + ["row 1, id 'd'"]


def test_every_holder_of_a_duplicate_id_is_told() -> None:
    report = faults(CALL, CALL | {"id": "d"}, CALL)
    assert report.count("2 rows have it") == 2 and "id 'd'" not in report


def test_7_and_7_0_are_one_id() -> None:
    assert "id = '7': expected an id of its own" in faults(CALL | {"id": 7}, CALL | {"id": "7"})


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"stirke": 1.0}, "column 'stirke' is unknown: did you mean 'strike'?"),
        ({"Strike": 1.0}, "column 'Strike' is unknown: did you mean 'strike'?"),
        ({"barier": 1.0}, "column 'barier' is unknown: did you mean 'barrier'?"),
        ({3: 1.0}, "column 3 is unknown: expected a text as its name"),
        ({" ": 1.0}, "column ' ' is unknown"),
    ],
)
def test_misspelt_columns(columns: dict[Any, Any], said: str) -> None:
    with pytest.raises(SchemaError, match=r"list it in keep=\[\.\.\.\]") as caught:
        checked(CALL | columns)
    assert said in str(caught.value)


def test_columns_of_ones_own_are_extras() -> None:
    found = checked(CALL | {"trader": "me", "desk": None, "strategy": 7})
    assert found.faults == {} and found.extras == ("trader", "desk", "strategy")


def test_a_currency_is_a_name_wherever_there_is_such_a_column() -> None:
    assert [trade.currency for trade in checked(CALL | {"currency": " EUR"}).trades] == ["EUR"]
    assert "currency = None: expected a name such as 'EUR'" in faults(CALL | {"currency": None})


def test_a_class_that_does_not_check_itself_is_checked() -> None:
    @dataclass(frozen=True)
    class Careless(Payoff):
        strike: float
        maturity: float

        def __post_init__(self) -> None: ...

        def settle(self, stats: Any, x: Any) -> Any:
            return x[0]

    found = check_book(pd.DataFrame([CALL | {"payoff": "Careless", "maturity": -1.0}]), MARKET, {"Careless": Careless})
    assert "Careless.maturity = -1.0: expected a finite number > 0" in found.report()


def test_columns_missing_and_doubled_are_told_at_once() -> None:
    book = pd.DataFrame([[1.0, 2.0, "x"]], columns=["strike", "strike", "id"])
    with pytest.raises(SchemaError) as caught:
        check_book(book, MARKET, registry())
    lines = str(caught.value).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "column 'underlying' is missing",
        "column 'payoff' is missing",
        "column 'quantity' is missing",
        "column 'strike' comes twice",
    ]


def test_kept_columns_are_not_understood() -> None:
    assert checked(CALL | {"trader": "me"}, keep=["trader"]).faults == {}
    with pytest.raises(SchemaError, match="column 'desk' is not in the book"):
        checked(CALL, keep=["desk"])
    with pytest.raises(SchemaError, match="write keep="):
        checked(CALL, keep="trader")


@pytest.mark.parametrize(
    ("market", "said"),
    [
        (None, "market is a NoneType"),
        ({"DAX": 100.0}, r"market\['DAX'\] = 100.0: expected a model"),
        ({"DAX": BlackScholes}, "expected a model"),
        ({"DAX": {"spot": 100.0}}, "expected a model"),
    ],
)
def test_a_market_that_is_none(market: Any, said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        checked(CALL, market=market)


def test_a_model_broken_after_its_making_is_found() -> None:
    model = BlackScholes(100.0, 0.05, 0.2)
    object.__setattr__(model, "volatility", -0.2)
    with pytest.raises(SchemaError, match=r"market\['DAX'\]: BlackScholes.volatility = -0.2"):
        checked(CALL, market={"DAX": model})


@pytest.mark.parametrize("book", [None, [CALL], "book.csv", {}])
def test_a_book_that_is_no_frame(book: Any) -> None:
    with pytest.raises(SchemaError, match="expected a pandas DataFrame"):
        check_book(book, MARKET, registry())


def test_an_empty_book_has_no_trades() -> None:
    assert check_book(pd.DataFrame(columns=list(CALL)), MARKET, registry()).trades == []


def test_a_payoff_with_demands_of_its_own_is_heard() -> None:
    @dataclass(frozen=True)
    class Fussy(Payoff):
        strike: float
        maturity: float

        def __post_init__(self) -> None:
            if self.strike != 1.0:
                raise ValueError("strike must be one")

        def settle(self, stats: Any, x: Any) -> Any:
            return x[0]

    found = check_book(pd.DataFrame([CALL | {"payoff": "Fussy"}]), MARKET, {"Fussy": Fussy})
    assert found.report() == "row 0, id 'c': Fussy: strike must be one"


def test_streams_depend_on_the_name_alone_and_are_32_bits() -> None:
    streams = [stream_of(f"T{i}") for i in range(2000)]
    assert len(set(streams)) == 2000 and all(0 <= stream < 2**32 for stream in streams)
    assert stream_of("T1") == 584185997, "a change here changes every number of every book"


def test_trades_of_a_kind_are_neighbours_in_book_order() -> None:
    rows = [
        ASIAN,
        CALL,
        ASIAN | {"id": "a2", "strike": 90.0},
        CALL | {"id": "c2"},
        ASIAN | {"id": "a3", "dates": 6},
    ]
    trades = checked(*rows).trades
    assert [[trades[i].id for i in job.positions] for job in jobs_of(trades, [], Settings())] == [
        ["a", "a2", "a3"],
        ["c", "c2"],
    ]
    kinds = {trade.id: trade.kind for trade in trades}
    assert kinds["a"] == kinds["a2"] and kinds["c"] == kinds["c2"] and len(set(kinds.values())) == 2


@pytest.mark.parametrize("cell", [None, math.nan, np.float64("nan"), pd.NA, pd.NaT, "", "  \t"])
def test_blank_cells(cell: object) -> None:
    assert is_blank(cell)


@pytest.mark.parametrize("cell", [0, 0.0, False, "0", "nan", (), math.inf])
def test_cells_that_are_not_blank(cell: object) -> None:
    assert not is_blank(cell)


@pytest.mark.parametrize(
    ("cell", "kind", "value"),
    [
        (3, "number", 3.0),
        ("3.5", "number", 3.5),
        (np.float32(0.5), "number", 0.5),
        (Decimal("1.25"), "number", 1.25),
        ("12.0", "whole", 12),
        (12.0, "dates", 12),
        (0.5, "dates", (0.5,)),
        ("[0.25, 0.5; 1]", "dates", (0.25, 0.5, 1.0)),
        (np.array([0.25, 0.5]), "dates", (0.25, 0.5)),
        ([1, 2], "vector", (1.0, 2.0)),
        ("1 0.5; 0.5 1", "matrix", ((1.0, 0.5), (0.5, 1.0))),
        (np.eye(2), "matrix", ((1.0, 0.0), (0.0, 1.0))),
        ("No", "flag", False),
        (1.0, "flag", True),
        (np.bool_(True), "flag", True),
        ("2.0", "", 2.0),
        ("up", "", "up"),
    ],
)
def test_reading_cells(cell: object, kind: str, value: object) -> None:
    found = read(cell, kind)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize("kind", ["number", "whole", "dates", "vector", "flag"])
def test_what_cannot_be_read_is_handed_on(kind: str) -> None:
    assert read("x", kind) == "x" and read(None, kind) is None


def test_suggestions() -> None:
    assert suggestion("STRIKE", ["strike", "spot"]) == "did you mean 'strike'?"
    assert suggestion("zzz", []) == "there are none"


cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["Call", "AsianCall", "BarrierOption", "BasketCall", "DAX", "down", "0.5 1.0", 10**400, 1j, pd.NA]),
    st.sampled_from([pd.NaT, pd.Timestamp("2020-01-01"), Decimal("sNaN"), b"x", np.array(1.0), np.ones((2, 2))]),
    st.lists(st.floats(), max_size=3),
)
names = st.sampled_from([*CALL, "dates", "barrier", "call", "weights", "rebate"])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(names, cells), min_size=1, max_size=4), st.booleans())
def test_no_book_breaks_the_checker(rows: list[dict[str, Any]], complete: bool) -> None:
    base = CALL if complete else {}
    book = pd.DataFrame([base | row for row in rows], dtype="object")
    try:
        found = check_book(book, MARKET, registry())
    except SchemaError as error:
        assert "column" in str(error)
        return
    assert len(found.trades) + len(found.faults) == len(book)
    assert all(": " in line for line in found.report().splitlines())


@given(st.lists(st.text(max_size=12) | st.integers() | st.floats() | st.none(), max_size=5))
def test_no_column_names_break_the_checker(columns: list[Any]) -> None:
    with pytest.raises(SchemaError, match="is missing"):
        check_book(pd.DataFrame([range(len(columns))], columns=pd.Index(columns, dtype="object")), MARKET, registry())
