"""`greeks template`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from greeks.cli.failing import exit_codes
from greeks.cli.options import Out


def template(
    payoff: Annotated[
        list[str] | None,
        typer.Argument(help="Names of payoffs; one row of each there is, if left out.", show_default=False),
    ] = None,
    market: Annotated[bool, typer.Option("--market", help="The market file that goes with it instead.")] = False,
    out: Out = None,
) -> None:
    """Write an example book with a row for each payoff, valid at once, as CSV.

    \b
    greeks template Call > book.csv
    greeks template --market > market.toml
    greeks run book.csv market.toml
    """
    with exit_codes():
        if market:
            _market(out)
        else:
            _book(payoff or [], out)


def _market(out: Path | None) -> None:
    from greeks.errors import SchemaError
    from greeks.portfolio.rows.template import example_market

    if out is None:
        typer.echo(example_market(), nl=False)
        return
    if out.suffix.lower() != ".toml":
        raise SchemaError(f"--out {out}: expected the suffix .toml, for a market is a TOML file")
    try:
        out.write_text(example_market(), encoding="utf-8")
    except OSError as error:
        raise SchemaError(f"file {out} cannot be written: {error.strerror or error}; check the path") from None


def _book(names: list[str], out: Path | None) -> None:
    from greeks.payoffs import registry
    from greeks.portfolio.rows.files import write_table
    from greeks.portfolio.rows.template import example_book

    book = example_book(registry(), names)
    if out is None:
        typer.echo(book.to_csv(index=False), nl=False)
    else:
        write_table(book, out)
