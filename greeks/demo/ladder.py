"""The demo's pictures: profit or loss of the book by spot, and by spot and volatility."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from greeks.demo.risk import Part

if TYPE_CHECKING:
    import pandas as pd

SPOTS = (-0.20, -0.16, -0.12, -0.08, -0.04, 0.0, 0.04, 0.08, 0.12, 0.16, 0.20)
GRID = {"spot": (-0.10, -0.05, 0.0, 0.05, 0.10), "volatility": (-0.04, -0.02, 0.0, 0.02, 0.04)}
LABELS = {"BlackScholes": "Black-Scholes trades", "Heston": "Heston trades"}
UNIT = "index points"


def spot_ladder(parts: Sequence[Part], **settings: object) -> pd.DataFrame:
    """The ladders of all parts, one after the other."""
    import pandas as pd

    return pd.concat([part.ladder(SPOTS, **settings) for part in parts], ignore_index=True)


def volatility_grid(parts: Sequence[Part], **settings: object) -> pd.DataFrame:
    """The grid of the Black-Scholes trades: the others have no volatility to move."""
    (part,) = (part for part in parts if part.model == "BlackScholes")
    return part.grid(GRID, **settings)


def draw_ladder(table: pd.DataFrame, file: Path) -> None:
    """A line with its error band for the trades under each kind of model."""
    from greeks import plots

    named = table.assign(model=table["model"].map(LABELS))
    figure = plots.ladder(named, title="Profit or loss of the demo book by spot")
    figure.axes[0].set_ylabel(UNIT, fontsize=9.5)
    figure.savefig(file, dpi=150)


def draw_grid(table: pd.DataFrame, file: Path) -> None:
    """Profit or loss as a heat map."""
    from greeks import plots

    figure = plots.heat_map(table, title="Profit or loss of the Black-Scholes trades")
    figure.axes[-1].set_ylabel(UNIT, fontsize=9.5)  # the bar of colours
    figure.savefig(file, dpi=150)
