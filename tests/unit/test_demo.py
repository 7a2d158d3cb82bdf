"""The demo: its book is sound, its sums are right, its report and pictures show what they are given."""

from __future__ import annotations

import io
import math
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from greeks.demo import ladder, report, risk, workers
from greeks.demo.book import COLUMNS, demo_book, demo_market
from greeks.demo.main import run_demo
from greeks.demo.surface import load
from greeks.models import BlackScholes
from greeks.payoffs import registry
from greeks.portfolio.rows.market import load_market
from greeks.portfolio.rows.schema import check_book
from greeks.reference import black_scholes, greeks, heston

WIDTH = 80


@pytest.fixture(scope="module")
def book() -> pd.DataFrame:
    return demo_book()


@pytest.fixture(scope="module")
def parts(book: pd.DataFrame) -> list[risk.Part]:
    return risk.parts_of(book, demo_market(book))


def sums(**products: float) -> pd.DataFrame:
    """A table as of `Part.sums`: prices as given, Greeks in proportion, errors a hundredth of them."""
    columns = {}
    for name, share in zip(risk.MEASURES, (1.0, 2e-3, 3e-6, 0.4), strict=True):
        columns[name] = share * pd.Series(products)
        columns[f"{name}_std_error"] = share * pd.Series(products).abs() / 100.0
    return pd.DataFrame(columns)


def told(model: str, rows: pd.DataFrame, width: int = WIDTH) -> str:
    console = Console(file=io.StringIO(), width=width)
    report.shown(console, report.risk_table(model, rows, report.COLUMNS))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_book_passes_the_validation_of_books(book: pd.DataFrame) -> None:
    checked = check_book(book, demo_market(book), registry())
    assert checked.report() == ""
    assert len(checked.trades) == len(book)


def test_the_book_holds_what_is_promised(book: pd.DataFrame) -> None:
    assert tuple(book.columns) == COLUMNS
    assert 60 <= len(book) <= 120
    assert set(book["payoff"]) == {
        *("Call", "Put", "DigitalCall", "DigitalPut", "AsianCall", "AsianPut"),
        *("BarrierOption", "LookbackCall", "LookbackPut"),
    }
    assert (book["quantity"] > 0).any() and (book["quantity"] < 0).any()
    assert set(book["maturity"]) <= {quotes.maturity for quotes in load().slices}
    heston = book["underlying"].str.contains("Heston")
    assert set(book[heston]["payoff"]) == {"Call", "Put", "DigitalCall", "BarrierOption"}


def test_vanillas_are_priced_at_the_volatility_quoted_for_them(book: pd.DataFrame) -> None:
    surface, market = load(), demo_market(book)
    vanillas = book[book["payoff"].isin(["Call", "Put"]) & ~book["underlying"].str.contains("Heston")]
    assert len(vanillas) == 30
    for trade in vanillas.to_dict("records"):
        (quotes,) = (quotes for quotes in surface.slices if quotes.maturity == trade["maturity"])
        model = BlackScholes(surface.spot, quotes.rate, quotes.volatility(trade["strike"]))
        assert market[trade["underlying"]] == model


def test_the_barriers_are_ahead_of_the_spot(book: pd.DataFrame) -> None:
    barriers = book[book["payoff"] == "BarrierOption"]
    above = barriers["barrier"] > load().spot
    assert (above == (barriers["direction"] == "up")).all()


def test_parts_have_one_kind_of_model_and_its_vega(parts: list[risk.Part], book: pd.DataFrame) -> None:
    of_quotes, of_fit = parts
    assert (of_quotes.model, of_fit.model) == ("BlackScholes", "Heston")
    assert len(of_quotes.book) + len(of_fit.book) == len(book)
    assert of_quotes.greeks == ["delta", "gamma", "vega"] and of_quotes.slope == 1.0
    variance = of_fit.market["DAX Heston 345d"].variance
    assert of_fit.greeks == ["delta", "gamma", "d_variance"] and of_fit.slope == 2.0 * math.sqrt(variance)


def test_sums_are_those_of_positions_that_share_their_paths(parts: list[risk.Part]) -> None:
    """Two calls on one underlying: their errors add, and vega is that to the volatility now."""
    of_fit = parts[1]
    calls = of_fit.book[(of_fit.book["payoff"] == "Call") & (of_fit.book["underlying"] == "DAX Heston 345d")]
    part = risk.Part("Heston", calls, of_fit.market, of_fit.slope)
    priced = part.priced(paths=2**12, seed=3)
    table = part.sums(priced)
    assert list(table.index) == ["Call", risk.TOTAL]
    total = table.loc[risk.TOTAL]
    assert total["price"] == pytest.approx(priced["price"].sum())
    apart = math.sqrt((priced["price_std_error"] ** 2).sum())
    assert 1.2 * apart < total["price_std_error"] <= 1.01 * priced["price_std_error"].sum()
    assert total["vega"] == pytest.approx(part.slope * priced["d_variance"].sum())
    assert total["vega_std_error"] > 0.0


def test_parts_are_independent() -> None:
    total = risk.grand_total([sums(Put=1.0, Total=300.0), sums(Total=-400.0)])
    assert list(total.index) == [risk.TOTAL]
    assert (total["price"].item(), total["price_std_error"].item()) == (-100.0, pytest.approx(5.0))


