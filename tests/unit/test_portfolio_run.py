"""Running a book: order, streams, quantities, refusals, failures. The engine is a stand-in here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from greeks.errors import EstimationError, SchemaError, UnsupportedError
from greeks.models import BlackScholes, MultiBlackScholes
from greeks.payoffs.base import Payoff
from greeks.portfolio import BookError, run
from greeks.results import Estimate, Sensitivities

MARKET = {"DAX": BlackScholes(100.0, 0.05, 0.2), "SMI": BlackScholes(50.0, 0.01, 0.3)}


def trade(id: str, quantity: float = 1.0, payoff: str = "Call", **more: Any) -> dict[str, Any]:
    row = {
        "id": id,
        "underlying": "DAX",
        "payoff": payoff,
        "quantity": quantity,
        "strike": 100.0,
        "maturity": 1.0,
    }
    return row | more


@dataclass
class Engine:
    """Answers as `sensitivities` would: a number that tells the trade, the stream and the Greek apart."""

    calls: list[tuple[str, tuple[str, ...], dict[str, Any]]]

    def __call__(self, model: Any, payoff: Any, greeks: Sequence[str], **settings: Any) -> Mapping[str, Estimate]:
        self.calls.append((type(payoff).__name__, tuple(greeks), settings))
        if payoff.strike == 13.0:
            raise EstimationError("the mean is not finite\nuse fewer dates")
        if payoff.strike == 14.0:
            raise ZeroDivisionError
        if type(payoff).__name__ == "DigitalPut":
            raise UnsupportedError("no price without a density")
        if "gamma" in greeks and type(payoff).__name__ == "DigitalCall":
            raise UnsupportedError("gamma: a jump")
        names = ["price", *(name for greek in greeks for name in self.expanded(model, greek))]
        return Sensitivities({name: self.estimate(name, payoff, settings) for name in names}, np.eye(len(names)))

    @staticmethod
    def explain(model: Any, payoff: Any, greeks: Sequence[str], **settings: Any) -> SimpleNamespace:
        if type(payoff).__name__ == "DigitalPut":
            raise UnsupportedError("no price without a density")
        jumps = type(payoff).__name__ == "DigitalCall"
        return SimpleNamespace(refused={greek: "a jump" for greek in greeks if jumps and greek == "gamma"})

    @staticmethod
    def expanded(model: Any, greek: str) -> list[str]:
        return [f"{greek}[0]", f"{greek}[1]"] if isinstance(model, MultiBlackScholes) and greek == "delta" else [greek]

    @staticmethod
    def estimate(name: str, payoff: Any, settings: dict[str, Any]) -> Estimate:
        warnings = ("heavy tail",) if payoff.strike == 77.0 and name == "vega" else ()
        estimator = "Mixed" if name == "gamma" else "Pathwise"
        value = payoff.strike + len(name) + settings["stream"] / 2**32
        return Estimate(name, value, 0.5, settings["paths"], estimator, "a stand-in", warnings)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    engine = Engine([])
    monkeypatch.setattr("greeks.portfolio.desk.sensitivities", engine)
    monkeypatch.setattr("greeks.portfolio.desk.explain", engine.explain)
    return engine


def test_columns_index_and_quantities(engine: Engine) -> None:
    book = pd.DataFrame([trade("a"), trade("b", -3.0)], index=["x", "y"])
    risk = run(book, MARKET, ["delta", "vega"])
    assert list(risk.columns) == [
        *("price", "price_std_error", "delta", "delta_std_error", "vega", "vega_std_error"),
        *("estimator", "status"),
    ]
    assert list(risk.index) == ["x", "y"]
    one = run(pd.DataFrame([trade("b")]), MARKET, ["delta", "vega"]).iloc[0]
    assert risk.loc["y", "delta"] == -3.0 * one["delta"]
    assert list(risk["delta_std_error"]) == [0.5, 1.5]
    assert list(risk["status"]) == ["ok", "ok"] and list(risk["estimator"]) == ["Pathwise", "Pathwise"]


def test_numbers_do_not_depend_on_rows_or_neighbours(engine: Engine) -> None:
    rows = [trade(name, strike=strike) for name, strike in [("a", 90.0), ("b", 100.0), ("c", 110.0)]]
    there = run(pd.DataFrame(rows), MARKET, ["delta"])
    back = run(pd.DataFrame(rows[::-1], index=[2, 1, 0]), MARKET, ["delta"])
    alone = run(pd.DataFrame(rows[1:2], index=[1]), MARKET, ["delta"])
    pd.testing.assert_frame_equal(back.sort_index(), there)
    pd.testing.assert_frame_equal(alone, there.iloc[[1]])
    assert len({settings["stream"] for _, _, settings in engine.calls}) == 1


def test_underlyings_have_streams_of_their_own(engine: Engine) -> None:
    run(pd.DataFrame([trade("a"), trade("b"), trade("c", underlying="SMI")]), MARKET, [])
    streams = [settings["stream"] for _, _, settings in engine.calls]
    assert streams[0] == streams[1] != streams[2]


def test_trades_of_a_kind_run_together(engine: Engine) -> None:
    rows = [trade(f"{payoff}{i}", payoff=payoff) for i in range(3) for payoff in ("Call", "Put")]
    run(pd.DataFrame(rows), MARKET, [])
    assert [name for name, _, _ in engine.calls] == ["Call"] * 3 + ["Put"] * 3


def test_settings_reach_every_trade(engine: Engine) -> None:
    book = pd.DataFrame([trade("a"), trade("b")])
    run(book, MARKET, ["delta"], paths=1000, seed=9, std_error={"delta": 0.1}, max_paths=5000, threads=1)
    for _, greeks, settings in engine.calls:
        assert greeks == ("delta",)
        assert {
            "paths": 1000,
            "seed": 9,
            "std_error": {"delta": 0.1},
            "max_paths": 5000,
        }.items() <= settings.items()
        assert {
            "threads": 1,
            "backend": "cpu",
            "estimator": "auto",
            "time_limit": None,
        }.items() <= settings.items()


def test_a_time_limit_is_shared_out(engine: Engine) -> None:
    run(pd.DataFrame([trade(str(i)) for i in range(4)]), MARKET, [], time_limit=100.0)
    shares = [settings["time_limit"] for _, _, settings in engine.calls]
    assert shares[0] == pytest.approx(25.0, abs=0.5) and shares[-1] == pytest.approx(100.0, abs=1.0)


def test_greeks_by_asset_stand_where_they_were_asked(engine: Engine) -> None:
    pair = MultiBlackScholes((1.0, 2.0), 0.0, (0.2, 0.3), ((1.0, 0.5), (0.5, 1.0)), (0.0, 0.0))
    book = pd.DataFrame([trade("a"), trade("b", payoff="BasketCall", underlying="pair")])
    risk = run(book, {**MARKET, "pair": pair}, ["delta", "vega"])
    numbers = [name for name in risk.columns if not name.endswith("std_error")]
    assert numbers == ["price", "delta", "delta[0]", "delta[1]", "vega", "estimator", "status"]
    assert risk["delta"].isna().tolist() == [False, True] and risk["delta[0]"].isna().tolist() == [
        True,
        False,
    ]


def test_estimators_are_told_apart(engine: Engine) -> None:
    risk = run(pd.DataFrame([trade("a")]), MARKET, ["delta", "gamma", "vega"])
    assert risk["estimator"].item() == "Pathwise (delta, vega); Mixed (gamma)"


def test_warnings_of_the_engine_reach_the_status(engine: Engine) -> None:
    risk = run(pd.DataFrame([trade("a", strike=77.0)]), MARKET, ["delta", "vega"])
    assert risk["status"].item() == "ok; vega: heavy tail"


def test_bad_rows_stop_everything_before_it_starts(engine: Engine) -> None:
    with pytest.raises(SchemaError, match=r"row 1, id 'b': Call\.maturity"):
        run(pd.DataFrame([trade("a"), trade("b", maturity=-1.0)]), MARKET, ["delta"])
    assert engine.calls == []


def test_coerce_prices_the_good_rows_and_says_why_not_the_others(engine: Engine) -> None:
    book = pd.DataFrame([trade("bad", maturity=-1.0), trade("a"), trade("a2", underlying="DAXX")])
    risk = run(book, MARKET, ["delta"], errors="coerce")
    assert risk["price"].isna().tolist() == [True, False, True]
    assert risk["status"].str.startswith("bad input: ").tolist() == [True, False, True]
    assert "did you mean 'DAX'?" in risk["status"].iloc[2]
    good = run(book.iloc[[1]], MARKET, ["delta"])
    pd.testing.assert_frame_equal(risk.iloc[[1]], good)


def test_refused_greeks_leave_the_others_standing(engine: Engine) -> None:
    book = pd.DataFrame([trade(f"d{i}", payoff="DigitalCall") for i in range(2)])
    risk = run(book, MARKET, ["delta", "gamma"], errors="coerce")
    assert risk["delta"].notna().all() and risk["gamma"].isna().all()
    assert set(risk["status"]) == {"refused: gamma: a jump"}
    assert [greeks for _, greeks, _ in engine.calls] == 2 * [("delta", "gamma"), ("delta",)]


def test_a_single_refused_greek_leaves_the_price(engine: Engine) -> None:
    risk = run(pd.DataFrame([trade("d", payoff="DigitalCall")]), MARKET, ["gamma"], errors="coerce")
    assert risk["price"].notna().all() and risk["gamma"].isna().all()


def test_a_refused_price_fails_the_trade(engine: Engine) -> None:
    book = pd.DataFrame([trade("p", payoff="DigitalPut"), trade("q", payoff="DigitalPut")])
    risk = run(book, MARKET, ["delta", "vega"], errors="coerce")
    assert set(risk["status"]) == {"failed: no price without a density"} and risk["price"].isna().all()


def test_failures_raise_at_the_end_and_keep_what_was_computed(engine: Engine) -> None:
    book = pd.DataFrame([trade("a", strike=13.0), trade("b"), trade("c", strike=13.0)])
    with pytest.raises(BookError) as caught:
        run(book, MARKET, ["delta"])
    assert str(caught.value).splitlines()[0] == "trades a, c: failed: the mean is not finite; use fewer dates"
    assert list(caught.value.failures) == ["a", "c"]
    pd.testing.assert_frame_equal(caught.value.partial, run(book, MARKET, ["delta"], errors="coerce"))
    assert caught.value.partial["price"].notna().tolist() == [False, True, False]


def test_a_bug_costs_one_trade_and_keeps_its_traceback(engine: Engine) -> None:
    book = pd.DataFrame([trade("a", strike=14.0), trade("b")])
    risk = run(book, MARKET, [], errors="coerce")
    assert risk["status"].tolist() == ["failed: ZeroDivisionError: ZeroDivisionError", "ok"]
    with pytest.raises(BookError, match="trade a: failed: ZeroDivisionError") as caught:
        run(book, MARKET, [])
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_kept_columns_come_first(engine: Engine) -> None:
    book = pd.DataFrame([trade("a", trader="Ann"), trade("b", trader="Bob")])
    risk = run(book, MARKET, [], keep=["id", "trader"])
    assert list(risk.columns)[:3] == ["id", "trader", "price"] and list(risk["trader"]) == ["Ann", "Bob"]


def test_an_empty_book_gives_an_empty_table_with_all_columns(engine: Engine) -> None:
    risk = run(pd.DataFrame(columns=list(trade("a"))), MARKET, ["delta"])
    assert len(risk) == 0 and "delta_std_error" in risk and risk["price"].dtype == np.float64


def test_an_index_with_doubles_survives(engine: Engine) -> None:
    risk = run(pd.DataFrame([trade("a"), trade("b", strike=90.0)], index=[5, 5]), MARKET, [])
    assert list(risk.index) == [5, 5] and risk["price"].iloc[0] != risk["price"].iloc[1]


def test_payoffs_of_ones_own(engine: Engine) -> None:
    @dataclass(frozen=True)
    class Squared(Payoff):
        strike: float
        maturity: float

        def settle(self, stats: Any, x: Any) -> Any:
            return x[0] * x[0]

    book = pd.DataFrame([trade("a", payoff="Squared"), trade("b")])
    assert run(book, MARKET, [], payoffs={"Squared": Squared})["price"].notna().all()
    with pytest.raises(SchemaError, match="payoff = 'Squared' is unknown"):
        run(book, MARKET, [])


def test_the_progress_bar_changes_nothing(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    book = pd.DataFrame([trade("a"), trade("b")])
    pd.testing.assert_frame_equal(run(book, MARKET, [], progress=True), run(book, MARKET, []))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("greeks", "more", "said"),
    [
        ("delta", {}, r"write \['delta'\]"),
        ([1], {}, "1 is no name"),
        (["delta"], {"errors": "ignore"}, "errors = 'ignore': expected 'raise' or 'coerce'"),
        (["delta"], {"paths": 1}, "paths = 1: expected a whole number >= 2"),
        (["delta"], {"paths": 1e5}, "paths = 100000.0: expected a whole number"),
        (["delta"], {"seed": 0.5}, "seed = 0.5: expected a whole number"),
        (["delta"], {"time_limit": 0.0}, "time_limit = 0.0: expected a finite number > 0"),
        (["delta"], {"threads": 0}, "threads = 0: expected a whole number >= 1"),
    ],
)
def test_arguments_are_checked_first(engine: Engine, greeks: Any, more: dict[str, Any], said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        run(pd.DataFrame([trade("a")]), MARKET, greeks, **more)
    assert engine.calls == []


def test_the_price_is_always_there_and_doubles_are_asked_once(engine: Engine) -> None:
    risk = run(pd.DataFrame([trade("a")]), MARKET, ["delta", "price", "delta"])
    assert list(risk.columns)[:4] == ["price", "price_std_error", "delta", "delta_std_error"]
    assert engine.calls[0][1] == ("delta",)


def test_the_book_is_left_as_it_was(engine: Engine) -> None:
    book = pd.DataFrame([trade("a"), trade("b")])
    before = book.copy(deep=True)
    run(book, MARKET, ["delta"])
    pd.testing.assert_frame_equal(book, before)
