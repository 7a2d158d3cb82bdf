"""Where a book is simulated: one backend for all of it, known to be there before anything is simulated."""

from __future__ import annotations

from collections.abc import Sequence

from greeks.engine.sampling.devices import AUTO, available, is_worthwhile, steps
from greeks.engine.sampling.settings import Settings
from greeks.errors import SchemaError, UnsupportedError
from greeks.fields import shown
from greeks.portfolio.rows.book import Trade


def backend_for(settings: Settings, trades: Sequence[Trade], greeks: Sequence[str], here: bool = True) -> str:
    """The backend asked for; of "auto" a device, if there is one and the whole book is worth it.

    here : whether this machine does the work, and so must have it.

    Raises
    ------
    SchemaError
        If there is no backend of that name.
    UnsupportedError
        If this machine lacks it.
    """
    if settings.backend == "cpu":
        return "cpu"
    known = available()
    if settings.backend == AUTO:
        return "cuda" if known["cuda"].available and is_worthwhile(_work(settings, trades, greeks)) else "cpu"
    if settings.backend not in known:
        names = ", ".join(map(repr, [*known, AUTO]))
        raise SchemaError(f"backend = {shown(settings.backend)}: expected one of {names}")
    if here and not known[settings.backend].available:
        why = known[settings.backend].reason.rstrip(".")
        raise UnsupportedError(f"backend = {settings.backend!r}: {why}. Remedy: backend='auto' takes what there is")
    return settings.backend


def _work(settings: Settings, trades: Sequence[Trade], greeks: Sequence[str]) -> int:
    """Paths x steps x numbers."""
    return settings.paths * (1 + len(greeks)) * sum(steps(settings, trade.model, trade.payoff) for trade in trades)
