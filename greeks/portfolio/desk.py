"""One trade after another through `sensitivities`, and what to do when one is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from greeks.errors import GreeksError, SchemaError, UnsupportedError
from greeks.portfolio.book import Trade
from greeks.portfolio.frame import Outcome
from greeks.portfolio.settings import Settings
from greeks.results import Estimate

Estimates = Mapping[str, Estimate]
Refusals = dict[str, str]


@dataclass
class Desk:
    """Prices trades and remembers the failures."""

    greeks: Sequence[str]
    settings: Settings
    trades_left: int
    failures: dict[str, str] = field(default_factory=dict)
    _started: float = field(default_factory=monotonic)

    def price(self, trade: Trade) -> Outcome:
        """All of the trade that can be had; an exception that is not ours passes on, with the trade's id."""
        try:
            estimates, refused = self._answerable(trade)
        except GreeksError as error:
            return self._failed(trade, {}, f"failed: {_one_line(error)}")
        except Exception as error:
            error.add_note(f"while pricing trade {trade.id!r}")
            raise
        finally:
            self.trades_left -= 1
        if refused:
            return self._failed(trade, estimates, f"refused: {_listed(refused)}")
        return Outcome(estimates, _ok(estimates), trade.quantity)

    def _answerable(self, trade: Trade) -> tuple[Estimates, Refusals]:
        """The price with the Greeks that can be had, and why the others cannot."""
        try:
            return self._simulated(trade, self.greeks), {}
        except (UnsupportedError, SchemaError) as error:
            if not self.greeks:
                raise
            alone = len(self.greeks) == 1
            refused = {self.greeks[0]: _one_line(error)} if alone else self._refused_alone(trade)
            if not refused:
                raise
            return self._simulated(trade, [greek for greek in self.greeks if greek not in refused]), refused

    def _refused_alone(self, trade: Trade) -> Refusals:
        """Which Greeks are to blame: each is asked for alone, with few paths."""
        refused = {}
        for greek in self.greeks:
            try:
                self._sensitivities(trade, [greek], self.settings.probing())
            except (UnsupportedError, SchemaError) as error:
                refused[greek] = _one_line(error)
        return refused

    def _simulated(self, trade: Trade, greeks: Sequence[str]) -> Estimates:
        return self._sensitivities(
            trade, greeks, {**self.settings.keywords(), "time_limit": self._time_share()}
        )

    def _sensitivities(self, trade: Trade, greeks: Sequence[str], keywords: Mapping[str, Any]) -> Estimates:
        from greeks.api import sensitivities

        return sensitivities(trade.model, trade.payoff, greeks, stream=trade.stream, **keywords)

    def _time_share(self) -> float | None:
        if self.settings.time_limit is None:
            return None
        left = self.settings.time_limit - (monotonic() - self._started)
        return max(left / max(self.trades_left, 1), 1e-3)  # late trades still get their first batch

    def _failed(self, trade: Trade, estimates: Estimates, status: str) -> Outcome:
        self.failures[trade.id] = status
        return Outcome(estimates, status, trade.quantity)


def _ok(estimates: Estimates) -> str:
    notes = [f"{name}: {text}" for name, estimate in estimates.items() for text in estimate.warnings]
    return "; ".join(["ok", *notes])


def _listed(refused: Refusals) -> str:
    return "; ".join(f"{greek}: {reason}" for greek, reason in refused.items())


def _one_line(error: Exception) -> str:
    return "; ".join(str(error).splitlines()) or type(error).__name__
