"""The numbers of every trade of a book in one market, with the means of batches that tell how errors go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from greeks.portfolio.scenarios.sheet import Sheet

Array = npt.NDArray[np.float64]
Troubles = Mapping[tuple[int, str], str]
_ALL = slice(None)


@dataclass(frozen=True, eq=False)
class Valuation:
    """n trades and their m numbers, each for one contract.

    Attributes
    ----------
    greeks : (m,), names, "price" first.
    values : (n, m), NaN where there is none.
    batches : (n, m, B), means of the samples of each of B batches of paths.
    troubles : {(trade, number): why there is none}, by position in the list of trades and by name.
    """

    greeks: tuple[str, ...]
    values: Array
    batches: Array
    troubles: dict[tuple[int, str], str]

    def column(self, greek: str, at: Any = _ALL) -> tuple[Array, Array]:
        """(n,) values and (n, B) batches of one number, of all trades or of those at some positions."""
        k = self.greeks.index(greek)
        return self.values[at, k], self.batches[at, k, :]

    @property
    def size(self) -> int:
        """B, or 0 where nothing could be had."""
        return int(self.batches.shape[2])

    def sized(self, size: int) -> Valuation:
        """With so many batches, where it has none."""
        if self.size:
            return self
        return Valuation(self.greeks, self.values, np.full((*self.values.shape, size), np.nan), self.troubles)

    def among(self, n: int, at: Sequence[int], troubles: dict[tuple[int, str], str]) -> Valuation:
        """These trades as the ones `at` of n, of which the others have no numbers, for the reasons given."""
        m = len(self.greeks)
        none = Valuation(self.greeks, np.full((n, m), np.nan), np.full((n, m, self.size), np.nan), troubles)
        return none.patched(at, self)

    def between(self, begin: int, end: int) -> Valuation:
        """Some of the trades, next to each other, as a list of their own."""
        troubles = {(i - begin, greek): why for (i, greek), why in self.troubles.items() if begin <= i < end}
        return Valuation(self.greeks, self.values[begin:end], self.batches[begin:end], troubles)

    def only(self, greek: str) -> Valuation:
        """One number, and what is wrong with it."""
        k = [i for i, name in enumerate(self.greeks) if name == greek]
        troubles = {key: why for key, why in self.troubles.items() if key[1] == greek}
        return Valuation((greek,), self.values[:, k], self.batches[:, k], troubles)

    def patched(self, at: Sequence[int], other: Valuation) -> Valuation:
        """This one with the trades `at` as they are in another, which has them alone, in that order."""
        place, size = list(at), max(self.size, other.size)
        values, batches = self.values.copy(), self.sized(size).batches.copy()
        values[place], batches[place] = np.nan, np.nan
        for k, greek in enumerate(self.greeks):
            if greek in other.greeks:
                values[place, k], batches[place, k, :] = other.sized(size).column(greek)
        replaced = set(at)
        troubles = {key: why for key, why in self.troubles.items() if key[0] not in replaced}
        troubles |= {(at[i], greek): why for (i, greek), why in other.troubles.items()}
        return Valuation(self.greeks, values, batches, troubles)


def collected(sheets: Sequence[Sheet], n: int, greeks: Sequence[str]) -> Valuation:
    """The numbers of n trades from the sheets that have them."""
    names = _names(sheets, greeks)
    size = max((sheet.batches.shape[2] for sheet in sheets), default=0)
    values, batches = np.full((n, len(names)), np.nan), np.full((n, len(names), size), np.nan)
    troubles: dict[tuple[int, str], str] = {}
    for sheet in sheets:
        if sheet.greeks:
            here = np.ix_(sheet.at, [names.index(name) for name in sheet.greeks])
            values[here], batches[here] = sheet.values, sheet.batches
        troubles |= sheet.troubles
    return Valuation(names, values, batches, troubles)


def _names(sheets: Sequence[Sheet], greeks: Sequence[str]) -> tuple[str, ...]:
    """All names in the order asked; those by asset stand where the whole vector was asked."""
    found = {name for sheet in sheets for name in sheet.greeks}
    asked = {"price": 0} | {name: i for i, name in enumerate(greeks, 1)}
    found |= {name for name in asked if not any(other.startswith(f"{name}[") for other in found)}
    return tuple(sorted(found, key=lambda name: (asked.get(name, asked.get(name.partition("[")[0], 0)), name)))
