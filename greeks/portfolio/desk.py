"""One trade after another through `sensitivities`, and what to do when one is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

from greeks.api import explain, sensitivities
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
    bug: Exception | None = None
    """The first exception that was none of ours."""
    _started: float = field(default_factory=monotonic)

    def price(self, trade: Trade) -> Outcome:
        """All of the trade that can be had."""
        try:
            estimates, refused = self._answerable(trade)
        except GreeksError as error:
            return self._failed(trade, {}, f"failed: {_one_line(error)}")
        except Exception as error:  # one broken payoff must not cost the rest of the book
            self.bug = self.bug or error
            return self._failed(trade, {}, f"failed: {type(error).__name__}: {_one_line(error)}")
        finally:
            self.trades_left -= 1
        if refused:
            return self._failed(trade, estimates, f"refused: {_listed(refused)}")
        return Outcome(estimates, _ok(estimates), trade.quantity)

    def _answerable(self, trade: Trade) -> tuple[Estimates, Refusals]:
        """The price with the Greeks that can be had, and why the others cannot."""
        try:
            return self._simulated(trade, self.greeks), {}
        except (UnsupportedError, SchemaError):
            refused = self._refused(trade)
            if not refused:
                raise
            return self._simulated(trade, [greek for greek in self.greeks if greek not in refused]), refused

    def _refused(self, trade: Trade) -> Refusals:
        """Which Greeks are to blame, each asked about alone."""
        refused: Refusals = {}
        for greek in self.greeks:
            try:
                answer = explain(
                    trade.model,
                    trade.payoff,
                    [greek],
                    scheme=self.settings.scheme,
                    estimator=self.settings.estimator,
                )
                refused |= answer.refused
            except (UnsupportedError, SchemaError) as error:
                refused[greek] = _one_line(error)
        return refused

    def _simulated(self, trade: Trade, greeks: Sequence[str]) -> Estimates:
        keywords = {**self.settings.keywords(), "time_limit": self._time_share()}
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
