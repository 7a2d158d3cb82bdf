"""Where a profit or loss came from: Taylor's formula against revaluation, on the same draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from greeks.engine.sampling import settings as engine
from greeks.errors import GreeksError, SchemaError, UnsupportedError
from greeks.fields import finite
from greeks.portfolio.rows.book import Trade
from greeks.portfolio.rows.market import read_market
from greeks.portfolio.scenarios.ageing import aged
from greeks.portfolio.scenarios.failures import BEYOND, refuse, without
from greeks.portfolio.scenarios.moves import Term, moves, terms
from greeks.portfolio.scenarios.office import Request, Where, opened
from greeks.portfolio.scenarios.positions import Holding, Positions, Summing, positions
from greeks.portfolio.scenarios.run import Errors, simulation
from greeks.portfolio.scenarios.totals import Total, total
from greeks.portfolio.scenarios.valuation import Valuation
from greeks.schemes.base import Scheme
from greeks.schemes.defaults import default_scheme

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
    progress: bool = False,
    executor: Any = None,
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
    by, rates, errors, payoffs, progress, executor, **settings
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
    where = Where(executor, progress)
    how = simulation(settings, [], held.trades, where)
    drafts = [_draft(held, name, after, passed, errors) for name in dict.fromkeys(t.underlying for t in held.trades)]
    parts = _valued(drafts, errors, how, where)
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
        weights = np.where(np.isfinite(values), self._known(quantities), np.nan)
        return total(values, batches, weights, self.streams) * term.factor

    def trades(self, quantities: npt.NDArray[np.float64]) -> int:
        """How many of a group take part."""
        return int(np.isfinite(self._known(quantities)).sum())

    def _known(self, quantities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        (old, _), (new, _) = self.base.column("price"), self.then.column("price")
        return np.where(np.isfinite(old) & np.isfinite(new), quantities, np.nan)


@dataclass(frozen=True, eq=False)
class Draft:
    """The trades of one underlying before anything is simulated: what is asked of them, and which they are later."""

    at: npt.NDArray[np.int64]
    own: Positions
    terms: list[Term]
    later: dict[int, Trade]
    troubles: dict[tuple[int, str], str]

    def requests(self) -> list[Request]:
        """Their Greeks in the market before, and their prices in that after."""
        greeks = tuple(dict.fromkeys(term.greek for term in self.terms))
        after = (Request([self.later[i] for i in at], (), scheme) for scheme, at in self.by_scheme.items())
        return [Request(self.own.trades, greeks), *after]

    @cached_property
    def by_scheme(self) -> dict[Scheme | None, list[int]]:
        """The trades after by the time steps that they had before, None where the default still gives these.

        Other steps have another bias and other draws: their difference would be no profit or loss.
        """
        found: dict[Any, list[int]] = {}
        for i, trade in self.later.items():
            steps = _steps(self.own.trades[i])
            found.setdefault(None if steps == _steps(trade) else steps, []).append(i)
        return found

    def part(self, base: Valuation, after: Sequence[Valuation]) -> Part:
        """With the numbers."""
        every = base.only("price").between(0, 0).among(len(self.at), [], self.troubles)
        for at, then in zip(self.by_scheme.values(), after, strict=True):
            every = every.patched(at, then)
        return Part(self.at, self.terms, base, every, self.own.streams)


def _draft(held: Positions, underlying: str, after: Mapping[str, Any], elapsed: float, errors: str) -> Draft:
    at = [i for i, trade in enumerate(held.trades) if trade.underlying == underlying]
    own = replace(held, trades=[held.trades[i] for i in at])
    found = terms(moves(held.trades[at[0]].model, after[underlying], underlying), elapsed)
    later, troubles = _aged(own.trades, after[underlying], elapsed)
    refuse(own, troubles, "after", errors)
    return Draft(np.array(at), own, found, later, troubles)


def _valued(drafts: Sequence[Draft], errors: str, how: engine.Settings, where: Where) -> list[Part]:
    """All drafts with their numbers, worked on together."""
    requests = [request for draft in drafts for request in draft.requests()]
    with opened(how, where, sum(len(request.trades) for request in requests)) as office:
        found = office.valuations(requests)
    size = max(valued.size for valued in found)
    numbers = iter([valued.sized(size) for valued in found])
    parts = [draft.part(next(numbers), list(islice(numbers, len(draft.by_scheme)))) for draft in drafts]
    for draft, part in zip(drafts, parts, strict=True):
        for valued, market in ((part.base, "before"), (part.then, "after")):
            refuse(draft.own, valued.only("price").troubles, market, errors, office.bug)
    return parts


def _aged(trades: Sequence[Trade], model: Any, elapsed: float) -> tuple[dict[int, Trade], dict[tuple[int, str], str]]:
    """The trades in the market after, by position, and why there are none of the others."""
    later: dict[int, Trade] = {}
    troubles: dict[tuple[int, str], str] = {}
    for i, trade in enumerate(trades):
        try:
            later[i] = replace(trade, model=model, payoff=aged(trade.payoff, elapsed), like=(trade.model, trade.payoff))
        except UnsupportedError as error:
            troubles[i, "price"] = str(error)
    return later, troubles


def _steps(trade: Trade) -> Scheme | None:
    """The time steps that a trade has by default; None where its model cannot be understood, which its row will say."""
    try:
        return default_scheme(trade.model, trade.payoff)
    except GreeksError:
        return None


def _rows(held: Positions, parts: Sequence[Part], holding: Holding) -> Iterator[dict[str, Any]]:
    weighed = [(part, holding.among(part.at, len(held.trades))) for part in parts]
    weighed = [(part, quantities) for part, quantities in weighed if np.isfinite(quantities).any()]
    sums: dict[str, Total] = {}
    for part, quantities in weighed:
        for term in part.terms:
            sums[term.name] = sums.get(term.name, Total()) + part.term(term, quantities)
    ordered = sorted(sums, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    change = sum((part.change(quantities) for part, quantities in weighed), Total())
    explained = sum((sums[name] for name in ordered), change * 0.0)  # of what did not move 0, not nothing
    trades = sum(part.trades(quantities) for part, quantities in weighed)
    table = {name: sums[name] for name in ordered}
    table |= {"explained": explained, "revaluation": change, "unexplained": change - explained}
    for name, value in table.items():
        yield {
            "term": name,
            **value.row(),
            "share": value.value / change.value if change.value and value.known else np.nan,
            "trades": trades,
            "status": _status(held, weighed, name) if value.finite else BEYOND,
        }


def _status(held: Positions, weighed: Sequence[tuple[Part, npt.NDArray[np.float64]]], name: str) -> str:
    missing: dict[str, str] = {}
    for part, quantities in weighed:
        names = ["price", *(term.greek for term in part.terms if name in (term.name, "explained", "unexplained"))]
        for found in (part.base, part.then):
            for (i, greek), why in found.troubles.items():
                if greek in names and np.isfinite(quantities[i]):
                    missing.setdefault(held.trades[int(part.at[i])].id, f"{greek}: {why}")
    return without(missing, held.bad_rows)
