"""Scenarios: shifts of markets, revaluation on the same draws, the error of a difference, profit and loss explained."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

import greeks as gk
from greeks.engine.crowd.many import estimate_many
from greeks.portfolio.pricing import BookError
from greeks.portfolio.rows.book import stream_of
from greeks.portfolio.scenarios import Shift, explain_pnl, ladder, scenario_grid, scenarios
from greeks.portfolio.scenarios.ageing import aged
from greeks.portfolio.scenarios.totals import Total
from greeks.reference import black_scholes, heston
from greeks.reference import greeks as exact

DAX = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2, dividend=0.02)
HESTON_TERMS = {"spot": 100.0, "rate": 0.03, "variance": 0.04, "kappa": 2.0, "theta": 0.04, "xi": 0.3, "rho": -0.5}
HESTON_TERMS["dividend"] = 0.0
HESTON = gk.Heston(**HESTON_TERMS)
TWO = gk.MultiBlackScholes((100.0, 110.0), 0.03, (0.2, 0.25), ((1.0, 0.5), (0.5, 1.0)), (0.0, 0.01))
MARKET = {"DAX": DAX}
PATHS = 2**12


def book(*trades: dict[str, Any]) -> pd.DataFrame:
    usual = {"underlying": "DAX", "payoff": "Call", "quantity": 1.0, "strike": 100.0, "maturity": 1.0}
    return pd.DataFrame([{"id": f"T{i}", **usual, **trade} for i, trade in enumerate(trades)])


def rows_of(table: pd.DataFrame, *keys: str) -> dict[Any, dict[str, Any]]:
    """The rows by one column, or several."""
    records: list[dict[str, Any]] = table.to_dict("records")  # type: ignore[assignment]
    return {(row[keys[0]] if len(keys) == 1 else tuple(row[key] for key in keys)): row for row in records}


ASIAN: dict[str, Any] = {"payoff": "AsianCall", "dates": 12, "average": "geometric"}


def exact_heston(**changes: float) -> float:
    return heston.call(**{**HESTON_TERMS, **changes}, strike=100.0, maturity=1.0)


@pytest.mark.parametrize(
    ("shift", "field", "value"),
    [
        (Shift("spot", -0.1), "spot", 90.0),
        (Shift("spot", "-10%"), "spot", 90.0),
        (Shift("spot", "+5"), "spot", 105.0),
        (Shift("spot", "=95"), "spot", 95.0),
        (Shift("spot", 0.0, "to"), "spot", None),
        (Shift("volatility", 0.01), "volatility", 0.21),
        (Shift("vol", "10%"), "volatility", 0.22),
        (Shift("volatility", 0.5, "relative"), "volatility", 0.3),
        (Shift("rate", "-.5e-2"), "rate", 0.045),
        (Shift("dividend", "0"), "dividend", 0.02),
    ],
)
def test_shifts(shift: Shift, field: str, value: float | None) -> None:
    if value is None:
        with pytest.raises(gk.SchemaError, match=r"shift 'spot =0' of 'DAX': BlackScholes.spot = 0.0: expected"):
            shift.applied(MARKET)
    else:
        assert getattr(shift.applied(MARKET)["DAX"], field) == pytest.approx(value, rel=1e-14)


def test_shifts_of_vectors_move_all_or_one_and_a_correlation_keeps_its_diagonal() -> None:
    market = {"two": TWO, "cev": gk.CEV(spot=100.0, rate=0.05, sigma=2.0, beta=0.5)}
    assert Shift("spot", 0.1, underlying="two").applied(market)["two"].spots == pytest.approx((110.0, 121.0))
    assert Shift("spot[1]", 0.1, underlying="two").applied(market)["two"].spots == pytest.approx((100.0, 121.0))
    assert Shift("volatilities", 0.01, underlying="two").applied(market)["two"].volatilities == pytest.approx(
        (0.21, 0.26)
    )
    assert Shift("vol", 0.5, underlying="cev").applied(market)["cev"].sigma == 2.5
    for name in ("correlation", "correlation[0,1]"):
        moved = Shift(name, 0.1, underlying="two").applied(market)["two"].correlation
        np.testing.assert_allclose(moved, [[1.0, 0.6], [0.6, 1.0]])
    with pytest.raises(gk.SchemaError, match="expected 1 indices within the shape"):
        Shift("spot[2]", 0.1, underlying="two").applied(market)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Shift("spot", "ten"), r"Shift.size = 'ten': expected '-10%' \(relative\)"),
        (lambda: Shift("spot", "=5%"), "Shift.size = '=5%'"),
        (lambda: Shift("spot", math.nan), "Shift.size = nan: expected a finite number"),
        (lambda: Shift("spot", 0.1, "up"), "Shift.how = 'up': expected one of 'relative'"),
        (lambda: Shift("spot", "5%", "absolute"), "the text says 'relative'"),
        (lambda: Shift("spot", 0.1, underlying="DAXX").applied(MARKET), "did you mean 'DAX'"),
        (
            lambda: Shift("stop", 0.1).applied(MARKET),
            "BlackScholes of 'DAX' has none of that name; known are",
        ),
        (lambda: ladder(book({}), MARKET, "spot", []), "expected sizes such as"),
        (lambda: ladder(book({}), MARKET, "spot", [0.1, "10%"]), "expected each size once"),
        (lambda: ladder(book({}), MARKET, "spot", [0.1], by="desk"), "by: column 'desk' is not in the book"),
        (lambda: ladder(book({}), MARKET, "spot", [0.1], errors="ignore"), "errors = 'ignore'"),  # type: ignore[arg-type]
        (lambda: ladder(book({}), MARKET, "spot", [0.1], pats=3), "settings: .*pats"),
        (lambda: ladder(book({}), MARKET, "spot", [0.1], "delta"), r"write \['delta'\]"),
        (lambda: scenarios(book({}), MARKET, {"x": [0.1]}), r"cases\['x'\] has 0.1"),  # type: ignore[list-item]
        (lambda: scenario_grid(book({}), MARKET, {}), "expected sizes by parameter"),
        (lambda: explain_pnl(book({}), MARKET, {}), "'DAX' is missing"),
        (lambda: explain_pnl(book({}), MARKET, {"DAX": HESTON}), "BlackScholes before and a Heston after"),
        (lambda: explain_pnl(book({}), MARKET, MARKET, elapsed=-1.0), "elapsed = -1.0"),
        (lambda: explain_pnl(book({"strike": -math.inf}), MARKET, MARKET), "Call.strike = -inf"),
        (lambda: ladder(book({"maturity": -1.0}), MARKET, "spot", [0.1], errors="coerce"), "no good row"),
        (lambda: ladder(book({"currency": "EUR"}, {"currency": "USD"}), MARKET, "spot", [0.1]), "which do not add"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_simulated(make: Any, said: str) -> None:
    with pytest.raises(gk.SchemaError, match=said):
        make()


def test_a_ladder_is_the_same_as_pricing_each_market_on_the_book_s_draws() -> None:
    held = book({"quantity": 3.0, **ASIAN}, {"quantity": -2.0, **ASIAN, "strike": 110.0})
    table = ladder(held, MARKET, "spot", [-0.1, 0.0, "+5%"], ["delta"], paths=PATHS, seed=7)
    assert list(table["scenario"].unique()) == ["spot -10%", "base", "spot +5%"]
    rows = rows_of(table[table["greek"] == "price"], "spot")
    for size in (-0.1, 0.0, 0.05):
        model = gk.BlackScholes(100.0 * (1.0 + size), 0.05, 0.2, 0.02)
        payoffs = [gk.AsianCall(strike, 1.0, 12, "geometric") for strike in (100.0, 110.0)]
        stream = stream_of("DAX")
        a, b = (gk.sensitivities(model, payoff, ["delta"], paths=PATHS, seed=7, stream=stream) for payoff in payoffs)
        assert rows[size]["value"] == pytest.approx(3.0 * a["price"].value - 2.0 * b["price"].value, rel=1e-13)
    assert rows[0.0]["change"] == 0.0 and rows[0.0]["change_std_error"] == 0.0


def test_intervals_of_changes_hold_the_truth() -> None:
    """Of a contract with an error of its own, whatever controls it has: its variance is random."""
    truth = exact_heston(spot=95.0, xi=0.4) - exact_heston()
    crash = {"crash": [Shift("spot", -0.05), Shift("xi", 0.1)]}
    held, runs = book({}), 200
    rows = [scenarios(held, {"DAX": HESTON}, crash, paths=2**10, seed=seed).iloc[0] for seed in range(runs)]
    errors = np.array([row["change_std_error"] for row in rows], dtype=float)
    misses = abs(np.array([row["change"] for row in rows], dtype=float) - truth) > 1.998 * errors
    assert 1 <= misses.sum() <= 22  # Student's quantile of 63 degrees of freedom; 99.9 % of the law of 200 draws
    apart = np.array([math.hypot(row["std_error"], row["std_error"]) for row in rows])
    assert np.median(errors / apart) < 0.6  # far from what independent draws would give


def test_long_and_short_of_one_trade_have_no_error() -> None:
    held = book({"quantity": 5.0, **ASIAN}, {"quantity": -5.0, **ASIAN})
    moves = {"spot": [-0.1, 0.1], "volatility": [0.05]}
    table = scenario_grid(held, MARKET, moves, ["vega"], paths=PATHS, controls=())
    assert (table[["value", "change"]].abs().to_numpy() < 1e-9).all()
    assert (table[["std_error", "change_std_error"]].to_numpy() < 1e-9).all()
    assert list(table.columns[:4]) == ["scenario", "spot", "volatility", "greek"]


def test_only_what_moves_is_simulated_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    market = {"DAX": DAX, "SMI": gk.BlackScholes(50.0, 0.01, 0.3)}
    held = book(ASIAN, {"underlying": "SMI", **ASIAN, "strike": 50.0})
    seen: list[float] = []
    real = estimate_many

    def watched(contracts: Sequence[Any], *rest: Any) -> Any:
        seen.extend(model.spot for model, _ in contracts)
        return real(contracts, *rest)

    monkeypatch.setattr("greeks.portfolio.scenarios.sheet.estimate_many", watched)
    cases: dict[str, Shift | Sequence[Shift]] = {
        "base": (),
        "smi": Shift("spot", 0.1, underlying="SMI"),
        "nothing": Shift("rate", 0.0),
    }
    table = scenarios(held, market, cases, by=["underlying"], paths=PATHS)
    assert seen == pytest.approx([100.0, 50.0, 55.0])
    still = table[(table["underlying"] == "DAX") | (table["scenario"] != "smi")]
    assert (still["change"] == 0.0).all() and len(table) == 6
    assert table.loc[(table["underlying"] == "SMI") & (table["scenario"] == "smi"), "change"].item() > 1.0


def test_underlyings_that_the_book_does_not_hold_are_left_alone() -> None:
    market = {**MARKET, "H": HESTON}  # which has no volatility to move
    up = ladder(book({}), market, "volatility", [0.01], paths=PATHS)
    assert up["change"].item() > 0.0
    assert ladder(book({}), market, "xi", [0.01], underlying="H", paths=PATHS)["change"].item() == 0.0
    with pytest.raises(gk.SchemaError, match="Heston of 'H' has none of that name"):
        ladder(book({"underlying": "H"}), market, "volatility", [0.01])
    with pytest.raises(gk.SchemaError, match=r"Shift\.underlying = 'X' is unknown"):
        ladder(book({}), market, "xi", [0.01], underlying="X")


def test_currencies_add_by_rates_or_stay_apart() -> None:
    held = book({"currency": "EUR"}, {"currency": "USD"})
    one = ladder(held, MARKET, "spot", [0.1], paths=PATHS, rates={"EUR": 1.0, "USD": 0.5})["value"].item()
    apart = ladder(held, MARKET, "spot", [0.1], paths=PATHS, by="currency")
    assert list(apart["currency"]) == ["EUR", "USD"]
    assert one == pytest.approx(1.5 * apart["value"].iloc[0], rel=1e-14)
    with pytest.raises(gk.SchemaError, match=r"rates\['USD'\] = None"):
        ladder(held, MARKET, "spot", [0.1], rates={"EUR": 1.0})


def test_what_cannot_be_had_raises_or_is_left_out_and_told() -> None:
    market = {**MARKET, "H": HESTON}
    held = book({}, {"underlying": "H"}, {"strike": None})
    with pytest.raises(gk.SchemaError, match=r"row 2, id 'T2': Call.strike is blank"):
        ladder(held, market, "spot", [0.1], ["vega"])
    with pytest.raises(BookError, match=r"trade T1: vega: Heston with Call has no volatility") as told:
        ladder(held.iloc[:2], market, "spot", [0.1], ["vega"], paths=PATHS)
    assert list(told.value.failures) == ["T1"]
    table = ladder(held, market, "spot", [0.1], ["vega"], by="underlying", errors="coerce", paths=PATHS)
    rows = rows_of(table, "underlying", "greek")
    assert all(math.isnan(rows["H", "vega"][name]) for name in ("value", "std_error", "change"))
    assert rows["H", "vega"]["trades"] == 0
    assert rows[("H", "vega")]["status"].startswith("without 1 trade: T1: Heston with Call has no volatility")
    assert rows[("DAX", "vega")]["status"] == "without 1 bad row of the book"
    assert rows[("H", "price")]["value"] > 0.0


def test_greeks_explain_a_small_move_and_the_rest_is_taylor_s() -> None:
    after = {"DAX": gk.BlackScholes(spot=101.0, rate=0.051, volatility=0.205, dividend=0.02)}
    table = explain_pnl(book({"quantity": 10.0}), MARKET, after, elapsed=1.0 / 365.0, paths=PATHS)
    value = {name: row["value"] for name, row in rows_of(table, "term").items()}
    terms = {"spot": 100.0, "rate": 0.05, "volatility": 0.2, "dividend": 0.02, "strike": 100.0, "maturity": 1.0}
    truth = exact(black_scholes.call, **terms)
    moves = {"delta": 1.0, "gamma": 0.5, "vega": 0.005, "volga": 0.5 * 0.005**2, "vanna": 0.005, "rho": 0.001}
    moves["theta"] = 1.0 / 365.0
    assert list(value) == [*moves, "explained", "revaluation", "unexplained"]
    for name, move in moves.items():
        assert value[name] == pytest.approx(10.0 * truth[name] * move, rel=1e-7), name
    later = {**terms, "spot": 101.0, "rate": 0.051, "volatility": 0.205, "maturity": 1.0 - 1.0 / 365.0}
    change = 10.0 * (black_scholes.call(**later) - black_scholes.call(**terms))
    assert value["revaluation"] == pytest.approx(change, rel=1e-9)
    assert value["explained"] + value["unexplained"] == pytest.approx(change, rel=1e-9)
    assert abs(value["unexplained"]) < 0.002 * abs(change)
    assert table["share"].iloc[-2] == 1.0


def test_the_error_of_what_is_unexplained_is_that_of_the_rest() -> None:
    after = {"DAX": gk.Heston(spot=98.0, rate=0.031, variance=0.04, kappa=2.0, theta=0.042, xi=0.3, rho=-0.5)}
    rows = rows_of(explain_pnl(book({}), {"DAX": HESTON}, after, paths=2**14, seed=3, controls=()), "term")
    truth = exact(heston.call, **HESTON_TERMS, strike=100.0, maturity=1.0)
    moves = {"delta": -2.0, "gamma": 2.0, "rho": 0.001, "d_theta": 0.002}
    change = exact_heston(spot=98.0, rate=0.031, theta=0.042) - exact_heston()
    rest = change - sum(truth[name] * move for name, move in moves.items())
    for name, exactly in (("unexplained", rest), ("revaluation", change)):
        assert abs(rows[name]["value"] - exactly) < 4.0 * rows[name]["std_error"]
    parts = math.hypot(rows["explained"]["std_error"], rows["revaluation"]["std_error"])
    assert 1e-6 < rows["unexplained"]["std_error"] < 0.9 * parts


@pytest.mark.slow
def test_explaining_by_underlying_takes_the_greeks_that_each_model_has() -> None:
    market = {"DAX": DAX, "H": HESTON, "two": TWO}
    after = {
        "DAX": DAX,
        "H": gk.Heston(98.0, 0.03, 0.045, 2.0, 0.04, 0.3, -0.5),
        "two": gk.MultiBlackScholes((99.0, 112.0), 0.03, (0.2, 0.25), ((1.0, 0.52), (0.52, 1.0)), (0.0, 0.01)),
    }
    held = book({}, {"underlying": "H"}, {"underlying": "two", "payoff": "BasketCall"})
    table = explain_pnl(held, market, after, by="underlying", paths=PATHS, seed=2)
    terms = {name: list(rows["term"])[:-3] for name, rows in table.groupby("underlying", sort=False)}
    assert terms["DAX"] == [] and terms["two"] == ["delta", "gamma", "d_correlation"]
    assert terms["H"][:3] == ["delta", "gamma", "d_variance"]
    rows = rows_of(table, "underlying", "term")
    for name in ("H", "two"):
        rest, all_of_it = rows[(name, "unexplained")], rows[(name, "revaluation")]
        assert abs(rest["value"]) < 0.03 * abs(all_of_it["value"]) + 4.0 * rest["std_error"]
    assert rows[("DAX", "revaluation")]["value"] == 0.0


@pytest.mark.parametrize(
    ("payoff", "elapsed", "later"),
    [
        (gk.Call(100.0, 1.0), 0.25, gk.Call(100.0, 0.75)),
        (gk.AsianCall(100.0, 1.0, 2), 0.25, gk.AsianCall(100.0, 0.75, (0.25, 0.75))),
        (gk.BarrierOption(100.0, 90.0, 1.0, None), 0.5, gk.BarrierOption(100.0, 90.0, 0.5, None)),
        (gk.AsianCall(100.0, 1.0, 2), 0.5, "on 0.5, within the 0.5 years"),
        (gk.Call(100.0, 1.0), 1.0, "matures after 1 years"),
        (gk.LookbackCall(maturity=1.0, dates=None), 0.1, "looks at the path all the time"),
    ],
)
def test_contracts_age_where_nothing_happens_on_the_way(payoff: Any, elapsed: float, later: Any) -> None:
    if isinstance(later, str):
        with pytest.raises(gk.UnsupportedError, match=later):
            aged(payoff, elapsed)
    else:
        assert aged(payoff, elapsed) == later


def test_trades_that_cannot_age_are_told() -> None:
    held = book({}, ASIAN)
    with pytest.raises(BookError, match=r"trade T1: price: AsianCall looks at the path on 0\.083"):
        explain_pnl(held, MARKET, MARKET, elapsed=0.25, paths=PATHS, controls=())
    table = explain_pnl(held, MARKET, MARKET, elapsed=0.25, paths=PATHS, controls=(), errors="coerce")
    assert (table["trades"] == 1).all() and table["status"].str.startswith("without 1 trade: T1").all()


def test_totals() -> None:
    a = Total(1.0, {1: np.array([1.0, 2.0, 0.0]), 2: np.array([0.5, 0.5, 0.5])})
    b = Total(2.0, {1: np.array([1.0, 2.0, 0.0])})
    assert (a - b).value == -1.0 and (a - b).std_error == 0.0
    assert a.std_error == pytest.approx(math.sqrt(1.0 / 3.0)) and (a * -2.0).std_error == pytest.approx(2 * a.std_error)
    assert not Total().known and math.isnan(Total().row()["std_error"])


def test_a_whole_year_that_is_passed_changes_no_time_steps() -> None:
    life, market = book({"maturity": 1.0 + 1e-6}), {"DAX": HESTON}
    settings: dict[str, Any] = {"elapsed": 2e-6, "paths": PATHS, "seed": 3}
    passed = rows_of(explain_pnl(life, market, market, **settings), "term")
    named = rows_of(explain_pnl(life, market, market, **settings, scheme=gk.QE(64)), "term")
    assert passed["revaluation"]["value"] == pytest.approx(named["revaluation"]["value"], rel=1e-9)
    assert abs(passed["unexplained"]["value"]) < 1e-6
