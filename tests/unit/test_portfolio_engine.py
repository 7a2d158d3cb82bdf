"""Books through the real engine: the same numbers as one trade at a time, and right ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import greeks as gk
from greeks.cli import app
from greeks.portfolio.rows.book import stream_of

MARKET = {
    "DAX": gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2, dividend=0.02),
    "pair": gk.MultiBlackScholes((100.0, 90.0), 0.05, (0.2, 0.3), ((1.0, 0.5), (0.5, 1.0)), (0.0, 0.0)),
}
BOOK = pd.DataFrame(
    {
        "id": ["call", "digital", "asian", "basket"],
        "underlying": ["DAX", "DAX", "DAX", "pair"],
        "payoff": ["Call", "DigitalCall", "AsianCall", "BasketCall"],
        "quantity": [10.0, -2.0, 1.0, 3.0],
        "strike": [100.0, 100.0, 95.0, 95.0],
        "maturity": [1.0, 1.0, 0.5, 1.0],
        "dates": [None, None, 6, None],
    }
)


@pytest.fixture(scope="module")
def risk() -> pd.DataFrame:
    return gk.run(BOOK, MARKET, ["delta"], paths=2**14, seed=3)


def test_a_book_is_its_trades_times_their_quantities(risk: pd.DataFrame) -> None:
    one = gk.sensitivities(MARKET["DAX"], gk.DigitalCall(100.0, 1.0), ["delta"], paths=2**14, seed=3,
                           stream=stream_of("DAX"))  # fmt: skip
    assert risk.loc[1, "price"] == -2.0 * one["price"].value
    assert risk.loc[1, "delta_std_error"] == 2.0 * one["delta"].std_error
    assert risk["status"].str.startswith("ok").all()


def test_the_numbers_are_right(risk: pd.DataFrame) -> None:
    call = risk.loc[0]
    assert abs(call["price"] - 92.2700550815404) < 4.0 * call["price_std_error"] < 10.0
    assert abs(call["delta"] - 5.86851146) < 4.0 * call["delta_std_error"] + 5e-9 < 0.4


def test_baskets_have_a_delta_an_asset(risk: pd.DataFrame) -> None:
    assert risk["delta"].isna().tolist() == [False, False, False, True]
    assert risk["delta[0]"].isna().tolist() == risk["delta[1]"].isna().tolist() == [True, True, True, False]


def test_rows_and_threads_do_not_matter(risk: pd.DataFrame) -> None:
    back = gk.run(BOOK.iloc[::-1], MARKET, ["delta"], paths=2**14, seed=3, threads=1)
    pd.testing.assert_frame_equal(back.sort_index()[risk.columns], risk, check_exact=True)


def test_unknown_and_refused_greeks_leave_the_rest(risk: pd.DataFrame) -> None:
    coerced = gk.run(BOOK, MARKET, ["delta", "d_cash"], paths=2**14, seed=3, errors="coerce")
    np.testing.assert_array_equal(coerced["delta"], risk["delta"])
    others = [True, False, True, True]  # than the digital
    assert coerced["d_cash"].isna().tolist() == others
    assert coerced["status"].str.startswith("refused: d_cash: ").tolist() == others


def test_the_command_line_gives_the_same(risk: pd.DataFrame, tmp_path: Path) -> None:
    book, market, out = tmp_path / "book.csv", tmp_path / "market.toml", tmp_path / "risk.parquet"
    BOOK.iloc[:3].to_csv(book, index=False)
    market.write_text('[DAX]\nmodel = "BlackScholes"\nspot = 100.0\nrate = 0.05\nvolatility = 0.2\ndividend = 0.02\n')
    options = ["--greeks", "delta", "--paths", str(2**14), "--seed", "3"]
    done = CliRunner().invoke(app, ["run", str(book), str(market), *options, "--out", str(out)])
    assert done.exit_code == 0, done.output
    written = pd.read_parquet(out)
    np.testing.assert_array_equal(written[["price", "delta"]], risk.loc[:2, ["price", "delta"]])
    told = CliRunner().invoke(app, ["explain", str(book), str(market), "--greeks", "delta"])
    assert told.exit_code == 0 and told.stdout.count("  delta: ") == 3
