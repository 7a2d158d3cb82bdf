"""`greeks schema`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from greeks.cli.failing import exit_codes


def schema(
    market: Annotated[bool, typer.Option("--market", help="That of a market file instead.")] = False,
) -> None:
    """Print the JSON schema of a book, made from the payoff classes: for editors, forms and other languages.

    \b
    greeks schema > book.schema.json
    """
    with exit_codes():
        from greeks.models import registry as models
        from greeks.payoffs import registry as payoffs
        from greeks.portfolio.rows.json_schema import book_schema, market_schema

        found = market_schema(models()) if market else book_schema(payoffs())
        typer.echo(json.dumps(found, indent=2))
