"""The demo's risk report: tables for the terminal, files for everything else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greeks.demo.risk import TOTAL, Part, grand_total
from greeks.figures import cell

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.table import Table

    from greeks.portfolio import Risk


@dataclass(frozen=True)
class Measure:
    """A column of the report: the number it shows, its heading and its unit."""

    name: str
    heading: str
    unit: float = 1.0


COLUMNS = (
    Measure("price", "value"),
    Measure("delta", "delta"),
    Measure("gamma", "gamma", 100.0),
    Measure("vega", "vega", 0.01),
)
ROUNDING = 1e-12
"""Of the largest number of a column: what is smaller is 0 but for rounding."""
BOOK = "Book"
TITLES = {
    "BlackScholes": "Black-Scholes, every trade at the volatility quoted for it",
    "Heston": "Heston, fitted to the surface",
    BOOK: "Book",
}
NOTE = (
    "Figures ± their standard errors, in index points; gamma for 100 points, vega for a volatility point. Vega of "
    "the Heston trades is that of the volatility now, the square root of the variance, and not added to the other.\n"
)


def print_report(parts: Sequence[Part], risk: Sequence[Risk], console: Console) -> None:
    """Risk by product and in total, the estimators used, and what could not be had."""
    from rich.markup import escape

    tables = [part.sums(of_part) for part, of_part in zip(parts, risk, strict=True)]
    for part, table in zip(parts, tables, strict=True):
        shown(console, risk_table(part.model, table, COLUMNS))
    shown(console, risk_table(BOOK, grand_total(tables), COLUMNS[:3]))
    console.print(NOTE)
    console.print(estimator_table(parts, risk), "")
    for name, status in _troubles(parts, risk).items():
        console.print(f"[yellow]{name}[/yellow]: {escape(status)}")


def write_files(risk: Sequence[Risk], book: pd.DataFrame, market: Mapping[str, Any], out: Path) -> list[Path]:
    """The book with its risk as CSV and Parquet; book and market alone, as `greeks run` reads them."""
    import pandas as pd

    out.mkdir(parents=True, exist_ok=True)
    paths = [out / "risk.csv", out / "risk.parquet", out / "book.csv", out / "market.json"]
    numbers = pd.concat([pd.DataFrame(of_part) for of_part in risk]).reindex(book.index)
    last = ["estimator", "status"]
    table = book.join(numbers[[*numbers.columns.drop(last), *last]])
    table.to_csv(paths[0], index=False)
    table.to_parquet(paths[1], index=False)
    book.to_csv(paths[2], index=False)
    models = {name: {"model": type(model).__name__} | asdict(model) for name, model in market.items()}
    paths[3].write_text(json.dumps(models, indent=1) + "\n", encoding="utf-8")
    return paths


def shown(console: Console, table: Table) -> None:
    """The table in full: figures are never cut to a width, least of all in a file."""
    from rich.measure import Measurement

    table.width = Measurement.get(console, console.options.update(width=1000), table).maximum
    console.print(table, "", crop=False)


def risk_table(model: str, rows: pd.DataFrame, measures: Sequence[Measure]) -> Table:
    """The products of one model, or the book's total."""
    table = _table(TITLES[model], "product", *(measure.heading for measure in measures))
    columns = [_cells(rows, measure) for measure in measures]
    for product, *cells in zip(rows.index, *columns, strict=True):
        table.add_row(product, *cells, style="bold" if product == TOTAL else None)
    return table


def _cells(rows: pd.DataFrame, measure: Measure) -> list[str]:
    values, errors = measure.unit * rows[measure.name], measure.unit * rows[f"{measure.name}_std_error"]
    noise = ROUNDING * values.abs().max()
    return [cell(value, error, noise) for value, error in zip(values, errors, strict=True)]


def estimator_table(parts: Sequence[Part], risk: Sequence[Risk]) -> Table:
    """Which estimators were chosen for which products."""
    table = _table("Estimators chosen", "model", "products", "estimators")
    for column in table.columns:
        column.justify, column.no_wrap = "left", False
    for part, of_part in zip(parts, risk, strict=True):
        for estimator, payoffs in part.book["payoff"].groupby(of_part["estimator"], sort=False):
            table.add_row(part.model, ", ".join(payoffs.unique()), str(estimator).replace("; ", "\n"))
    return table


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


def _troubles(parts: Sequence[Part], risk: Sequence[Risk]) -> dict[str, str]:
    """What is not plainly ok, with the products it befell."""
    troubles: dict[str, str] = {}
    for part, of_part in zip(parts, risk, strict=True):
        bad = of_part["status"] != "ok"
        for (product, status), rows in of_part[bad].groupby([part.book["payoff"][bad], "status"], sort=False):
            count = f"{len(rows)} trade{'s' * (len(rows) > 1)}"
            troubles[f"{part.model} {product} ({count})"] = str(status)
    return troubles
