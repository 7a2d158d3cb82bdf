"""Names of Greeks that nothing in a book knows: told before anything is simulated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from greeks.engine.terms.contract import Contract
from greeks.errors import GreeksError, SchemaError
from greeks.portfolio.rows.book import Trade


def refuse_unknown(greeks: Sequence[str], trades: Iterable[Trade]) -> None:
    """Refuse names that mean nothing for any trade; those that mean nothing for some are a status on their rows.

    Raises
    ------
    SchemaError
        With a line for each name.
    """
    kinds = list({trade.kind: trade for trade in trades}.values())
    wrong = [why for name in greeks if (why := _unknown_to_all(name, kinds))]
    if wrong:
        raise SchemaError("\n".join(wrong))


def _unknown_to_all(name: str, trades: Sequence[Trade]) -> str:
    """Why nothing knows a name, as the first of the trades has it; empty if one knows it, or there are none."""
    first = ""
    for trade in trades:
        why = _unknown_to(name, trade)
        if not why:
            return ""
        first = first or why
    return first


def _unknown_to(name: str, trade: Trade) -> str:
    """Why a trade does not know a name; empty if it does, or if the trade itself is what cannot be understood."""
    try:
        Contract.of(trade.model, trade.payoff).words.parse(name)
    except SchemaError as error:
        return str(error)
    except GreeksError:
        return ""
    return ""
