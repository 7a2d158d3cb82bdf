"""The gains of a hedge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from greeks.controls.base import ControlVariate
from greeks.controls.forward import expected
from greeks.controls.path import Leg, Path
from greeks.expressions import node as n
from greeks.expressions.algebra import free_of
from greeks.expressions.fold import DATE, VALUATION, Carry, T
from greeks.expressions.functions import log, maximum, normal_cdf, sqrt
from greeks.expressions.node import ONE, ZERO, Expr, substitute

SOON = 1e-9  # years: a hedge that is set up at maturity is never used


@dataclass(frozen=True)
class DeltaHedge(ControlVariate):
    """D(T) sum_i N(d_i) (F_{i+1} - F_i): what hedging the contract's strike at its dates gains.

    F_i = S(t_i) E[S_T] / E[S(t_i)] is a martingale under the steps themselves wherever the price grows at a known rate,
    so the gains have mean 0 whatever the hedge is. It is Black-Scholes' for a call at the strike, with the volatility
    that the model has on the path then: d_i = log(F_i / K) / s + s / 2, s^2 = volatility^2 (T - t_i). Beside the
    automatic controls there is little left for it to do, so it is taken by request only.

    Examples
    --------
    >>> import greeks as gk
    >>> model = gk.Heston(spot=100.0, rate=0.03, variance=0.04, kappa=2.0, theta=0.04, xi=0.3, rho=-0.5)
    >>> payoff = gk.BarrierOption(strike=100.0, barrier=80.0, maturity=1.0, dates=12)
    >>> wanted = {"estimator": {"price": gk.Pathwise()}, "paths": 2**14}
    >>> alone, r = (gk.price(model, payoff, controls=c, **wanted) for c in ((), (gk.DeltaHedge(), gk.Forward())))
    >>> r.std_error < alone.std_error / 3
    True

    References
    ----------
    Clewlow and Carverhill (1994), "On the simulation of contingent claims"; Glasserman (2003), section 4.1.2.
    """

    name = "delta hedge"

    def legs(self, path: Path) -> Iterator[Leg]:
        found, units = expected(path), _units(path)
        if found is None or units is None or not path.averaged:
            return
        mean, carries = found
        starts = {c.symbol: c.start for c in (*path.fold.carries, *carries)}
        held, before, gains = (n.symbol(f"{what} of the hedge") for what in ("units", "price before", "gains"))
        now = path.price / mean
        hedge = (
            Carry(held, substitute(substitute(units, {DATE: VALUATION}), starts), held, held, units),
            Carry(before, ONE, before, before, now),
            Carry(gains, ZERO, gains, gains, gains + held * (now - before)),
        )
        yield path.leg(self.name, path.discount * mean * gains, (*carries, *hedge))


def _units(path: Path) -> Expr | None:
    """N(d) on a date; None where the contract has no strike, or its price no rate of growth that stays the same."""
    strike, growth, maturity = path.parameters.get("strike"), path.growth, path.parameters["maturity"]
    if strike is None or growth is None or path.log is None or path.price.size or not free_of(growth, {T}):
        return None
    left = maximum(maturity - DATE, SOON)
    loads = (substitute(b, {T: DATE}) for b in path.sde.coordinates[path.position].row)
    deviation = sqrt(sum((n.mul(b, b) for b in loads), ZERO) * left)
    units: Expr = normal_cdf((path.log + growth * left - log(strike)) / deviation + 0.5 * deviation)
    return units
