"""`greeks explain`."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from textwrap import indent
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greeks.cli.failing import exit_codes
from greeks.cli.options import Book, Market, Names, Paths, split
from greeks.errors import GreeksError, SchemaError

if TYPE_CHECKING:
    from greeks.portfolio.rows.book import Trade


class Sampler(StrEnum):
    """Where the noise is from."""

    PHILOX = "philox"
    ANTITHETIC = "antithetic"
    SOBOL = "sobol"
    LATIN = "latin-hypercube"


def explain(
    book: Book,
    market: Market,
    greeks: Names = "delta,gamma,vega",
    sampler: Annotated[Sampler, typer.Option(help="What it would buy, against independent paths.")] = Sampler.PHILOX,
    controls: Annotated[bool, typer.Option(help="What they would buy, or without any.")] = True,
    paths: Paths = 2**16,
) -> None:
    """Say which estimator each kind of trade gets for each Greek, and why, and what controls and sampler buy.

    Only pilots are simulated.
    """
    with exit_codes():
        from greeks.payoffs import registry
        from greeks.portfolio.rows.files import read_table
        from greeks.portfolio.rows.market import load_market
        from greeks.portfolio.rows.schema import check_book

        checked = check_book(read_table(book), load_market(market), registry())
        if checked.faults:
            raise SchemaError(checked.report())
        settings = {"sampler": _made(sampler), "controls": "auto" if controls else (), "paths": paths}
        for trades in _kinds(checked.trades):
            _explain_kind(trades, split(greeks), settings)


def _made(sampler: Sampler) -> Any:
    from greeks import samplers

    kinds = (samplers.Philox, samplers.Antithetic, samplers.Sobol, samplers.LatinHypercube)
    return dict(zip(Sampler, kinds, strict=True))[sampler]()


def _kinds(trades: list[Trade]) -> Iterator[list[Trade]]:
    from itertools import groupby

    from greeks.portfolio.rows.book import by_kind

    for _, group in groupby(by_kind(trades), key=lambda trade: trade.kind):
        yield list(group)


def _explain_kind(trades: list[Trade], greeks: list[str], settings: dict[str, Any]) -> None:
    from greeks import api

    first, others = trades[0], f" and {len(trades) - 1} like it" if len(trades) > 1 else ""
    typer.echo(f"{first.id}{others}: {first.payoff!r} under {first.model!r}")
    try:
        text = str(api.explain(first.model, first.payoff, greeks, **settings))
    except GreeksError as error:
        text = f"refused; {error}"
    typer.echo(indent(text, "  ") + "\n")
