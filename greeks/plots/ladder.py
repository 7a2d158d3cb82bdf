"""A number along one parameter, with the band of its error."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter

from greeks.errors import SchemaError
from greeks.plots.figure import BAND, FAINT, GREY, LINES, canvas, dress, figure_of, numbers
from greeks.plots.labels import Coordinate, coordinates, groups, rows_of, what_is_drawn

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MOST_TICKS = 13


def ladder(
    table: pd.DataFrame, greek: str = "price", *, what: str = "change", title: str = "", axes: Axes | None = None
) -> Figure:
    """Lines over the sizes of a shift, one a group of the table, in bands of two standard errors.

    Parameters
    ----------
    table : DataFrame
        From `greeks.ladder`.
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
        If the table is no ladder, has no such number, or more groups than lines can be told apart.
    """
    (across,) = coordinates(table, 1)
    label = what_is_drawn(greek, what)
    rows, by = rows_of(table, greek), groups(table)
    lines = [(_name(key), group) for key, group in rows.groupby(by, sort=False)] if by else [("", rows)]
    if len(lines) > len(LINES):
        raise SchemaError(
            f"table has {len(lines)} groups: expected at most {len(LINES)}, for more lines cannot be told apart; "
            "sum by another column, or choose rows"
        )
    axes = canvas(axes, 7.2, 4.2)
    for colour, (name, group) in zip(LINES, lines, strict=False):
        _line(axes, group.sort_values(across.column), across, what, colour, name)
    if what == "change" or rows[what].min() <= 0.0 <= rows[what].max():
        axes.axhline(0.0, color=GREY, lw=0.8, zorder=1)
    axes.grid(color=FAINT, lw=0.6)
    axes.set_axisbelow(True)
    dress(axes, title or f"{label.partition(',')[0]} by {across.column}", f"band: ± {BAND:g} standard errors")
    axes.set_ylabel(label, fontsize=9.5)
    _ticks(axes, rows, across)
    numbers(axes.yaxis)
    if len(lines) > 1:
        axes.legend(frameon=False, fontsize=9)
    return figure_of(axes)


def _line(axes: Axes, group: pd.DataFrame, across: Coordinate, what: str, colour: str, name: str) -> None:
    x, value = group[across.column] * across.scale, group[what]
    error = BAND * group["std_error" if what == "value" else "change_std_error"]
    axes.fill_between(x, value - error, value + error, color=colour, alpha=0.25, lw=0)
    axes.plot(x, value, color=colour, marker="o", markersize=3.5, lw=1.5, label=name or None)


def _ticks(axes: Axes, rows: pd.DataFrame, across: Coordinate) -> None:
    """The sizes themselves where they are few enough and far enough apart to be read."""
    axes.set_xlabel(across.label, fontsize=9.5)
    sizes = sorted(rows[across.column].unique() * across.scale)
    apart = min((b - a for a, b in pairwise(sizes)), default=0.0)
    if len(sizes) <= MOST_TICKS and apart * MOST_TICKS >= sizes[-1] - sizes[0]:
        axes.xaxis.set_major_locator(FixedLocator(sizes))
    else:
        numbers(axes.xaxis)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: across.tick(value / across.scale)))


def _name(key: object) -> str:
    return ", ".join(map(str, key)) if isinstance(key, tuple) else str(key)
