"""Inputs at the edge of what numbers and arguments can be: a clear error or a status, never a traceback from inside."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import greeks as gk
from greeks.engine.sampling.settings import Settings
from greeks.kernels.backends import Availability, Backends
from greeks.portfolio.jobs import backend
from greeks.portfolio.rows.schema import check_book

DAX = gk.BlackScholes(100.0, 0.05, 0.2)
MARKET = {"DAX": DAX}
HUGE = {"DAX": gk.BlackScholes(1e308, 0.05, 0.2)}
UP = {"DAX": gk.BlackScholes(101.0, 0.05, 0.2)}


def book(**terms: Any) -> pd.DataFrame:
    usual = {"id": "a", "underlying": "DAX", "payoff": "Call", "quantity": 2.0, "strike": 100.0, "maturity": 1.0}
    return pd.DataFrame([usual | terms])


def run(held: Any = None, market: Any = MARKET, greeks: Any = ("delta",), **settings: Any) -> Any:
    usual: dict[str, Any] = {"errors": "coerce", "paths": 256}
    return gk.run(book() if held is None else held, market, greeks, **(usual | settings))


def ladder(held: Any = None, market: Any = MARKET, sizes: Any = (0.1,), greeks: Any = (), **settings: Any) -> Any:
    usual: dict[str, Any] = {"paths": 256}
    return gk.ladder(book() if held is None else held, market, "spot", sizes, greeks, **(usual | settings))


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: run(greeks=None), r"greeks = None: expected a list of names"),
        (lambda: run(backend="tpu"), r"backend = 'tpu': expected one of 'cpu', 'cuda', 'auto'"),
        (
            lambda: run(std_error={"vega": 1.0}),
            r"std_error names 'vega', which is not asked for; there are price, delta",
        ),
        (lambda: run(net_std_error={"vega": 1.0}), r"net_std_error names 'vega', which is not asked for"),
        (lambda: run(payoffs={"Call": 5}), r"payoffs\['Call'\] = 5: expected a class of payoffs"),
        (lambda: run(payoffs=[gk.Call]), r"payoffs is a list: expected classes by name"),
        (lambda: run(market={7: DAX, "7": DAX}), r"market: the name '7' comes twice"),
        (lambda: run(market={" ": DAX}), r"market: the name ' ' is blank"),
        (lambda: run(book(underlying="SMI"), errors="raise"), r"known are DAX\. Or add its model to the market"),
        (lambda: run(out=Path(__file__) / "risk"), r"out: .* cannot be made: .*; check the path"),
        (lambda: run().net(by=5), r"by = 5: expected the name of a column"),
        (lambda: run(book(currency="EUR")).net(rates=5), r"rates = 5: expected a number for each currency"),
        (lambda: run(book(currency="EUR")).net(rates={"USD": 1.0}), r"rates\['EUR'\] = None: expected a finite number"),
        (lambda: ladder(sizes=None), r"shifts of 'spot' are None: expected sizes such as"),
        (lambda: ladder(sizes=0.1), r"shifts of 'spot' are 0\.1: expected sizes such as"),
        (lambda: ladder(greeks=None), r"greeks = None: expected a list of names"),
        (lambda: ladder(greeks=[math.nan]), r"greeks: nan is no name"),
        (lambda: ladder(by=5), r"by = 5: expected the name of a column"),
        (lambda: ladder(book().assign(desk=pd.Series([[1]])), by="desk"), r"by = desk holds cells that are no names"),
        (lambda: ladder(book(currency="EUR"), rates=5), r"rates = 5: expected a number for each currency"),
        (lambda: ladder(backend="tpu"), r"backend = 'tpu': expected one of"),
        (lambda: gk.ladder(book(), MARKET, 5, [0.1]), r"Shift\.parameter = 5: expected a name"),  # type: ignore[arg-type]
        (lambda: gk.scenarios(book(), MARKET, [gk.Shift("spot", 0.1)]), r"cases = .*: expected shifts by name"),  # type: ignore[arg-type]
        (lambda: gk.scenarios(book(), MARKET, {"x": None}), r"cases\['x'\] has None"),  # type: ignore[dict-item]
    ],
)
def test_arguments_that_are_none_are_named(ask: Any, said: str) -> None:
    with pytest.raises(gk.SchemaError, match=said):
        ask()


@pytest.mark.parametrize("quantity", [1e308, -1e308])
def test_positions_beyond_double_precision_are_a_status(quantity: float) -> None:
    risk = run(pd.concat([book(quantity=quantity), book(id="b")]))
    assert risk["status"].tolist()[0].startswith(f"failed: {quantity:g} times the numbers of one contract are beyond")
    assert risk["price"].isna().tolist() == [True, False] and risk["delta"].isna().tolist() == [True, False]
    with pytest.raises(gk.BookError, match=r"trade a: failed: .* beyond double precision"):
        run(book(quantity=quantity), errors="raise")


def test_sums_beyond_double_precision_are_a_status() -> None:
    held = pd.concat([book(quantity=1.5e307), book(id="b", quantity=1.5e307)])
    net = run(held).net()
    assert net["status"].item().startswith("price: beyond double precision") and math.isnan(net["price"].item())
    for table in (ladder(held), gk.explain_pnl(held.assign(quantity=1e308), MARKET, UP, paths=256)):
        beyond = table["status"] == "beyond double precision: check quantities and parameters"
        assert beyond.any() and table.loc[beyond, "value"].isna().all()


def test_spots_beyond_double_precision_are_a_status() -> None:
    assert "beyond double precision" in run(market=HUGE)["status"].item()
    table = gk.explain_pnl(book(), MARKET, HUGE, errors="coerce", paths=256)
    assert table["value"].isna().all() and table["status"].str.contains("beyond double precision").all()


def test_a_quantity_of_0_is_a_position_of_0() -> None:
    assert run(book(quantity=0.0))[["price", "price_std_error"]].to_numpy().tolist() == [[0.0, 0.0]]
    table = ladder(book(quantity=0.0))
    numbers = ["value", "std_error", "change", "change_std_error", "trades"]
    assert table[numbers].to_numpy().tolist() == [[0.0, 0.0, 0.0, 0.0, 1.0]]
    explained = gk.explain_pnl(book(quantity=0.0), MARKET, UP, paths=256)
    assert (explained["value"] == 0.0).all() and (explained["trades"] == 1).all()


def test_where_nothing_moves_nothing_is_explained() -> None:
    table = gk.explain_pnl(book(), MARKET, MARKET, paths=256)
    assert table["term"].tolist() == ["explained", "revaluation", "unexplained"]
    assert (table[["value", "std_error"]] == 0.0).all().all()


def test_numbers_are_names_where_names_are_asked() -> None:
    assert run(book(underlying=7), {7: DAX})["status"].item() == "ok"


def test_an_empty_book_has_an_empty_result() -> None:
    risk = run(book()[:0])
    assert risk.empty and list(risk.columns)[:2] == ["price", "price_std_error"]
    assert risk.net()["price"].item() == 0.0 and risk.net(by="underlying").empty


def test_a_target_that_nothing_meets_ends_at_the_limit() -> None:
    held = book(payoff="AsianCall", dates=4)
    one = {"estimator": gk.Pathwise(), "controls": ()}
    risk = run(held, net_std_error=1e-300, max_paths=8192, paths=4096, **one)
    np.testing.assert_array_equal(risk["price"], run(held, paths=8192, **one)["price"])


def test_auto_takes_a_device_for_a_whole_book_that_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    trades = check_book(pd.concat([book(id=f"T{i}") for i in range(4)]), MARKET, {"Call": gk.Call}).trades
    settings = Settings(backend="auto", paths=2**20)
    monkeypatch.setattr(backend, "is_worthwhile", lambda work: work >= 8 * 2**20)
    for there, of_one, of_all in ((True, "cpu", "cuda"), (False, "cpu", "cpu")):
        found = Backends((Availability("cpu", True), Availability("cuda", there, "no driver.")))
        monkeypatch.setattr(backend, "available", lambda found=found: found)
        assert backend.backend_for(settings, trades[:1], ["delta"]) == of_one
        assert backend.backend_for(settings, trades, ["delta"]) == of_all
    with pytest.raises(gk.UnsupportedError, match=r"backend = 'cuda': no driver\. Remedy: backend='auto'"):
        run(backend="cuda")
