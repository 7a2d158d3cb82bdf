"""Pairs of mirrored paths."""

from __future__ import annotations

from dataclasses import dataclass, field

from greeks.errors import SchemaError, UnsupportedError
from greeks.fields import shown
from greeks.samplers.base import Design, PointSet, Sampler
from greeks.samplers.philox import Philox


@dataclass(frozen=True)
class Antithetic(Sampler):
    """(f(Z) + f(-Z)) / 2: every path has a partner on which all normals are negated, and a pair is one sample.

    The variance falls by the correlation of the two: to nothing for what is linear in Z, by half or so for a call; it
    doubles for what is even in Z. A pair costs half the random numbers of two paths.

    Parameters
    ----------
    base : where the normals come from, `Philox()`.

    References
    ----------
    Hammersley and Morton (1956), "A new Monte Carlo technique: antithetic variates"; Glasserman (2004), section 4.2.

    Examples
    --------
    >>> import greeks as gk
    >>> model = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2)
    >>> payoff = gk.AsianCall(90.0, 1.0, 12)
    >>> plain, paired = (gk.price(model, payoff, sampler=s, controls=()) for s in (gk.Philox(), gk.Antithetic()))
    >>> paired.std_error < 0.6 * plain.std_error
    True
    """

    base: Sampler = field(default_factory=Philox)

    name = "Antithetic"

    def __post_init__(self) -> None:
        if isinstance(self.base, PointSet):
            raise UnsupportedError(
                f"Antithetic(base={shown(self.base)}): a point set is balanced already, and mirrored copies of its "
                f"points only fill the cube less evenly. Remedy: sampler={shown(self.base)} itself"
            )
        if not isinstance(self.base, Philox):
            raise SchemaError(f"Antithetic.base = {shown(self.base)}: expected greeks.Philox()")

    @property
    def design(self) -> Design:
        return Design(together=2)
