"""Latin hypercubes: stratified coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from greeks.samplers.base import Array, PointSet


@dataclass(frozen=True)
class LatinHypercube(PointSet):
    """n points with one in each of n equal strata of every coordinate, the strata paired at random.

    It integrates away what is a sum of functions of one coordinate each. With `dimensions=1` and a Brownian bridge it
    is stratified sampling of the end of the path; the other normals are independent (Philox).

    Parameters
    ----------
    scrambles : independent hypercubes, at least 2, each with the largest power of two of points that fits into
        paths / scrambles.
    order : which steps are stratified first: `BrownianBridge()`, `AverageBridge()`, `Incremental()` or
        `PrincipalComponents()`.
    dimensions : how many coordinates are stratified.

    References
    ----------
    McKay, Beckman and Conover (1979), "A comparison of three methods for selecting values of input variables in the
    analysis of output from a computer code"; Glasserman (2004), sections 4.3 and 4.4. Strata are permuted by nested
    scramblings of the point's index, as in Burley (2020), section 4.

    Examples
    --------
    >>> import greeks as gk
    >>> model = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2)
    >>> payoff = gk.AsianCall(100.0, 1.0, 12)
    >>> plain, strata = (gk.price(model, payoff, sampler=s, controls=()) for s in (gk.Philox(), gk.LatinHypercube()))
    >>> strata.std_error < 0.5 * plain.std_error
    True
    """

    name = "Latin hypercube"
    latin = True
    most_dimensions = 2**20

    def directions(self, dimensions: int) -> Array:
        return np.empty(0)
