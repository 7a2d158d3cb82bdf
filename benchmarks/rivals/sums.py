"""Means and standard errors from chunks of samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.contender import Result

Array = NDArray[np.float64]


class Sums:
    """Running sums and sums of squares of named samples; plain, for samples of moderate size."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.count = 0
        self.first = np.zeros(len(names))
        self.second = np.zeros(len(names))

    def add(self, *samples: Array) -> None:
        """One array of samples a name."""
        self.count += len(samples[0])
        for i, sample in enumerate(samples):
            self.first[i] += sample.sum()
            self.second[i] += sample @ sample

    def result(self) -> Result:
        return from_sums(self.names, self.first, self.second, self.count)


def from_sums(names: Sequence[str], first: Array, second: Array, count: int) -> Result:
    """Mean and standard error of each name from sum x and sum x^2 over `count` samples."""
    mean = first / count
    error = np.sqrt(np.maximum(second / count - mean**2, 0.0) / (count - 1))
    return {name: (float(m), float(e)) for name, m, e in zip(names, mean, error, strict=True)}
