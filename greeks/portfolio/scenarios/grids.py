"""A book over two parameters, or more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from greeks.errors import SchemaError
from greeks.portfolio.scenarios.office import Where
from greeks.portfolio.scenarios.positions import Summing
from greeks.portfolio.scenarios.run import Errors, revalued
from greeks.portfolio.scenarios.scenario import Axis, along


def scenario_grid(
    book: pd.DataFrame,
    market: Mapping[str, Any] | pd.DataFrame | str | Path,
    axes: Mapping[str, Sequence[float | str]],
    greeks: Sequence[str] = (),
    *,
    underlying: str | None = None,
    by: str | Sequence[str] = (),
    rates: Mapping[str, float] | None = None,
    errors: Errors = "raise",
    payoffs: Mapping[str, type[Any]] | None = None,
    progress: bool = False,
    executor: Any = None,
    **settings: Any,
) -> pd.DataFrame:
    """The book's value, and Greeks, for every combination of shifts.

    Parameters
    ----------
    book, market, greeks, by, rates, errors, payoffs, progress, executor, **settings
        As for `scenarios`.
    axes : mapping of str to sequence
        Sizes by parameter, as for `ladder`: {"spot": [-0.1, 0, 0.1], "volatility": [-0.02, 0, 0.02]}.
    underlying : str, optional
        The one that moves; all of them, if left out.

    Returns
    -------
    DataFrame
        As from `scenarios`, with a column for each parameter that holds its size.

    Examples
    --------
    >>> import greeks as gk
    >>> import pandas as pd
    >>> market = {"DAX": gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2)}
    >>> book = pd.DataFrame({
    ...     "id": ["T1"], "underlying": "DAX", "payoff": "Call", "quantity": 10.0, "strike": 100.0, "maturity": 1.0,
    ... })
    >>> table = gk.scenario_grid(book, market, {"spot": [-0.1, 0, 0.1], "volatility": [-0.02, 0.02]}, paths=2**12)
    >>> table.pivot(index="volatility", columns="spot", values="change").round(1)
    spot        -0.1  0.0   0.1
    volatility
    -0.02      -60.6 -7.5  66.1
     0.02      -46.5  7.5  78.5
    """
    if not isinstance(axes, Mapping) or not axes:
        raise SchemaError(f"axes = {axes!r:.60}: expected sizes by parameter, such as {{'spot': [-0.1, 0.0, 0.1]}}")
    listed = [Axis(name, sizes, underlying=underlying) for name, sizes in axes.items()]
    how = Summing(by, rates, errors, payoffs)
    return revalued(book, market, along(listed), greeks, how, Where(executor, progress), settings)
