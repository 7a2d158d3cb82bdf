"""`greeks net`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from greeks.cli.failing import exit_codes
from greeks.cli.options import By, Out, Rates, pairs, split
from greeks.cli.screen import ended, with_errors, written
from greeks.errors import SchemaError


def net(
    risk: Annotated[
        Path, typer.Argument(help="What greeks run --out wrote, a Parquet file or a folder.", show_default=False)
    ],
    by: By = "",
    rates: Rates = "",
    out: Out = None,
) -> None:
    """Sum a result over the book, or by some of its columns, with the errors of the sums.

    \b
    greeks net risk.parquet
    greeks net risk.parquet --by underlying,payoff --out net.csv

    Trades on one underlying share their paths, so that what a hedge cancels in the number it cancels in its error.
    """
    with exit_codes():
        from greeks.portfolio import net as netted
        from greeks.portfolio import read_risk
        from greeks.portfolio.rows.files import check_writable

        if not risk.exists() or (risk.is_file() and risk.suffix.lower() not in (".parquet", ".pq")):
            raise SchemaError(f"{risk}: expected a Parquet file or folder that greeks run --out has written")
        if out is not None:
            check_writable(out)
        sums = netted(read_risk(risk), split(by), rates=pairs(rates, "--rates"))
        table = sums.reset_index() if by else sums.reset_index(names="sum")
        written(with_errors(table) if out is None else table, out)
        good = int((table["status"] == "ok").sum())
        ended(good, len(table), "sums complete", out)
