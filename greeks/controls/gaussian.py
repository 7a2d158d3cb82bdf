"""Moments of Gaussian coordinates, as carries that are the same on all paths.

A coordinate whose maps are y' = a y + m + sum_j s_j z_j, with a, m and s_j the same on all paths, is Gaussian; its
mean and variance follow the same maps, mean' = a mean + m and variance' = a^2 variance + sum_j s_j^2. They are played
through the time grid once, on the host, with whatever coefficients and dates there are, and their derivatives are
tangents like those of any other carry.
"""

from __future__ import annotations

from dataclasses import dataclass

from greeks.controls.path import Path
from greeks.expressions import node as n
from greeks.expressions.algebra import linear_in
from greeks.expressions.fold import Carry
from greeks.expressions.functions import exp, log, normal_cdf, normal_pdf, sqrt
from greeks.expressions.node import ZERO, Expr, const, symbols

MAPS_WITH_NOISE = ("advance", "arrive")


@dataclass(frozen=True)
class Affine:
    """One map of a coordinate: y' = slope y + shift + sum of loadings z."""

    slope: Expr
    shift: Expr
    loadings: tuple[Expr, ...]

    @property
    def variance(self) -> Expr:
        """What the noise of the map adds to the variance."""
        total = ZERO
        for s in self.loadings:
            total = total + n.mul(s, s)
        return total


@dataclass(frozen=True)
class Moments:
    """Mean and variance of a coordinate now, and of its sum over the dates, with the carries that they are."""

    mean: Expr
    variance: Expr
    sum_mean: Expr
    sum_variance: Expr
    carries: tuple[Carry, ...]


def affine(path: Path, y: Expr, at: str) -> Affine | None:
    """Map `at` of a scalar coordinate, where its coefficients are the same on all paths."""
    e = path.fold.carry(y).map(at)
    parts = linear_in(e, y)
    if parts is None:
        return None
    shift, slope = parts
    loadings = []
    for z in path.fold.noise.get(at, ()):
        split = linear_in(shift, z)
        if split is None:
            return None
        shift, loading = split
        loadings.append(loading)
    varying = {c.symbol for c in path.fold.carries} - path.uniform
    varying |= {z for zs in path.fold.noise.values() for z in zs}
    fixed = all(symbols(e).isdisjoint(varying) for e in (slope, shift, *loadings))
    return Affine(slope, shift, tuple(loadings)) if fixed else None


def moments(path: Path, y: Expr) -> Moments | None:
    """The moments of a scalar coordinate; None where it is not Gaussian."""
    if y.size or y.op != "symbol":
        return None
    found = {at: affine(path, y, at) for at in MAPS_WITH_NOISE}
    advance, arrive = found["advance"], found["arrive"]
    if advance is None or arrive is None or path.fold.carry(y).observe is not y:
        return None
    m, v, sm, c, sv = (
        n.symbol(f"{kind} {y}") for kind in ("mean", "variance", "mean sum", "covariance", "variance sum")
    )
    start = path.fold.carry(y).start
    carries = (
        Carry(m, start, advance.slope * m + advance.shift, arrive.slope * m + arrive.shift, m),
        Carry(v, ZERO, _spread(advance, v), _spread(arrive, v), v),
        Carry(sm, ZERO, sm, sm, sm + m),
        Carry(c, ZERO, advance.slope * c, arrive.slope * c, c + v),
        Carry(sv, ZERO, sv, sv, sv + (const(2.0) * c + v)),
    )
    return Moments(m, v, sm, sv, carries)


def _spread(a: Affine, v: Expr) -> Expr:
    return n.mul(a.slope, a.slope) * v + a.variance


def lognormal_call(mean: Expr, variance: Expr, strike: Expr) -> Expr:
    """E[max(exp(Y) - K, 0)] = F N(d1) - K N(d2) for Y ~ N(mean, variance), F = exp(mean + variance / 2).

    Source: Black (1976).
    """
    deviation = sqrt(variance)
    d2 = (mean - log(strike)) / deviation
    forward = exp(mean + 0.5 * variance)
    found: Expr = forward * normal_cdf(d2 + deviation) - strike * normal_cdf(d2)
    return found


def normal_call(mean: Expr, variance: Expr, strike: Expr) -> Expr:
    """E[max(Y - K, 0)] = (mean - K) N(d) + s n(d) for Y ~ N(mean, s^2), d = (mean - K) / s.

    Source: Bachelier (1900).
    """
    deviation = sqrt(variance)
    d = (mean - strike) / deviation
    found: Expr = (mean - strike) * normal_cdf(d) + deviation * normal_pdf(d)
    return found
