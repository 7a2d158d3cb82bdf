"""Scrambled Sobol points."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from greeks.samplers.base import Array, PointSet

BITS = 32
Integers = npt.NDArray[np.int64]
PRIMITIVE = (1, 1, 2, 2, 6, 6, 18, 16, 48, 60, 176, 144, 630, 756, 1800, 2048, 7710, 7776)  # of degree 1, 2, ...


@dataclass(frozen=True)
class Sobol(PointSet):
    """Sobol points with a nested scrambling of their digits, several times independently; normals by inversion.

    For smooth payoffs the error falls nearly as 1/paths, not as 1/sqrt(paths). Each randomisation has the largest
    power of two of points that fits into paths / scrambles.

    Parameters
    ----------
    scrambles : independent randomisations, at least 2. Few leave more points to each and so less error; many make the
        standard error itself more certain.
    order : which steps get the best dimensions: `BrownianBridge()`, `AverageBridge()`, `Incremental()` or
        `PrincipalComponents()`.
    dimensions : of the point set, at most 21,201; normals of a path beyond them are Philox's.

    References
    ----------
    Joe and Kuo (2008), "Constructing Sobol sequences with better two-dimensional projections", for the direction
    numbers (scipy's); Owen (1995), "Randomly permuted (t,m,s)-nets and (t,s)-sequences", for scrambling, which is done
    by hashing: Burley (2020), "Practical hash-based Owen scrambling".

    Examples
    --------
    >>> import greeks as gk
    >>> model = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2)
    >>> payoff = gk.AsianCall(100.0, 1.0, 252)
    >>> plain, net = (gk.price(model, payoff, sampler=s, controls=(), paths=2**14) for s in (gk.Philox(), gk.Sobol()))
    >>> net.std_error < plain.std_error / 10.0
    True
    """

    name = "Sobol"
    latin = False
    most_dimensions = 21_201

    def directions(self, dimensions: int) -> Array:
        known = min(1 << max(dimensions - 1, 0).bit_length(), self.most_dimensions)  # contracts of like size share
        return direction_numbers(known)[: BITS * dimensions]


@lru_cache(maxsize=8)
def direction_numbers(dimensions: int) -> Array:
    """32 numbers a dimension, each a fraction whose binary digit k is bit k - 1 here.

    R_i = a_1 R_{i-1} + ... + a_{s-1} R_{i-s+1} + R_{i-s} + 2^s R_{i-s} over GF(2), with the primitive polynomial
    x^s + a_1 x^{s-1} + ... + 1 of the dimension. R_0, ..., R_s come from scipy's points; they determine the a_k.
    """
    degrees = np.repeat(np.arange(len(PRIMITIVE) + 1), (1, *PRIMITIVE))[:dimensions]
    found = np.zeros((dimensions, BITS), dtype=np.int64)
    first = _leading(dimensions, int(degrees[-1]) + 1)
    found[:, : first.shape[1]] = first
    found[0] = 1 << np.arange(BITS)
    for s in range(1, int(degrees[-1]) + 1):
        alike = np.flatnonzero(degrees == s)
        found[alike] = _extended(found[alike], s)
    return found.ravel().astype(np.float64)


def _leading(dimensions: int, count: int) -> Integers:
    """The first direction numbers: in scipy's order, that of the Gray code, point 2^j is R_j + R_{j-1} over GF(2)."""
    from scipy.stats import qmc

    engine = qmc.Sobol(dimensions, scramble=False, bits=BITS)
    found, drawn = np.zeros((dimensions, count), dtype=np.int64), 0
    for j in range(count):
        engine.fast_forward(2**j - drawn)
        point = (engine.random(1)[0] * 2.0**BITS).astype(np.int64)
        drawn = 2**j + 1
        found[:, j] = _reversed(point) ^ (found[:, j - 1] if j else 0)
    return found


def _extended(found: Integers, s: int) -> Integers:
    """The direction numbers of dimensions with polynomials of degree s, from those up to R_s.

    Bit i is the highest of R_i, so the a_k are read off bit by bit.
    """
    rest = found[:, s] ^ found[:, 0] ^ (found[:, 0] << s)
    polynomial = np.zeros((len(found), s), dtype=np.int64)
    for i in range(s - 1, 0, -1):
        polynomial[:, s - i] = (rest >> i) & 1
        rest ^= polynomial[:, s - i] * found[:, i]
    assert not rest.any(), "scipy's Sobol points are not those of primitive polynomials in the order of their degrees"
    for i in range(s + 1, BITS):
        found[:, i] = found[:, i - s] ^ ((found[:, i - s] << s) & (2**BITS - 1))
        for k in range(1, s):
            found[:, i] ^= polynomial[:, k] * found[:, i - k]
    return found


def _reversed(x: Integers) -> Integers:
    """Integers of BITS bits in reverse order."""
    digits = (x[:, None] >> np.arange(BITS)) & 1
    return np.asarray((digits << np.arange(BITS)[::-1]).sum(axis=1))
