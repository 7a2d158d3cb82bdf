"""Where a profit or loss came from: Taylor's formula against revaluation, on the same draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from greeks.engine import settings as engine
from greeks.errors import SchemaError, UnsupportedError
from greeks.fields import finite
from greeks.portfolio.book import Trade
from greeks.portfolio.market import read_market
from greeks.portfolio.scenarios.ageing import aged
from greeks.portfolio.scenarios.failures import refuse, without
from greeks.portfolio.scenarios.moves import Term, moves, terms
from greeks.portfolio.scenarios.positions import Holding, Positions, Summing, positions
from greeks.portfolio.scenarios.run import Errors, simulation
from greeks.portfolio.scenarios.totals import Total, total
from greeks.portfolio.scenarios.valuation import Valuation, valuation

ORDER = ("delta", "gamma", "vega", "volga", "vanna", "rho", "dividend_rho", "theta")


def explain_pnl(
    book: pd.DataFrame,
    before: Mapping[str, Any] | pd.DataFrame | str | Path,
    after: Mapping[str, Any] | pd.DataFrame | str | Path,
    *,
    elapsed: float = 0.0,
    by: str | Sequence[str] = (),
    rates: Mapping[str, float] | None = None,
    errors: Errors = "raise",
    payoffs: Mapping[str, type[Any]] | None = None,
    **settings: Any,
) -> pd.DataFrame:
    """V(after) - V(before) = sum of Greeks times moves + what they do not explain.

    The Greeks are those before: delta, vega, rho and the like times the move of their parameter, gamma, volga and
    vanna times half its square or the product of two, theta times the time that passed. Everything is estimated on the
    same draws, so that the standard error of the unexplained rest is that of the rest, not of its parts.

    Parameters
    ----------
    book : DataFrame
        As for `run`.
    before, after : mapping of str to model, DataFrame or path
        Two markets, as for `run`, with models of the same class for each underlying.
    elapsed : float
        Years between them. No date of a contract may pass.
    by, rates, errors, payoffs, **settings
        As for `scenarios`. A Greek that a trade does not have is no error: its term stays unexplained.

    Returns
    -------
    DataFrame
        A row for each group and term: the columns `by`, `term` ("delta", "gamma", ..., "explained", "revaluation",
        "unexplained"), `value`, `std_error`, `share` of the revaluation, `trades`, `status`.

    Raises
    ------
    SchemaError
        For a malformed book or market, and for models of different classes.
    BookError
        If a trade cannot be revalued (errors="raise").

    Examples
    --------
    >>> import greeks as gk
    >>> import pandas as pd
    >>> before = {"DAX": gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2)}
    >>> after = {"DAX": gk.BlackScholes(spot=97.0, rate=0.05, volatility=0.22)}
    >>> book = pd.DataFrame({
    ...     "id": ["T1"], "underlying": "DAX", "payoff": "Call", "quantity": 10.0, "strike": 100.0, "maturity": 1.0,
    ... })
    >>> table = gk.explain_pnl(book, before, after, elapsed=1 / 365, paths=2**12)
    >>> table[["term", "value"]].round(2)
              term  value
    0        delta -19.10
    1        gamma   0.84
    2         vega   7.50
    3        volga   0.02
    4        vanna   0.17
    5        theta  -0.18
    6    explained -10.74
    7  revaluation -10.83
    8  unexplained  -0.08

    References
    ----------
    Hull, "Options, Futures, and Other Derivatives", the chapter on the Greek letters.
    """
    passed = finite(elapsed)
    if passed is None or passed < 0.0:
        raise SchemaError(f"elapsed = {elapsed!r}: expected years >= 0, 1 / 365 for a day")
    before, after = read_market(before), read_market(after)
    held = positions(book, before, Summing(by, rates, errors, payoffs))
    for name in held.market:
        if name not in after:
            raise SchemaError(f"after: {name!r} is missing; expected a model for every underlying of the book")
    how = simulation(settings, [])
    parts = [_part(held, name, after, passed, errors, how) for name in dict.fromkeys(t.underlying for t in held.trades)]
    rows = [
        {**dict(zip(held.by, label, strict=True)), **row}
        for label, holding in held.groups.items()
        for row in _rows(held, parts, holding)
    ]
    return pd.DataFrame(rows)


@dataclass(frozen=True, eq=False)
class Part:
    """The trades of one underlying: which they are, and their numbers before and after."""

    at: npt.NDArray[np.int64]
    terms: list[Term]
    base: Valuation
    then: Valuation
    streams: list[int]

    def change(self, quantities: npt.NDArray[np.float64]) -> Total:
        """Price after less price before."""
        (old, old_batches), (new, new_batches) = self.base.column("price"), self.then.column("price")
        return total(new - old, new_batches - old_batches, self._known(quantities), self.streams)

    def term(self, term: Term, quantities: npt.NDArray[np.float64]) -> Total:
        """A Greek times its factor, over the trades that have it."""
        values, batches = self.base.column(term.greek)
        weights = np.where(np.isfinite(values), self._known(quantities), 0.0)
        return total(values, batches, weights, self.streams) * term.factor

    def trades(self, quantities: npt.NDArray[np.float64]) -> int:
        """How many of a group take part."""
        return int(np.count_nonzero(self._known(quantities)))

    def _known(self, quantities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        (old, _), (new, _) = self.base.column("price"), self.then.column("price")
        return np.where(np.isfinite(old) & np.isfinite(new), quantities, 0.0)


def _part(
    held: Positions, underlying: str, after: Mapping[str, Any], elapsed: float, errors: str, how: engine.Settings
) -> Part:
    at = [i for i, trade in enumerate(held.trades) if trade.underlying == underlying]
    own = replace(held, trades=[held.trades[i] for i in at])
    model = held.trades[at[0]].model
    found = terms(moves(model, after[underlying], underlying), elapsed)
    later, troubles = _aged(own.trades, after[underlying], elapsed)
    refuse(own, troubles, "after", errors)  # before anything is simulated
    base = valuation(own.trades, list(dict.fromkeys(term.greek for term in found)), how)
    then = valuation(list(later.values()), [], how).among(len(at), list(later), troubles)
    for valued, market in ((base, "before"), (then, "after")):
        refuse(own, valued.only("price").troubles, market, errors)
    return Part(np.array(at), found, base, then, own.streams)


def _aged(trades: Sequence[Trade], model: Any, elapsed: float) -> tuple[dict[int, Trade], dict[tuple[int, str], str]]:
    """The trades in the market after, by position, and why there are none of the others."""
    later: dict[int, Trade] = {}
    troubles: dict[tuple[int, str], str] = {}
    for i, trade in enumerate(trades):
        try:
            later[i] = replace(trade, model=model, payoff=aged(trade.payoff, elapsed))
        except UnsupportedError as error:
            troubles[i, "price"] = str(error)
    return later, troubles


def _rows(held: Positions, parts: Sequence[Part], holding: Holding) -> Iterator[dict[str, Any]]:
    weighed = [(part, holding.among(part.at, len(held.trades))) for part in parts]
    weighed = [(part, quantities) for part, quantities in weighed if quantities.any()]
    sums: dict[str, Total] = {}
    for part, quantities in weighed:
        for term in part.terms:
            sums[term.name] = sums.get(term.name, Total()) + part.term(term, quantities)
    ordered = sorted(sums, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    explained = sum((sums[name] for name in ordered), Total())
    change = sum((part.change(quantities) for part, quantities in weighed), Total())
    trades = sum(part.trades(quantities) for part, quantities in weighed)
    table = {name: sums[name] for name in ordered}
    table |= {"explained": explained, "revaluation": change, "unexplained": change - explained}
    for name, value in table.items():
        yield {
            "term": name,
            **value.row(),
            "share": value.value / change.value if change.value and value.known else np.nan,
            "trades": trades,
            "status": _status(held, weighed, name),
        }


def _status(held: Positions, weighed: Sequence[tuple[Part, npt.NDArray[np.float64]]], name: str) -> str:
    missing: dict[str, str] = {}
    for part, quantities in weighed:
        names = ["price", *(term.greek for term in part.terms if name in (term.name, "explained", "unexplained"))]
        for found in (part.base, part.then):
            for (i, greek), why in found.troubles.items():
                if greek in names and quantities[i]:
                    missing.setdefault(held.trades[int(part.at[i])].id, f"{greek}: {why}")
    return without(missing, held.bad_rows)
