"""`greeks run`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greeks.cli.failing import exit_codes
from greeks.cli.options import (
    TABLES,
    Book,
    Errors,
    Keep,
    Market,
    Names,
    OnErrors,
    Paths,
    Progress,
    Seed,
    Threads,
    Units,
    split,
    watched,
)
from greeks.cli.screen import ended, said, told, told_apart, with_errors, written
from greeks.errors import SchemaError

if TYPE_CHECKING:
    import pandas as pd

FRONT = ("id", "underlying", "payoff", "quantity")
STREAMED = (".parquet", ".pq", "")


def run(
    book: Book,
    market: Market,
    greeks: Names = "delta,gamma,vega",
    out: Annotated[
        Path | None,
        typer.Option(
            help=f"{TABLES} to write, or a folder; on the screen if left out. Parquet is written as trades are done.",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that --out holds the parts of.")] = False,
    paths: Paths = 2**16,
    seed: Seed = 0,
    std_error: Annotated[float | None, typer.Option(help="Add paths until every standard error is below.")] = None,
    net_std_error: Annotated[float | None, typer.Option(help="Add paths until those of the sums are.")] = None,
    max_paths: Annotated[int | None, typer.Option(help="But not beyond so many paths a trade.")] = None,
    time_limit: Annotated[float | None, typer.Option(help="Nor beyond so many seconds.")] = None,
    units: Annotated[
        Units, typer.Option(help="Greeks per 1.00 and per year, or per volatility point, basis point and day.")
    ] = Units.PLAIN,
    errors: OnErrors = Errors.RAISE,
    backend: Annotated[str, typer.Option(help="cpu, cuda, or auto for what there is and is worth it.")] = "cpu",
    threads: Threads = None,
    keep: Keep = "",
    progress: Progress = None,
) -> None:
    """Price a book and write the Greeks of every position, with standard errors.

    \b
    greeks run book.csv market.toml --greeks delta,vega
    greeks run book.csv market.toml --greeks delta,vega --out risk.parquet --resume
    greeks run book.csv market.toml --std-error 0.001 --max-paths 10000000

    All trades on one underlying share their paths. Bad rows stop the run before it begins, with a line for each
    fault; with --errors coerce they are a status in the result.
    """
    with exit_codes(_interrupted(out)):
        settings: dict[str, Any] = {
            "errors": errors.value,
            "paths": paths,
            "seed": seed,
            "std_error": std_error,
            "net_std_error": net_std_error,
            "max_paths": max_paths,
            "time_limit": time_limit,
            "units": None if units is Units.PLAIN else units.value,
            "backend": backend,
            "threads": threads,
            "progress": watched(progress),
        }
        _run(book, market, split(greeks), split(keep), out, resume, settings)


def _run(
    book: Path,
    market: Path,
    greeks: list[str],
    keep: list[str],
    out: Path | None,
    resume: bool,
    settings: dict[str, Any],
) -> None:
    from greeks.portfolio import BookError
    from greeks.portfolio import run as run_book
    from greeks.portfolio.rows.files import check_writable, read_table
    from greeks.portfolio.rows.market import load_market

    streams = out is not None and out.suffix.lower() in STREAMED
    if resume and not streams:
        raise SchemaError(f"--resume with --out {out}: expected a .parquet file or a folder, which keeps what is done")
    if out is not None and not streams:
        check_writable(out)
    models, trades = load_market(market), read_table(book)
    kept = [*(name for name in FRONT if name in trades), *(name for name in keep if name not in FRONT)]
    try:
        risk: pd.DataFrame = run_book(
            trades, models, greeks, keep=kept, out=out if streams else None, resume=resume, **settings
        )
    except BookError as error:
        risk = error.partial
        if out is not None:
            _tell(error.failures)
    if out is None:
        _show(risk)
    elif not streams:
        written(risk, out)
    good = int(risk["status"].str.startswith("ok").sum())
    ended(good, len(risk), "trades priced in full", out)


def _tell(failures: Mapping[str, str]) -> None:
    """A line for each reason, with the trades it befell."""
    victims: dict[str, list[str]] = {}
    for trade, reason in failures.items():
        victims.setdefault(reason, []).append(trade)
    for reason, trades in victims.items():
        said(told(reason, trades))


def _show(risk: pd.DataFrame) -> None:
    """The table on the screen, and what its statuses say below it."""
    table, lines = told_apart(risk)
    written(with_errors(table), None)
    for line in lines:
        said(line)


def _interrupted(out: Path | None) -> str:
    if out is not None and out.suffix.lower() in STREAMED:
        return "interrupted; the same command with --resume goes on from here"
    return "interrupted; nothing was written"
