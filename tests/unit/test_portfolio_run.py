"""Running a book: order, streams, quantities, refusals, failures. The engine is a stand-in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd
import pytest

from greeks.engine.crowd.many import Group
from greeks.engine.sampling.reading import Reading
from greeks.engine.sampling.settings import Settings
from greeks.errors import EstimationError, GreeksError, SchemaError
from greeks.models import BlackScholes, MultiBlackScholes
from greeks.payoffs.base import Payoff
from greeks.portfolio import BookError, DeskUnits, run

HESTON = {"variance": 0.04, "kappa": 2.0, "theta": 0.04, "xi": 0.3, "rho": -0.5}
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


Contracts = Sequence[tuple[Any, Any]]


class Call(NamedTuple):
    """What the engine was asked."""

    contracts: Contracts
    greeks: tuple[str, ...]
    settings: Settings
    streams: tuple[int, ...]


@dataclass
class Engine:
    """Answers as `estimate_many` would: numbers that tell the trade, the stream and the Greek apart."""

    calls: list[Call]

    def __call__(
        self, contracts: Contracts, greeks: Sequence[str], settings: Settings, streams: Sequence[int]
    ) -> tuple[Group, ...]:
        self.calls.append(Call(contracts, tuple(greeks), settings, tuple(streams)))
        if any(payoff.strike == 14.0 for _, payoff in contracts):
            raise ZeroDivisionError
        return tuple(
            self.group(i, model, payoff, greeks, stream)
            for i, ((model, payoff), stream) in enumerate(zip(contracts, streams, strict=True))
        )

    def group(self, i: int, model: Any, payoff: Any, greeks: Sequence[str], stream: int) -> Group:
        """A group of one."""
        refused = {g: "a jump" for g in greeks if type(payoff).__name__ == "DigitalCall" and g == "gamma"}
        names = ["price", *(n for g in greeks if g not in refused for n in self.expanded(model, g))]
        values = np.array([[payoff.strike + len(name) + stream / 2**32 for name in names]])
        failures = {i: self.failures[payoff.strike]} if payoff.strike in self.failures else {}
        warnings = {i: {"vega": ("heavy tail",)}} if payoff.strike == 77.0 else {}
        readings = tuple(reading("Mixed" if name == "gamma" else "Pathwise", name) for name in names)
        batches = values[:, None, :] + 0.01 * np.arange(4.0)[None, :, None]
        return Group(np.array([i]), tuple(names), values, 0.0 * values + 0.5, batches, np.array([64]), (readings,),
                     warnings, refused, failures)  # fmt: skip

    failures: ClassVar[dict[float, GreeksError]] = {13.0: EstimationError("the mean is not finite\nuse fewer dates")}

    @staticmethod
    def expanded(model: Any, greek: str) -> list[str]:
        return [f"{greek}[0]", f"{greek}[1]"] if isinstance(model, MultiBlackScholes) and greek == "delta" else [greek]


def reading(estimator: str, greek: str) -> Reading:
    return Reading(greek, (0,), (1.0,), True, estimator, "a stand-in")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    engine = Engine([])
    monkeypatch.setattr("greeks.portfolio.jobs.desk.estimate_many", engine)
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
    assert len({stream for call in engine.calls for stream in call.streams}) == 1


def test_underlyings_have_streams_of_their_own(engine: Engine) -> None:
    run(pd.DataFrame([trade("a"), trade("b"), trade("c", underlying="SMI")]), MARKET, [])
    (streams,) = [call.streams for call in engine.calls]
    assert streams[0] == streams[1] != streams[2]


def test_trades_of_a_kind_run_together(engine: Engine) -> None:
    rows = [trade(f"{payoff}{i}", payoff=payoff) for i in range(3) for payoff in ("Call", "Put")]
    run(pd.DataFrame(rows), MARKET, [])
    assert [[type(payoff).__name__ for _, payoff in call.contracts] for call in engine.calls] == [
        ["Call"] * 3,
        ["Put"] * 3,
    ]


def test_large_kinds_are_cut_in_pieces(engine: Engine) -> None:
    risk = run(pd.DataFrame([trade(f"t{i}", strike=100.0 + i) for i in range(300)]), MARKET, [], progress=True)
    assert [len(call.contracts) for call in engine.calls] == [128, 128, 44]
    assert risk["price"].is_monotonic_increasing


def test_settings_reach_every_trade(engine: Engine) -> None:
    book = pd.DataFrame([trade("a"), trade("b", payoff="Put")])
    run(book, MARKET, ["delta"], paths=1000, seed=9, std_error={"delta": 0.1}, max_paths=5000, threads=1)
    assert len(engine.calls) == 2
    for call in engine.calls:
        assert call.greeks == ("delta",)
        assert call.settings == Settings(
            paths=1000, seed=9, std_error={"delta": 0.1}, max_paths=5000, threads=1
        )  # and what is left out is as in sensitivities


def test_a_time_limit_is_shared_out(engine: Engine) -> None:
    rows = [trade(str(i), payoff=payoff) for i, payoff in enumerate(["Call", "Call", "Put", "LookbackCall"])]
    run(
        pd.DataFrame([{**row, "dates": 4 if "Look" in row["payoff"] else None} for row in rows]),
        MARKET,
        [],
        time_limit=100.0,
    )
    shares = [call.settings.time_limit for call in engine.calls]
    assert shares == [pytest.approx(50.0, abs=1.0), pytest.approx(50.0, abs=1.0), pytest.approx(100.0, abs=2.0)]


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


def test_a_single_refused_greek_leaves_the_price(engine: Engine) -> None:
    risk = run(pd.DataFrame([trade("d", payoff="DigitalCall")]), MARKET, ["gamma"], errors="coerce")
    assert risk["price"].notna().all() and risk["gamma"].isna().all()


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
    assert risk["status"].tolist() == ["failed: ZeroDivisionError: no reason given", "ok"]
    with pytest.raises(BookError, match="trade a: failed: ZeroDivisionError") as caught:
        run(book, MARKET, [])
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_kept_columns_come_first(engine: Engine) -> None:
    book = pd.DataFrame([trade("a", trader="Ann"), trade("b", trader="Bob")])
    risk = run(book, MARKET, [], keep=["id", "trader"])
    assert list(risk.columns)[:3] == ["id", "trader", "price"] and list(risk["trader"]) == ["Ann", "Bob"]


def test_columns_of_ones_own_are_handed_through(engine: Engine) -> None:
    book = pd.DataFrame([trade("a", trader="Ann", desk=1), trade("b", trader="Bob", desk=2)])
    risk = run(book, MARKET, [], keep=["id"])
    assert list(risk.columns)[:4] == ["id", "trader", "desk", "price"]
    with pytest.raises(SchemaError, match="column 'delta_std_error' of the book has the name of a result"):
        run(book.assign(delta_std_error=0.0), MARKET, ["delta"])


def test_desk_units_scale_numbers_and_errors(engine: Engine) -> None:
    book = pd.DataFrame([trade("a")])
    plain = run(book, MARKET, ["delta", "vega", "rho", "theta", "vanna"]).iloc[0]
    desk = run(book, MARKET, ["delta", "vega", "rho", "theta", "vanna"], units="desk").iloc[0]
    moves = {"price": 1.0, "delta": 1.0, "vega": 0.01, "rho": 1e-4, "theta": 1 / 365, "vanna": 0.01}
    for name, move in moves.items():
        assert desk[name] == pytest.approx(move * plain[name], rel=1e-15)
        assert desk[f"{name}_std_error"] == pytest.approx(move * plain[f"{name}_std_error"], rel=1e-15)
    with pytest.raises(SchemaError, match="units = 'metric': expected None"):
        run(book, MARKET, [], units="metric")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("greek", "factor"),
    [
        *(("delta[1]", 1.0), ("vega[0]", 0.01), ("volga", 1e-4), ("charm", 1 / 365), ("veta", 0.01 / 365)),
        *(("d_volatility", 0.01), ("d_dividend", 1e-4), ("d2_spot_volatility", 0.01), ("d2_rate", 1e-8)),
        *(
            ("d_kappa", 1.0),
            ("d2_spot_variance", 1.0),
            ("dual_delta", 1.0),
            ("price", 1.0),
            ("d2_rate_time", 1e-4 / 365),
        ),
    ],
)
def test_units_of_every_greek(greek: str, factor: float) -> None:
    assert DeskUnits().factor(greek) == pytest.approx(factor, rel=1e-15)


def test_a_market_may_be_a_table(engine: Engine) -> None:
    table = pd.DataFrame(
        {
            "underlying": ["DAX", "VOL"],
            "model": ["BlackScholes", "Heston"],
            "spot": [100.0, 50.0],
            "rate": [0.05, 0.01],
            "volatility": [0.2, None],
            **{name: [None, x] for name, x in HESTON.items()},
        }
    )
    book = pd.DataFrame([trade("a"), trade("b", underlying="VOL")])
    run(book, table, [])
    assert {type(model).__name__ for call in engine.calls for model, _ in call.contracts} == {"BlackScholes", "Heston"}
    pd.testing.assert_frame_equal(run(book, table.set_index("underlying"), []), run(book, table, []))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": "BlackShoals"}, r"\[DAX\]: model = 'BlackShoals' is unknown: did you mean 'BlackScholes'"),
        ({"volatility": -0.2}, r"\[DAX\]: BlackScholes.volatility = -0.2"),
        ({"volatility": None}, r"\[DAX\]: BlackScholes.volatility is blank"),
        ({"kappa": 2.0}, r"\[DAX\]: kappa = 2.0: BlackScholes has no such parameter"),
        ({"underlying": None}, "market: underlying is blank"),
    ],
)
def test_a_market_table_is_checked(engine: Engine, change: dict[str, Any], said: str) -> None:
    row = {"underlying": "DAX", "model": "BlackScholes", "spot": 100.0, "rate": 0.05, "volatility": 0.2}
    with pytest.raises(SchemaError, match=said):
        run(pd.DataFrame([trade("a")]), pd.DataFrame([row | change], dtype="object"), [])


def test_two_rows_of_a_market_are_one_too_many(engine: Engine) -> None:
    row = {"underlying": "DAX", "model": "BlackScholes", "spot": 100.0, "rate": 0.05, "volatility": 0.2}
    with pytest.raises(SchemaError, match="underlying = 'DAX' has two rows"):
        run(pd.DataFrame([trade("a")]), pd.DataFrame([row, row]), [])


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
        (["delta"], {"scheme": "Euler"}, "scheme = 'Euler': expected a scheme"),
        (["delta"], {"estimator": "best"}, "estimator = 'best'"),
        (["delta"], {"net_std_error": -1.0}, "net_std_error = -1.0: expected a finite number > 0"),
        (["delta"], {"net_std_error": {"vega": 1.0}}, "net_std_error names 'vega', which is not asked for"),
        (["delta"], {"net_std_error": 1.0, "std_error": 1.0}, "are both given"),
        (["delta"], {"executor": 4}, "executor = 4: expected a concurrent.futures.Executor"),
        (["delta"], {"resume": True}, "resume: there is nothing to go on with"),
    ],
)
def test_arguments_are_checked_first(engine: Engine, greeks: Any, more: dict[str, Any], said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        run(pd.DataFrame([trade("a")]), MARKET, greeks, **more)
    assert engine.calls == []


def test_the_price_is_always_there_and_doubles_are_asked_once(engine: Engine) -> None:
    risk = run(pd.DataFrame([trade("a")]), MARKET, ["delta", "price", "delta"])
    assert list(risk.columns)[:4] == ["price", "price_std_error", "delta", "delta_std_error"]
    assert engine.calls[0].greeks == ("delta",)


def test_the_book_is_left_as_it_was(engine: Engine) -> None:
    book = pd.DataFrame([trade("a"), trade("b")])
    before = book.copy(deep=True)
    run(book, MARKET, ["delta"])
    pd.testing.assert_frame_equal(book, before)


def test_a_name_that_nothing_knows_is_refused_before_anything_is_simulated(engine: Engine) -> None:
    with pytest.raises(SchemaError, match=r'Greek "dleta" is not known .*did you mean delta'):
        run(pd.DataFrame([trade("a"), trade("b", strike=90.0)]), MARKET, ["vega", "dleta"], errors="coerce")
    assert not engine.calls
    mixed = pd.DataFrame([trade("a"), trade("b", payoff="BarrierOption", barrier=80.0, dates=2, direction="down")])
    run(mixed, MARKET, ["d_barrier"])  # which the call does not know
    assert engine.calls
