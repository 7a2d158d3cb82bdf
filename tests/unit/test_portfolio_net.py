"""Net numbers: sums over a book, and errors that know which paths its trades share."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import greeks as gk
from greeks.errors import SchemaError
from greeks.reference import black_scholes, greeks

MARKET = {
    "DAX": gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2, dividend=0.02),
    "SMI": gk.BlackScholes(spot=90.0, rate=0.01, volatility=0.3),
    "FTSE": gk.BlackScholes(spot=110.0, rate=0.03, volatility=0.15),
}
BOOK: Any = pd.DataFrame(
    [
        ("c1", "DAX", "Call", 10.0, 100.0, 1.0, "Ann"),
        ("c2", "DAX", "Call", -9.0, 105.0, 1.0, "Ann"),
        ("p1", "DAX", "Put", 4.0, 95.0, 0.5, "Bob"),
        ("d1", "SMI", "DigitalCall", 50.0, 95.0, 1.0, "Bob"),
        ("c3", "SMI", "Call", 3.0, 80.0, 0.25, "Ann"),
        ("p2", "FTSE", "Put", -6.0, 110.0, 2.0, "Bob"),
        ("c4", "FTSE", "Call", 6.0, 110.0, 2.0, "Ann"),
    ],
    columns=["id", "underlying", "payoff", "quantity", "strike", "maturity", "trader"],
)
SAMPLED: dict[str, Any] = {"estimator": gk.LikelihoodRatio(), "paths": 2**13}
FORMULAS = {"Call": black_scholes.call, "Put": black_scholes.put, "DigitalCall": black_scholes.cash_call}


def run(book: Any, market: Any, greeks: Any, **settings: Any) -> Any:
    return gk.run(book, market, greeks, **settings)


def test_long_and_short_of_one_trade_have_no_error() -> None:
    book = pd.concat([BOOK, BOOK.assign(id="short " + BOOK["id"], quantity=-BOOK["quantity"])], ignore_index=True)
    risk = run(book, MARKET, ["delta"], **SAMPLED)
    assert (risk["delta_std_error"] > 0.0).all()
    for by in ([], ["underlying"], ["underlying", "payoff"]):
        net = risk.net(by)
        assert (net[["price", "price_std_error", "delta", "delta_std_error"]] == 0.0).all(axis=None)


@pytest.fixture(scope="module")
def risk() -> Any:
    return run(BOOK, MARKET, ["delta"], seed=1, **SAMPLED)


def test_values_are_sums_and_rows_do_not_matter(risk: Any) -> None:
    net = risk.net("underlying")
    assert list(net.index) == ["DAX", "FTSE", "SMI"] and net["trades"].tolist() == [3, 2, 2]
    assert net["price"].to_dict() == pytest.approx(risk["price"].groupby(BOOK["underlying"]).sum().to_dict(), rel=1e-14)
    shuffled = run(BOOK.sample(frac=1.0, random_state=3), MARKET, ["delta"], seed=1, threads=1, **SAMPLED)
    pd.testing.assert_frame_equal(shuffled.net("underlying"), net, check_exact=True)
    pd.testing.assert_frame_equal(shuffled.sort_index(), pd.DataFrame(risk), check_exact=True, check_frame_type=False)


def test_adding_a_trade_changes_no_other(risk: Any) -> None:
    alone = run(BOOK.iloc[[3]], MARKET, ["delta"], seed=1, **SAMPLED)
    pd.testing.assert_frame_equal(alone, risk.iloc[[3]], check_exact=True)


def test_shared_paths_are_correlated_and_underlyings_are_not(risk: Any) -> None:
    by_underlying, total = risk.net("underlying"), risk.net()
    assert total.loc["total", "price_std_error"] ** 2 == pytest.approx(
        (by_underlying["price_std_error"] ** 2).sum(), rel=1e-12
    )
    hedged = by_underlying.loc["DAX", "price_std_error"]
    apart = np.sqrt((risk.loc[BOOK["underlying"] == "DAX", "price_std_error"] ** 2).sum())
    assert hedged < 0.5 * apart  # a call spread: most of the error cancels


def test_the_error_of_one_trade_is_its_own(risk: Any) -> None:
    net = risk.net("id").loc[risk.joint.labels["id"]]
    np.testing.assert_array_equal(net["price"], risk["price"])
    ratio = net["price_std_error"].to_numpy() / risk["price_std_error"].to_numpy()
    assert ratio == pytest.approx(1.0, abs=4.0 / np.sqrt(2 * 63))  # 64 batches tell an error to within 9 %


def test_parity_has_the_error_of_the_forward(risk: Any) -> None:
    """Long call, short put at one strike is a forward: its error is that of the simulated price."""
    net = risk.net(["underlying", "trader"]).loc[("FTSE", "Ann")]
    both = risk.net("underlying").loc["FTSE"]
    model = MARKET["FTSE"]
    forward = 6.0 * (model.spot - 110.0 * np.exp(-model.rate * 2.0))
    assert abs(both["price"] - forward) < 4.0 * both["price_std_error"]
    assert net["trades"] == 1


def test_closed_forms_have_only_rounding_errors() -> None:
    net = run(BOOK, MARKET, ["delta"]).net()
    assert (net["delta_std_error"] < 1e-9 * net["delta"].abs()).all()
    assert net.loc["total", "delta"] == pytest.approx(truth("delta"), rel=1e-9)


def truth(number: str, weights: dict[str, float] | None = None) -> float:
    """The book's sum in closed form."""
    return float(
        sum(row.quantity * (weights or {}).get(row.id, 1.0) * _exact(row, number) for row in BOOK.itertuples())
    )


