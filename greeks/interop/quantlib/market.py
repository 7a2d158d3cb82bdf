"""QuantLib's processes as our models: one rate, one yield, one volatility to the maturity of the contract.

Time runs as in QuantLib's `process.time(date)`: from the reference date of the risk-free curve, by its day counter.
The rate is r = -log P(T) / T, the yield likewise, and the volatility sqrt(w(T, K) / T), w the Black variance, so
that discount factor, forward and variance at the maturity are QuantLib's whatever its curves and day counters are.
A contract that looks at earlier dates too needs them right there as well: curves that are not flat are refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from greeks.errors import SchemaError, UnsupportedError
from greeks.interop.quantlib.library import quantlib
from greeks.models import BlackScholes, Heston

FLAT = 1e-8  # how far a rate, a yield or a volatility may vary along its curve
MONEYNESS = (0.5, 0.8, 1.0, 1.25, 2.0)  # of the spot, where a smile is looked for


@dataclass(frozen=True)
class Horizon:
    """The dates that matter to a contract, the last of them its maturity, under QuantLib's process."""

    process: Any
    dates: Sequence[Any]
    path_dependent: bool
    """Whether the contract sees the price before its maturity."""

    @property
    def maturity(self) -> float:
        return self.time(self.dates[-1])

    def time(self, date: Any) -> float:
        """Years from the reference date of the risk-free curve, by its day counter."""
        curve = self.process.riskFreeRate()
        return float(curve.dayCounter().yearFraction(curve.referenceDate(), date))

    def rate(self, curve: Any, name: str) -> float:
        """The flat rate that discounts to the maturity as the curve does."""
        _same_reference(curve, self.process.riskFreeRate(), name)
        return self._flat(lambda date: -math.log(curve.discount(date)), name)

    def volatility(self, strike: float) -> float:
        """The flat volatility of the Black variance at the maturity and the strike."""
        surface = self.process.blackVolatility()
        _same_reference(surface, self.process.riskFreeRate(), "blackVolatility")
        variance = self._flat(lambda date: surface.blackVariance(date, strike), "blackVolatility")
        if self.path_dependent:
            self._refuse_smile(surface, math.sqrt(variance))
        return math.sqrt(variance)

    def _refuse_smile(self, surface: Any, volatility: float) -> None:
        for level in (moneyness * self.process.stateVariable().value() for moneyness in MONEYNESS):
            other = math.sqrt(surface.blackVariance(self.dates[-1], level, True) / self.maturity)
            if abs(other - volatility) > FLAT:
                raise UnsupportedError(
                    f"blackVolatility is {volatility:.6g} at the strike and {other:.6g} at {level:g}: expected one "
                    "volatility, for the contract sees the whole path; give a process with ql.BlackConstantVol, or "
                    "write a local-volatility model as a greeks.Model"
                )

    def _flat(self, integral: Callable[[Any], float], name: str) -> float:
        """The slope of an integral over time, the same to all dates where the contract sees them."""
        slope = integral(self.dates[-1]) / self.maturity
        for date in self._early():
            other = integral(date) / self.time(date)
            if abs(other - slope) > FLAT:
                raise UnsupportedError(
                    f"{name} is {other:.8g} a year to {date} and {slope:.8g} to {self.dates[-1]}: expected a flat "
                    "curve with the day counter of the risk-free curve, for the contract sees the whole path; give a "
                    "process with ql.FlatForward and ql.BlackConstantVol"
                )
        return slope

    def _early(self) -> list[Any]:
        """Days before the maturity on which curves are compared: those observed, and eight spread over the life."""
        if not self.path_dependent:
            return []
        last = self.dates[-1]
        first = self.process.riskFreeRate().referenceDate()
        spread = [first + (last - first) * i // 8 for i in range(1, 8)]
        return sorted({date for date in (*self.dates[:-1], *spread) if self.time(date) > 0.0})


def model_of(horizon: Horizon, strike: float) -> BlackScholes | Heston:
    """The model of a process.

    Raises
    ------
    UnsupportedError
        If there is no such model, or a curve is not flat where it has to be.
    """
    ql, process = quantlib(), horizon.process
    if horizon.maturity <= 0.0:
        raise SchemaError(
            f"option expires on {horizon.dates[-1]}, not after the curves' reference date "
            f"{process.riskFreeRate().referenceDate()}: expected a time to expiry > 0; check the evaluation date"
        )
    rates = {
        "rate": horizon.rate(process.riskFreeRate(), "riskFreeRate"),
        "dividend": horizon.rate(process.dividendYield(), "dividendYield"),
    }
    if isinstance(process, ql.GeneralizedBlackScholesProcess):
        spot = process.stateVariable().value()
        return BlackScholes(spot=spot, volatility=horizon.volatility(strike), **rates)
    parameters = ql.HestonModel(process)  # the process itself does not tell its parameters
    return Heston(
        spot=process.s0().value(),
        variance=parameters.v0(),
        kappa=parameters.kappa(),
        theta=parameters.theta(),
        xi=parameters.sigma(),
        rho=parameters.rho(),
        **rates,
    )


def check_process(process: Any) -> None:
    """Refuse what is no process of ours, before it is asked for its curves."""
    ql = quantlib()
    jumps = isinstance(process, (ql.BatesProcess,)) or type(process).__name__ in ("Merton76Process", "HestonSLVProcess")
    if jumps or not isinstance(process, (ql.GeneralizedBlackScholesProcess, ql.HestonProcess)):
        raise UnsupportedError(
            f"process is a {type(process).__name__}: expected a BlackScholesMertonProcess or its kin, or a "
            "HestonProcess; write other dynamics as a greeks.Model, about ten lines"
        )


def _same_reference(curve: Any, other: Any, name: str) -> None:
    if curve.referenceDate() != other.referenceDate():
        raise SchemaError(
            f"{name} starts on {curve.referenceDate()}, riskFreeRate on {other.referenceDate()}: expected one "
            "reference date; build both curves from the same evaluation date"
        )
