"""`greeks explain`."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import indent
from typing import TYPE_CHECKING

import typer

from greeks.cli.failing import exit_codes
from greeks.cli.options import Book, Market, Names, split
from greeks.errors import GreeksError, SchemaError

if TYPE_CHECKING:
    from greeks.portfolio.book import Trade


def explain(book: Book, market: Market, greeks: Names = "delta,gamma,vega") -> None:
    """Say which estimator each kind of trade gets for each Greek, and why; nothing is priced."""
    with exit_codes():
        from greeks.payoffs import registry
        from greeks.portfolio.files import read_table
        from greeks.portfolio.market import load_market
        from greeks.portfolio.schema import check_book

        checked = check_book(read_table(book), load_market(market), registry())
        if checked.faults:
            raise SchemaError(checked.report())
        for trades in _kinds(checked.trades):
            _explain_kind(trades, split(greeks))


def _kinds(trades: list[Trade]) -> Iterator[list[Trade]]:
    from itertools import groupby

    from greeks.portfolio.book import by_kind

    for _, group in groupby(by_kind(trades), key=lambda trade: trade.kind):
        yield list(group)


def _explain_kind(trades: list[Trade], greeks: list[str]) -> None:
    from greeks import api

    first, others = trades[0], f" and {len(trades) - 1} like it" if len(trades) > 1 else ""
    typer.echo(f"{first.id}{others}: {first.payoff!r} under {first.model!r}")
    try:
        text = str(api.explain(first.model, first.payoff, greeks))
    except GreeksError as error:
        text = f"refused; {error}"
    typer.echo(indent(text, "  ") + "\n")
