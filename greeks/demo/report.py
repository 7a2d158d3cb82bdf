"""The demo's risk report: tables for the terminal, files for everything else."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greeks.demo.risk import BOOK, TOTAL, VEGA, by_product

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.table import Table


@dataclass(frozen=True)
class Measure:
    """A column of the report: the risk column it shows, its heading and its unit."""

    column: str
    heading: str
    unit: float = 1.0


SHARED = (Measure("price", "value"), Measure("delta", "delta"), Measure("gamma", "gamma", 100.0))
SMALLEST = 8  # more decimals than that are rounding: a gamma that is zero in truth
TITLES = {
    "BlackScholes": "Black-Scholes, every trade at the volatility quoted for it",
    "Heston": "Heston, fitted to the surface",
    BOOK: "Book",
}
VEGA_HEADINGS = {"BlackScholes": "vega", "Heston": "vega now"}


def print_report(risk: pd.DataFrame, paths: int, seconds: float, console: Console | None = None) -> None:
    """Risk by product and in total, the estimators used, what could not be had, and the time taken."""
    from rich.console import Console
    from rich.markup import escape

    console = console or Console()
    table = by_product(risk)
    for model in table.index.unique("model"):
        console.print(risk_table(model, table.loc[model]), "")
    console.print(
        "Figures ± their standard errors, in index points; gamma for 100 points, vega for a volatility "
        "point. Vega is the derivative to the Black-Scholes volatility; vega now, of the Heston trades, to "
        "the square root of today's variance.\n"
    )
    console.print(estimator_table(risk))
    for name, status in _troubles(risk).items():
        console.print(f"[yellow]{name}[/yellow]: {escape(status)}")
    console.print(f"{len(risk)} trades, {paths:,} paths each, in {seconds:.1f} s with what had to be compiled.")


def write_files(risk: pd.DataFrame, book: pd.DataFrame, market: Mapping[str, Any], out: Path) -> list[Path]:
    """The book with its risk as CSV and Parquet; book and market alone, as `greeks run` reads them."""
    out.mkdir(parents=True, exist_ok=True)
    paths = [out / "risk.csv", out / "risk.parquet", out / "book.csv", out / "market.json"]
    table = book.join(risk.drop(columns="product"))
    table.to_csv(paths[0], index=False)
    table.to_parquet(paths[1], index=False)
    book.to_csv(paths[2], index=False)
    models = {name: {"model": type(model).__name__} | asdict(model) for name, model in market.items()}
    paths[3].write_text(json.dumps(models, indent=1) + "\n", encoding="utf-8")
    return paths


def risk_table(model: str, rows: pd.DataFrame) -> Table:
    """The products of one model, or the book's total."""
    vega = [Measure(VEGA[model], VEGA_HEADINGS[model], 0.01)] if model in VEGA else []
    measures = (*SHARED, *vega)
    shown = _table(TITLES[model], "product", "n", *(measure.heading for measure in measures))
    for product, row in zip(rows.index, rows.to_dict("records"), strict=True):
        cells = [with_error(row[m.column] * m.unit, row[f"{m.column}_std_error"] * m.unit) for m in measures]
        last = product == TOTAL
        shown.add_row(product, f"{row['trades']:.0f}", *cells, style="bold" if last else None)
    return shown


def estimator_table(risk: pd.DataFrame) -> Table:
    """Which estimators were chosen for which products."""
    shown = _table("Estimators chosen", "model", "products", "estimators")
    for column in shown.columns:
        column.justify, column.no_wrap = "left", False
    for (model, estimator), rows in risk.groupby(["model", "estimator"], sort=False):
        shown.add_row(str(model), ", ".join(rows["product"].unique()), str(estimator).replace("; ", "\n"))
    return shown


def _table(title: str, first: str, *others: str) -> Table:
    from rich import box
    from rich.table import Table

    shown = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_edge=False,
    )
    shown.add_column(first, no_wrap=True)
    for heading in others:
        shown.add_column(heading, justify="right", no_wrap=True)
    return shown


def _troubles(risk: pd.DataFrame) -> dict[str, str]:
    """What is not plainly ok, with the products it befell."""
    bad = risk[risk["status"] != "ok"]
    return {
        f"{model} {product} ({len(rows)} trades)": str(status)
        for (model, product, status), rows in bad.groupby(["model", "product", "status"], sort=False)
    }


def with_error(value: float, error: float) -> str:
    """`1,234.6 ±1.2`: the error to two digits, the value to the same place.

    Examples
    --------
    >>> with_error(1234.5678, 1.234), with_error(-0.0123456, 0.00012), with_error(98765.4, 230.0)
    ('1,234.6 ±1.2', '-0.01235 ±0.00012', '98,770 ±230')
    >>> with_error(math.nan, math.nan), with_error(-2.4e-18, 1.2e-19)
    ('', '-2e-18 ±1e-19')
    """
    if math.isnan(value):
        return ""
    if not error > 0.0:
        return f"{value:,.6g}"
    decimals = 1 - int(f"{error:.1e}".partition("e")[2])
    if decimals > SMALLEST:
        return f"{value:.0e} ±{error:.0e}"
    places = max(0, decimals)
    return f"{round(value, decimals):,.{places}f} ±{round(error, decimals):,.{places}f}"
