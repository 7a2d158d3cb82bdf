"""Results back into a table with the book's own index."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from greeks.results import Estimate


@dataclass(frozen=True)
class Outcome:
    """What became of one row: its estimates for one contract, and a status, "ok..." where all is well."""

    estimates: Mapping[str, Estimate]
    status: str
    quantity: float = 1.0


def to_frame(index: pd.Index, outcomes: Mapping[int, Outcome], greeks: Sequence[str]) -> pd.DataFrame:
    """One row for each row of the book: `price, price_std_error, delta, ..., estimator, status`.

    Values are those of the position: the estimate of one contract times the quantity, its standard error
    times the absolute quantity. A cell without an estimate is NaN, and `status` says why.
    """
    rows = [outcomes[i] for i in range(len(index))]
    columns: dict[str, Iterable[object]] = {}
    for name in _names(greeks, rows):
        columns[name] = [_value(row, name) for row in rows]
        columns[f"{name}_std_error"] = [_std_error(row, name) for row in rows]
    numbers = pd.DataFrame(columns, index=index, dtype="float64")
    texts = {"estimator": [estimators(row.estimates) for row in rows], "status": [row.status for row in rows]}
    return pd.concat([numbers, pd.DataFrame(texts, index=index, dtype="str")], axis=1)


def estimators(estimates: Mapping[str, Estimate]) -> str:
    """The estimators used: one name where the Greeks share it, else `Pathwise (delta); Mixed (gamma)`."""
    users: dict[str, list[str]] = {}
    for name, estimate in estimates.items():
        if name != "price" or len(estimates) == 1:
            users.setdefault(estimate.estimator, []).append(name)
    if len(users) == 1:
        return next(iter(users))
    return "; ".join(f"{estimator} ({', '.join(names)})" for estimator, names in users.items())


def _names(greeks: Sequence[str], rows: Sequence[Outcome]) -> list[str]:
    """The names asked, in that order; those by asset, delta[0] and so on, stand where delta would."""
    found = list(dict.fromkeys(name for row in rows for name in row.estimates))
    ordered: list[str] = []
    for greek in ("price", *greeks):
        by_asset = [name for name in found if name.startswith(f"{greek}[")]
        ordered += [greek, *by_asset] if greek in found or not by_asset else by_asset
    return list(dict.fromkeys(ordered + found))


def _value(row: Outcome, name: str) -> float:
    return row.quantity * row.estimates[name].value if name in row.estimates else math.nan


def _std_error(row: Outcome, name: str) -> float:
    return abs(row.quantity) * row.estimates[name].std_error if name in row.estimates else math.nan
