"""Profit and loss, term by term."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from greeks.errors import SchemaError
from greeks.plots.figure import BAND, FAINT, GAIN, GREY, INK, LOSS, NEUTRAL, canvas, dress, figure_of, numbers
from greeks.plots.labels import UNITS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

SUMS = ("explained", "revaluation", "unexplained")


def explained(table: pd.DataFrame, *, title: str = "", axes: Axes | None = None) -> Figure:
    """The terms one upon the other up to their sum, then the revaluation and what is left.

    Parameters
    ----------
    table : DataFrame
        From `greeks.explain_pnl`, of one group.
    title : str, optional
    axes : matplotlib Axes, optional
        Where to draw; on a figure of its own by default.

    Raises
    ------
    SchemaError
        If it is no such table, or has several groups.
    """
    if not {"term", "value", "std_error"} <= set(table.columns) or not set(SUMS) <= set(table["term"]):
        raise SchemaError("table: expected what greeks.explain_pnl returns")
    if table["term"].duplicated().any():
        raise SchemaError("table has several groups: expected one; choose its rows, or sum over the whole book")
    rows = table[table["value"].notna()]
    values, names = rows["value"].to_numpy(), rows["term"].tolist()
    starts = np.where([name in SUMS for name in names], 0.0, np.cumsum(values) - values)
    axes = canvas(axes, max(6.4, 0.75 * len(names) + 1.2), 4.2)
    colours = [
        NEUTRAL if name in SUMS[:2] else GAIN if value >= 0 else LOSS for name, value in zip(names, values, strict=True)
    ]
    axes.bar(range(len(names)), values, bottom=starts, color=colours, width=0.7, zorder=2)
    ends, errors = starts + values, BAND * rows["std_error"].to_numpy()
    axes.errorbar(range(len(names)), ends, errors, fmt="none", ecolor=INK, elinewidth=1.0, capsize=2.5, zorder=3)
    for i in range(len(names) - len(SUMS)):
        axes.plot([i + 0.35, i + 0.65], [ends[i], ends[i]], color=GREY, lw=0.8)
    axes.axhline(0.0, color=GREY, lw=0.8, zorder=1)
    axes.grid(axis="y", color=FAINT, lw=0.6)
    axes.set_axisbelow(True)
    dress(axes, title or "Profit and loss explained", f"whiskers: ± {BAND:g} standard errors")
    axes.set_xticks(range(len(names)), names)
    for label in axes.get_xticklabels() if len(names) > 7 else ():
        label.set(rotation=30, ha="right", rotation_mode="anchor")
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel(f"Profit or loss, {UNITS['price']}", fontsize=9.5)
    numbers(axes.yaxis)
    return figure_of(axes)
