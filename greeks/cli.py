"""The command line: `greeks demo`, `greeks run`, `greeks explain`.

Exit codes: 0 all well, 1 some trades could not be priced or some of their Greeks not be had, 2 bad input.
What takes long to import is imported by the command that needs it, so that `greeks --help` answers at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Annotated

import typer

from greeks.api import explain as explanation
from greeks.errors import GreeksError, SchemaError

if TYPE_CHECKING:
    import pandas as pd

    from greeks.portfolio.book import Trade

app = typer.Typer(
    name="greeks",
    help="Monte Carlo prices and Greeks, with standard errors.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class Errors(StrEnum):
    """What bad rows lead to."""

    RAISE = "raise"
    COERCE = "coerce"


Book = Annotated[Path, typer.Argument(help="The trades, CSV or Parquet: id, underlying, payoff, quantity, parameters.")]
Market = Annotated[Path, typer.Argument(help="The models, TOML or JSON: a table for each underlying.")]
Names = Annotated[str, typer.Option("--greeks", help="Names with commas between them.")]
Paths = Annotated[int, typer.Option(help="Simulated paths for each trade.")]
Seed = Annotated[int, typer.Option(help="Same seed, same numbers.")]


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the table and the picture.")] = Path("demo-output"),
    paths: Paths = 2**16,
    seed: Seed = 42,
) -> None:
    """Price a book on the DAX surface of 5 July 2002 and show its risk."""
    from greeks.demo.main import run_demo

    with _bad_input():
        run_demo(out, paths, seed)


@app.command()
def run(
    book: Book,
    market: Market,
    greeks: Names = "delta,gamma,vega",
    out: Annotated[Path | None, typer.Option(help="CSV or Parquet to write; on the screen if left out.")] = None,
    paths: Paths = 2**16,
    seed: Seed = 0,
    std_error: Annotated[float | None, typer.Option(help="Go on until every standard error is below.")] = None,
    max_paths: Annotated[int | None, typer.Option(help="But not beyond so many paths a trade.")] = None,
    errors: Annotated[Errors, typer.Option(help="Stop at bad rows, or price the others.")] = Errors.RAISE,
    backend: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    threads: Annotated[int | None, typer.Option(help="All cores if left out.")] = None,
    progress: Annotated[bool, typer.Option(help="Show a progress bar.")] = False,
) -> None:
    """Price a book and write the Greeks of every position."""
    with _bad_input():
        from greeks.portfolio import BookError
        from greeks.portfolio import run as run_book
        from greeks.portfolio.files import check_suffix, read_table
        from greeks.portfolio.market import load_market

        if out is not None:
            check_suffix(out)
        models, trades = load_market(market), read_table(book)
        try:
            risk = run_book(
                trades,
                models,
                _split(greeks),
                errors=errors.value,
                paths=paths,
                seed=seed,
                std_error=std_error,
                max_paths=max_paths,
                backend=backend,
                threads=threads,
                progress=progress,
                keep=[name for name in ("id", "underlying", "payoff", "quantity") if name in trades],
            )
        except BookError as error:
            typer.echo(str(error), err=True)
            risk = error.partial
        _deliver(risk, out)


@app.command()
def explain(book: Book, market: Market, greeks: Names = "delta,gamma,vega") -> None:
    """Say which estimator each kind of trade gets for each Greek, and why; nothing is priced."""
    with _bad_input():
        from greeks.payoffs import registry
        from greeks.portfolio.files import read_table
        from greeks.portfolio.market import load_market
        from greeks.portfolio.schema import check_book

        checked = check_book(read_table(book), load_market(market), registry())
        if checked.faults:
            raise SchemaError(checked.report())
        for trades in _kinds(checked.trades):
            _explain_kind(trades, _split(greeks))


def main() -> None:
    """The entry point of the `greeks` command."""
    app()


@contextmanager
def _bad_input() -> Iterator[None]:
    """Errors of ours become a message and exit code 2; a bug keeps its traceback."""
    try:
        yield
    except GreeksError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


def _split(names: str) -> list[str]:
    """The names between commas; those within brackets, as in gamma[0,1], are not between names."""
    parts: list[str] = []
    for piece in names.split(","):
        if parts and parts[-1].count("[") > parts[-1].count("]"):
            parts[-1] += f",{piece.strip()}"
        else:
            parts.append(piece.strip())
    return [part for part in parts if part]


def _deliver(risk: pd.DataFrame, out: Path | None) -> None:
    from greeks.portfolio.files import write_table

    if out is None:
        typer.echo(risk.to_string(index=False, na_rep=""))
    else:
        write_table(risk, out)
    failed = int((~risk["status"].str.startswith("ok")).sum())
    typer.echo(
        f"{len(risk) - failed} of {len(risk)} trades priced in full" + (f", see {out}" if out else ""),
        err=True,
    )
    if failed:
        raise typer.Exit(1)


def _kinds(trades: list[Trade]) -> Iterator[list[Trade]]:
    from itertools import groupby

    from greeks.portfolio.book import by_kind

    for _, group in groupby(by_kind(trades), key=lambda trade: trade.kind):
        yield list(group)


def _explain_kind(trades: list[Trade], greeks: list[str]) -> None:
    first, others = trades[0], f" and {len(trades) - 1} like it" if len(trades) > 1 else ""
    typer.echo(f"{first.id}{others}: {first.payoff!r} under {first.model!r}")
    try:
        text = str(explanation(first.model, first.payoff, greeks))
    except GreeksError as error:
        text = f"refused; {error}"
    typer.echo(indent(text, "  ") + "\n")
