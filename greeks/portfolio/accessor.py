"""`book.greeks.run(...)` and `risk.greeks.net(...)`: the functions of books as methods of any DataFrame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from greeks.portfolio.numbers.netting import net
from greeks.portfolio.numbers.risk import Risk
from greeks.portfolio.pricing import run


class Accessor:
    """What a DataFrame can do as a book, or as the result of one.

    Examples
    --------
    >>> import greeks as gk
    >>> import pandas as pd
    >>> market = {"DAX": gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2)}
    >>> book = pd.DataFrame({
    ...     "id": ["T1"], "underlying": "DAX", "payoff": "Call", "quantity": 10.0, "strike": 100.0, "maturity": 1.0,
    ... })
    >>> risk = book.greeks.run(market, ["delta"], paths=2**14)
    >>> risk.greeks.net(by="underlying")["delta"].round(2).to_dict()
    {'DAX': 6.37}
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def run(self, market: Any, greeks: Sequence[str], **settings: Any) -> Risk:
        """Price and Greeks of this book; see `greeks.run`."""
        return run(self._frame, market, greeks, **settings)

    def net(self, by: str | Sequence[str] = (), *, rates: Mapping[str, float] | None = None) -> pd.DataFrame:
        """Sums over groups of this result's trades; see `greeks.net`."""
        return net(self._frame, by, rates=rates)
