"""The numbers of every trade of a book in one market, with the means of batches that tell how errors go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from greeks.engine.many import Group, estimate_many
from greeks.engine.settings import Settings
from greeks.portfolio.book import Trade

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

    def among(self, n: int, at: Sequence[int], troubles: dict[tuple[int, str], str]) -> Valuation:
        """These trades as the ones `at` of n, of which the others have no numbers, for the reasons given."""
        values = np.full((n, *self.values.shape[1:]), np.nan)
        batches = np.full((n, *self.batches.shape[1:]), np.nan)
        return Valuation(self.greeks, values, batches, troubles).patched(at, self)

    def only(self, greek: str) -> Valuation:
        """One number, and what is wrong with it."""
        k = [i for i, name in enumerate(self.greeks) if name == greek]
        troubles = {key: why for key, why in self.troubles.items() if key[1] == greek}
        return Valuation((greek,), self.values[:, k], self.batches[:, k], troubles)

    def patched(self, at: Sequence[int], other: Valuation) -> Valuation:
        """This one with the trades `at` as they are in another, which has them alone, in that order."""
        values, batches = self.values.copy(), self.batches.copy()
        values[list(at)], batches[list(at)] = other.values, other.batches
        troubles = {key: why for key, why in self.troubles.items() if key[0] not in set(at)}
        troubles |= {(at[i], greek): why for (i, greek), why in other.troubles.items()}
        return Valuation(self.greeks, values, batches, troubles)


def valuation(trades: Sequence[Trade], greeks: Sequence[str], settings: Settings) -> Valuation:
    """Simulate the trades; those on one underlying share draws, whatever its model is."""
    groups = estimate_many(
        [(trade.model, trade.payoff) for trade in trades], greeks, settings, [trade.stream for trade in trades]
    )
    return collected(groups, len(trades), greeks)


def collected(groups: Sequence[Group], n: int, greeks: Sequence[str]) -> Valuation:
    """The numbers of all groups in the order of the list that was estimated."""
    names = _names(groups, greeks)
    size = max((group.batches.shape[1] for group in groups), default=0)
    values, batches = np.full((n, len(names)), np.nan), np.full((n, len(names), size), np.nan)
    troubles: dict[tuple[int, str], str] = {}
    for group in groups:
        columns = np.array([names.index(name) for name in group.greeks], dtype=np.int64)
        values[np.ix_(group.at, columns)] = group.values
        batches[np.ix_(group.at, columns)] = np.swapaxes(group.batches, 1, 2)
        troubles |= _troubles(group)
    return Valuation(names, values, batches, troubles)


def moved(
    base: Valuation, before: Sequence[Trade], market: Mapping[str, Any], greeks: Sequence[str], settings: Settings
) -> Valuation:
    """The trades in another market; only those are simulated anew whose model is another object there."""
    at = [i for i, trade in enumerate(before) if market[trade.underlying] is not trade.model]
    if not at:
        return base
    anew = [replace(before[i], model=market[before[i].underlying]) for i in at]
    return base.patched(at, _aligned(valuation(anew, greeks, settings), base))


def _aligned(found: Valuation, base: Valuation) -> Valuation:
    """With the numbers of another valuation, in their order."""
    n, size = len(found.values), base.batches.shape[2]
    values, batches = np.full((n, len(base.greeks)), np.nan), np.full((n, len(base.greeks), size), np.nan)
    for k, greek in enumerate(base.greeks):
        if greek in found.greeks:
            values[:, k], batches[:, k, :] = found.column(greek)
    return Valuation(base.greeks, values, batches, found.troubles)


def _names(groups: Sequence[Group], greeks: Sequence[str]) -> tuple[str, ...]:
    """All names in the order asked; those by asset stand where the whole vector was asked."""
    found = {name for group in groups for name in group.greeks}
    asked = {"price": 0} | {name: i for i, name in enumerate(greeks, 1)}
    found |= {name for name in asked if not any(other.startswith(f"{name}[") for other in found)}
    return tuple(sorted(found, key=lambda name: (asked.get(name, asked.get(name.partition("[")[0], 0)), name)))


def _troubles(group: Group) -> dict[tuple[int, str], str]:
    refused = {(int(i), greek): why for greek, why in group.refusals.items() for i in group.at}
    failed = {(int(i), "price"): str(error) for i, error in group.failures.items()}
    return refused | failed
