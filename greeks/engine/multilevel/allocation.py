"""How many samples each level gets, for the least work.

Numbers j = 0, 1, ... (price and Greeks) have variance V[l, j] on level l; a sample there costs C[l]. With n[l] samples
the variance of number j is sum_l V[l, j] / n[l].

Source: Giles (2008), "Multilevel Monte Carlo path simulation", equation 12, for one number; several by the
multipliers of Lagrange.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
ROUNDS, SETTLED = 200, 1e-6  # of the multipliers, which converge geometrically, and relative change at which they have


def allocated(variances: Array, costs: Array, allowed: Array) -> Array:
    """n (levels,) with the least sum_l n[l] C[l] such that every number's variance is at most `allowed` (numbers,).

    At the minimum n[l] = sqrt(sum_j m[j] V[l, j] / C[l]) with multipliers m[j] >= 0 of the numbers whose bound is
    reached. For one number: n[l] = sqrt(V[l] / C[l]) sum_k sqrt(V[k] C[k]) / allowed.

    >>> allocated(np.array([[4.0], [1.0]]), np.array([1.0, 4.0]), np.array([0.01]))
    array([800., 200.])
    """
    bounded = np.isfinite(allowed)
    variances, allowed = variances[:, bounded], allowed[bounded]
    multipliers = np.sqrt(variances * costs[:, None]).sum(axis=0) ** 2 / allowed**2
    samples = _samples(variances, costs, multipliers)
    for _ in range(ROUNDS if len(allowed) > 1 else 0):
        multipliers = multipliers * (reached(variances, samples) / allowed)
        before, samples = samples, _samples(variances, costs, multipliers)
        if np.abs(samples - before).max() <= SETTLED * samples.max():
            break
    return np.asarray(samples * np.max(reached(variances, samples) / allowed, initial=0.0))


def shared_out(variances: Array, costs: Array, total: float) -> Array:
    """n (levels,) with sum n = `total`, in proportions that serve all numbers alike.

    Each number counts by its variance over the least that the same work could give it.

    >>> shared_out(np.array([[4.0], [1.0]]), np.array([1.0, 4.0]), 1000.0)
    array([800., 200.])
    """
    least = np.sqrt(variances * costs[:, None]).sum(axis=0) ** 2
    samples = _samples(variances, costs, np.divide(1.0, least, out=np.zeros_like(least), where=least > 0.0))
    whole = samples.sum()
    return np.asarray(total * samples / whole if whole > 0.0 else np.full(len(costs), total / len(costs)))


def reached(variances: Array, samples: Array) -> Array:
    """sum_l V[l, j] / n[l] of every number; a level without variance needs no sample."""
    parts = np.divide(variances, samples[:, None], out=np.zeros_like(variances), where=variances > 0.0)
    return np.asarray(parts.sum(axis=0))


def believable(variances: Array, fall: float) -> Array:
    """Variances of levels 0, 1, ..., none of a correction more than `fall` times below that of the one before.

    A few hundred samples of a correction may have missed what makes its variance.
    """
    found = variances.copy()
    for level in range(2, len(found)):
        found[level] = np.maximum(found[level], found[level - 1] / fall)
    return found


def _samples(variances: Array, costs: Array, multipliers: Array) -> Array:
    return np.asarray(np.sqrt(variances @ multipliers / costs))
