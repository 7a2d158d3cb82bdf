"""One picture of several cases: log-log lines, each named at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tests.docs.ladder import Case, Point

Array = npt.NDArray[np.float64]
INK, GREY, BLUE = "#1a1a1a", "#767676", "#0b57a4"
APART = 0.068  # of a panel's height, between the names of two lines


@dataclass(frozen=True)
class Look:
    """How a line is drawn; each is told from the others without colours too."""

    colour: str
    marker: str
    line: str = "-"
    width: float = 1.2
    filled: bool = True


LOOKS = {
    "finite difference 1 %": Look(GREY, "", "--"),
    "smoothed 2 %": Look(GREY, "", ":", 1.6),
    "likelihood ratio": Look(INK, "o"),
    "vibrato": Look(INK, "^", filled=False),
    "Malliavin": Look(INK, "s", filled=False),
    "conditional, last step": Look(BLUE, "o", width=2.4),
    "conditional by step": Look(BLUE, "D", filled=False),
    "conditional over path": Look(BLUE, "o", width=2.4),
}
AXIS = "Standard deviation of one sample, as a multiple of the Greek (grey: biased)"
DEVIATIONS = {0.1: "0.1", 1.0: "1", 10.0: "10", 100.0: "100"}


def drawn(cases: Sequence[Case], points: Sequence[Point], path: Path) -> None:
    """Two panels a row, one product a column, one scale of deviations."""
    with mpl.rc_context({"font.family": "sans-serif", "font.size": 9.5, "svg.hashsalt": "ladder"}):
        figure = Figure(figsize=(10.0, 10.8), facecolor="white")
        axes = figure.subplots(len(cases) // 2, 2, sharey=True)
        figure.subplots_adjust(left=0.045, right=0.828, top=0.895, bottom=0.05, wspace=0.72, hspace=0.4)
        for case, axis in zip(cases, axes.flat, strict=True):
            _panel(axis, case, [p for p in points if p.case == case.name])
        for case, axis in zip(cases[:2], axes[0], strict=True):
            figure.text(axis.get_position().x0, 0.94, case.product, fontsize=14, fontweight="bold", color=INK)
        figure.text(axes[0, 0].get_position().x0, 0.975, AXIS, fontsize=10.5, color=INK)
        figure.savefig(path, dpi=110, metadata={"Date": None} if path.suffix == ".svg" else None)


def _panel(axis: Axes, case: Case, points: Sequence[Point]) -> None:
    ends = {}
    for rung in case.rungs:
        look = LOOKS[rung]
        mine = sorted((p for p in points if p.rung == rung), key=lambda p: p.count)
        relative = [p.deviation / abs(_truth(points, p.count)) for p in mine]
        axis.plot(
            [p.count for p in mine],
            relative,
            color=look.colour,
            linestyle=look.line,
            linewidth=look.width,
            marker=look.marker,
            markersize=4.5,
            markerfacecolor=look.colour if look.filled else "white",
            clip_on=False,
            zorder=3 if look.colour == BLUE else 2,
        )
        ends[rung] = relative[-1]
    _furnish(axis, case)
    _name(axis, ends)


def _truth(points: Sequence[Point], count: int) -> float:
    """The Greek by the rung that knows it best."""
    return min((p for p in points if p.count == count), key=lambda p: p.deviation).value


def _furnish(axis: Axes, case: Case) -> None:
    axis.set(xscale="log", yscale="log", ylim=(0.1, 150.0), xlim=(case.counts[0], case.counts[-1]))
    axis.set_title(f"{case.greek.capitalize()}, {case.title}", loc="left", fontsize=10.5, pad=8)
    axis.set_xlabel(case.counted)
    axis.set_xticks(case.counts, [str(n) for n in case.counts])
    axis.set_yticks(list(DEVIATIONS), list(DEVIATIONS.values()))
    axis.tick_params(which="minor", bottom=False, left=False)
    axis.tick_params(labelleft=True, length=3)
    axis.grid(axis="y", color="#e4e4e4", linewidth=0.8)
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)


def _name(axis: Axes, ends: dict[str, float]) -> None:
    """The names of the lines beside their ends, pushed apart where they would touch."""
    low, high = np.log(axis.get_ylim())
    order = sorted(ends, key=ends.__getitem__)
    wanted = np.array([(np.log(ends[rung]) - low) / (high - low) for rung in order])
    for rung, height in zip(order, spread(wanted, APART), strict=True):
        bold = "bold" if LOOKS[rung].width > 2.0 else "normal"
        words = axis.text(1.035, height, rung, transform=axis.transAxes, va="center", fontweight=bold, fontsize=9)
        words.set_color(LOOKS[rung].colour)


def spread(wanted: Array, apart: float) -> Array:
    """The increasing heights nearest to those wanted that are at least `apart`: pools of touching names move as one."""
    pools: list[list[float]] = []
    for w in wanted:
        pools.append([w])
        while len(pools) > 1 and _bottom(pools[-1], apart) - _top(pools[-2], apart) < apart:
            last = pools.pop()
            pools[-1] += last
    return np.concatenate([_bottom(p, apart) + apart * np.arange(len(p)) for p in pools])


def _bottom(pool: Sequence[float], apart: float) -> float:
    return float(np.mean(pool)) - 0.5 * apart * (len(pool) - 1)


def _top(pool: Sequence[float], apart: float) -> float:
    return float(np.mean(pool)) + 0.5 * apart * (len(pool) - 1)
