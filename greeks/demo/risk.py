"""The Greeks of the demo's trades, and their sums with standard errors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from greeks.portfolio import Risk

MEASURES = ("price", "delta", "gamma", "vega")
TOTAL = "Total"
# Heston has no volatility to differentiate to; its counterpart is the volatility now, sqrt(v0).
VEGA = {"BlackScholes": "vega", "Heston": "d_variance"}


@dataclass(frozen=True, eq=False)
class Part:
    """The trades under one kind of model, which have the same Greeks.

    slope : what its derivative to `VEGA` is multiplied by to be that to a volatility: 2 sqrt(v0) under Heston.
    """

    model: str
    book: pd.DataFrame
    market: Mapping[str, Any]
    slope: float

    @property
    def greeks(self) -> list[str]:
        """What is asked of its trades."""
        return ["delta", "gamma", VEGA[self.model]]

    def priced(self, **settings: Any) -> Risk:
        """Price and Greeks of every position."""
        import greeks as gk

        return gk.run(self.book, self.market, self.greeks, errors="coerce", **settings)

    def ladder(self, sizes: Sequence[float], **settings: Any) -> pd.DataFrame:
        """Its value along relative moves of all spots: the table of `greeks.ladder` with the model in front."""
        import greeks as gk

        table = gk.ladder(self.book, self.market, "spot", sizes, errors="coerce", **settings)
        table.insert(0, "model", self.model)
        return table

    def grid(self, axes: Mapping[str, Sequence[float]], **settings: Any) -> pd.DataFrame:
        """Its value for every combination of shifts: the table of `greeks.scenario_grid`."""
        import greeks as gk

        return gk.scenario_grid(self.book, self.market, axes, errors="coerce", **settings)

    def sums(self, risk: Risk) -> pd.DataFrame:
        """By product in the order of the book, and in total: `MEASURES` with their standard errors."""
        import pandas as pd

        by_product = risk.net(by="payoff").loc[self.book["payoff"].unique()]
        table = pd.concat([by_product, risk.net().rename(index={"total": TOTAL})])
        for end in ("", "_std_error"):
            table[f"vega{end}"] = self.slope * table[f"{VEGA[self.model]}{end}"]
        return table[[f"{name}{end}" for name in MEASURES for end in ("", "_std_error")]]


def parts_of(book: pd.DataFrame, market: Mapping[str, Any]) -> list[Part]:
    """The book by kind of model."""
    kinds = book["underlying"].map(lambda name: type(market[name]).__name__)
    return [
        Part(kind, book[kinds == kind], market, _slope([market[name] for name in book["underlying"][kinds == kind]]))
        for kind in kinds.unique()
    ]


def grand_total(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The sum of what `Part.sums` gave: parts have other underlyings, so other draws, and their variances add."""
    import pandas as pd

    totals = pd.DataFrame([table.loc[TOTAL] for table in tables])
    summed = totals.sum()
    for name in MEASURES:
        summed[f"{name}_std_error"] = math.sqrt((totals[f"{name}_std_error"] ** 2).sum())
    return pd.DataFrame([summed], index=[TOTAL])


def _slope(models: Sequence[Any]) -> float:
    """dv/dsigma at sigma = sqrt(v0), the same for all: one fit serves every expiry."""
    (variance,) = {getattr(model, "variance", 0.25) for model in models}  # sqrt(0.25) = 1 / 2 makes the slope 1
    return 2.0 * math.sqrt(variance)
