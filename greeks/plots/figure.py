"""What all pictures have in common: canvas, colours, axes."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, GREY, FAINT = "#1a1a1a", "#767676", "#d9d9d9"
GAIN, LOSS, NEUTRAL = "#0b6fa4", "#c0392b", "#5b6770"
LINES = ("#0b57a4", "#d1661b", "#2f7d4f", "#8a3ffc", "#a8324a", "#0e7c7b", "#7a5c12", "#5b6770")
BAND = 2.0  # standard errors to each side
DOTS = 144  # an inch


class Picture(Figure):
    """A Figure that notebooks show whatever backend pyplot has, for it is none of pyplot's."""

    def _repr_png_(self) -> bytes:
        out = BytesIO()
        self.savefig(out, format="png", dpi=110)
        return out.getvalue()


def canvas(axes: Axes | None, width: float, height: float) -> Axes:
    """The axes given, or those of a picture of so many inches."""
    if axes is not None:
        return axes
    figure = Picture(figsize=(width, height), layout="constrained", facecolor="white", dpi=DOTS)
    FigureCanvasAgg(figure)
    return figure.subplots()


def figure_of(axes: Axes) -> Figure:
    """The figure that axes are part of, panels and all."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure


def thousands(value: float, digits: int = 4) -> str:
    """A number as people read it: separators, a true minus sign, no more digits than tell something.

    >>> thousands(-1234567.0), thousands(0.012345), thousands(12.0), thousands(0.0)
    ('−1,234,567', '0.01235', '12', '0')
    """
    size = abs(value)
    if size >= 10.0 ** (digits - 1):
        text = f"{value:,.0f}"
    elif size >= 1e-4 or size == 0.0:
        text = f"{value:.{digits}g}"
    else:
        text = f"{value:.{digits - 1}g}"
    return text.replace("-", "−")


def dress(axes: Axes, title: str, note: str = "") -> None:
    """Title at the left, light frame, small note under the title."""
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK, pad=22 if note else 8)
    if note:
        axes.annotate(
            note,
            (0.0, 1.0),
            xytext=(0, 7),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=8.5,
            color=GREY,
        )
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(colors=INK, labelsize=9)


def numbers(axis: Any, bins: int = 7) -> None:
    """Few ticks, with thousands separators, as fine as their distance needs."""
    axis.set_major_locator(MaxNLocator(nbins=bins, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: thousands(float(f"{value:.10g}"))))
