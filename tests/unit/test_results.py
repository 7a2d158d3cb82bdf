"""Estimates and tables of them: intervals, digits, errors of sums, frames, pickles."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from greeks.errors import SchemaError
from greeks.results import Estimate, Sensitivities

COVARIANCE = np.array([[0.04, 0.015], [0.015, 0.01]])


def estimate(greek: str = "delta", value: float = 0.5, std_error: float = 0.1, *warnings: str) -> Estimate:
    return Estimate(greek, value, std_error, 1000, "Pathwise", "the payoff is <continuous>", warnings)


@pytest.fixture
def result() -> Sensitivities:
    price = estimate("price", 10.0, 0.2)
    return Sensitivities(
        {"price": price, "delta": estimate("delta", 0.5, 0.1, "heavy tail")},
        COVARIANCE,
        model="BlackScholes(spot=100.0)",
        payoff="Call(strike=100.0)",
        seed=7,
    )


def test_interval_is_the_normal_one() -> None:
    low, high = estimate().interval(0.95)
    assert (low, high) == pytest.approx((0.5 - 0.1959963984540054, 0.5 + 0.1959963984540054), rel=1e-14)
    assert estimate().interval(0.99)[1] > high


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0, -0.1, math.nan])
def test_interval_refuses_what_is_no_probability(level: float) -> None:
    with pytest.raises(SchemaError, match=r"such as 0\.95"):
        estimate().interval(level)


def test_z_score_and_its_limits() -> None:
    assert estimate().z_score(0.3) == pytest.approx(2.0)
    exact = estimate(std_error=0.0)
    assert (exact.z_score(0.5), exact.z_score(0.4), exact.z_score(0.6)) == (0.0, math.inf, -math.inf)
    assert math.isnan(estimate(value=math.nan, std_error=0.0).z_score(0.5))


def test_float_of_an_estimate_is_its_value() -> None:
    assert float(estimate(value=np.float64(0.25))) == 0.25


def test_it_is_a_mapping_in_the_order_asked(result: Sensitivities) -> None:
    assert list(result) == ["price", "delta"] and len(result) == 2
    assert result["delta"].value == 0.5 and "gamma" not in result
    with pytest.raises(KeyError, match="there are price, delta"):
        result["gamma"]


def test_combination_uses_the_covariance(result: Sensitivities) -> None:
    hedged = result.combination({"price": 1.0, "delta": -2.0}, "hedged")
    assert hedged.value == 9.0
    assert hedged.std_error == pytest.approx(math.sqrt(0.04 - 4 * 0.015 + 4 * 0.01))
    assert hedged.warnings == ("heavy tail",) and hedged.estimator == "Pathwise"


def test_covariance_must_fit(result: Sensitivities) -> None:
    with pytest.raises(SchemaError, match=r"\(2, 2\)"):
        Sensitivities(result.estimates, np.eye(3))


def test_frame(result: Sensitivities) -> None:
    frame = result.to_frame()
    diagnostics = ["kurtosis", "largest_share", "effective_paths", "bias"]
    assert list(frame.columns) == ["value", "std_error", "estimator", "reason", "paths", "warnings", *diagnostics]
    assert frame.index.name == "greek" and list(frame.index) == ["price", "delta"]
    pd.testing.assert_series_equal(frame["value"], pd.Series([10.0, 0.5], frame.index, name="value"))
    assert frame.loc["delta", "warnings"] == "heavy tail" and frame["paths"].dtype == np.int64


def test_the_printed_table_is_aligned_and_keeps_the_warnings(result: Sensitivities) -> None:
    title, blank, *table = repr(result).splitlines()
    assert "Call(strike=100.0) | BlackScholes(spot=100.0)" in title and "seed 7" in title and blank == ""
    assert len({line.index("±") for line in table[:3]}) <= 2 and table[1].index("±") == table[2].index("±")
    assert table[3] == "warning, delta: heavy tail"


def test_a_long_reason_is_clipped_in_the_terminal_only() -> None:
    told = Estimate("delta", 0.5, 0.1, 100, "pathwise", "because " * 50)
    result = Sensitivities({"delta": told}, np.eye(1))
    assert max(map(len, repr(result).splitlines())) < 110 and "…" in repr(result)
    assert result["delta"].reason in result._repr_html_() and result.to_frame()["reason"].item() == told.reason


def test_html_is_escaped_and_well_formed(result: Sensitivities) -> None:
    from xml.etree import ElementTree

    page = result._repr_html_()
    tree = ElementTree.fromstring(f"<div>{page}</div>")
    assert len(tree.findall(".//tbody/tr")) == 2 and "<continuous>" not in page


def test_pickle_round_trip(result: Sensitivities) -> None:
    again = pickle.loads(pickle.dumps(result))
    assert again == result and repr(again) == repr(result)
    np.testing.assert_array_equal(again.covariance, result.covariance)


def test_a_result_that_is_not_complete_says_so_everywhere(result: Sensitivities) -> None:
    assert result.complete and result.warning == "" and "stopped" not in repr(result)
    cut = replace(result, stopped="interrupted after 100 of 200 paths")
    assert not cut.complete and cut.warning == "stopped early: interrupted after 100 of 200 paths"
    assert "warning: stopped early: interrupted after 100 of 200 paths" in repr(cut).splitlines()
    assert "<p>warning: stopped early: interrupted" in cut._repr_html_()


def test_numbers_alone_cannot_go_on(result: Sensitivities) -> None:
    for go_on in (result.resume, result.verify, lambda: result.save("nowhere")):
        with pytest.raises(SchemaError, match="holds numbers only"):
            go_on()


def test_a_result_does_not_change_with_the_dict_it_was_made_from() -> None:
    source = {"price": estimate("price")}
    result = Sensitivities(source, np.eye(1))
    source["price"] = estimate("price", 99.0)
    assert result["price"].value == 0.5
