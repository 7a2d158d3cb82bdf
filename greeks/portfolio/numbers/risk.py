"""The result of a book: a DataFrame that knows how its rows vary together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import pandas as pd

from greeks.portfolio.numbers.joint import Joint


class Risk(pd.DataFrame):
    """Price and Greeks of every trade of a book, with standard errors; see `greeks.run`.

    An ordinary DataFrame, and rows cut out of it are still a `Risk`. What they share paths with is in `joint`, None
    where pandas has lost it (by `concat`, say), and `net` then refuses.
    """

    _metadata: ClassVar[list[str]] = ["joint"]
    joint: Joint | None = None

    @property
    def _constructor(self) -> type[Risk]:
        return Risk

    def net(self, by: str | Sequence[str] = (), *, rates: Mapping[str, float] | None = None) -> pd.DataFrame:
        """Sums over groups of trades with their standard errors; see `greeks.net`."""
        from greeks.portfolio.numbers.netting import net

        return net(self, by, rates=rates)
