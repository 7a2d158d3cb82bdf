"""The numbers of all trades of a book together with how they vary together: what sums are made from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from greeks.errors import SchemaError
from greeks.fields import shown
from greeks.portfolio.numbers.grouping import columns_to_sum_by
from greeks.portfolio.rows.suggest import suggestion

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
ROUNDING = 2.0**-36  # relative; the error of a number that no path changes, as in a single estimate


@dataclass(frozen=True, eq=False)
class Joint:
    """n rows of a book, m numbers each, over B batches of paths that the trades on one underlying share.

    Attributes
    ----------
    labels : (n, ...), what rows may be grouped by: id, underlying, payoff, currency and the user's own columns.
    statuses : (n,)
    streams : (n,)
    greeks : (m,)
    values : (n, m), of the position, NaN where there is none.
    batches : (n, m, B), of the position.
    """

    labels: pd.DataFrame
    statuses: tuple[str, ...]
    streams: Integers
    greeks: tuple[str, ...]
    values: Array
    batches: Array

    def __deepcopy__(self, memo: object) -> Joint:
        """Nothing in it changes, so a copy of a frame shares it."""
        return self

    def rows_of(self, frame: pd.DataFrame) -> Integers:
        """Which rows a frame that was cut out of the result has. Refuses one whose rows can no longer be told."""
        index = self.labels.index
        if frame.index.equals(index):
            rows = np.arange(len(index))
        elif index.is_unique:
            rows = np.asarray(index.get_indexer(frame.index))
        else:
            raise SchemaError(
                "net: the index of the book names several rows alike, so that those left cannot be told; call net on "
                "the whole result, or give the book an index without doubles: book.set_index('id', drop=False)"
            )
        if (rows < 0).any() or not self._same_numbers(frame, rows):
            raise SchemaError(
                "net: these rows are not, or no longer, those of the book: their labels or numbers have changed since "
                "run; call net on the result as run returned it, or on rows cut out of it"
            )
        return rows

    def _same_numbers(self, frame: pd.DataFrame, rows: Integers) -> bool:
        return all(
            np.array_equal(frame[name].to_numpy(dtype=float), self.values[rows, k], equal_nan=True)
            for k, name in enumerate(self.greeks)
            if name in frame
        )

    def net(self, rows: Integers, weights: Array) -> Net:
        """sum_i w_i v_i over some rows, with the standard errors that the paths they share give."""
        values = _sums(self.values[rows] * weights[:, None])
        variance, degrees = np.zeros(len(self.greeks)), []
        for stream in np.unique(self.streams[rows]):
            own = self.streams[rows] == stream
            means = _sums((self.batches[rows[own]] * weights[own, None, None]).reshape(int(own.sum()), -1))
            batches = means.reshape(len(self.greeks), -1)
            of_stream, freedom = _variance_of_mean(batches)
            variance += of_stream
            degrees.append(freedom)
        return Net(values, variance, min(degrees, default=0))

    def missing(self, rows: Integers) -> str:
        """What is to be said of numbers that some of the rows lack; "ok" if there is nothing."""
        gone = np.isnan(self.values[rows])
        spoilt = np.array([not self.statuses[i].startswith("ok") for i in rows], dtype=bool)
        notes = []
        for k, name in enumerate(self.greeks):
            ids = [str(self.labels["id"].iloc[i]) for i in rows[gone[:, k]]]
            if ids and (len(ids) < len(rows) or (gone[:, k] & spoilt).any()):
                shown_ids = ", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
                notes.append(f"{name}: not had for {shown_ids}")
        return "; ".join(notes) or "ok"


@dataclass(frozen=True, eq=False)
class Net:
    """Sums (m,) and what the paths add to their variances (m,); `degrees` are those of Student's law for intervals."""

    values: Array
    variances: Array
    degrees: int

    @property
    def std_errors(self) -> Array:
        """(m,), no less than rounding leaves."""
        return np.maximum(np.sqrt(self.variances), ROUNDING * np.abs(self.values))


def _sums(terms: Array) -> Array:
    """Sums down the columns, correctly rounded: of any order of rows the same bits, and 0 for what cancels."""
    return np.array([_sum(column) for column in terms.T.tolist()])


def _sum(terms: Sequence[float]) -> float:
    try:
        return math.fsum(terms)
    except (OverflowError, ValueError):  # beyond double precision on the way
        with np.errstate(over="ignore", invalid="ignore"):
            return float(np.sum(terms))


def _variance_of_mean(batches: Array) -> tuple[Array, int]:
    """Of every number (m,) the variance of the mean of its batches, and the degrees of freedom of the worst.

    NaN where there are not two batches. A run of fewer paths than batches leaves some of these empty.
    """
    there = ~np.isnan(batches)
    count = there.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = np.where(there, batches, 0.0).sum(axis=1) / count
        squares = np.where(there, batches - centre[:, None], 0.0) ** 2
        return squares.sum(axis=1) / (count - 1) / count, int(count[count > 0].min(initial=len(batches.T))) - 1


def checked_by(by: str | Sequence[str], labels: pd.DataFrame) -> list[str]:
    """The columns to group by, if there are such."""
    names = list(columns_to_sum_by(by))
    for name in names:
        if name not in labels:
            raise SchemaError(
                f"net: by = {shown(name)} is no column of the book's: {suggestion(name, map(str, labels.columns))}"
            )
    return names
