"""Arguments and options that commands share."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from greeks.errors import SchemaError

TABLES = "CSV, Parquet or Arrow"


class Errors(StrEnum):
    """What bad rows lead to."""

    RAISE = "raise"
    COERCE = "coerce"


class Units(StrEnum):
    """Greeks per 1.00 and per year, or as a desk reads them."""

    PLAIN = "plain"
    DESK = "desk"


Book = Annotated[
    Path,
    typer.Argument(help=f"The trades, {TABLES}: id, underlying, payoff, quantity, parameters.", show_default=False),
]
Market = Annotated[
    Path, typer.Argument(help="The models, TOML or JSON: a table for each underlying.", show_default=False)
]
Names = Annotated[str, typer.Option("--greeks", help="Names with commas between them: delta,gamma[0,1],d_kappa.")]
Paths = Annotated[int, typer.Option(help="Simulated paths for each trade.")]
Seed = Annotated[int, typer.Option(help="Same seed, same numbers.")]
Threads = Annotated[int | None, typer.Option(help="All cores if left out.")]
By = Annotated[
    str, typer.Option("--by", help="Columns to sum within, with commas: underlying,payoff. One sum if left out.")
]
Rates = Annotated[
    str, typer.Option("--rates", help="What one unit of each currency is worth: EUR=1,USD=0.92; to add several up.")
]
Out = Annotated[Path | None, typer.Option(help=f"{TABLES} to write; on the screen if left out.", show_default=False)]
Keep = Annotated[str, typer.Option(help="Columns of your own whose names look like slips of known ones.")]
Progress = Annotated[
    bool | None, typer.Option(help="Show a progress bar; on a terminal, if left out.", show_default=False)
]
OnErrors = Annotated[Errors, typer.Option("--errors", help="Stop at bad rows, or go on without them.")]


def watched(progress: bool | None) -> bool:
    """Whether to show a bar: as asked, else where somebody sees it."""
    return sys.stderr.isatty() if progress is None else progress


def split(names: str) -> list[str]:
    """The names between commas; those within brackets, as in gamma[0,1], are not between names.

    >>> split("delta, gamma[0,1],")
    ['delta', 'gamma[0,1]']
    """
    parts: list[str] = []
    for piece in names.split(","):
        if parts and parts[-1].count("[") > parts[-1].count("]"):
            parts[-1] += f",{piece.strip()}"
        else:
            parts.append(piece.strip())
    return [part for part in parts if part]


def pairs(text: str, option: str) -> dict[str, float] | None:
    """The numbers in "EUR=1,USD=0.92" by name; None for an empty text.

    >>> pairs("EUR=1, USD=0.92", "--rates")
    {'EUR': 1.0, 'USD': 0.92}
    """
    found: dict[str, float] = {}
    for item in split(text):
        name, sign, number = (part.strip() for part in item.partition("="))
        try:
            found[name] = float(number)
        except ValueError:
            sign = ""
        if not sign or not name:
            raise SchemaError(f"{option}: {item!r}: expected a name and a number, such as EUR=1,USD=0.92")
    return found or None
