"""Markets and books from files, and results into them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greeks.errors import SchemaError
from greeks.models import BlackScholes, Model, MultiBlackScholes
from greeks.payoffs import registry
from greeks.portfolio import load_market
from greeks.portfolio.rows.files import check_writable, read_table, write_table
from greeks.portfolio.rows.schema import check_book

TOML = """
[DAX]
model = "BlackScholes"
spot = 4468
rate = 0.0357
volatility = 0.25

["a pair"]
model = "MultiBlackScholes"
spots = [100.0, 90.0]
rate = 0.05
volatilities = [0.2, 0.3]
correlation = [[1.0, 0.5], [0.5, 1.0]]
dividends = [0.0, 0.01]
"""


def written(folder: Path, text: str, name: str = "market.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_toml_and_json_say_the_same(tmp_path: Path) -> None:
    tables = {
        "DAX": {"model": "BlackScholes", "spot": 4468, "rate": 0.0357, "volatility": 0.25},
        "a pair": {
            "model": "MultiBlackScholes",
            "spots": [100.0, 90.0],
            "rate": 0.05,
            "volatilities": [0.2, 0.3],
            "correlation": [[1.0, 0.5], [0.5, 1.0]],
            "dividends": [0.0, 0.01],
        },
    }
    market = load_market(written(tmp_path, TOML))
    assert market == load_market(written(tmp_path, json.dumps(tables), "market.json"))
    assert market["DAX"] == BlackScholes(4468.0, 0.0357, 0.25)
    assert isinstance(market["a pair"], MultiBlackScholes) and market["a pair"].spots == (100.0, 90.0)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('model = "BlackScholez"', "did you mean 'BlackScholes'"),
        ("model = 3", "model = 3 is unknown"),
        ("volatility = -0.2", "BlackScholes.volatility = -0.2: expected a finite number >= 0"),
        ("spot = 0", "BlackScholes.spot = 0.0: expected a finite number > 0"),
        ("spot = nan", "BlackScholes.spot is blank"),
        ("spot = inf", "BlackScholes.spot = inf"),
        ("spot = 2020-01-01", "BlackScholes.spot = datetime.date"),
        (
            "volatilty = 0.2",
            "volatilty = 0.2: BlackScholes has no such parameter; did you mean 'volatility'?",
        ),
    ],
)
def test_faults_of_a_market_file(tmp_path: Path, line: str, said: str) -> None:
    good = {"model": '"BlackScholes"', "spot": "100.0", "rate": "0.05", "volatility": "0.2"}
    name, _, value = line.partition(" = ")
    text = "\n".join(f"{key} = {cell}" for key, cell in (good | {name: value}).items())
    with pytest.raises(SchemaError) as caught:
        load_market(written(tmp_path, f"[DAX]\n{text}\n[SMI]\nmodel = 'x'"))
    first, *_, last = str(caught.value).splitlines()
    assert first.startswith("[DAX]: ") and said in first and last.startswith("[SMI]: model = 'x' is unknown")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("market.toml", "[DAX", "is not TOML"),
        ("market.json", "{", "is not JSON"),
        ("market.json", "[1]", "holds a list"),
        ("market.json", "[" * 100_000, "is not JSON"),
        ("market.yaml", "", "expected the suffix .toml or .json"),
        ("market.toml", "DAX = 3", r"\[DAX\]: 3: expected a table"),
    ],
)
def test_files_that_are_no_market(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        load_market(written(tmp_path, text, name))


def test_absent_folders_and_bytes_are_refused_with_words(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "folder.toml").mkdir()
    for name, said in [
        ("none.toml", "check the path"),
        ("binary.toml", "is not TOML"),
        ("folder.toml", "cannot be"),
    ]:
        with pytest.raises(SchemaError, match=said):
            load_market(tmp_path / name)


def test_models_of_ones_own(tmp_path: Path) -> None:
    class Mine(BlackScholes):
        pass

    models: dict[str, type[Model]] = {"Mine": Mine}
    path = written(tmp_path, '[DAX]\nmodel = "Mine"\nspot = 1.0\nrate = 0.0\nvolatility = 0.1')
    assert type(load_market(path, models)["DAX"]) is Mine


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("BlackScholes"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["model", "spot", "x"]), inner),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(json_values)
def test_no_json_breaks_the_reader(tmp_path: Path, value: Any) -> None:
    path = written(tmp_path, json.dumps({"DAX": value}), "market.json")
    with pytest.raises(SchemaError, match=r"^\[DAX\]: "):
        load_market(path)


def test_a_csv_book_is_read_as_meant(tmp_path: Path) -> None:
    text = """id,underlying,payoff,quantity,strike,maturity,dates,barrier,call,average
