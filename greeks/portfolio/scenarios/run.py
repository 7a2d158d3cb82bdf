"""A book in several markets, on the same draws."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from greeks.engine.sampling import settings as engine
from greeks.errors import SchemaError
from greeks.fields import shown
from greeks.portfolio.jobs.backend import backend_for
from greeks.portfolio.jobs.job import WHOLE
from greeks.portfolio.jobs.settings import Settings, requested
from greeks.portfolio.rows.book import Trade
from greeks.portfolio.rows.market import read_market
from greeks.portfolio.scenarios.failures import BEYOND, refuse, status
from greeks.portfolio.scenarios.office import Request, Where, opened
from greeks.portfolio.scenarios.positions import Holding, Positions, Summing, positions
from greeks.portfolio.scenarios.scenario import Scenario
from greeks.portfolio.scenarios.shift import Shift
from greeks.portfolio.scenarios.totals import Total, total
from greeks.portfolio.scenarios.valuation import Valuation

Errors = Literal["raise", "coerce"]


def scenarios(
    book: pd.DataFrame,
    market: Mapping[str, Any] | pd.DataFrame | str | Path,
    cases: Mapping[str, Shift | Sequence[Shift]],
    greeks: Sequence[str] = (),
    *,
    by: str | Sequence[str] = (),
    rates: Mapping[str, float] | None = None,
    errors: Errors = "raise",
    payoffs: Mapping[str, type[Any]] | None = None,
    progress: bool = False,
    executor: Any = None,
    **settings: Any,
) -> pd.DataFrame:
    """V(shifted market) - V(market), on the same draws, for any scenarios by name.

    Parameters
    ----------
    book : DataFrame
        As for `run`.
    market : mapping of str to model, DataFrame or path
        By underlying, as for `run`.
    cases : mapping of str to Shift, or to several that happen together
    greeks : sequence of str
        Revalued besides the price.
    by : str or sequence of str
        Columns of the book to sum within; the whole book by default, "id" for every trade.
    rates : mapping of str to float, optional
        What one unit of each currency of the book is worth in the currency wanted, where the book has several.
    errors : {"raise", "coerce"}
        What bad rows and trades that cannot be revalued lead to: an error, or sums without them, as `status` says.
    payoffs : mapping of str to type, optional
        Payoff classes of your own, by name.
    progress, executor
        As for `run`: a bar with the time left, and where to work. Numbers do not depend on it.
    **settings
        `paths`, `seed`, `estimator`, `sampler` and the other settings of `run`.

    Returns
    -------
    DataFrame
        A row for each group, scenario and number: the columns `by`, `scenario`, the axes of a ladder or grid,
        `greek`, `value`, `std_error`, `change`, `change_std_error`, `trades`, `status`. `change` is the value less
        that in the market as it is; that of the price is the profit or loss. Its standard error is that of the
        difference: both come from the same draws.

    Raises
    ------
    SchemaError
        For a malformed book, market or shift, and for a parameter that a model does not have.
    BookError
        If a trade cannot be revalued (errors="raise").

    Examples
    --------
    >>> import greeks as gk
    >>> import pandas as pd
    >>> market = {"DAX": gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2)}
    >>> book = pd.DataFrame({
    ...     "id": ["T1"], "underlying": "DAX", "payoff": "Call", "quantity": 10.0, "strike": 100.0, "maturity": 1.0,
    ... })
    >>> crash = [gk.Shift("spot", -0.2), gk.Shift("volatility", +0.1)]
    >>> table = gk.scenarios(book, market, {"crash": crash, "rates up": gk.Shift("rate", 0.01)}, paths=2**12)
    >>> table[["scenario", "greek", "change"]].round(2)
       scenario  greek  change
    0     crash  price  -58.97
    1  rates up  price    5.39
    """
    if not isinstance(cases, Mapping):
        raise SchemaError(f"cases = {shown(cases)}: expected shifts by name, such as {{'crash': Shift('spot', -0.2)}}")
    named = [Scenario(str(name), _listed(name, shifts)) for name, shifts in cases.items()]
    how = Summing(by, rates, errors, payoffs)
    return revalued(book, market, named, greeks, how, Where(executor, progress), settings)


def revalued(
    book: pd.DataFrame,
    market: Mapping[str, Any] | pd.DataFrame | str | Path,
    named: Sequence[Scenario],
    greeks: Sequence[str],
    summing: Summing,
    where: Where,
    settings: Mapping[str, Any],
) -> pd.DataFrame:
    """The table of `scenarios`."""
    market = read_market(market)
    held = positions(book, market, summing)
    markets = [
        scenario.applied(market, held.market) for scenario in named
    ]  # a bad shift is told before anything is simulated
    wanted = requested(greeks)
    how = simulation(settings, wanted, held.trades, where)
    shifted = [moved(held.trades, of_market) for of_market in markets]
    rows: list[dict[str, Any]] = []
    with opened(how, where, len(held.trades) + sum(map(len, shifted))) as office:
        (base,) = office.valuations([Request(held.trades, tuple(wanted))])
        refuse(held, base.troubles, "as it is", summing.errors, office.bug)
        for some in _bunches([len(trades) for trades in shifted]):
            requests = [Request(list(shifted[k].values()), tuple(wanted)) for k in some]
            for k, found in zip(some, office.valuations(requests), strict=True):
                then = base.patched(list(shifted[k]), found)
                refuse(held, then.troubles, named[k].name, summing.errors, office.bug)
                rows += Comparison(held, base, then).rows(named[k])
    return pd.DataFrame(rows)


def moved(trades: Sequence[Trade], market: Mapping[str, Any]) -> dict[int, Trade]:
    """The trades in another market, by their places; without those whose model is the same object there.

    They are estimated as in the market before, so that nothing but the market makes a difference.
    """
    return {
        i: replace(trade, model=market[trade.underlying], like=(trade.model, trade.payoff))
        for i, trade in enumerate(trades)
        if market[trade.underlying] is not trade.model
    }


def _bunches(sizes: Sequence[int]) -> Iterator[list[int]]:
    """Markets next to each other that are valued together: as many as memory has room for, one at least."""
    bunch: list[int] = []
    for k in range(len(sizes)):
        if bunch and sum(sizes[i] for i in (*bunch, k)) > WHOLE:
            yield bunch
            bunch = []
        bunch.append(k)
    if bunch:
        yield bunch


@dataclass(frozen=True, eq=False)
class Comparison:
    """A book in one market and in another, trade by trade."""

    held: Positions
    base: Valuation
    then: Valuation

    def rows(self, scenario: Scenario) -> Iterator[dict[str, Any]]:
        """A row for each group and number."""
        for label, holding in self.held.groups.items():
            for greek in self.base.greeks:
                now, changed, used = self.totals(greek, holding)
                yield {
                    **dict(zip(self.held.by, label, strict=True)),
                    "scenario": scenario.name,
                    **scenario.coordinates,
                    "greek": greek,
                    **now.row(),
                    **changed.row("change"),
                    "trades": used,
                    "status": status(self.held, (self.base, self.then), greek, holding)
                    if now.finite and changed.finite
                    else BEYOND,
                }

    def totals(self, greek: str, holding: Holding) -> tuple[Total, Total, int]:
        """Value and change of a number over the trades that have it in both markets, and how many they are."""
        (before, batches_before), (after, batches_after) = (
            found.column(greek, holding.at) for found in (self.base, self.then)
        )
        known = np.isfinite(before) & np.isfinite(after)
        weights = np.where(known, holding.quantities, np.nan)
        streams = [self.held.streams[i] for i in holding.at]
        now = total(after, batches_after, weights, streams)
        changed = total(after - before, batches_after - batches_before, weights, streams)
        return now, changed, int(np.count_nonzero(known))


def simulation(
    settings: Mapping[str, Any], greeks: Sequence[str], trades: Sequence[Trade], where: Where
) -> engine.Settings:
    """The engine's settings from those of a book, checked."""
    try:
        given = Settings(**settings)
    except TypeError as error:
        raise SchemaError(f"settings: {error}; expected those of run, such as paths=, seed= and estimator=") from None
    if given.net_std_error is not None:
        raise SchemaError("net_std_error: scenarios take std_error, of each trade, or paths; leave it out")
    given.check(list(greeks))
    one = given.of_one()
    return replace(one, backend=backend_for(one, trades, greeks, where.executor is None))


def _listed(name: str, shifts: Shift | Sequence[Shift]) -> tuple[Shift, ...]:
    listed = tuple(shifts) if isinstance(shifts, Iterable) else (shifts,)
    for shift in listed:
        if not isinstance(shift, Shift):
            raise SchemaError(f"cases[{name!r}] has {shift!r:.60}: expected greeks.Shift('spot', -0.1) or several")
    return listed
