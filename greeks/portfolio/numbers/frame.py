"""Outcomes back into a table with the book's own index."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from greeks.portfolio.numbers.joint import Array, Joint
from greeks.portfolio.numbers.outcome import Outcome
from greeks.portfolio.numbers.risk import Risk
from greeks.portfolio.numbers.units import DeskUnits
from greeks.portfolio.rows.book import Trade
from greeks.portfolio.rows.cells import as_name

BEYOND = "{:g} times the numbers of one contract are beyond double precision; check quantity and parameters"


def to_risk(
    kept: pd.DataFrame,
    labels: pd.DataFrame,
    trades: Sequence[Trade],
    outcomes: Mapping[int, Outcome],
    greeks: Sequence[str],
    units: DeskUnits | None,
) -> Risk:
    """One row for each row of the book: columns kept, then `price, price_std_error, delta, ..., estimator, status`.

    Values are those of the position: the number of one contract times the quantity, its standard error times the
    absolute quantity, in the units wanted. A cell without an estimate is NaN, and `status` says why.
    """
    rows = [outcomes[i] for i in range(len(labels))]
    names = _names(greeks, rows)
    factors = np.array([units.factor(name) if units else 1.0 for name in names])
    scales = np.full((len(rows), 1), math.nan)
    scales[[trade.position for trade in trades], 0] = [trade.quantity for trade in trades]
    values, errors, batches = _numbers(rows, names)
    with np.errstate(over="ignore"):
        numbers = {"": values * scales * factors, "_std_error": errors * np.abs(scales) * factors}
        batches = batches * scales[:, :, None] * factors[:, None]
    beyond = _infinite(*numbers.values(), batches)
    if beyond:
        spoilt = {i: Outcome(f"failed: {BEYOND.format(scales[i, 0])}") for i in beyond}
        return to_risk(kept, labels, trades, {**outcomes, **spoilt}, greeks, units)
    columns = {f"{name}{end}": of[:, k] for k, name in enumerate(names) for end, of in numbers.items()}
    texts = {"estimator": [row.estimator for row in rows], "status": [row.status for row in rows]}
    parts = [pd.DataFrame(columns, index=labels.index), pd.DataFrame(texts, index=labels.index, dtype="str")]
    risk = Risk(pd.concat([kept, *parts], axis=1))
    streams = np.zeros(len(rows), dtype=np.int64)
    streams[[trade.position for trade in trades]] = [trade.stream for trade in trades]
    risk.joint = Joint(
        labels,
        tuple(row.status for row in rows),
        streams,
        tuple(names),
        numbers[""],
        batches,
    )
    return risk


def _infinite(*numbers: Array) -> list[int]:
    """Rows in which something is beyond double precision."""
    rows = [np.isinf(of).any(axis=tuple(range(1, of.ndim))) for of in numbers]
    return [int(i) for i in np.flatnonzero(np.any(rows, axis=0))]


def _numbers(rows: Sequence[Outcome], names: Sequence[str]) -> tuple[Array, Array, Array]:
    """Values (n, m), standard errors (n, m) and means of batches (n, m, B) of one contract each, NaN where none."""
    size = max((row.batches.shape[1] for row in rows if row.greeks), default=0)
    values, errors = np.full((len(rows), len(names)), math.nan), np.full((len(rows), len(names)), math.nan)
    batches = np.full((len(rows), len(names), size), math.nan)
    alike: dict[tuple[tuple[str, ...], int], list[int]] = {}
    for i, row in enumerate(rows):
        if row.greeks:
            alike.setdefault((row.greeks, row.batches.shape[1]), []).append(i)
    for (greeks, n), own in alike.items():
        at = np.ix_(own, [names.index(name) for name in greeks])
        values[at], errors[at] = (np.array([getattr(rows[i], of) for i in own]) for of in ("values", "std_errors"))
        batches[at[0], at[1], :n] = np.array([rows[i].batches for i in own])
    return values, errors, batches


def labels_of(book: pd.DataFrame, extras: Sequence[str]) -> pd.DataFrame:
    """What the rows of a book may be told and grouped by: the names as they were understood, and the user's own."""
    own = ["id", "underlying", "payoff", *(name for name in ("currency",) if name in book)]
    named = {name: [as_name(cell) for cell in book[name].tolist()] for name in own}
    return pd.concat([pd.DataFrame(named, index=book.index, dtype="str"), book[list(extras)]], axis=1)


def _names(greeks: Sequence[str], rows: Sequence[Outcome]) -> list[str]:
    """The names asked, in that order; those by asset, delta[0] and so on, stand where delta would."""
    found = list(dict.fromkeys(name for row in rows for name in row.greeks))
    ordered: list[str] = []
    for greek in ("price", *greeks):
        by_asset = [name for name in found if name.startswith(f"{greek}[")]
        ordered += [greek, *by_asset] if greek in found or not by_asset else by_asset
    return list(dict.fromkeys(ordered + found))
