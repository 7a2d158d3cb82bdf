"""Sums of squares of samples less their regressions on controls, from co-moments: many small regressions in one call.

A pilot is read by them. Each has few controls, so that a library's solver takes longer to be called than to solve.
"""

from __future__ import annotations

from math import inf, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import float64, int64
    from numpy.typing import NDArray

    Array = NDArray[float64]
    Integers = NDArray[int64]

RIDGE = 1e-11  # on correlations, far below anything that matters: of controls that say the same each takes a part
NEGLIGIBLE = 1e-8  # relative size of a control that is left out


def residuals(
    comoment: Array, tasks: Integers, shares: Array, controls: Integers, most: int, scale: Array, system: Array,
    used: Integers, weights: Array, found: Array,
) -> None:  # fmt: skip
    """The sum of squares about the mean of weighted samples, each less its own regression, into `found`.

    comoment: (k, k), of all outputs; tasks: one row a regression, (question, sample, where its controls begin, where
    they end), those of a question side by side; shares: of the sample in the question; controls: outputs, those first
    that a sample is most like; most: of them that a regression may have; scale: (1,), what a control is multiplied
    by, at most.
    system: (n, n + 1), used: (n,), weights: (k,) of zeros: room to work in, n the most controls of a sample.
    """
    task = 0
    for question in range(found.shape[0]):
        while task < tasks.shape[0] and tasks[task, 0] == question:
            sample = tasks[task, 1]
            chosen = controls[tasks[task, 2] : tasks[task, 3]]
            n = usable(comoment, sample, chosen, most, scale[0], used)
            regress(comoment, sample, shares[task], n, used, system, weights)
            task += 1
        found[question] = squared(comoment, weights)


def usable(comoment: Array, sample: int, chosen: Integers, most: int, scale: float, used: Integers) -> int:
    """Put those controls of a sample that are numbers, and no mere rounding, into `used`; how many they are."""
    n, least = 0, NEGLIGIBLE * sqrt(comoment[sample, sample])
    for i in range(chosen.shape[0]):
        deviation = sqrt(comoment[chosen[i], chosen[i]])
        if n < most and deviation < inf and least > 0.0 and deviation * scale > least:
            used[n] = chosen[i]
            n += 1
    return n


def regress(comoment: Array, sample: int, share: float, n: int, used: Integers, system: Array, weights: Array) -> None:
    """Add the sample with its share to the weights, less what the first n of `used` tell of it."""
    weights[sample] += share
    for i in range(n):
        a = used[i]
        own = sqrt(comoment[a, a])
        for j in range(n):
            b = used[j]
            system[i, j] = comoment[a, b] / (own * sqrt(comoment[b, b]))
        system[i, i] = 1.0 + RIDGE
        system[i, n] = comoment[a, sample] / own
    solve(system, n)
    for i in range(n):
        weights[used[i]] -= share * system[i, n] / sqrt(comoment[used[i], used[i]])


def solve(system: Array, n: int) -> None:
    """Gaussian elimination with partial pivoting: the solution replaces column n, the right-hand side."""
    for i in range(n):
        pivot = i
        for r in range(i + 1, n):
            if abs(system[r, i]) > abs(system[pivot, i]):
                pivot = r
        for c in range(i, n + 1):
            kept = system[i, c]
            system[i, c] = system[pivot, c]
            system[pivot, c] = kept
        for r in range(i + 1, n):
            factor = system[r, i] / system[i, i]
            for c in range(i + 1, n + 1):
                system[r, c] -= factor * system[i, c]
    for k in range(n):
        i = n - 1 - k
        for c in range(i + 1, n):
            system[i, n] -= system[i, c] * system[c, n]
        system[i, n] /= system[i, i]


def squared(comoment: Array, weights: Array) -> float:
    """The weights' quadratic form, of those that are not 0; then they are."""
    total = 0.0
    for i in range(weights.shape[0]):
        if weights[i] != 0.0:
            for j in range(weights.shape[0]):
                if weights[j] != 0.0:
                    total += weights[i] * comoment[i, j] * weights[j]
    for i in range(weights.shape[0]):
        weights[i] = 0.0
    return total
