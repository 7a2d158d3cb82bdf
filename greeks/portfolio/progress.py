"""A progress bar, when somebody looks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from greeks.portfolio.book import Trade


def tracked(trades: Sequence[Trade], show: bool) -> Iterable[Trade]:
    """The trades, with a bar on the standard error stream while they are gone through."""
    if not show:
        return trades
    from rich.console import Console
    from rich.progress import track

    return track(trades, description="pricing", console=Console(stderr=True), transient=True)
