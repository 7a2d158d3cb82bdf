"""Scenarios on threads, processes and a Dask cluster: the same numbers, and broken payoffs cost their trades only."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import pandas as pd
import pytest

import greeks as gk
from greeks.engine.crowd.many import estimate_many
from greeks.portfolio.jobs import job as job_module
from greeks.portfolio.scenarios import run as run_module
from tests.unit.test_portfolio_executor import Poisonous, cluster
from tests.unit.test_portfolio_stream import MARKET, SETTINGS, book

SIZES = (-0.1, 0.0, 0.1)
LATER = {name: gk.BlackScholes(1.02 * model.spot, model.rate, model.volatility) for name, model in MARKET.items()}


def ladder(held: pd.DataFrame, **settings: Any) -> pd.DataFrame:
    return gk.ladder(held, MARKET, "spot", SIZES, ["delta"], by="underlying", **(SETTINGS | settings))


def explained(**settings: Any) -> pd.DataFrame:
    return gk.explain_pnl(book(12), MARKET, LATER, elapsed=0.01, **(SETTINGS | settings))


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_module, "PIECE", 2)


@pytest.fixture(scope="module")
def plain() -> pd.DataFrame:
    return ladder(book(12))


def test_threads_and_a_bar_change_nothing(plain: pd.DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    with ThreadPoolExecutor(3) as pool:
        pd.testing.assert_frame_equal(ladder(book(12), executor=pool, progress=True), plain, check_exact=True)
        pd.testing.assert_frame_equal(explained(executor=pool), explained(), check_exact=True)
    assert capsys.readouterr().out == ""


def test_processes(plain: pd.DataFrame) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        pd.testing.assert_frame_equal(ladder(book(12), executor=pool), plain, check_exact=True)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of Dask's own, on what it forks and where it serves
def test_a_dask_cluster(plain: pd.DataFrame) -> None:
    with cluster(2) as client:
        pd.testing.assert_frame_equal(ladder(book(12), executor=client), plain, check_exact=True)


def test_how_many_markets_are_in_memory_at_once_changes_nothing(
    plain: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "WHOLE", 1)
    pd.testing.assert_frame_equal(ladder(book(12)), plain, check_exact=True)


def test_the_bar_counts_every_revaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []

    class Watching:
        def __init__(self, trades: int, show: bool, doing: str) -> None:
            assert (trades, show, doing) == (36, True, "revaluing")

        def __enter__(self) -> Any:
            return done.append

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr("greeks.portfolio.scenarios.office.watching", Watching)
    ladder(book(12), progress=True)
    assert sum(done) == 36 and max(done) <= 2


def test_a_payoff_whose_formula_is_broken_costs_its_trades_only(plain: pd.DataFrame) -> None:
    held = pd.concat([book(12), book(2).assign(id=["x", "y"], payoff="Poisonous")])
    own: dict[str, Any] = {"payoffs": {"Poisonous": Poisonous}}
    with pytest.raises(gk.BookError, match=r"market as it is, trades x, y: price: Poisonous.settle: KeyError 'key'"):
        ladder(held, **own)
    table = ladder(held, errors="coerce", **own)
    np.testing.assert_array_equal(table["value"], plain["value"])
    assert table["status"].str.startswith("without 1 trade: x: Poisonous.settle: KeyError 'key'").any()


def test_a_bug_costs_its_trades_only_and_is_what_the_error_comes_from(
    plain: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(contracts: Any, *rest: Any) -> Any:
        if any(payoff.strike == 95.0 for _, payoff in contracts):
            raise ZeroDivisionError("of\ntwo lines")
        return estimate_many(contracts, *rest)

    monkeypatch.setattr("greeks.portfolio.scenarios.sheet.estimate_many", broken)
    with pytest.raises(
        gk.BookError, match=r"trades? .*T5.*: price: failed: ZeroDivisionError: of; two lines"
    ) as caught:
        ladder(book(12))
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    table = ladder(book(12), errors="coerce")
    left = table["trades"] == plain["trades"]
    assert left.any() and not left.all() and table["value"][left].equals(plain["value"][left])
    assert (table["status"][~left].str.contains("ZeroDivisionError: of; two lines")).all()


def test_ctrl_c_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("greeks.portfolio.scenarios.sheet.estimate_many", pressed)
    with pytest.raises(KeyboardInterrupt):
        ladder(book(12))


def test_what_is_no_executor_is_refused() -> None:
    with pytest.raises(gk.SchemaError, match=r"executor = 4: expected a concurrent\.futures\.Executor"):
        ladder(book(12), executor=4)


def test_a_market_in_which_no_trade_is_left_has_no_profit() -> None:
    held = book(12).assign(maturity=0.005)
    table = gk.explain_pnl(held, MARKET, LATER, elapsed=0.01, errors="coerce", **SETTINGS)
    assert table.loc[table["term"] == "revaluation", "value"].isna().all()
    assert table["status"].str.contains("matures after 0.005 years").any()
