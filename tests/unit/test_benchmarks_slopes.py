"""What `benchmarks.slopes` measures and draws, on small contracts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import greeks as gk
from benchmarks.slopes import Case, Way, errors, slope
from benchmarks.slopes_figure import STYLES, Curve, Panel, drawn

CASE = Case(
    gk.BlackScholes(100.0, 0.05, 0.2, 0.02), gk.AsianCall(100.0, 1.0, 4), {"price": "a price", "delta": "its delta"}
)


def test_errors_of_independent_paths_fall_like_the_root_and_those_of_points_faster() -> None:
    """Errors from 128 repeats are known to 6 %: the exponent over 2^4 to 2^8 points to 0.03."""
    exponents = [4, 6, 8]
    philox, sobol = (errors(CASE, Way("", s), exponents) for s in (gk.Philox(), gk.Sobol(scrambles=128)))
    one_path = gk.sensitivities(CASE.model, CASE.payoff, CASE.greeks, controls=(), paths=2**14)
    for j, e in enumerate(one_path.values()):
        expected = e.std_error * np.sqrt(2.0**14 / 2.0 ** np.array(exponents))
        assert philox[:, j] == pytest.approx(expected, rel=4.0 * 0.0626)
        assert slope(exponents, philox[:, j]) == pytest.approx(-0.5, abs=0.12)
    assert slope(exponents, sobol[:, 0]) < -0.8
    assert (sobol[-1] < 0.5 * philox[-1]).all()


def test_the_picture_has_every_curve(tmp_path: Path) -> None:
    points = [16, 64, 256]
    curves = [Curve(name, points, np.array([1.0, 0.5, 0.25]) / (i + 1)) for i, name in enumerate(STYLES)]
    drawn([Panel("one", curves), Panel("other", curves)], tmp_path / "slopes.svg")
    text = (tmp_path / "slopes.svg").read_text()
    assert text.startswith("<?xml") and all(color in text for color, _ in STYLES.values())
