"""The demo: its book is sound, its sums are right, its report and picture show what they are given."""

from __future__ import annotations

import io
import math
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from greeks.demo import ladder, report, risk
from greeks.demo.book import COLUMNS, demo_book, demo_market
from greeks.demo.main import run_demo
from greeks.demo.surface import load
from greeks.models import BlackScholes, Heston
from greeks.payoffs import registry
from greeks.portfolio.market import load_market
from greeks.portfolio.schema import check_book
from greeks.reference import black_scholes, greeks, heston


@pytest.fixture(scope="module")
def book() -> pd.DataFrame:
    return demo_book()


@pytest.fixture
def positions() -> pd.DataFrame:
    """Three positions, one of them under Heston, with figures to add up by hand."""
    frame = pd.DataFrame(
        {
            "model": ["BlackScholes", "BlackScholes", "Heston"],
            "product": ["Call", "Call", "Put"],
            "price": [1000.0, -250.0, 40.0],
            "price_std_error": [3.0, 4.0, 12.0],
            "vega": [20.0, 30.0, math.nan],
            "vega_std_error": [0.6, 0.8, math.nan],
            "vega_now": [math.nan, math.nan, 7.0],
            "vega_now_std_error": [math.nan, math.nan, 0.5],
            "estimator": ["Pathwise", "Mixed (gamma); Pathwise (delta)", "Pathwise"],
            "status": ["ok", "ok", "ok; gamma refused: [no] density"],
        }
    )
    for name in ("delta", "gamma"):
        frame[name], frame[f"{name}_std_error"] = [1.0, 2.0, 3.0], [0.1, 0.1, 0.1]
    return frame


def shown(positions: pd.DataFrame) -> str:
    console = Console(file=io.StringIO(), width=80)
    report.print_report(positions, 1024, 2.0, console)
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
    assert {"Call", "Put", "DigitalCall", "BarrierOption", "AsianCall", "LookbackCall"} <= set(book[heston]["payoff"])


def test_vanillas_are_priced_at_the_volatility_quoted_for_them(book: pd.DataFrame) -> None:
    surface, market = load(), demo_market(book)
    vanillas = book[book["payoff"].isin(["Call", "Put"]) & ~book["underlying"].str.contains("Heston")]
    assert len(vanillas) == 30
    for trade in vanillas.to_dict("records"):
        (quotes,) = (quotes for quotes in surface.slices if quotes.maturity == trade["maturity"])
        model = BlackScholes(surface.spot, quotes.rate, quotes.volatility(trade["strike"]))
        assert market[trade["underlying"]] == model


def test_the_spot_moves_every_model(book: pd.DataFrame) -> None:
    market = demo_market(book, spot=4000.0)
    assert {model.spot for model in market.values()} == {4000.0}
    assert {type(model) for model in market.values()} == {BlackScholes, Heston}


def test_the_barriers_are_ahead_of_the_spot(book: pd.DataFrame) -> None:
    barriers = book[book["payoff"] == "BarrierOption"]
    above = barriers["barrier"] > load().spot
    assert (above == (barriers["direction"] == "up")).all()


def test_sums_add_variances(positions: pd.DataFrame) -> None:
    total = risk.add_up(positions)
    assert (total["price"], total["price_std_error"]) == (790.0, 13.0)
    assert (total["vega"], total["vega_std_error"]) == (50.0, pytest.approx(1.0))
    assert (total["vega_now"], total["vega_now_std_error"]) == (7.0, 0.5)


def test_what_no_position_has_is_not_zero(positions: pd.DataFrame) -> None:
    total = risk.add_up(positions[positions["model"] == "BlackScholes"])
    assert math.isnan(total["vega_now"]) and math.isnan(total["vega_now_std_error"])


def test_rows_by_product_come_with_totals(positions: pd.DataFrame) -> None:
    table = risk.by_product(positions)
    assert list(table.index) == [
        ("BlackScholes", "Call"),
        ("BlackScholes", "Total"),
        ("Heston", "Put"),
        ("Heston", "Total"),
        ("Book", "Total"),
    ]
    assert list(table["trades"]) == [2, 2, 1, 1, 3]
    assert list(table["price"]) == [750.0, 750.0, 40.0, 40.0, 790.0]
    assert list(table["price_std_error"]) == [5.0, 5.0, 12.0, 12.0, 13.0]


def test_the_report_shows_sums_estimators_troubles_and_time(positions: pd.DataFrame) -> None:
    text = shown(positions)
    assert "750.0 ±5.0" in text  # the calls
    assert "790 ±13" in text  # the book
    assert "0.500 ±0.010" in text  # vega of a volatility point
    assert "Mixed (gamma)" in text
    assert "[no] density" in text  # a status is text, not markup
    assert "1,024 paths each, in 2.0 s" in text


