"""European calls and puts."""

from __future__ import annotations

from dataclasses import dataclass

from greeks.expressions.functions import Scalar, maximum
from greeks.fields import positive, real
from greeks.payoffs.base import Payoff, Stats


@dataclass(frozen=True)
class Call(Payoff):
    """max(S_T - K, 0).

    Parameters
    ----------
    strike : K, in the currency of the spot.
    maturity : T > 0, years.
    """

    strike: Scalar = real()
    maturity: Scalar = positive()

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return maximum(x[0] - self.strike, 0.0)


@dataclass(frozen=True)
class Put(Payoff):
    """max(K - S_T, 0).

    Parameters
    ----------
    strike : K, in the currency of the spot.
    maturity : T > 0, years.
    """

    strike: Scalar = real()
    maturity: Scalar = positive()

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return maximum(self.strike - x[0], 0.0)
