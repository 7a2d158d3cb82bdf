"""What the axes of a scenario table are called, in which unit, and how their ticks read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greeks.errors import SchemaError
from greeks.plots.figure import thousands

if TYPE_CHECKING:
    import pandas as pd

UNITS = {
    "price": "currency of the book",
    "delta": "currency per 1.00 of the spot",
    "gamma": "currency per 1.00² of the spot",
    "vega": "currency per 1.00 of volatility",
    "rho": "currency per 1.00 of the rate",
    "dividend_rho": "currency per 1.00 of the yield",
    "theta": "currency per year",
    "vanna": "currency per 1.00 of the spot and 1.00 of volatility",
    "volga": "currency per 1.00² of volatility",
}
POINTS = ("volatility", "vol", "volatilities", "rate", "dividend", "dividends")
NUMBERS = ("value", "change")


@dataclass(frozen=True)
class Coordinate:
    """A column of sizes of shifts: what one unit on the axis is, and what the axis is called."""

    column: str
    scale: float
    label: str
    signed: bool = True

    def tick(self, size: float) -> str:
        """A size as it reads on the axis: "+10", "−2", "95"."""
        value = float(f"{size * self.scale:.10g}")
        return ("+" if self.signed and value > 0.0 else "") + thousands(value)


def coordinates(table: pd.DataFrame, wanted: int) -> list[Coordinate]:
    """The columns of a scenario table that stand between "scenario" and "greek".

    Raises
    ------
    SchemaError
        If it is no such table, or has another number of axes than wanted.
    """
    columns = list(table.columns)
    if not {"scenario", "greek", *NUMBERS} <= set(columns) or table.empty:
        raise SchemaError("table: expected what greeks.ladder or greeks.scenario_grid return, with a row or more")
    names = columns[columns.index("scenario") + 1 : columns.index("greek")]
    if len(names) != wanted:
        raise SchemaError(
            f"table has {len(names)} axes ({', '.join(names) or 'none'}): expected {wanted}; "
            "greeks.ladder gives one, greeks.scenario_grid with two parameters two"
        )
    return [_coordinate(table, name) for name in names]


def groups(table: pd.DataFrame) -> list[str]:
    """The columns that the table was summed by."""
    columns = list(table.columns)
    return columns[: columns.index("scenario")]


def rows_of(table: pd.DataFrame, greek: str) -> pd.DataFrame:
    """The rows of one number."""
    chosen = table[table["greek"] == greek]
    if chosen.empty:
        raise SchemaError(f"greek = {greek!r}: expected one of {', '.join(table['greek'].unique())}")
    return chosen


def what_is_drawn(greek: str, what: str) -> str:
    """The name of an axis of numbers, with its unit."""
    if what not in NUMBERS:
        raise SchemaError(f"what = {what!r}: expected one of {', '.join(map(repr, NUMBERS))}")
    unit = UNITS.get(greek.partition("[")[0], "per 1.00 of the parameter")
    if greek == "price":
        return f"{'Profit or loss' if what == 'change' else 'Value'}, {unit}"
    return f"{'Change of ' if what == 'change' else ''}{greek}, {unit}"


def _coordinate(table: pd.DataFrame, name: str) -> Coordinate:
    how = _how(table["scenario"].astype(str).tolist(), name)
    if how == "relative":
        return Coordinate(name, 100.0, f"Change of {name}, %")
    if how == "to":
        return Coordinate(name, 1.0, name.capitalize(), signed=False)
    if name in POINTS:
        return Coordinate(name, 100.0, f"Change of {name}, percentage points")
    return Coordinate(name, 1.0, f"Change of {name}")


def _how(scenarios: Sequence[str], name: str) -> str:
    """Read off the names of scenarios, "spot -10%, volatility +0.01": they outlive any file format."""
    parts = [part.strip() for scenario in scenarios for part in scenario.split(", ") if f"{name} " in f"{part} "]
    if any(part.endswith("%") for part in parts):
        return "relative"
    return "to" if any("=" in part for part in parts) else "absolute"
