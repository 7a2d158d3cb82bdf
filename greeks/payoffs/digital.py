"""Binary options on the terminal price."""

from __future__ import annotations

from dataclasses import dataclass

from greeks.expressions.functions import Scalar, where
from greeks.fields import positive, real
from greeks.payoffs.base import Payoff, Stats


@dataclass(frozen=True)
class DigitalCall(Payoff):
    """`cash` if S_T > K, else 0.

    Parameters
    ----------
    strike : K, in the currency of the spot.
    maturity : T > 0, years.
    cash : amount paid.
    """

    strike: Scalar = real()
    maturity: Scalar = positive()
    cash: Scalar = real(default=1.0)

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return where(x[0] > self.strike, self.cash, 0.0)


@dataclass(frozen=True)
class DigitalPut(Payoff):
    """`cash` if S_T < K, else 0.

    Parameters
    ----------
    strike : K, in the currency of the spot.
    maturity : T > 0, years.
    cash : amount paid.
    """

    strike: Scalar = real()
    maturity: Scalar = positive()
    cash: Scalar = real(default=1.0)

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return where(x[0] < self.strike, self.cash, 0.0)


@dataclass(frozen=True)
class AssetOrNothingCall(Payoff):
    """S_T if S_T > K, else 0.

    Parameters
    ----------
    strike : K, in the currency of the spot.
    maturity : T > 0, years.
    """

    strike: Scalar = real()
    maturity: Scalar = positive()

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return where(x[0] > self.strike, x[0], 0.0)


@dataclass(frozen=True)
class AssetOrNothingPut(Payoff):
    """S_T if S_T < K, else 0.

    Parameters
    ----------
    strike : K, in the currency of the spot.
    maturity : T > 0, years.
    """

    strike: Scalar = real()
    maturity: Scalar = positive()

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return where(x[0] < self.strike, x[0], 0.0)
