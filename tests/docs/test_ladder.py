"""The figures and the picture of docs/the-ladder.md: measured anew in part, and growing as the page says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.docs.ladder import CASES, PAGE, RECORD, Case, Point, measured, on_record, with_table
from tests.docs.ladder_figure import drawn, spread

POINTS = on_record()
BY_NAME = {case.name: case for case in CASES}
USERS = "Digital call, a user's equation"
DAILY = "Knock-out call, barrier 90, Black-Scholes: delta"


def growth(case: str, rung: str, first: int = 0) -> float:
    """d log(deviation) / d log(count), by least squares over the counts from `first` on."""
    mine = [p for p in POINTS if (p.case, p.rung) == (case, rung) and p.count >= first]
    deviations = [p.deviation / abs(_greek(case, p.count)) for p in mine]
    return float(np.polyfit(np.log([p.count for p in mine]), np.log(deviations), 1)[0])


def _greek(case: str, count: int) -> float:
    return min((p for p in POINTS if (p.case, p.count) == (case, count)), key=lambda p: p.deviation).value


def test_every_point_is_on_record_once() -> None:
    wanted = Counter((c.name, rung, n) for c in CASES for rung in c.rungs for n in c.counts)
    assert Counter((p.case, p.rung, p.count) for p in POINTS) == wanted


@pytest.mark.parametrize(
    "case", [pytest.param(c, marks=pytest.mark.slow) if "Heston" in c.name else c for c in CASES], ids=lambda c: c.name
)
def test_record_is_what_comes_out(case: Case) -> None:
    for rung in case.rungs:
        then = next(p for p in POINTS if (p.case, p.rung, p.count) == (case.name, rung, case.counts[1]))
        now = measured(case, rung, case.counts[1])
        assert (now.value, now.deviation) == pytest.approx((then.value, then.deviation), rel=1e-3)
        about = pytest.approx(then.cost, rel=0.2)
        assert now.cost == about, "the engine counts other operations now: run python -m tests.docs.ladder"


@pytest.mark.parametrize(
    ("case", "rung", "first", "power"),
    [
        (f"{USERS}: vega", "likelihood ratio", 0, 0.5),
        (f"{USERS}: vega", "vibrato", 0, 0.5),
        (f"{USERS}: delta", "vibrato", 0, 0.5),
        (f"{USERS}: delta", "likelihood ratio", 0, 0.0),
        (f"{USERS}: delta", "Malliavin", 0, 0.0),
        (f"{USERS}: delta", "conditional, last step", 64, 0.25),
        ("Digital call, Heston: delta", "conditional, last step", 0, 0.0),
        (DAILY, "likelihood ratio", 26, 0.5),
        ("Knock-out call, barrier 120, Black-Scholes: vega", "likelihood ratio", 0, 0.5),
        ("Knock-out call, barrier 120, Black-Scholes: vega", "conditional over path", 0, 0.05),
    ],
)
def test_deviations_grow_with_the_power_that_the_page_derives(case: str, rung: str, first: int, power: float) -> None:
    assert growth(case, rung, first) == pytest.approx(power, abs=0.06)


def test_an_even_weight_has_a_variance_that_grows_as_the_logarithm() -> None:
    mine = [p for p in POINTS if (p.case, p.rung) == (f"{USERS}: vega", "Malliavin")]
    variances = [p.deviation**2 for p in mine]
    steps = np.diff(variances)  # counts double from one to the next, so that the logarithm grows evenly
    assert steps.mean() > 0.0
    assert np.abs(steps - steps.mean()).max() < 0.5 * steps.mean()


def test_all_rungs_of_a_panel_agree() -> None:
    for case in CASES:
        for count in case.counts:
            mine = [p for p in POINTS if (p.case, p.count) == (case.name, count)]
            best = min(mine, key=lambda p: p.deviation)
            for p in mine:
                if p.rung not in ("finite difference 1 %", "smoothed 2 %"):
                    assert abs(p.value - best.value) < 4.0 * p.deviation / 2**8.5, p


def test_table_is_that_of_the_record() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert with_table(text, POINTS) == text


def test_picture_is_that_of_the_record(tmp_path: Path) -> None:
    drawn(CASES, POINTS, tmp_path / "ladder.svg")
    fresh, shown = (p.read_text(encoding="utf-8") for p in (tmp_path / "ladder.svg", RECORD.with_suffix(".svg")))
    assert _marks(fresh) == _marks(shown), "run: python -m tests.docs.ladder"


def _marks(svg: str) -> int:
    """How many markers and lines there are; their very paths differ with the version of matplotlib."""
    return svg.count("<use ") + svg.count('id="line2d')


def test_names_that_would_touch_are_pushed_apart_about_their_middle() -> None:
    np.testing.assert_allclose(spread(np.array([0.1, 0.5, 0.51, 0.9]), 0.1), [0.1, 0.455, 0.555, 0.9])
    np.testing.assert_allclose(spread(np.array([0.0, 0.0, 0.0]), 0.2), [-0.2, 0.0, 0.2])


def test_points_weigh_variance_by_cost() -> None:
    assert Point("", "", 1, 1.0, 3.0, 5.0).work == 45.0
