"""A book along one parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from greeks.portfolio.scenarios.office import Where
from greeks.portfolio.scenarios.positions import Summing
from greeks.portfolio.scenarios.run import Errors, revalued
from greeks.portfolio.scenarios.scenario import Axis, along


def ladder(
    book: pd.DataFrame,
    market: Mapping[str, Any] | pd.DataFrame | str | Path,
    parameter: str,
    sizes: Sequence[float | str],
    greeks: Sequence[str] = (),
    *,
    how: str = "",
    underlying: str | None = None,
    by: str | Sequence[str] = (),
    rates: Mapping[str, float] | None = None,
    errors: Errors = "raise",
    payoffs: Mapping[str, type[Any]] | None = None,
    progress: bool = False,
    executor: Any = None,
    **settings: Any,
) -> pd.DataFrame:
    """The book's value, and Greeks, with one parameter moved by each of several sizes.

    Parameters
    ----------
    book, market, greeks, by, rates, errors, payoffs, progress, executor, **settings
        As for `scenarios`.
    parameter, how, underlying
        What moves, as for `Shift`.
    sizes : sequence of float or str
        Spots move relatively, -0.1 is ten per cent down, everything else absolutely, +0.01 is a volatility point,
        unless `how` or the text of a size, "-10%", "+5", "=95", says otherwise.

    Returns
    -------
    DataFrame
        As from `scenarios`, with a column named for the parameter that holds the size.

    Examples
    --------
    >>> import greeks as gk
    >>> import pandas as pd
    >>> market = {"DAX": gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2)}
    >>> book = pd.DataFrame({
    ...     "id": ["T1"], "underlying": "DAX", "payoff": "Call", "quantity": 10.0, "strike": 100.0, "maturity": 1.0,
    ... })
    >>> table = gk.ladder(book, market, "spot", [-0.1, 0.0, 0.1], ["delta"], paths=2**12)
    >>> table.pivot(index="spot", columns="greek", values="value").round(2)
    greek  delta   price
    spot
    -0.1    4.30   50.91
     0.0    6.37  104.51
     0.1    7.96  176.63
    """
    axes = [Axis(parameter, sizes, how, underlying)]
    summing = Summing(by, rates, errors, payoffs)
    return revalued(book, market, along(axes), greeks, summing, Where(executor, progress), settings)