def _exact(row: Any, number: str) -> float:
    model = dataclasses.asdict(MARKET[row.underlying])
    return greeks(FORMULAS[row.payoff], strike=row.strike, maturity=row.maturity, **model)[number]


def coverage(seeds: int, **settings: Any) -> None:
    """95 % intervals of net price and delta hold the truth as often as chance allows, in total and by underlying."""
    exact = {name: truth(name) for name in ("price", "delta")}
    hits = dict.fromkeys(exact, 0)
    for seed in range(seeds):
        net = run(BOOK, MARKET, ["delta"], seed=seed, threads=1, **settings).net().loc["total"]
        half = stats.t(net["degrees"]).ppf(0.975)
        for name, value in exact.items():
            hits[name] += abs(net[name] - value) < half * net[f"{name}_std_error"]
    low, high = stats.binom(seeds, 0.95).interval(0.999)
    assert all(low <= count <= high for count in hits.values()), hits


def test_intervals_of_sums_hold_the_truth() -> None:
    coverage(100, estimator=gk.LikelihoodRatio(), paths=2**10)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"estimator": gk.LikelihoodRatio(), "paths": 2**13},
        {"estimator": gk.LikelihoodRatio(), "paths": 2**12, "std_error": 0.02},  # each trade as many as it needs
        {"estimator": gk.LikelihoodRatio(), "paths": 2**12, "net_std_error": {"delta": 0.4}},
        {"estimator": gk.LikelihoodRatio(), "paths": 2**12, "sampler": gk.Sobol()},
    ],
)
def test_intervals_of_sums_hold_the_truth_over_300_seeds(settings: dict[str, Any]) -> None:
    coverage(300, **settings)


def test_paths_go_where_the_error_of_the_sum_is() -> None:
    """The FTSE trades cancel but for a forward, whose error the DAX and SMI trades dwarf, times their quantities."""
    book = BOOK.assign(quantity=[1.0, -0.9, 0.4, 50.0, 3.0, -6.0, 6.0])
    risk = run(
        book, MARKET, ["delta"], seed=1, estimator=gk.LikelihoodRatio(), paths=2**12, net_std_error={"delta": 0.02}
    )
    assert risk.net().loc["total", "delta_std_error"] <= 0.02
    even = run(book, MARKET, ["delta"], seed=1, estimator=gk.LikelihoodRatio(), paths=2**12)
    ratio = (even["delta_std_error"] / risk["delta_std_error"]) ** 2
    assert ratio[book["underlying"] == "SMI"].min() > 2.0 * ratio[book["underlying"] == "DAX"].max()
    again = run(book, MARKET, ["delta"], seed=1, estimator=gk.LikelihoodRatio(), paths=2**12,
                   net_std_error={"delta": 0.02}, threads=2)  # fmt: skip
    pd.testing.assert_frame_equal(again, risk, check_exact=True)


def test_errors_of_rounding_ask_for_no_paths() -> None:
    risk = run(BOOK, MARKET, ["delta"], net_std_error={"delta": 1e-12})
    assert risk.net().loc["total", "delta_std_error"] > 1e-12


def test_a_limit_of_paths_holds_for_sums_too() -> None:
    risk = run(BOOK, MARKET, ["delta"], net_std_error=1e-9, max_paths=2**13, **SAMPLED)
    assert risk.net().loc["total", "delta_std_error"] > 1e-9


