"""Commands that start from nothing or end in sums: template, validate, schema, net, ladder, pnl; real numbers."""

from __future__ import annotations

import importlib
import json
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from greeks.cli import app
from greeks.cli.options import pairs
from greeks.errors import SchemaError
from greeks.models import BlackScholes, MultiBlackScholes
from greeks.models import registry as models
from greeks.payoffs import registry as payoffs
from greeks.portfolio.rows.files import read_table
from greeks.portfolio.rows.json_schema import book_schema, market_schema
from greeks.portfolio.rows.schema import check_book
from greeks.portfolio.rows.template import example_book

jsonschema: Any = importlib.import_module("jsonschema")  # it has no types
QUICK = ("--paths", "1024")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    assert greeks("template", "Call", "Put", "AsianCall", "--out", "book.csv").exit_code == 0
    assert greeks("template", "--market", "--out", "market.toml").exit_code == 0
    return tmp_path


def greeks(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def said(result: Result) -> str:
    return " ".join(result.stderr.replace("│", " ").split())


def test_every_template_is_valid_at_once(folder: Path) -> None:
    Path("all.csv").write_text(greeks("template").stdout)
    checked = greeks("validate", "all.csv", "market.toml")
    assert checked.exit_code == 0 and f"{len(payoffs())} trades, no faults" in said(checked)
    assert greeks("template", "--market").stdout == Path("market.toml").read_text()
    for name in payoffs():
        assert greeks("template", name).stdout.splitlines()[1].split(",")[2] == name


def test_a_template_of_what_there_is_not_suggests(folder: Path) -> None:
    done = greeks("template", "Barrieroption", "Xyz")
    assert done.exit_code == 2 and "did you mean 'BarrierOption'?" in said(done) and "'Xyz' is unknown" in said(done)
    assert greeks("template", "--market", "--out", "market.csv").exit_code == 2


def test_validate_tells_every_fault_on_the_standard_output(folder: Path) -> None:
    Path("bad.csv").write_text("id,underlying,payoff,quantity,strike,maturity\na,DAX,Cal,1,100,1\na,SMI,Put,x,,1\n")
    done = greeks("validate", "bad.csv", "market.toml")
    assert done.exit_code == 2 and "faults in 2 of 2 rows" in said(done)
    for fault in ("did you mean 'Call'?", "underlying = 'SMI' is unknown", "quantity = 'x'", "Put.strike is blank"):
        assert fault in done.stdout
    without = greeks("validate", "bad.csv")
    assert "SMI" not in without.stdout and "did you mean 'Call'?" in without.stdout


def test_validate_names_columns_of_the_user_s_own(folder: Path) -> None:
    Path("own.csv").write_text("id,underlying,payoff,quantity,strike,maturity,trader\na,DAX,Call,1,100,1,Jörg\n")
    assert "1 trade, no faults; columns of your own: trader" in said(greeks("validate", "own.csv", "market.toml"))
    Path("own.csv").write_text("id,underlying,payoff,quantity,strike,maturity,stirke\na,DAX,Call,1,100,1,Jörg\n")
    assert "Or, if it is your own, name it in --keep" in said(greeks("validate", "own.csv"))
    assert greeks("validate", "own.csv", "--keep", "stirke").exit_code == 0


def test_the_schema_of_a_book_takes_every_template_and_what_goes_wrong() -> None:
    schema = json.loads(greeks("schema").stdout)
    assert schema == book_schema(payoffs())
    jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema)
    book: list[dict[str, Any]] = json.loads(example_book(payoffs()).to_json(orient="records"))
    assert not list(check.iter_errors(book))
    call = next(row for row in book if row["payoff"] == "Call")
    barrier = next(row for row in book if row["payoff"] == "BarrierOption")
    assert check.is_valid(
        [{**barrier, "dates": "continuous"}, {**barrier, "id": 2, "dates": [0.5, 1.0], "trader": "x"}]
    )
    for row in (
        {**call, "maturity": 0.0},
        {**call, "strike": None},
        {**call, "strike": "100"},
        {**call, "barrier": 90.0},
        {**call, "payoff": "Cal"},
        {**call, "quantity": None},
        {**barrier, "direction": "sideways"},
        {**barrier, "dates": 0},
        {**barrier, "call": "yes"},
        {key: cell for key, cell in call.items() if key != "underlying"},
    ):
        assert not check.is_valid([row]), row