def test_the_report_fits_a_terminal_of_eighty_columns() -> None:
    long = sums(BarrierOption=-123456.7, DigitalCall=-1234.56, Total=-99999.9)
    long.loc["LookbackCall"] = -3.123456, 1e-11, 5e-17, 4e-18, 5e-17, 4e-18, -12345.6, 0.001234
    text = told("BlackScholes", long)
    assert max(map(len, text.splitlines())) <= WIDTH and "…" not in text
    assert "-123,500 ±1,200" in text and "-1,235 ±12" in text
    row = next(line for line in text.splitlines() if line.startswith("LookbackCall"))
    assert row.split() == ["LookbackCall", "-3.12346", "±0", "0", "0", "-123.456", "±0"]


def test_figures_are_never_cut_to_a_width() -> None:
    text = told("BlackScholes", sums(BarrierOption=-123456.7, Total=1.0), width=40)
    assert "…" not in text and "-123,500 ±1,200" in text


def test_troubles_are_told_with_the_products_they_befell(parts: list[risk.Part]) -> None:
    part = parts[1]
    found = pd.DataFrame({"status": "ok", "estimator": "mean"}, index=part.book.index)
    puts = part.book.index[part.book["payoff"] == "Put"]
    found.loc[puts, "status"] = "refused: gamma: [no] density"
    found.loc[part.book.index[-1], "status"] = "failed: of all"
    assert report._troubles([part], [found]) == {  # type: ignore[list-item]
        "Heston Put (2 trades)": "refused: gamma: [no] density",
        "Heston BarrierOption (1 trade)": "failed: of all",
    }


def test_the_files_hold_book_and_risk(book: pd.DataFrame, tmp_path: Path) -> None:
    figures = pd.DataFrame({"price": 1.5, "estimator": "mean", "status": "ok"}, index=book.index)
    halves: list[Any] = [figures[40:], figures[:40].assign(vega=2.0)]
    market = demo_market(book)
    csv, parquet, alone, models = report.write_files(halves, book, market, tmp_path / "new")
    written = pd.read_parquet(parquet)
    assert list(written["price"]) == [1.5] * len(book) and written["vega"].notna().sum() == 40
    assert list(written.columns[-2:]) == ["estimator", "status"]
    assert list(pd.read_csv(csv)["id"]) == list(book["id"])
    again = pd.read_csv(alone)
    assert load_market(models) == market
    assert check_book(again, market, registry()).report() == ""


def test_the_pictures_are_drawn(tmp_path: Path) -> None:
    from matplotlib.image import imread

    def shifted(**columns: Any) -> pd.DataFrame:
        numbers = {"greek": "price", "value": 9.0, "std_error": 1.0, "change": 5.0, "change_std_error": 2.0}
        return pd.DataFrame({**columns, **numbers, "trades": 3, "status": "ok"})

    along = shifted(
        model=["BlackScholes", "Heston"] * 2, scenario=["spot -10%"] * 2 + ["base"] * 2, spot=[-0.1, -0.1, 0, 0]
    )
    across = shifted(scenario=["spot -10%, volatility +0.02", "base"], spot=[-0.1, 0.0], volatility=[0.02, 0.0])
    ladder.draw_ladder(along, tmp_path / "ladder.png")
    ladder.draw_grid(across, tmp_path / "grid.png")
    for name in ("ladder.png", "grid.png"):
        picture = imread(tmp_path / name)
        assert min(picture.shape[:2]) > 500 and np.unique(picture.reshape(-1, 4), axis=0).shape[0] > 50


@pytest.mark.parametrize("model", ["BlackScholes", "Heston"])
def test_the_vanillas_of_the_book_agree_with_closed_forms(parts: list[risk.Part], model: str) -> None:
    """Simulated as the demo does it, against the reference: price, delta, gamma and the vegas."""
    (whole,) = (part for part in parts if part.model == model)
    trades = whole.book[whole.book["payoff"] == "Call"]
    found = risk.Part(model, trades, whole.market, whole.slope).priced(paths=2**14, seed=7)
    assert list(found["status"]) == ["ok"] * len(trades)
    form = black_scholes.call if model == "BlackScholes" else heston.call
    for row, trade in zip(found.to_dict("records"), trades.to_dict("records"), strict=True):
        own = asdict(whole.market[trade["underlying"]])
        exact = greeks(form, **own, strike=trade["strike"], maturity=trade["maturity"])
        for name in ("price", *whole.greeks):
            error = row[f"{name}_std_error"]
            truth = trade["quantity"] * exact[name]
            assert abs(row[name] - truth) < 4.0 * error, (trade["id"], name)
            assert error < 0.08 * abs(truth), (trade["id"], name)


def test_one_process_is_this_one_and_several_are_a_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    with workers.workers(1) as pool:
        assert pool is None
    with workers.workers(2) as pool:
        assert isinstance(pool, ProcessPoolExecutor)
    asked: list[int] = []
    monkeypatch.setattr(workers, "cores", lambda: 64)

    def pool_of(count: int, **_: Any) -> nullcontext[None]:
        asked.append(count)
        return nullcontext()

    monkeypatch.setattr(workers, "ProcessPoolExecutor", pool_of)
    with workers.workers():
        assert asked == [workers.MOST]


@pytest.mark.slow
def test_the_whole_demo_runs(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=WIDTH)
    files = run_demo(tmp_path, paths=2**10, seed=1, console=console, progress=False)
    assert all(file.stat().st_size > 1000 for file in files)
    found = pd.read_parquet(tmp_path / "risk.parquet")
    assert found["status"].str.startswith("ok").all()  # few paths may have heavy tails
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "Total" in text and "…" not in text and max(map(len, text.splitlines())) <= WIDTH