def test_rows_cut_out_are_still_known(risk: Any) -> None:
    some = risk[BOOK["trader"] == "Ann"]
    assert some.net()["trades"].item() == 4 and isinstance(some, gk.Risk)
    assert some.net().loc["total", "price"] == pytest.approx(some["price"].sum(), rel=1e-14)
    by_hand = risk.sort_values("price", ascending=False).net("trader")
    pd.testing.assert_frame_equal(by_hand, risk.net("trader"), check_exact=True)
    pd.testing.assert_frame_equal(gk.net(risk.copy(), "trader"), risk.greeks.net("trader"))
    pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(risk)).net(), risk.net())
    pd.testing.assert_frame_equal(copy.deepcopy(risk).net(), risk.net())
    pd.testing.assert_frame_equal(risk[["delta", "status"]].net(), risk.net())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda risk: pd.DataFrame(risk), "does not know how its trades vary together"),
        (lambda risk: pd.concat([risk, risk]), "net: "),
        (lambda risk: risk.iloc[1:].reset_index(drop=True), "their labels or numbers have changed"),
        (lambda risk: risk.assign(delta=2.0 * risk["delta"]), "their labels or numbers have changed"),
    ],
)
def test_rows_that_cannot_be_told_are_refused(risk: Any, change: Any, said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        gk.net(change(risk))


def test_labels_alike_serve_for_the_whole_only(risk: Any) -> None:
    alike = run(BOOK.set_axis([0] * len(BOOK)), MARKET, ["delta"], seed=1, **SAMPLED)
    pd.testing.assert_frame_equal(alike.net(), risk.net(), check_exact=True)
    with pytest.raises(SchemaError, match="names several rows alike"):
        alike.iloc[1:].net()


def test_groups_are_columns_of_the_book(risk: Any) -> None:
    assert list(risk.net(["trader", "underlying"]).index.names) == ["trader", "underlying"]
    with pytest.raises(SchemaError, match="by = 'tradr' is no column of the book's: did you mean 'trader'"):
        risk.net("tradr")


def test_currencies_do_not_add() -> None:
    book = BOOK.assign(currency=["EUR", "EUR", "EUR", "CHF", "CHF", "GBP", "GBP"])
    risk = run(book, MARKET, ["delta"])
    with pytest.raises(SchemaError, match="the trades are in EUR, CHF, GBP, which do not add"):
        risk.net()
    with pytest.raises(SchemaError, match=r"rates\['CHF'\] = None: expected a finite number > 0"):
        risk.net(rates={"EUR": 1.0, "GBP": 1.2})
    rates = {"EUR": 1.0, "CHF": 1.05, "GBP": 1.2}
    worth = {row.id: rates[row.currency] for row in book.itertuples()}
    assert risk.net(rates=rates).loc["total", "delta"] == pytest.approx(truth("delta", worth), rel=1e-9)
    assert risk.net("currency").loc["CHF", "delta"] == risk[book["currency"] == "CHF"].net().loc["total", "delta"]


def test_what_a_trade_lacks_its_sum_lacks_and_says_so() -> None:
    book = pd.concat([BOOK, BOOK.iloc[[0]].assign(id="bad", strike=-1.0, maturity=-1.0)], ignore_index=True)
    risk = run(book, MARKET, ["delta", "d_cash"], errors="coerce")
    net = risk.net("underlying")
    assert np.isnan(net.loc["DAX", "price"]) and "price: not had for bad" in net.loc["DAX", "status"]
    assert net.loc["SMI", "price"] == risk.loc[BOOK.index[BOOK["underlying"] == "SMI"], "price"].sum()
    assert net.loc["SMI", "status"] == "d_cash: not had for c3"
    assert risk[risk["price"].notna()].net("underlying").loc["DAX", "status"] == "d_cash: not had for c1, c2, p1"


def test_one_path_a_batch_or_less_still_has_an_error() -> None:
    risk = run(BOOK, MARKET, [], estimator=gk.LikelihoodRatio(), paths=40)
    net = risk.net().loc["total"]
    assert net["degrees"] == 39 and net["price_std_error"] > 0.0


def test_desk_units_reach_the_sums() -> None:
    plain, desk = (run(BOOK, MARKET, ["vega"], units=units).net() for units in (None, "desk"))
    assert desk["vega"].item() == pytest.approx(0.01 * plain["vega"].item(), rel=1e-12)


def test_an_empty_book_has_empty_sums() -> None:
    risk = run(BOOK.iloc[:0], MARKET, ["delta"])
    assert risk.net().loc["total", "trades"] == 0 and len(risk.net("underlying")) == 0