@pytest.mark.parametrize("value", [-1.0, 0.0, 0.5, 1.0, 2.0, None, "up", 3, True, [0.5, 1.0], [1.0, 0.5]])
def test_the_schema_allows_nothing_that_checking_refuses(value: Any) -> None:
    """Cell by cell; the other way about, texts that spell numbers are allowed in tables, not in the schema."""
    check = jsonschema.Draft202012Validator(book_schema(payoffs()))
    market: dict[str, Any] = {"DAX": BlackScholes(100.0, 0.0, 0.2)}
    market["BASKET"] = MultiBlackScholes((1.0, 1.0), 0.0, (0.2, 0.2), ((1.0, 0.0), (0.0, 1.0)), (0.0, 0.0))
    rows: list[dict[str, Any]] = json.loads(example_book(payoffs()).to_json(orient="records"))
    for row in rows:
        for name in [name for name, cell in row.items() if cell is not None and name not in ("id", "underlying")]:
            changed = {**row, name: value}
            refused = bool(check_book(pd.DataFrame([changed]), market, payoffs()).faults)
            cross = row["payoff"] in ("CorridorDigital", "RangeAccrual") or value == [
                1.0,
                0.5,
            ]  # two cells, or an order
            if refused and not cross:
                assert not check.is_valid([changed]), changed


def test_the_schema_of_a_market_takes_the_template(folder: Path) -> None:
    schema = json.loads(greeks("schema", "--market").stdout)
    assert schema == market_schema(models())
    check = jsonschema.Draft202012Validator(schema)
    market = tomllib.loads(Path("market.toml").read_text())
    assert not list(check.iter_errors(market))
    for change in ({"volatility": -0.1}, {"volatilty": 0.2}, {"model": "BlackSchools"}):
        assert not check.is_valid({"DAX": {**market["DAX"], **change}})


def test_run_streams_resumes_and_sums(folder: Path) -> None:
    command = ("run", "book.csv", "market.toml", "--greeks", "delta", "--out", "risk.parquet", *QUICK)
    assert greeks(*command).exit_code == 0
    first = Path("risk.parquet").read_bytes()
    assert greeks(*command, "--resume").exit_code == 0 and Path("risk.parquet").read_bytes() == first
    done = greeks("net", "risk.parquet", "--by", "payoff", "--out", "net.csv")
    assert done.exit_code == 0 and "3 of 3 sums complete, see net.csv" in said(done)
    assert list(pd.read_csv("net.csv")["payoff"]) == ["AsianCall", "Call", "Put"]
    assert "total" in greeks("net", "risk.parquet").stdout


def test_ladders_and_grids(folder: Path) -> None:
    done = greeks("ladder", "book.csv", "market.toml", "--plot", "ladder.png", "--underlying", "DAX", *QUICK)
    assert done.exit_code == 0 and "DAX spot -20%" in done.stdout and "±" in done.stdout
    assert Path("ladder.png").read_bytes()[:4] == b"\x89PNG"
    shifts = ("--shift", "spot=-10%,=101", "--shift", "volatility=-0.02,0.02")
    done = greeks("ladder", "book.csv", "market.toml", *shifts, "--plot", "grid.svg", "--out", "grid.csv", *QUICK)
    assert done.exit_code == 0 and "4 of 4 sums complete, see grid.csv" in said(done)
    assert Path("grid.svg").read_text().startswith("<?xml") and len(pd.read_csv("grid.csv")) == 4


