"""A number over two parameters, as colours about zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import CenteredNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from greeks.errors import SchemaError
from greeks.plots.figure import GREY, INK, canvas, dress, figure_of, thousands
from greeks.plots.labels import Coordinate, coordinates, groups, rows_of, what_is_drawn

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MOST_CELLS = 13  # in a row, for their numbers to be legible


def heat_map(
    table: pd.DataFrame, greek: str = "price", *, what: str = "change", title: str = "", axes: Axes | None = None
) -> Figure:
    """Cells over two shifts, blue for gains, red for losses, white for nothing.

    Parameters
    ----------
    table : DataFrame
        From `greeks.scenario_grid` with two parameters, summed over the whole book: the first runs across.
    greek : str
        Which number.
    what : {"change", "value"}
        Against the market as it is, or the number itself.
    title : str, optional
    axes : matplotlib Axes, optional
        Where to draw; on a figure of its own by default.

    Raises
    ------
    SchemaError
        If the table is no such grid, or has several groups.
    """
    across, up = coordinates(table, 2)
    label = what_is_drawn(greek, what)
    rows = rows_of(table, greek)
    if groups(table) and len(rows[groups(table)].drop_duplicates()) > 1:
        raise SchemaError("table has several groups: expected one; choose its rows, or sum over the whole book")
    cells = rows.pivot(index=up.column, columns=across.column, values=what).sort_index().sort_index(axis=1)
    errors = rows["std_error" if what == "value" else "change_std_error"]
    width = 0.72 * min(len(cells.columns), MOST_CELLS) + 2.2
    axes = canvas(axes, max(6.4, width), min(max(3.6, 0.5 * len(cells) + 1.8), 8.0))
    image = axes.imshow(cells, cmap="RdBu", norm=_norm(cells.to_numpy()), origin="lower", aspect="auto")
    dress(axes, title or f"{label.partition(',')[0]} by {across.column} and {up.column}", _note(errors))
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    _name(axes, across, up, cells)
    _write(axes, image, cells)
    bar = figure_of(axes).colorbar(image, ax=axes, pad=0.02, aspect=24)
    bar.set_label(label, fontsize=9)
    bar.outline.set_visible(False)
    bar.ax.yaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 2.5, 5, 10]))
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: thousands(float(f"{value:.10g}"))))
    bar.ax.tick_params(labelsize=8.5, length=0)
    return figure_of(axes)


def _norm(values: Any) -> Normalize:
    """White is nothing, and the strongest colour the largest number, gain or loss."""
    largest = np.nanmax(np.abs(values), initial=0.0)
    return CenteredNorm(0.0, largest or 1.0)


def _note(errors: pd.Series[float]) -> str:
    return f"largest standard error {thousands(float(errors.max()), 2)}"


def _name(axes: Axes, across: Coordinate, up: Coordinate, cells: pd.DataFrame) -> None:
    every = -(-len(cells.columns) // MOST_CELLS)
    axes.set_xticks(range(0, len(cells.columns), every), [across.tick(float(x)) for x in cells.columns[::every]])
    every = -(-len(cells) // (2 * MOST_CELLS))
    axes.set_yticks(range(0, len(cells), every), [up.tick(float(y)) for y in cells.index[::every]])
    axes.set_xlabel(across.label, fontsize=9.5)
    axes.set_ylabel(up.label, fontsize=9.5)


def _write(axes: Axes, image: Any, cells: pd.DataFrame) -> None:
    """The numbers in their cells, dark on light and light on dark, where there is room."""
    if len(cells.columns) > MOST_CELLS:
        return
    values = cells.to_numpy()
    for (i, j), value in np.ndenumerate(values):
        red, green, blue, _ = image.cmap(image.norm(value))
        dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
        text = thousands(value, 3) if np.isfinite(value) else "–"
        axes.text(j, i, text, ha="center", va="center", fontsize=8, color="white" if dark else INK if value else GREY)
