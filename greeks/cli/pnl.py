"""`greeks pnl`."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from greeks.cli.failing import exit_codes
from greeks.cli.options import (
    Book,
    By,
    Errors,
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


def pnl(
    book: Book,
    before: Annotated[Path, typer.Argument(help="The market before, TOML or JSON.", show_default=False)],
    after: Annotated[Path, typer.Argument(help="The market after.", show_default=False)],
    elapsed: Annotated[str, typer.Option(help="Years between them: 1/365 for a day.")] = "0",
    by: By = "",
    rates: Rates = "",
    out: Out = None,
    paths: Paths = 2**14,
    seed: Seed = 0,
    errors: OnErrors = Errors.RAISE,
    threads: Threads = None,
    progress: Progress = None,
) -> None:
    """Explain a profit or loss by the Greeks before, against revaluation, on the same draws.

    \b
    greeks pnl book.csv monday.toml tuesday.toml --elapsed 1/365
    """
    with exit_codes():
        from greeks.portfolio.rows.files import check_writable, read_table
        from greeks.portfolio.scenarios import explain_pnl

        if out is not None:
            check_writable(out)
        table = explain_pnl(
            read_table(book),
            before,
            after,
            elapsed=_years(elapsed),
            by=split(by),
            rates=pairs(rates, "--rates"),
            errors=errors.value,
            paths=paths,
            seed=seed,
            threads=threads,
            progress=watched(progress),
        )
        if out is None:
            shares = ["" if share != share else f"{share:.1%}" for share in table["share"]]
            written(with_errors(table).assign(share=shares), out)
        else:
            written(table, out)
        ended(int((table["status"] == "ok").sum()), len(table), "terms complete", out)


def _years(text: str) -> float:
    try:
        return float(Fraction(text.replace(" ", "")))
    except (ValueError, ZeroDivisionError):
        raise SchemaError(f"--elapsed {text!r}: expected years, such as 0.01 or 1/365") from None