def test_profit_and_loss(folder: Path) -> None:
    Path("after.toml").write_text(Path("market.toml").read_text().replace("spot = 100.0", "spot = 101.0"))
    told = greeks("pnl", "book.csv", "market.toml", "after.toml", "--elapsed", "0.5", *QUICK)
    assert told.exit_code == 1 and "AsianCall looks at the path" in said(told) and "--errors coerce" in said(told)
    greeks("template", "Call", "Put", "--out", "book.csv")
    done = greeks("pnl", "book.csv", "market.toml", "after.toml", "--elapsed", "1 / 365", "--out", "pnl.csv", *QUICK)
    assert done.exit_code == 0, done.output
    seen = greeks("pnl", "book.csv", "market.toml", "after.toml", "--progress", *QUICK).stdout
    assert "share" in seen and "100.0%" in seen
    assert list(pd.read_csv("pnl.csv")["term"]) == [
        "delta",
        "gamma",
        "theta",
        "explained",
        "revaluation",
        "unexplained",
    ]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["net", "book.csv"], "book.csv: expected a Parquet file or folder"),
        (["net", "nowhere.parquet"], "nowhere.parquet: expected a Parquet file or folder"),
        (["ladder", "book.csv", "market.toml", "--shift", "spot"], "--shift 'spot': expected a parameter and sizes"),
        (["ladder", "book.csv", "market.toml", "--shift", "stop=1"], "name one that has it with --underlying"),
        (["ladder", "book.csv", "market.toml", "--by", "desk"], "column 'desk' is not in the book"),
        (["ladder", "book.csv", "market.toml", "--plot", "x.gif"], "expected the suffix .png, .svg or .pdf"),
        (["ladder", "book.csv", "market.toml", "--rates", "EUR"], "--rates: 'EUR': expected a name and a number"),
        (["run", "book.csv", "market.toml", "--resume"], "--resume with --out None: expected a .parquet file"),
        (["run", "book.csv", "market.toml", "--out", "x.csv", "--resume"], "--resume with --out x.csv"),
        (["pnl", "book.csv", "market.toml", "market.toml", "--elapsed", "1/0"], "--elapsed '1/0': expected years"),
        (["validate", "."], "file .: expected the suffix"),
        (["ladder", "book.csv", "market.toml", "--plot", "no/x.png"], "there is no folder no; check the path"),
        (
            ["pnl", "book.csv", "market.toml", "market.toml", "--out", "no/x.csv"],
            "there is no folder no; check the path",
        ),
        (["demo", "--out", "book.csv/demo"], "out: folder book.csv/demo cannot be made"),
    ],
)
def test_bad_input_ends_with_2_and_a_message(folder: Path, arguments: list[str], why: str) -> None:
    done = greeks(*arguments)
    assert done.exit_code == 2 and why in said(done) and "Traceback" not in done.output


def test_a_bug_keeps_its_traceback_and_has_a_code_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("greeks.portfolio.rows.schema.check_book", broken)
    done = greeks("validate", "book.csv")
    assert done.exit_code == 70 and "ZeroDivisionError: a bug" in done.stderr and "bug in pathgreeks" in done.stderr


def test_an_interrupt_says_how_to_go_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("greeks.portfolio.run", stopped)
    done = greeks("run", "book.csv", "market.toml", "--out", "risk.parquet")
    assert done.exit_code == 130 and "the same command with --resume goes on from here" in said(done)
    assert greeks("run", "book.csv", "market.toml").exit_code == 130


def test_pairs() -> None:
    assert pairs("", "--rates") is None
    for bad in ("=1", "EUR=x", "EUR"):
        with pytest.raises(SchemaError, match="--rates"):
            pairs(bad, "--rates")


@pytest.mark.slow
def test_every_template_is_priced(folder: Path) -> None:
    Path("all.csv").write_text(greeks("template").stdout)
    done = greeks("run", "all.csv", "market.toml", "--greeks", "delta", "--out", "risk.csv", *QUICK)
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".arrow", ".feather"])
def test_books_and_results_in_every_format(folder: Path, suffix: str) -> None:
    book, out = f"all{suffix}", f"risk{suffix}"
    assert greeks("template", "Call", "AsianCall", "--out", book).exit_code == 0
    assert greeks("validate", book, "market.toml").exit_code == 0
    assert greeks("run", book, "market.toml", "--greeks", "delta", "--out", out, *QUICK).exit_code == 0
    risk = read_table(out)
    assert list(risk["id"]) == ["T1", "T2"] and risk["delta"].gt(0.0).all()
    Path(book).write_bytes(b"\x93\x00garbage")
    told = greeks("validate", book)
    assert told.exit_code == 2 and book in said(told) and "Traceback" not in told.output


def test_arrow_streams_are_read_too(folder: Path) -> None:
    import pyarrow as pa

    table = pa.Table.from_pandas(read_table("book.csv"))
    with pa.OSFile("book.arrows", "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    assert greeks("validate", "book.arrows", "market.toml").exit_code == 0
