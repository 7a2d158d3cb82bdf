"""Error against points on logarithmic scales, with the slopes -1/2 and -1 to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

INK, GRID = "#1a1a1a", "#e3e3e3"
STYLES = {
    "Philox": ("#767676", "-"),
    "Philox, controls": ("#767676", "--"),
    "Sobol, step by step": ("#d07c00", "-"),
    "Sobol, bridge": ("#0b57a4", "-"),
    "Sobol, average bridge": ("#b3224d", "-"),
    "Sobol, components": ("#2a8a4a", "-"),
    "Sobol, bridge, controls": ("#0b57a4", "--"),
    "Sobol, average bridge, controls": ("#b3224d", "--"),
}


@dataclass(frozen=True)
class Curve:
    """Relative root-mean-square errors of a sampler's means of so many points."""

    name: str
    points: Sequence[int]
    errors: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Panel:
    """All curves of one number."""

    title: str
    curves: Sequence[Curve]


def drawn(panels: Sequence[Panel], path: Path) -> None:
    """Panels in two rows, the legend above them."""
    with mpl.rc_context({"font.family": "sans-serif", "font.size": 9.5, "svg.hashsalt": "slopes"}):
        figure = Figure(figsize=(10.0, 7.4), facecolor="white")
        axes = figure.subplots(2, -(-len(panels) // 2), sharex=True, squeeze=False)
        figure.subplots_adjust(left=0.075, right=0.985, top=0.84, bottom=0.075, wspace=0.16, hspace=0.2)
        for panel, axis in zip(panels, axes.flat, strict=True):
            _draw(axis, panel)
        for axis in axes[-1]:
            axis.set_xlabel("points")
        for axis in axes[:, 0]:
            axis.set_ylabel("relative error")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(
            handles, labels, ncol=4, handlelength=3.4, frameon=False, loc="upper left", bbox_to_anchor=(0.065, 0.955)
        )
        figure.text(0.075, 0.962, "Root-mean-square error against the number of points", fontsize=12, color=INK)
        figure.savefig(path, metadata={"Date": None})


def _draw(axis: Axes, panel: Panel) -> None:
    for curve in panel.curves:
        color, dashes = STYLES[curve.name]
        axis.loglog(
            curve.points, curve.errors, dashes, color=color, marker="o", ms=3.5, lw=1.9, base=10, label=curve.name
        )
    _guides(axis, panel.curves[0])
    axis.set_title(panel.title, loc="left", color=INK, fontweight="bold", fontsize=10.5)
    axis.set_xscale("log", base=2)
    axis.xaxis.set_major_locator(LogLocator(base=4.0, numticks=12))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.grid(True, which="major", color=GRID, lw=0.6)
    axis.spines[["top", "right"]].set_visible(False)


def _guides(axis: Axes, first: Curve) -> None:
    """Lines of slope -1/2 and -1 from the first error on."""
    points = np.array([first.points[0], first.points[-1]])
    for power, name in ((0.5, "−1/2"), (1.0, "−1")):
        line = 1.6 * first.errors[0] * (points / points[0]) ** -power
        axis.plot(points, line, ":", color="#9a9a9a", lw=1.0, zorder=0)
        axis.annotate(name, (points[-1], line[-1]), xytext=(3, 0), textcoords="offset points", fontsize=8, color=INK)
