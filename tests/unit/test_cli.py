"""The command line: exit codes, messages, files, a quick --help. The engine is a stand-in."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from greeks.cli import app
from greeks.cli.options import split
from greeks.engine.crowd.many import Group
from greeks.engine.sampling.reading import Reading
from greeks.engine.sampling.settings import Settings
from greeks.errors import UnsupportedError
from greeks.results import Explanation
from greeks.samplers import Sobol

MARKET = '[DAX]\nmodel = "BlackScholes"\nspot = 100.0\nrate = 0.05\nvolatility = 0.2\n'
BOOK = "id,underlying,payoff,quantity,strike,maturity\na,DAX,Call,1,100,1\nb,DAX,Put,-2,90,0.5\n"
BAD_ROW = "c,DAX,Call,1,100,-1\n"
REFUSED_ROW = "d,DAX,DigitalCall,1,100,1\n"


def estimate_many(
    contracts: Sequence[tuple[Any, Any]], greeks: Sequence[str], settings: Settings, streams: Sequence[int]
) -> tuple[Group, ...]:
    return tuple(group(i, type(payoff).__name__, greeks, settings) for i, (_, payoff) in enumerate(contracts))


def group(i: int, payoff: str, greeks: Sequence[str], settings: Settings) -> Group:
    refused = {"gamma": "a jump"} if "gamma" in greeks and payoff == "DigitalCall" else {}
    names = ("price", *(greek for greek in greeks if greek not in refused))
    values = np.full((1, len(names)), float(settings.paths + settings.seed))
    readings = tuple(Reading(name, (0,), (1.0,), True, "Pathwise", "a stand-in") for name in names)
    batches = np.repeat(values[:, None, :], 4, axis=1)
    return Group(np.array([i]), names, values, 0.5 + 0.0 * values, batches, np.array([1]), (readings,), {}, refused, {})


def explain(model: Any, payoff: Any, greeks: Sequence[str], **settings: Any) -> Explanation:
    if type(payoff).__name__ == "DigitalPut":
        raise UnsupportedError("no digital puts")
    jumps = type(payoff).__name__ == "DigitalCall"
    refused = {greek: "a jump" for greek in greeks if jumps and greek == "gamma"}
    good = [greek for greek in greeks if greek not in refused]
    return Explanation(dict.fromkeys(good, "pathwise"), dict.fromkeys(good, "smooth"), refused, "Exact()", "")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("greeks.portfolio.jobs.desk.estimate_many", estimate_many)
    monkeypatch.setattr("greeks.portfolio.scenarios.sheet.estimate_many", estimate_many)
    monkeypatch.setattr("greeks.api.explain", explain)
    monkeypatch.chdir(tmp_path)
    Path("market.toml").write_text(MARKET)
    Path("book.csv").write_text(BOOK)
    return tmp_path


def greeks(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_run_writes_the_positions(folder: Path) -> None:
    done = greeks("run", "book.csv", "market.toml", "--greeks", "delta, vega", "--out", "risk.csv", "--seed", "1")
    assert done.exit_code == 0 and "2 of 2 trades priced in full, see risk.csv" in done.stderr
    risk = pd.read_csv("risk.csv")
    assert list(risk.columns[:5]) == ["id", "underlying", "payoff", "quantity", "price"]
    assert list(risk["delta"]) == [2**16 + 1, -2 * (2**16 + 1)] and "vega_std_error" in risk


def test_run_writes_parquet_too(folder: Path) -> None:
    assert greeks("run", "book.csv", "market.toml", "--out", "risk.parquet", "--progress").exit_code == 0
    assert list(pd.read_parquet("risk.parquet")["id"]) == ["a", "b"]


def test_without_a_file_the_table_comes_on_the_screen(folder: Path) -> None:
    done = greeks("run", "book.csv", "market.toml", "--paths", "100")
    assert done.exit_code == 0 and "DAX" in done.stdout and "100.00 ± 0.50" in done.stdout
    assert "status" not in done.stdout and "std_error" not in done.stdout


def test_on_the_screen_long_statuses_stand_below_the_table(folder: Path) -> None:
    Path("book.csv").write_text(BOOK + BAD_ROW + REFUSED_ROW)
    done = greeks("run", "book.csv", "market.toml", "--greeks", "delta,gamma", "--errors", "coerce")
    assert done.exit_code == 1 and "2 of 4 trades priced in full" in done.stderr
    assert [line.split()[-1] for line in done.stdout.splitlines()] == ["status", "ok", "ok", "input", "refused"]
    assert "trade c: bad input: Call.maturity = -1.0: expected" in done.stderr
    assert "trade d: refused: gamma: a jump" in done.stderr


def test_bad_rows_stop_with_2_and_no_traceback(folder: Path) -> None:
    Path("book.csv").write_text(BOOK + BAD_ROW)
    done = greeks("run", "book.csv", "market.toml", "--out", "risk.csv")
    assert done.exit_code == 2 and not Path("risk.csv").exists()
    assert done.stderr.startswith("row 2, id 'c': Call.maturity = -1.0: expected a finite number > 0")


def test_coerced_bad_rows_end_with_1_and_the_others_priced(folder: Path) -> None:
    Path("book.csv").write_text(BOOK + BAD_ROW)
    done = greeks("run", "book.csv", "market.toml", "--out", "risk.csv", "--errors", "coerce")
    assert done.exit_code == 1 and "2 of 3 trades" in done.stderr
    assert pd.read_csv("risk.csv")["price"].isna().tolist() == [False, False, True]


def test_refused_greeks_end_with_1_and_are_told(folder: Path) -> None:
    Path("book.csv").write_text(BOOK + REFUSED_ROW)
    done = greeks("run", "book.csv", "market.toml", "--greeks", "delta,gamma", "--out", "risk.csv")
    assert done.exit_code == 1 and "trade d: refused: gamma: a jump" in done.stderr
    risk = pd.read_csv("risk.csv")
    assert risk["delta"].notna().all() and risk["gamma"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.csv", "market.toml"], "nowhere.csv cannot be read"),
        (["book.csv", "nowhere.toml"], "nowhere.toml cannot be read"),
        (["book.csv", "book.csv"], "expected the suffix .toml or .json"),
        (["book.csv", "market.toml", "--out", "risk.xls"], "expected the suffix .csv, .parquet or .arrow"),
        (["book.csv", "market.toml", "--paths", "1"], "--paths = 1: expected a whole number >= 2"),
        (["book.csv", "market.toml", "--max-paths", "0"], "--max-paths = 0: expected a whole number >= 1"),
        (["book.csv", "market.toml", "--backend", "tpu"], "backend = 'tpu': expected one of 'cpu', 'cuda', 'auto'"),
        (["book.csv", "market.toml", "--paths", "many"], "Invalid value for '--paths'"),
        (["book.csv", "market.toml", "--errors", "ignore"], "Invalid value for '--errors'"),
        (["book.csv", "market.toml", "--out", "no/risk.csv"], "cannot be written"),
    ],
)
def test_bad_input_ends_with_2_and_a_message(folder: Path, arguments: list[str], said: str) -> None:
    done = greeks("run", *arguments)
    assert done.exit_code == 2 and "Traceback" not in done.output
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_explain_tells_each_kind_of_trade_once(folder: Path) -> None:
    Path("book.csv").write_text(BOOK + "e,DAX,Call,1,120,2\n" + REFUSED_ROW + "f,DAX,DigitalPut,1,100,1\n")
    done = greeks("explain", "book.csv", "market.toml", "--greeks", "delta,gamma")
    assert done.exit_code == 0
    assert done.stdout.startswith("a and 1 like it: Call(strike=100.0, maturity=1.0) under BlackScholes(")
    assert done.stdout.count("\n  delta: pathwise; smooth\n") == 3
    assert done.stdout.count("\n  gamma: refused; a jump\n") == 1
    assert done.stdout.count("\n  refused; no digital puts\n") == 1


def test_explain_hands_sampler_and_controls_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []

    def explained(model: Any, payoff: Any, greeks: Sequence[str], **settings: Any) -> Explanation:
        seen.append(settings)
        return explain(model, payoff, greeks)

    monkeypatch.setattr("greeks.api.explain", explained)
    asked = ("explain", "book.csv", "market.toml", "--sampler", "sobol", "--no-controls", "--paths", "4096")
    assert greeks(*asked).exit_code == 0
    assert seen[0] == {"sampler": Sobol(), "controls": (), "paths": 4096}
    assert greeks("explain", "book.csv", "market.toml", "--sampler", "halton").exit_code == 2


def test_explain_refuses_a_bad_book(folder: Path) -> None:
    Path("book.csv").write_text(BOOK + BAD_ROW)
    assert greeks("explain", "book.csv", "market.toml").exit_code == 2


def test_demo_hands_its_options_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[Any, ...]] = []
    main = ModuleType("greeks.demo.main")
    main.run_demo = lambda *arguments, **more: seen.append((*arguments, more))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "greeks.demo.main", main)
    assert greeks("demo", "--out", "here", "--paths", "1000", "--seed", "3", "--processes", "2").exit_code == 0
    assert seen == [(Path("here"), 1000, 3, {"progress": False, "processes": 2})]
    assert greeks("demo", "--processes", "0").exit_code == 2


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("delta,vega", ["delta", "vega"]),
        (" delta , gamma[0,1],vega[2] ", ["delta", "gamma[0,1]", "vega[2]"]),
        ("", []),
        (",delta,", ["delta"]),
        ("gamma[0, 1]", ["gamma[0,1]"]),
    ],
)
def test_names_between_commas(text: str, names: list[str]) -> None:
    assert split(text) == names


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom greeks.cli import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "print(sorted({'numba', 'pandas', 'scipy', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "demo" in done.stdout and done.stdout.splitlines()[-1] == "[]"
