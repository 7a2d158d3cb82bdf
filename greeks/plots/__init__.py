"""Pictures of books and scenarios. Each takes a table and returns a matplotlib Figure, which notebooks show.

>>> import greeks as gk
>>> import pandas as pd
>>> from greeks import plots
>>> market = {"DAX": gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2)}
>>> book = pd.DataFrame({
...     "id": ["T1"], "underlying": "DAX", "payoff": "Call", "quantity": 10.0, "strike": 100.0, "maturity": 1.0,
... })
>>> figure = plots.ladder(gk.ladder(book, market, "spot", [-0.1, 0.0, 0.1], paths=2**12))
>>> figure.axes[0].get_ylabel()
'Profit or loss, currency of the book'
"""

from __future__ import annotations

from greeks.plots.contributors import contributors
from greeks.plots.explained import explained
from greeks.plots.heat_map import heat_map
from greeks.plots.ladder import ladder

__all__ = ["contributors", "explained", "heat_map", "ladder"]
