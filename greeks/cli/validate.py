"""`greeks validate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greeks.cli.failing import BAD_INPUT, exit_codes
from greeks.cli.options import Book, Keep, split
from greeks.cli.screen import counted, said

if TYPE_CHECKING:
    import pandas as pd


def validate(
    book: Book,
    market: Annotated[
        Path | None,
        typer.Argument(help="The models, TOML or JSON; without it models are not looked at.", show_default=False),
    ] = None,
    keep: Keep = "",
) -> None:
    """Check a book, and a market with it: a line for every fault of every row; nothing is priced.

    \b
    greeks validate book.csv market.toml && greeks run book.csv market.toml --out risk.parquet
    """
    with exit_codes():
        from greeks.payoffs import registry
        from greeks.portfolio.rows.files import read_table
        from greeks.portfolio.rows.market import load_market
        from greeks.portfolio.rows.schema import check_book

        trades = read_table(book)
        models = load_market(market) if market is not None else _any_model(trades)
        checked = check_book(trades, models, registry(), split(keep))
        if checked.faults:
            typer.echo(checked.report())
            said(f"faults in {len(checked.faults)} of {counted(len(trades), 'row')}")
            raise typer.Exit(BAD_INPUT)
        extras = f"; columns of your own: {', '.join(map(str, checked.extras))}" if checked.extras else ""
        said(f"{counted(len(checked.trades), 'trade')}, no faults{extras}")


def _any_model(trades: pd.DataFrame) -> dict[str, Any]:
    """A market that has every underlying."""
    from greeks.models import BlackScholes
    from greeks.portfolio.rows.cells import as_name

    return {as_name(name): BlackScholes(100.0, 0.0, 0.2) for name in trades.get("underlying", ())}
