"""`greeks ladder`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from greeks.cli.failing import exit_codes
from greeks.cli.options import (
    Book,
    By,
    Errors,
    Market,
    Names,
    OnErrors,
    Out,
    Paths,
    Progress,
    Rates,
    Seed,
    Threads,
    pairs,
    split,
    watched,
)
from greeks.cli.screen import ended, with_errors, written
from greeks.errors import SchemaError

if TYPE_CHECKING:
    import pandas as pd

SPOTS = "spot=-20%,-10%,-5%,0,5%,10%,20%"


def ladder(
    book: Book,
    market: Market,
    shift: Annotated[
        list[str] | None,
        typer.Option(
            help="What moves and by how much: spot=-10%,0,10% relative, volatility=-0.01,0.01 absolute, rate==0.03 to "
            f"a value. Twice for a grid. By default {SPOTS}.",
            show_default=False,
        ),
    ] = None,
    greeks: Names = "",
    underlying: Annotated[str, typer.Option(help="The one that moves; all of them if left out.")] = "",
    by: By = "",
    rates: Rates = "",
    out: Out = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the profit or loss: .png, .svg or .pdf.", show_default=False)
    ] = None,
    paths: Paths = 2**14,
    seed: Seed = 0,
    errors: OnErrors = Errors.RAISE,
    threads: Threads = None,
    progress: Progress = None,
) -> None:
    """Revalue a book along shifts of the market, on the same draws.

    \b
    greeks ladder book.csv market.toml --plot ladder.png
    greeks ladder book.csv market.toml --shift volatility=-0.02,-0.01,0,0.01,0.02 --by underlying
    greeks ladder book.csv market.toml --shift spot=-10%,0,10% --shift volatility=-0.02,0,0.02 --out grid.csv

    The column `change` is the profit or loss against the market as it is, with the error of the difference.
    """
    with exit_codes():
        from greeks.portfolio.rows.files import check_writable, read_table
        from greeks.portfolio.rows.market import load_market
        from greeks.portfolio.scenarios import scenario_grid

        axes = dict(_axis(text) for text in shift or [SPOTS])
        if out is not None:
            check_writable(out)
        if plot is not None:
            _check_picture(plot, len(axes), split(by))
        table = scenario_grid(
            read_table(book),
            load_market(market),
            axes,
            split(greeks),
            underlying=underlying or None,
            by=split(by),
            rates=pairs(rates, "--rates"),
            errors=errors.value,
            paths=paths,
            seed=seed,
            threads=threads,
            progress=watched(progress),
        )
        written(with_errors(table) if out is None else table, out)
        if plot is not None:
            _draw(table, len(axes), plot)
        ended(int((table["status"] == "ok").sum()), len(table), "sums complete", out)


def _axis(text: str) -> tuple[str, list[str]]:
    name, sign, sizes = text.partition("=")
    if not sign or not name.strip() or not split(sizes):
        raise SchemaError(f"--shift {text!r}: expected a parameter and sizes, such as {SPOTS}")
    return name.strip(), split(sizes)


def _check_picture(plot: Path, axes: int, by: list[str]) -> None:
    from greeks.portfolio.rows.files import check_folder_of

    if plot.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise SchemaError(f"--plot {plot}: expected the suffix .png, .svg or .pdf")
    if axes > 2 or (axes == 2 and by):
        raise SchemaError("--plot: expected one shift, or two over the whole book; leave --by or the third shift out")
    check_folder_of(plot)


def _draw(table: pd.DataFrame, axes: int, plot: Path) -> None:
    from greeks import plots

    figure = plots.ladder(table) if axes == 1 else plots.heat_map(table)
    try:
        figure.savefig(plot)
    except OSError as error:
        raise SchemaError(f"--plot {plot} cannot be written: {error.strerror or error}; check the path") from None
