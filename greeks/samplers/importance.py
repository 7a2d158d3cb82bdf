"""Normals with a drift that takes the paths where the payoff is."""

from __future__ import annotations

from dataclasses import dataclass, field

from greeks.errors import SchemaError
from greeks.fields import shown
from greeks.samplers.base import Design, Sampler
from greeks.samplers.philox import Philox

MOST_PIECES = 64


@dataclass(frozen=True)
class ImportanceSampling(Sampler):
    """E[f(Z)] = E[f(Y) / (a + (1 - a) exp(m.Y - m.m / 2))]: paths that drift to where the payoff is, and weights.

    Z ~ N(0, I) are the normals of a path; Y is Z on a tenth of the paths (a), Z + m on the others. No weight is then
    more than 10, whatever a path does. The drift of every Brownian motion is constant in each of `pieces` equal
    stretches of time. Pilots, of draws that no run has, look for the m that leaves the price least variance. m is a
    number for all that follows: no Greek differentiates it, and every estimator is as unbiased as it was, its samples
    multiplied by the weight. Where no drift is found that helps, none is taken, and the result has the numbers of
    `base`, bit for bit; either way the reasons say so.

    For options far out of the money and barriers far away. One drift serves all numbers of a call. Payoffs with several
    parts far from each other, such as a strangle of far strikes, have no one drift: the pilot notices, and takes none.

    Parameters
    ----------
    base : where the normals come from; any other sampler.
    pieces : stretches of time, each with a drift of its own.

    References
    ----------
    Glasserman, Heidelberger and Shahabuddin (1999), "Asymptotically optimal importance sampling and stratification for
    pricing path-dependent options"; Hesterberg (1995), "Weighted average importance sampling and defensive mixture
    distributions"; Jourdain and Lelong (2009), "Robust adaptive importance sampling for normal random
    vectors", for the search by Newton's method.

    Examples
    --------
    >>> import greeks as gk
    >>> model, far = gk.BlackScholes(spot=100.0, rate=0.03, volatility=0.2), gk.AsianCall(150.0, 1.0, 12)
    >>> plain, shifted = (gk.price(model, far, sampler=s, controls=()) for s in (gk.Philox(), gk.ImportanceSampling()))
    >>> shifted.std_error < 0.1 * plain.std_error
    True
    """

    base: Sampler = field(default_factory=Philox)
    pieces: int = 4

    name = "ImportanceSampling"

    def __post_init__(self) -> None:
        if not isinstance(self.base, Sampler) or isinstance(self.base, ImportanceSampling):
            raise SchemaError(
                f"ImportanceSampling.base = {shown(self.base)}: expected another sampler, such as greeks.Philox() or "
                "greeks.Sobol()"
            )
        if isinstance(self.pieces, bool) or not isinstance(self.pieces, int) or not 1 <= self.pieces <= MOST_PIECES:
            raise SchemaError(
                f"ImportanceSampling.pieces = {shown(self.pieces)}: expected a whole number from 1 to {MOST_PIECES}"
            )

    @property
    def design(self) -> Design:
        return self.base.design

    @property
    def drawn(self) -> Sampler:
        return self.base


@dataclass(frozen=True)
class DriftShift:
    """Means of normals: m_e(t) sqrt(dt) for element e in a step that begins at t and takes dt.

    noises : (name, elements) of each vector of normals, 0 elements for a number. until : ends of the pieces, years;
    the last piece has no end. drift : a row an element, a column a piece; per square root of a year. plain : share of
    the paths that are not shifted.
    """

    noises: tuple[tuple[str, int], ...]
    until: tuple[float, ...]
    drift: tuple[tuple[float, ...], ...]
    plain: float = 0.0

    @property
    def shape(self) -> tuple[tuple[tuple[str, int], ...], int]:
        """What of it shapes a program: the noises, and the number of pieces."""
        return self.noises, len(self.until) + 1

    def of(self, noise: str, piece: int) -> tuple[float, ...]:
        """The drift of every element of a noise in a piece."""
        first = 0
        for name, size in self.noises:
            if name == noise:
                return tuple(row[piece] for row in self.drift[first : first + max(size, 1)])
            first += max(size, 1)
        raise KeyError(noise)
