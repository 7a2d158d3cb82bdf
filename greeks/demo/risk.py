"""The Greeks of the demo's trades, and their sums with standard errors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# Heston has no volatility to differentiate to; its counterpart is the volatility now, sqrt(v0).
GREEKS = {"BlackScholes": ["delta", "gamma", "vega"], "Heston": ["delta", "gamma", "d_variance"]}
VEGA = {"BlackScholes": "vega", "Heston": "vega_now"}
MEASURES = ("price", "delta", "gamma", "vega", "vega_now")
TOTAL = "Total"
BOOK = "Book"


def book_risk(
    book: pd.DataFrame, market: dict[str, Any], paths: int, seed: int, progress: bool = False
) -> pd.DataFrame:
    """Price and Greeks of every position, by the Greeks that its model has; the book's index.

    Columns `model, product`, then those of `gk.run`, and `vega_now`, the derivative of the Heston trades to
    the volatility now, sqrt(v0): 2 sqrt(v0) dV/dv0.
    """
    import pandas as pd

    import greeks as gk

    kinds = book["underlying"].map(lambda name: type(market[name]).__name__)
    settings: dict[str, Any] = {"paths": paths, "seed": seed, "progress": progress, "errors": "coerce"}
    parts = [gk.run(book[kinds == kind], market, GREEKS[kind], **settings) for kind in kinds.unique()]
    risk: pd.DataFrame = pd.concat(parts).reindex(book.index)
    for name in (greek for names in GREEKS.values() for greek in names):
        for column in (name, f"{name}_std_error"):
            risk[column] = risk.get(column, math.nan)  # a Greek that no model of this book has
    slope = book["underlying"].map(lambda name: 2.0 * math.sqrt(getattr(market[name], "variance", math.nan)))
    risk["vega_now"] = risk["d_variance"] * slope
    risk["vega_now_std_error"] = risk["d_variance_std_error"] * slope
    risk.insert(0, "model", kinds)
    risk.insert(1, "product", book["payoff"])
    return risk


def add_up(risk: pd.DataFrame) -> pd.Series:
    """Sums and their standard errors: trades draw independently, so variances add.

    A measure that no position has is NaN; NaN positions among others are left out, as `status` says why.
    """
    import pandas as pd

    sums: dict[str, float] = {}
    for name in MEASURES:
        errors = risk[f"{name}_std_error"]
        sums[name] = risk[name].sum(min_count=1)
        sums[f"{name}_std_error"] = math.sqrt((errors**2).sum(min_count=1))
    return pd.Series(sums)


def by_product(risk: pd.DataFrame) -> pd.DataFrame:
    """One row for each model and product, in the order of the book; one for each model's total; the total."""
    import pandas as pd

    rows: dict[tuple[str, str], pd.Series] = {}
    for model, of_model in risk.groupby("model", sort=False):
        for product, of_product in of_model.groupby("product", sort=False):
            rows[str(model), str(product)] = _counted(of_product)
        rows[str(model), TOTAL] = _counted(of_model)
    rows[BOOK, TOTAL] = _counted(risk)
    table = pd.DataFrame(rows).T
    table.index.names = ["model", "product"]
    return table.astype({"trades": "int64"})


def _counted(risk: pd.DataFrame) -> pd.Series:
    sums = add_up(risk)
    sums["trades"] = len(risk)
    return sums
