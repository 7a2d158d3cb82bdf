"""The time grid of a contract: observation dates, and the fine steps between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from greeks.errors import SchemaError
from greeks.expressions.interpolation import PLACES, WEIGHTS
from greeks.payoffs.base import Payoff, fractions_of
from greeks.schemes.base import Scheme

Array = npt.NDArray[np.float64]
KEPT = 4096  # grids in memory


@dataclass(frozen=True)
class GridShape:
    """What of a time grid shapes the program."""

    all_observed: bool
    any_observed: bool
    observes_start: bool
    single: bool
    continuous: bool = False


@dataclass(frozen=True)
class TimeGrid:
    """Interval ends and what happens there.

    ends : K end points, the last the maturity. observed : which of them the payoff looks at.
    substeps : fine steps in each interval. observes_start : whether time 0 is an observation too.
    continuous : whether the payoff is watched between the ends as well, which then are none of its own dates.
    """

    ends: Array
    observed: npt.NDArray[np.bool_]
    substeps: npt.NDArray[np.int64]
    observes_start: bool
    continuous: bool = False

    @cached_property
    def shape(self) -> GridShape:
        """What of the grid shapes the program."""
        seen, single = self.observed, len(self.ends) == 1
        return GridShape(bool(seen.all()), bool(seen.any()), self.observes_start, single, self.continuous)

    @cached_property
    def key(self) -> tuple[Any, ...]:
        """What two grids have in common if and only if they are the same."""
        arrays = (self.ends, self.observed, self.substeps)
        return (*(a.tobytes() for a in arrays), self.observes_start, self.continuous)

    @cached_property
    def counts(self) -> tuple[int, int, int]:
        """How many fine steps there are, dates that are observed, and dates that are not."""
        seen = int(self.observed.sum())
        return int(self.substeps.sum()), seen, len(self.ends) - seen

    @cached_property
    def fine(self) -> Array:
        """One row a fine step: t, dt, evenly, last_step, t_shift, dt_shift (see `expressions.fold`)."""
        begins = np.concatenate([[0.0], self.ends[:-1]])
        rows = np.zeros((int(self.substeps.sum()), 6))
        interval = np.repeat(np.arange(len(self.ends)), self.substeps)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(self.substeps) - self.substeps, self.substeps)
        dt = (self.ends - begins) / self.substeps
        rows[:, 0] = begins[interval] + within * dt[interval]
        rows[:, 1] = dt[interval]
        left = self.substeps[interval] - within
        rows[:, 2] = 1.0 / left
        rows[:, 3] = left == 1
        shrinks = len(rows) if self.continuous else int(self.substeps[0])  # those before a fixed date
        rows[:shrinks, 4] = 1.0 - np.arange(shrinks) / shrinks
        rows[:shrinks, 5] = -1.0 / shrinks
        return rows

    @cached_property
    def dates(self) -> Array:
        """One row a date (the start first, where observed): date, at_start, observed, lever; see `shared`."""
        opening = int(self.observes_start)
        rows = np.zeros((opening + len(self.ends), 4))
        rows[:opening, 1:3] = 1.0
        rows[opening:, 0] = self.ends
        rows[opening:, 2] = self.observed
        rows[opening:, 3] = self.levers
        return rows

    @cached_property
    def shared(self) -> Array:
        """The same rows and behind them the shares of the lever, for programs that look at them."""
        apart = self.dates[:, 3:] - np.array(PLACES)
        raw = np.array(WEIGHTS) / np.where(apart == 0.0, 1e-150, apart)
        return np.column_stack([self.dates, raw / raw.sum(axis=1, keepdims=True)])

    @cached_property
    def levers(self) -> Array:
        """Cov(W_t, A) over that at the last date, A being the average of a Brownian motion W over the observed dates.

        Where none is observed, A is W at maturity.
        """
        left = np.maximum(np.cumsum(self.observed[::-1])[::-1], 0 if self.observed.any() else 1)
        found = np.cumsum(np.diff(self.ends, prepend=0.0) * left)
        return np.asarray(found / found[-1])


def time_grid(payoff: Payoff, scheme: Scheme) -> TimeGrid:
    """The grid of a payoff's dates and maturity under a scheme; of those asked for lately the same object again."""
    maturity = float(payoff.maturity)  # type: ignore[attr-defined]
    dates: Any = getattr(payoff, "dates", ())
    if dates is not None and not isinstance(dates, int):
        dates = tuple(map(float, dates)) if hasattr(dates, "__len__") else int(dates)
    return _time_grid(type(payoff).__name__, dates, maturity, scheme)


@lru_cache(maxsize=KEPT)
def _time_grid(name: str, given: int | tuple[float, ...] | None, maturity: float, scheme: Scheme) -> TimeGrid:
    if given is None:
        return _steps_as_dates(name, scheme, maturity)
    dates = np.asarray(fractions_of(given, maturity), dtype=float)
    _check_dates(name, dates, maturity)
    dates = np.where(np.abs(dates - maturity) <= 1e-12 * maturity, maturity, dates)
    starts = bool(len(dates) and dates[0] == 0.0)
    dates = dates[1:] if starts else dates
    closing = bool(len(dates) and dates[-1] == maturity)
    ends = dates if closing else np.append(dates, maturity)
    observed = np.ones(len(ends), dtype=bool)
    observed[-1] = closing
    lengths = np.diff(ends, prepend=0.0)
    substeps = np.array([scheme.substeps(float(x), maturity) for x in lengths], dtype=np.int64)
    return TimeGrid(ends, observed, substeps, starts)


def _steps_as_dates(name: str, scheme: Scheme, maturity: float) -> TimeGrid:
    """One date a fine step: between two of them the path is a bridge."""
    _check_dates(name, np.empty(0), maturity)
    steps = scheme.substeps(maturity, maturity)
    ends = maturity * np.arange(1, steps + 1) / steps
    return TimeGrid(ends, np.ones(steps, dtype=bool), np.ones(steps, dtype=np.int64), False, continuous=True)


def _check_dates(name: str, dates: Array, maturity: float) -> None:
    if not np.isfinite(maturity) or maturity <= 0.0:
        raise SchemaError(f"{name}.maturity = {maturity!r}: expected a finite number of years > 0")
    bad = np.any(~np.isfinite(dates)) or np.any(np.diff(dates) <= 0.0)
    if len(dates) and (bad or dates[0] < 0.0 or dates[-1] > maturity * (1.0 + 1e-12)):
        raise SchemaError(
            f"{name}.dates = {dates.tolist()!r:.200}: expected increasing year fractions between 0 and the maturity "
            f"{maturity:g}, or a count n for the dates i * maturity / n"
        )