007,DAX,Call,1,100,1.0,,,,
NA,DAX,AsianPut,-2.5,100,1.0,12.0,,,geometric
b, DAX,BarrierOption,1,100,1.0,0.25 0.5 1.0,80,False,
"""
    market = {"DAX": BlackScholes(100.0, 0.05, 0.2)}
    checked = check_book(read_table(written(tmp_path, text, "book.csv")), market, registry())
    assert checked.report() == "" and [trade.id for trade in checked.trades] == ["007", "NA", "b"]
    assert checked.trades[1].payoff.dates == 12 and checked.trades[2].payoff.dates == (0.25, 0.5, 1.0)
    assert checked.trades[2].payoff.call is False


def test_a_bad_cell_does_not_spoil_its_column(tmp_path: Path) -> None:
    text = "id,underlying,payoff,quantity,strike,maturity\na,DAX,Call,1,100,1\nb,DAX,Call,1,x,1\n"
    market = {"DAX": BlackScholes(100.0, 0.05, 0.2)}
    checked = check_book(read_table(written(tmp_path, text, "book.csv")), market, registry())
    assert [trade.payoff.strike for trade in checked.trades] == [100.0] and list(checked.faults) == [1]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_results_keep_every_digit(tmp_path: Path, suffix: str) -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "price": [1.0 / 3.0, np.nan], "status": ["ok", "refused: gamma"]})
    write_table(frame, tmp_path / f"risk{suffix}")
    again = read_table(tmp_path / f"risk{suffix}")
    pd.testing.assert_frame_equal(again, frame, check_exact=True)


def test_files_that_are_no_table(tmp_path: Path) -> None:
    (tmp_path / "bad.parquet").write_text("id")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00,")
    for name, said in [
        ("none.csv", "check the path"),
        ("none.parquet", "check the path"),
        ("bad.parquet", "is not parquet"),
        ("bytes.csv", "is not csv"),
        ("book.xlsx", r"expected the suffix \.csv, \.parquet or \.arrow"),
    ]:
        with pytest.raises(SchemaError, match=said):
            read_table(tmp_path / name)
    with pytest.raises(SchemaError, match="cannot be written"):
        write_table(pd.DataFrame({"a": [1]}), tmp_path / "no" / "risk.csv")
    with pytest.raises(SchemaError, match="expected the suffix"):
        check_writable("risk.txt")
    assert read_table(written(tmp_path, "id\n", "empty.csv")).empty


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id;underlying;quantity\na;DAX;1\n", r"expected commas between the columns, not ';'"),
        ("id\tunderlying\na\tDAX\n", r"expected commas between the columns, not '\\t'"),
        ("id,strike\na,1,5\nb,2\n", r"a row has more cells than there are columns"),
        ("id,strike\na,1\nb,2,5\n", r"is not csv: .*Expected 2 fields in line 3, saw 3"),
    ],
)
def test_cells_that_would_slip_into_other_columns_are_told(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        read_table(written(tmp_path, text, "book.csv"))


def test_commas_at_the_ends_of_lines_are_nothing(tmp_path: Path) -> None:
    read = read_table(written(tmp_path, "id,strike\na,1,\nb,2,\n", "book.csv"))
    assert read.to_dict("list") == {"id": ["a", "b"], "strike": [1, 2]} and list(read.index) == [0, 1]


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="is not csv"):
        read_table(written(tmp_path, "", "nothing.csv"))
