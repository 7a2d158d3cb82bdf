"""Tables on the screen or in files, and what is said about them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from greeks.cli.failing import SOME_FAILED

if TYPE_CHECKING:
    import pandas as pd


def written(frame: pd.DataFrame, out: Path | None) -> None:
    """The table in a file, or as text."""
    from greeks.portfolio.rows.files import write_table

    if out is None:
        typer.echo(frame.to_string(index=False, na_rep="") if len(frame) else "no rows")
    else:
        write_table(frame, out)


def with_errors(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers and their standard errors as one column of text each, `8.35 ± 0.02`, for reading."""
    from greeks.figures import with_error

    shown = frame.copy()
    for name in frame.columns:
        error = "std_error" if name == "value" else f"{name}_std_error"
        if error in frame.columns:
            pairs = zip(frame[name], frame[error], strict=True)
            shown[name] = ["" if value != value else with_error(value, e) for value, e in pairs]
            shown = shown.drop(columns=error)
    if "status" in shown and (shown["status"] == "ok").all():
        shown = shown.drop(columns="status")
    return shown


def told_apart(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """A result with the first word of each status, and the longer ones as lines, with the trades that have them."""
    statuses = frame["status"].astype(str)
    words = statuses.map(_word)
    names = frame["id"].astype(str) if "id" in frame else frame.index.to_series().astype(str)
    long = statuses[statuses != words]
    lines = [told(status, list(names[of.index])) for status, of in long.groupby(long, sort=False)]
    return frame.assign(status=words), lines


def told(status: str, trades: Sequence[str]) -> str:
    """A line for a status with the trades that have it."""
    return f"trade{'s' * (len(trades) > 1)} {', '.join(trades)}: {status}"


def _word(status: str) -> str:
    """ "ok", "refused", "failed", "bad input"."""
    return status.partition(";")[0].partition(":")[0]


def counted(number: int, what: str) -> str:
    """ "1 trade", "2 trades"."""
    return f"{number} {what}{'s' * (number != 1)}"


def said(text: str) -> None:
    """On the standard error, so that the standard output holds results alone."""
    typer.echo(text, err=True)


def ended(good: int, of: int, what: str, out: Path | None) -> None:
    """The last line, and exit code 1 if not all is well."""
    said(f"{good} of {of} {what}" + (f", see {out}" if out else ""))
    if good < of:
        raise typer.Exit(SOME_FAILED)
