"""Sums over trades whose errors go together: trades of one underlying share their draws.

With weights w_i on trades of one stream of draws, the sum's mean over batch b is sum_i w_i batch_ib; the variance of
the sum is that of these over the B batches, divided by B. Streams are independent: their variances add. Sums in two
markets, on the same draws, are subtracted batch by batch, which gives the error of the difference.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
QUIET = np.errstate(over="ignore", invalid="ignore")  # what is beyond double precision is told by `Total.finite`


@dataclass(frozen=True, eq=False)
class Total:
    """A weighted sum over trades: its value, and its batches by stream."""

    value: float = 0.0
    batches: Mapping[int, Array] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        object.__setattr__(self, "batches", dict(self.batches or {}))

    @property
    @QUIET
    def std_error(self) -> float:
        """sqrt(sum over streams of var(batches) / B)."""
        return math.sqrt(math.fsum(float(np.var(b, ddof=1)) / len(b) for b in self.batches.values()))

    @property
    def known(self) -> bool:
        """Whether any trade is in it."""
        return bool(self.batches)

    @property
    def finite(self) -> bool:
        """Whether it and its error are within double precision."""
        return math.isfinite(self.value) and math.isfinite(self.std_error)

    def row(self, name: str = "") -> dict[str, float]:
        """Its value and error as cells of a table, NaN where no trade is in it: a sum of nothing is not 0."""
        if not (self.known and self.finite):
            return {name or "value": math.nan, f"{name}_std_error".lstrip("_"): math.nan}
        return {name or "value": self.value, f"{name}_std_error".lstrip("_"): self.std_error}

    @QUIET
    def __add__(self, other: Total) -> Total:
        summed = dict(self.batches)
        for stream, batches in other.batches.items():
            summed[stream] = summed[stream] + batches if stream in summed else batches
        return Total(self.value + other.value, summed)

    @QUIET
    def __mul__(self, factor: float) -> Total:
        return Total(self.value * factor, {s: b * factor for s, b in self.batches.items()})

    def __sub__(self, other: Total) -> Total:
        return self + other * -1.0


@QUIET
def total(values: Array, batches: Array, weights: Array, streams: Sequence[int]) -> Total:
    """sum_i weights_i values_i over those that have a weight.

    Parameters
    ----------
    values : (n,)
    batches : (n, B)
    weights : (n,), NaN for what is left out.
    streams : (n,)
    """
    used = np.flatnonzero(~np.isnan(weights))
    by_stream: dict[int, list[int]] = {}
    for i in used.tolist():
        by_stream.setdefault(streams[i], []).append(i)
    sums = {stream: weights[at] @ batches[at] for stream, at in by_stream.items()}
    return Total(float(weights[used] @ values[used]), sums)
