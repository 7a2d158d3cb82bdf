"""Pictures: what is drawn, how it is labelled, that nothing overlaps."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import CenteredNorm
from matplotlib.figure import Figure

from greeks import plots
from greeks.errors import SchemaError
from greeks.plots.figure import thousands

SIZES = (-0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2)


def ladder(
    sizes: Any = SIZES, parameter: str = "spot", groups: tuple[str, ...] = (), percent: bool = True
) -> pd.DataFrame:
    """A table as greeks.ladder gives it, of made-up numbers."""

    def name(size: float) -> str:
        return f"{parameter} {100 * size:+g}%" if percent else f"{parameter} {size:+g}"

    return pd.DataFrame(
        {
            **({"desk": group} if group else {}),
            "scenario": name(size),
            parameter: size,
            "greek": greek,
            "value": 1e6 * size + 5e6,
            "std_error": 1e3,
            "change": 1e6 * size * (1 + i),
            "change_std_error": 5e2,
            "trades": 3,
            "status": "ok",
        }
        for i, group in enumerate(groups or ("",))
        for size in sizes
        for greek in ("price", "delta")
    )


def grid(across: Any = SIZES, up: Any = (-0.02, 0.0, 0.02)) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "scenario": f"spot {100 * s:+g}%, volatility {v:+g}",
            "spot": s,
            "volatility": v,
            "greek": "price",
            "value": 0.0,
            "std_error": 1.0,
            "change": 1e6 * s + 1e7 * v,
            "change_std_error": 100.0,
        }
        for s in across
        for v in up
    )
    return table


def risk(n: int) -> pd.DataFrame:
    delta = np.array([(-1.0) ** i * 100.0 * (n - i) for i in range(n)])
    return pd.DataFrame({"id": [f"T{i}" for i in range(n)], "delta": delta, "delta_std_error": 1.0})


def overlapping(labels: list[Any]) -> bool:
    """Whether two labels in a row share pixels."""
    figure = labels[0].figure
    figure.canvas.draw()
    boxes = [label.get_window_extent() for label in labels if label.get_text()]
    return any(a.overlaps(b) for a, b in pairwise(boxes))


def every_picture() -> list[tuple[str, Figure]]:
    terms = ["delta", "gamma", "vega", "volga", "vanna", "rho", "theta", "explained", "revaluation", "unexplained"]
    table = pd.DataFrame({"term": terms, "value": [9.0, -3, 2, 1, 1, 1, -1, 10, 11, 1], "std_error": 0.2})
    return [
        ("ladder", plots.ladder(ladder())),
        ("crowded ladder", plots.ladder(ladder(np.linspace(-0.5, 0.5, 41)))),
        ("uneven ladder", plots.ladder(ladder((-0.5, -0.01, 0.0, 0.01, 0.5)))),
        ("groups", plots.ladder(ladder(groups=("rates", "equity")), "delta", what="value")),
        ("heat map", plots.heat_map(grid())),
        ("fine heat map", plots.heat_map(grid(np.linspace(-0.4, 0.4, 33), np.linspace(-0.1, 0.1, 41)))),
        ("contributors", plots.contributors(risk(400), top=15)),
        ("one contributor", plots.contributors(risk(1))),
        ("explained", plots.explained(table)),
    ]


def test_no_ticks_overlap_and_all_axes_say_what_they_are() -> None:
    for name, figure in every_picture():
        axes = figure.axes[0]
        figure.canvas.draw()
        for axis in (axes.xaxis, axes.yaxis):
            shown = [
                t.label1 for t in axis.get_major_ticks() if t.label1.get_visible() and t.label1.get_rotation() == 0
            ]
            assert not shown or not overlapping(shown), name
        assert axes.get_title(loc="left") and (axes.get_xlabel() or axes.get_ylabel()), name


def test_a_ladder_has_a_line_in_a_band_for_each_group() -> None:
    axes = plots.ladder(ladder(groups=("rates", "equity"))).axes[0]
    lines = [(np.asarray(x, float), np.asarray(y, float)) for x, y in (line.get_data() for line in axes.lines)]
    lines = [(x, y) for x, y in lines if len(x) == len(SIZES)]
    assert len(lines) == 2 == len(axes.collections)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["rates", "equity"]  # type: ignore[union-attr]
    np.testing.assert_allclose(lines[1][0], 100.0 * np.array(SIZES))
    np.testing.assert_allclose(lines[1][1], 2e6 * np.array(SIZES))
    band = axes.collections[0].get_paths()[0].vertices
    assert np.ptp(band[:, 1]) == pytest.approx(0.4e6 + 4 * 500.0)  # type: ignore[index]
    assert axes.get_ylabel() == "Profit or loss, currency of the book" and axes.get_xlabel() == "Change of spot, %"


@pytest.mark.parametrize(
    ("table", "label", "first"),
    [
        (ladder((-0.02, 0.0, 0.02), "volatility", percent=False), "Change of volatility, percentage points", "−2"),
        (ladder((-0.5, 0.0, 0.5), "kappa", percent=False), "Change of kappa", "−0.5"),
        (ladder((-0.5, 0.0, 0.5), "kappa"), "Change of kappa, %", "−50"),
        (ladder((90.0, 100.0, 110.0)).assign(scenario=lambda t: [f"spot ={s:g}" for s in t["spot"]]), "Spot", "90"),
    ],
)
def test_shifts_are_labelled_in_their_units(table: pd.DataFrame, label: str, first: str) -> None:
    axes = plots.ladder(table).axes[0]
    axes.figure.canvas.draw()
    assert axes.get_xlabel() == label
    assert next(text.get_text() for text in axes.get_xticklabels()) == first


def test_a_heat_map_is_white_at_nothing_and_writes_its_numbers() -> None:
    axes = plots.heat_map(grid()).axes[0]
    image = axes.images[0]
    assert isinstance(image.norm, CenteredNorm) and image.norm.vcenter == 0.0
    assert image.norm.vmax == -image.norm.vmin == pytest.approx(4e5)  # type: ignore[operator]
    red, green, blue, _ = image.cmap(image.norm(0.0))
    assert min(red, green, blue) > 0.95
    assert {"−400,000", "0", "400,000"} <= {t.get_text() for t in axes.texts}
    assert [t.get_text() for t in axes.get_xticklabels()] == ["−20", "−10", "−5", "0", "+5", "+10", "+20"]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["−2", "0", "+2"]
    assert "largest standard error 100" in [t.get_text() for t in axes.texts]


def test_contributors_are_the_largest_and_the_rest_is_one_bar() -> None:
    axes = plots.contributors(risk(12), top=3).axes[0]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["T0", "T1", "T2", "all 9 others"]
    widths = [bar.get_width() for bar in axes.patches]  # type: ignore[attr-defined]
    assert widths[:3] == [1200.0, -1100.0, 1000.0] and sum(widths) == pytest.approx(risk(12)["delta"].sum())
    assert any(text.get_text().startswith("net 600 over 12 positions") for text in axes.texts)


def test_desk_units_can_be_named() -> None:
    axes = plots.contributors(risk(3), unit="thousands per point").axes[0]
    assert axes.get_xlabel() == "delta, thousands per point"


def test_pictures_go_on_axes_that_are_there() -> None:
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert plots.ladder(ladder(), axes=left) is figure and plots.contributors(risk(3), axes=right) is figure


def test_notebooks_are_shown_a_picture() -> None:
    assert plots.ladder(ladder())._repr_png_()[:4] == b"\x89PNG"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("draw", "why"),
    [
        (lambda: plots.ladder(grid()), r"2 axes \(spot, volatility\): expected 1"),
        (lambda: plots.heat_map(ladder()), r"1 axes \(spot\): expected 2"),
        (lambda: plots.ladder(risk(3)), "expected what greeks.ladder or greeks.scenario_grid return"),
        (lambda: plots.ladder(ladder(), "vega"), "greek = 'vega': expected one of price, delta"),
        (lambda: plots.ladder(ladder(), what="pnl"), "what = 'pnl'"),
        (lambda: plots.ladder(ladder(groups=tuple("abcdefghi"))), "9 groups: expected at most 8"),
        (lambda: plots.heat_map(grid().assign(desk="a").iloc[:, [-1, *range(8)]].pipe(twice)), "several groups"),
        (lambda: plots.contributors(risk(3), "vega"), "there are delta"),
        (lambda: plots.contributors(risk(3), top=0), "top = 0"),
        (lambda: plots.explained(risk(3)), "expected what greeks.explain_pnl returns"),
    ],
)
def test_tables_that_are_something_else_are_refused(draw: Any, why: str) -> None:
    with pytest.raises(SchemaError, match=why):
        draw()


def twice(table: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table, table.assign(desk="b")])


def test_thousands() -> None:
    assert [thousands(x) for x in (1234567.0, -1234.5, 99.996, 0.1234567, -1e-7, 0.0)] == [
        "1,234,567",
        "−1,234",
        "100",
        "0.1235",
        "−1e−07",
        "0",
    ]


def test_matplotlib_is_imported_with_the_pictures_alone() -> None:
    code = "import sys, greeks, greeks.portfolio.scenarios; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
