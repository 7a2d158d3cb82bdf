"""The command line: `greeks --help`.

One command a file. Exit codes: 0 all well, 1 some trades could not be priced or some of their Greeks not be had, 2 bad
input, 70 a bug of ours, 130 interrupted. Results go to the standard output or to files, everything said about them to
the standard error. What takes long to import is imported by the command that needs it.
"""

from __future__ import annotations

from collections.abc import Callable

import typer

from greeks.cli.demo import demo
from greeks.cli.explain import explain
from greeks.cli.ladder import ladder
from greeks.cli.net import net
from greeks.cli.pnl import pnl
from greeks.cli.run import run
from greeks.cli.schema import schema
from greeks.cli.template import template
from greeks.cli.validate import validate

START = """Monte Carlo prices and Greeks of books of trades, with standard errors.

A book is a table, one row a trade; a market is a TOML or JSON file, one table for each underlying. To start:

\b
  greeks template Call BarrierOption > book.csv    an example book
  greeks template --market > market.toml           a market for it
  greeks validate book.csv market.toml             what is wrong with them, if anything
  greeks run book.csv market.toml --greeks delta,vega --out risk.parquet
  greeks net risk.parquet --by underlying          sums, with errors that know of shared paths
"""
ENDING = "Exit codes: 0 all well, 1 some trades not priced in full, 2 bad input, 70 a bug of ours, 130 interrupted."

app = typer.Typer(
    name="greeks",
    help=START,
    epilog=ENDING,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
ON_FILES: dict[Callable[..., None], str] = {
    validate: "What is wrong with a book and its market, row by row.",
    run: "Price a book: Greeks of every position, with errors.",
    net: "Sums of a result, with the errors of sums.",
    ladder: "A book along shifts of spot, volatility, ...; or a grid.",
    pnl: "Profit and loss between two markets, explained by Greeks.",
    explain: "Which estimator each kind of trade gets, and why.",
}
BY_THEMSELVES: dict[Callable[..., None], str] = {
    template: "An example book, or market, to start from.",
    schema: "The JSON schema of a book, or of a market.",
    demo: "A book on real DAX volatilities, and its risk.",
}
for command, summary in {**BY_THEMSELVES, **ON_FILES}.items():
    app.command(short_help=summary, no_args_is_help=command in ON_FILES)(command)


def main() -> None:
    """The entry point of the `greeks` command."""
    app()
