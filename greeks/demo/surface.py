"""The volatility surface of the demo: options on the DAX, 5 July 2002 (origin: `greeks/data/NOTICE.md`)."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray

FILE = "dax_2002-07-05.csv"
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Slice:
    """The quotes of one expiry; rate and maturity belong to it alone."""

    days: int
    maturity: float
    rate: float
    strikes: Vector
    volatilities: Vector

    def volatility(self, strike: float) -> float:
        """The quote at one of the strikes."""
        found = np.flatnonzero(self.strikes == strike)
        if found.size == 0:
            raise LookupError(f"strike={strike!r} is not quoted at {self.days} days; quoted: {self.strikes}")
        return float(self.volatilities[found[0]])


@dataclass(frozen=True)
class Surface:
    """Spot and slices by increasing expiry."""

    spot: float
    slices: tuple[Slice, ...]

    def at(self, days: int) -> Slice:
        """The slice of that many days to expiry."""
        for quotes in self.slices:
            if quotes.days == days:
                return quotes
        raise LookupError(f"days={days!r} is not quoted; quoted: {[quotes.days for quotes in self.slices]}")

    def from_days(self, shortest: int) -> Surface:
        """Without the expiries nearer than `shortest` days."""
        return Surface(self.spot, tuple(quotes for quotes in self.slices if quotes.days >= shortest))


def load() -> Surface:
    """The quotes as published.

    Examples
    --------
    >>> surface = load()
    >>> surface.spot, [quotes.days for quotes in surface.slices]
    (4468.17, [13, 41, 75, 165, 256, 345, 524, 703])
    >>> surface.at(345).volatility(4400.0)
    0.2722
    """
    text = resources.files("greeks.data").joinpath(FILE).read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    by_days: dict[int, list[dict[str, str]]] = {}
    for row in rows:
        by_days.setdefault(int(row["days"]), []).append(row)
    slices = tuple(_slice(days, by_days[days]) for days in sorted(by_days))
    return Surface(float(rows[0]["spot"]), slices)


def _slice(days: int, rows: list[dict[str, str]]) -> Slice:
    rows = sorted(rows, key=lambda row: float(row["strike"]))
    maturity, rate = float(rows[0]["expiry_years"]), float(rows[0]["zero_rate"])
    return Slice(days, maturity, rate, _column(rows, "strike"), _column(rows, "implied_vol"))


def _column(rows: Iterable[dict[str, str]], name: str) -> Vector:
    return np.array([float(row[name]) for row in rows])
