"""Delta and vega of the book by spot: the numbers, and one picture of them with error bands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from greeks.demo.risk import VEGA, add_up

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

SHIFTS = (-0.20, -0.16, -0.12, -0.08, -0.04, 0.0, 0.04, 0.08, 0.12, 0.16, 0.20)
LABELS = {"BlackScholes": "Black-Scholes trades", "Heston": "Heston trades"}
COLOURS = {"BlackScholes": "#1f4e9c", "Heston": "#c2571a"}
BAND = 2.0  # standard errors on either side


def spot_ladder(spot: float, risk_at: Callable[[float], pd.DataFrame]) -> pd.DataFrame:
    """Sums by spot and model: columns `spot, model`, then measures and standard errors.

    Every rung uses the same draws, trade by trade: the curves are smooth where the truth is, and a band tells
    how far a whole curve may be off.
    """
    import pandas as pd

    rungs = []
    for shift in SHIFTS:
        level = spot * (1.0 + shift)
        for model, of_model in risk_at(level).groupby("model", sort=False):
            rungs.append({"spot": level, "model": model} | add_up(of_model).to_dict())
    return pd.DataFrame(rungs)


def draw(ladder: pd.DataFrame, spot: float, file: Path) -> None:
    """Two panels over a common spot axis, a band of two standard errors around each curve."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 6.4), layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True)
    for model, rungs in ladder.groupby("model", sort=False):
        _curve(above, rungs, str(model), "delta", 1.0)
        _curve(below, rungs, str(model), VEGA[str(model)], 0.01)
    above.set_ylabel("delta, index units")
    below.set_ylabel("vega, index points per volatility point")
    below.set_xlabel("DAX spot")
    above.set_title("Delta and vega of the demo book by spot, with bands of two standard errors", loc="left")
    for axes in (above, below):
        _dress(axes, spot)
    above.legend(frameon=False)
    below.annotate(
        f"spot {spot:,.0f}",
        (spot, 0.02),
        xycoords=("data", "axes fraction"),
        xytext=(4, 0),
        textcoords="offset points",
        color="0.35",
        fontsize=9,
    )
    figure.savefig(file, dpi=150)


def _curve(axes: Axes, rungs: pd.DataFrame, model: str, measure: str, unit: float) -> None:
    value, error = rungs[measure] * unit, rungs[f"{measure}_std_error"] * unit
    colour = COLOURS[model]
    axes.fill_between(rungs["spot"], value - BAND * error, value + BAND * error, color=colour, alpha=0.3, lw=0)
    axes.plot(rungs["spot"], value, color=colour, marker="o", markersize=3, lw=1.2, label=LABELS[model])


def _dress(axes: Axes, spot: float) -> None:
    axes.axhline(0.0, color="0.6", lw=0.8)
    axes.axvline(spot, color="0.6", lw=0.8, ls="--")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:,.0f}")