def test_the_report_fits_a_terminal_of_eighty_columns(positions: pd.DataFrame) -> None:
    large = positions.copy()
    large["price"], large["price_std_error"] = 123456.0, 1234.0
    text = shown(large)
    assert "370,400 ±2,100" in text and "…" not in text
    assert max(len(line) for line in text.splitlines()) <= 80


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [(0.0, 0.0, "0"), (12.5, 0.0, "12.5"), (math.nan, math.nan, ""), (9.996, 0.0996, "10.00 ±0.10")],
)
def test_figures_without_error_and_at_the_edge_of_rounding(value: float, error: float, text: str) -> None:
    assert report.with_error(value, error) == text


def test_the_files_hold_book_and_risk(book: pd.DataFrame, tmp_path: Path) -> None:
    figures = pd.DataFrame({"model": "Heston", "product": book["payoff"], "price": 1.5}, index=book.index)
    market = demo_market(book)
    csv, parquet, alone, models = report.write_files(figures, book, market, tmp_path / "new")
    assert list(pd.read_parquet(parquet)["price"]) == [1.5] * len(book)
    assert list(pd.read_csv(csv)["id"]) == list(book["id"])
    again = pd.read_csv(alone)
    assert load_market(models) == market
    assert check_book(again, market, registry()).report() == ""


def test_the_ladder_sums_every_rung_by_model(positions: pd.DataFrame) -> None:
    def at(spot: float) -> pd.DataFrame:
        return positions.assign(price=positions["price"] * spot)

    rungs = ladder.spot_ladder(100.0, at)
    assert len(rungs) == 2 * len(ladder.SHIFTS)
    calls = rungs[rungs["model"] == "BlackScholes"]
    np.testing.assert_allclose(calls["price"], 750.0 * calls["spot"])
    np.testing.assert_allclose(calls["spot"], 100.0 * (1.0 + np.array(ladder.SHIFTS)))


def test_the_picture_shows_curves_and_bands(positions: pd.DataFrame, tmp_path: Path) -> None:
    from matplotlib.image import imread

    rungs = ladder.spot_ladder(100.0, lambda spot: positions.assign(delta=spot, delta_std_error=spot / 10.0))
    ladder.draw(rungs, 100.0, tmp_path / "with.png")
    ladder.draw(rungs.assign(delta_std_error=0.0), 100.0, tmp_path / "without.png")
    with_bands, without = imread(tmp_path / "with.png"), imread(tmp_path / "without.png")
    assert with_bands.shape == without.shape == (960, 1200, 4)
    assert np.mean(np.any(with_bands != without, axis=2)) > 0.02  # the bands cover a visible area


@pytest.mark.parametrize("model", ["BlackScholes", "Heston"])
def test_the_vanillas_of_the_book_agree_with_closed_forms(book: pd.DataFrame, model: str) -> None:
    """Simulated as the demo does it, against the reference: price, delta, gamma and the vegas."""
    market = demo_market(book)
    kinds = book["underlying"].map(lambda name: type(market[name]).__name__)
    trades = book[(kinds == model) & (book["payoff"] == "Call")]
    found = risk.book_risk(trades, market, paths=2**14, seed=7)
    assert list(found["status"]) == ["ok"] * len(trades)
    form = black_scholes.call if model == "BlackScholes" else heston.call
    for row, trade in zip(found.to_dict("records"), trades.to_dict("records"), strict=True):
        own = asdict(market[trade["underlying"]])
        exact = greeks(form, **own, strike=trade["strike"], maturity=trade["maturity"])
        for name in ("price", *risk.GREEKS[model]):
            error = row[f"{name}_std_error"]
            truth = trade["quantity"] * exact[name]
            assert abs(row[name] - truth) < 4.0 * error, (trade["id"], name)
            assert error < 0.08 * abs(truth), (trade["id"], name)


def test_the_vega_of_volatility_now_is_that_of_the_variance(book: pd.DataFrame) -> None:
    market = demo_market(book)
    trade = book[book["underlying"] == "DAX Heston 165d"].head(1)
    found = risk.book_risk(trade, market, paths=2**12, seed=7).iloc[0]
    volatility = math.sqrt(market["DAX Heston 165d"].variance)
    assert found["vega_now"] == pytest.approx(2.0 * volatility * found["d_variance"])
    assert found["vega_now_std_error"] == pytest.approx(2.0 * volatility * found["d_variance_std_error"])


@pytest.mark.slow
def test_the_whole_demo_runs(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=80)
    files = run_demo(tmp_path, paths=2**10, seed=1, console=console, progress=False)
    assert all(file.stat().st_size > 1000 for file in files)
    found = pd.read_parquet(tmp_path / "risk.parquet")
    assert list(found["status"]) == ["ok"] * len(found)
    assert isinstance(console.file, io.StringIO)
    assert "Total" in console.file.getvalue()
