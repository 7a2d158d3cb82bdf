"""Cost times target squared against the target: level lines are the inverse square."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

INK, GREY, BLUE = "#1a1a1a", "#767676", "#0b57a4"


@dataclass(frozen=True)
class Curve:
    """Counted seconds of one case at its targets, by several levels and by the best single one."""

    name: str
    targets: Sequence[float]
    multilevel: Sequence[float]
    single: Sequence[float]


def drawn(curves: Sequence[Curve], path: Path) -> None:
    """A panel a case, on the same scales."""
    with mpl.rc_context({"font.family": "sans-serif", "font.size": 9.5, "svg.hashsalt": "multilevel"}):
        figure = Figure(figsize=(10.0, 6.0), facecolor="white")
        axes = figure.subplots(2, -(-len(curves) // 2), sharex=True, sharey=True)
        figure.subplots_adjust(left=0.065, right=0.985, top=0.87, bottom=0.09, wspace=0.12, hspace=0.25)
        for curve, axis in zip(curves, axes.flat, strict=True):
            squares = np.square(curve.targets)
            axis.loglog(curve.targets, curve.single * squares, "o--", color=GREY, label="best single level")
            axis.loglog(curve.targets, curve.multilevel * squares, "o-", color=BLUE, lw=2.2, label="multilevel")
            axis.set_title(curve.name, loc="left", color=INK, fontweight="bold", fontsize=10.5)
            axis.xaxis.set_minor_formatter(NullFormatter())
            axis.grid(True, which="major", color="#e3e3e3", lw=0.6)
            axis.spines[["top", "right"]].set_visible(False)
        axes[0, 0].invert_xaxis()
        for axis in axes[-1]:
            axis.set_xlabel("target, relative to the number")
        axes[0, 0].legend(frameon=False, loc="upper left")
        figure.text(0.065, 0.95, "Counted seconds × target²: level is the inverse square", fontsize=11, color=INK)
        figure.savefig(path, metadata={"Date": None})
