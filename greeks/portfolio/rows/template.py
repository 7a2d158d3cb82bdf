"""Example books and markets: a row of sensible numbers for any payoff, valid at once."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from greeks.errors import SchemaError
from greeks.fields import constraint_of
from greeks.payoffs import basket
from greeks.portfolio.rows.construct import construct, parameters
from greeks.portfolio.rows.suggest import suggestion

ONE, SEVERAL = "DAX", "BASKET"
_MARKET: dict[str, dict[str, Any]] = {
    ONE: {"model": "BlackScholes", "spot": 100.0, "rate": 0.03, "volatility": 0.2, "dividend": 0.01},
    SEVERAL: {
        "model": "MultiBlackScholes",
        "spots": [100.0, 100.0],
        "rate": 0.03,
        "volatilities": [0.2, 0.25],
        "correlation": [[1.0, 0.5], [0.5, 1.0]],
        "dividends": [0.01, 0.0],
    },
}
_TERMS: dict[str, Any] = {  # around a spot of 100
    "strike": 100.0,
    "maturity": 1.0,
    "dates": 12,
    "barrier": 80.0,
    "lower": 90.0,
    "upper": 110.0,
    "trigger": 105.0,
    "coupon": 0.05,
    "coupon_barrier": 80.0,
    "protection": 70.0,
    "reference": 100.0,
    "notional": 100.0,
}
_BY_KIND: dict[str, Any] = {"number": 1.0, "whole": 1, "flag": True, "dates": 12, "vector": "1.0 1.0"}


def example_book(payoffs: Mapping[str, type[Any]], names: Sequence[str] = ()) -> pd.DataFrame:
    """One trade of each payoff, on the underlyings of `example_market`.

    Parameters
    ----------
    payoffs : mapping of str to type
        The classes there are.
    names : sequence of str
        Those wanted; all by default.

    Raises
    ------
    SchemaError
        For a name that is none, or a class whose demands no example meets.

    Examples
    --------
    >>> from greeks.payoffs import registry
    >>> example_book(registry(), ["DigitalPut"]).drop(columns="id").to_dict("records")
    [{'underlying': 'DAX', 'payoff': 'DigitalPut', 'quantity': 10, 'strike': 100, 'maturity': 1, 'cash': 1}]
    """
    wrong = [f"payoff {name!r} is unknown: {suggestion(name, payoffs)}" for name in names if name not in payoffs]
    if wrong:
        raise SchemaError("\n".join(wrong))
    chosen = list(dict.fromkeys(names)) or list(payoffs)
    rows = [
        {
            "id": f"T{i}",
            "underlying": _underlying(payoffs[name]),
            "payoff": name,
            "quantity": 10.0,
            **_terms(payoffs[name]),
        }
        for i, name in enumerate(chosen, 1)
    ]
    return pd.DataFrame(rows).convert_dtypes()  # a count of dates stays whole where other rows have none


def example_market() -> str:
    """A market file, TOML, with a model for every underlying of `example_book`."""
    lines = ["# A table for each underlying. Rates and volatilities are per year, 0.03 is 3 %."]
    for name, table in _MARKET.items():
        lines += ["", f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _underlying(kind: type[Any]) -> str:
    return SEVERAL if kind.__module__ == basket.__name__ else ONE


def _terms(kind: type[Any]) -> dict[str, Any]:
    found = dict(_examples(kind))
    contract, complaints = construct(kind, found)
    if contract is None:
        raise SchemaError("\n".join([f"no example of {kind.__name__} is known; write its row by hand", *complaints]))
    return found


def _examples(kind: type[Any]) -> Iterator[tuple[str, Any]]:
    """Every parameter that a newcomer should see: defaults as they are, but no default that is a blank."""
    for name, item in parameters(kind).items():
        if item.default is None:
            if name == "dates":
                yield name, _TERMS["dates"]
        elif item.default is not dataclasses.MISSING and name not in _TERMS:
            yield name, item.default
        elif name == "barrier" and getattr(kind, "direction", "down") == "up":
            yield name, 120.0
        else:
            yield name, _TERMS.get(name, _BY_KIND.get(constraint_of(item).kind, 1.0))
