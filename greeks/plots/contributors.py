"""Which positions make up a number of a book."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from greeks.errors import SchemaError
from greeks.plots.figure import (
    BAND,
    FAINT,
    GAIN,
    GREY,
    INK,
    LOSS,
    NEUTRAL,
    canvas,
    dress,
    figure_of,
    numbers,
    thousands,
)
from greeks.plots.labels import what_is_drawn

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

LONGEST = 28  # letters of a name


def contributors(
    risk: pd.DataFrame,
    greek: str = "delta",
    *,
    top: int = 10,
    name: str = "id",
    unit: str = "",
    title: str = "",
    axes: Axes | None = None,
) -> Figure:
    """The positions with the largest |number|, as bars with two standard errors; the others are one bar.

    Parameters
    ----------
    risk : DataFrame
        From `greeks.run`.
    greek : str
        Which number.
    top : int
        How many bars.
    name : str
        The column to name them by; the index if there is no such column.
    unit : str, optional
        What the axis says the numbers are in, such as "currency per volatility point" for those in desk units; by
        default the unit of numbers per 1.00 and per year.
    title : str, optional
    axes : matplotlib Axes, optional
        Where to draw; on a figure of its own by default.

    Raises
    ------
    SchemaError
        If the table has no such number.
    """
    if greek not in risk.columns or f"{greek}_std_error" not in risk.columns:
        known = [c for c in risk.columns if f"{c}_std_error" in risk.columns]
        raise SchemaError(f"greek = {greek!r}: expected a column of the result; there are {', '.join(known) or 'none'}")
    if top < 1:
        raise SchemaError(f"top = {top!r}: expected a whole number >= 1")
    held = risk[risk[greek].notna()]
    ordered = held.iloc[np.argsort(-held[greek].abs().to_numpy(), kind="stable")]
    values, errors = ordered[greek], ordered[f"{greek}_std_error"]
    names = (ordered[name] if name in ordered.columns else ordered.index.to_series()).astype(str)
    shown = min(top, len(held))
    others = float(values.iloc[shown:].sum())
    bars = [*zip(names[:shown], values[:shown], BAND * errors[:shown], strict=True)]
    if len(held) > shown:
        bars.append((f"all {len(held) - shown:,} others", others, np.nan))
    axes = canvas(axes, 7.2, 0.32 * len(bars) + 1.6)
    _bars(axes, bars, others=len(held) > shown)
    held_by = f"{len(held):,} position{'s' * (len(held) != 1)}"
    net = f"net {thousands(float(values.sum()))} over {held_by}; whiskers: ± {BAND:g} standard errors"
    dress(axes, title or f"Largest contributions to {greek}", net)
    axes.set_xlabel(f"{greek}, {unit}" if unit else what_is_drawn(greek, "value"), fontsize=9.5)
    return figure_of(axes)


def _bars(axes: Axes, bars: list[tuple[str, float, float]], others: bool) -> None:
    places = range(len(bars))
    colours = [GAIN if value >= 0.0 else LOSS for _, value, _ in bars]
    if others:
        colours[-1] = NEUTRAL
    axes.barh(places, [value for _, value, _ in bars], color=colours, height=0.68, zorder=2)
    axes.errorbar(
        [value for _, value, _ in bars],
        list(places),
        xerr=[error for _, _, error in bars],
        fmt="none",
        ecolor=INK,
        elinewidth=1.0,
        capsize=2.5,
        zorder=3,
    )
    axes.axvline(0.0, color=GREY, lw=0.8, zorder=1)
    axes.grid(axis="x", color=FAINT, lw=0.6)
    axes.set_axisbelow(True)
    axes.set_yticks(places, [name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…" for name, _, _ in bars])
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.06)
    numbers(axes.xaxis)
