"""The demo's Heston parameters: the file holds what the fit finds, and the fit is as good as documented."""

from __future__ import annotations

import json
from dataclasses import astuple
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from greeks.demo import fit
from greeks.demo.surface import Slice, Surface, load


@pytest.fixture(scope="module")
def demo() -> fit.Fit:
    days, feller = fit.CHOICES["demo"]
    return fit.fit(load().from_days(days), feller)


def test_the_saved_parameters_are_those_of_the_fit(demo: fit.Fit) -> None:
    np.testing.assert_allclose(astuple(fit.saved()), astuple(demo.parameters), rtol=1e-4)


def test_the_saved_quality_is_that_of_the_fit(demo: fit.Fit) -> None:
    text = resources.files("greeks.data").joinpath(fit.FILE).read_text(encoding="utf-8")
    saved = json.loads(text)["demo"]
    assert saved["rmse"] == pytest.approx(demo.rmse, abs=1e-5)
    assert [float(rmse) for rmse in saved["rmse_by_days"].values()] == pytest.approx(
        list(demo.rmse_by_days.values()), abs=1e-5
    )


def test_every_start_ends_at_the_same_minimum(demo: fit.Fit) -> None:
    assert demo.spread_of_starts < 1e-7


def test_the_feller_condition_holds_as_imposed(demo: fit.Fit) -> None:
    assert demo.parameters.feller >= 1.5 * (1.0 - 1e-9)


def test_a_surface_that_is_heston_gives_its_parameters_back() -> None:
    truth = fit.Variance(variance=0.05, kappa=2.5, theta=0.06, xi=0.6, rho=-0.6)
    strikes = np.array([80.0, 90.0, 100.0, 110.0, 125.0])
    blank = [
        Slice(days, days / 365.0, rate, strikes, np.zeros(5)) for days, rate in ((60, 0.01), (200, 0.03), (700, 0.04))
    ]
    errors = fit.volatility_errors(truth, Surface(100.0, tuple(blank)))  # quotes of zero: the errors are the smile
    slices = tuple(Slice(s.days, s.maturity, s.rate, strikes, errors[s.days]) for s in blank)
    found = fit.fit(Surface(100.0, slices))
    np.testing.assert_allclose(astuple(found.parameters), astuple(truth), rtol=1e-5)
    assert found.rmse < 1e-8


def test_the_surface_is_complete() -> None:
    surface = load()
    assert [quotes.days for quotes in surface.slices] == [13, 41, 75, 165, 256, 345, 524, 703]
    assert all(quotes.strikes.size == 13 and np.all(np.diff(quotes.strikes) > 0) for quotes in surface.slices)
    assert all(quotes.maturity == pytest.approx(quotes.days / 365.0, abs=1e-6) for quotes in surface.slices)
    assert surface.at(13).volatility(3400.0) == 0.6625
    assert surface.at(703).volatility(5600.0) == 0.2320


def test_what_is_not_quoted_is_named() -> None:
    with pytest.raises(LookupError, match="days=14"):
        load().at(14)
    with pytest.raises(LookupError, match=r"strike=4401\.0.*13 days"):
        load().at(13).volatility(4401.0)


@pytest.mark.parametrize("choice", fit.CHOICES)
def test_the_document_shows_the_figures_of_the_file(choice: str) -> None:
    text = resources.files("greeks.data").joinpath(fit.FILE).read_text(encoding="utf-8")
    saved = json.loads(text)[choice]
    document = (Path(__file__).parents[2] / "docs" / "heston-fit.md").read_text(encoding="utf-8")
    parameters = saved["parameters"]
    row = f"| {parameters['variance']:.4f} | {parameters['kappa']:.3f} | {parameters['theta']:.4f} "
    row += f"| {parameters['xi']:.3f} | {parameters['rho']:.3f} |"
    assert row in document
    by_days = " | ".join(f"{100 * rmse:.2f}" for rmse in saved["rmse_by_days"].values())
    assert by_days in document
