"""European options at the contract's strike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from greeks.controls.base import ControlVariate
from greeks.controls.gaussian import lognormal_call, moments, normal_call
from greeks.controls.path import Leg, Path
from greeks.expressions.functions import maximum


@dataclass(frozen=True)
class European(ControlVariate):
    """D(T) (max(S_T - K, 0) - E[max(S_T - K, 0)]), K the strike of the contract; together with `Forward` the put too.

    Known for prices that are Gaussian or lognormal.

    Examples
    --------
    >>> import greeks as gk
    >>> model = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2)
    >>> payoff = gk.BarrierOption(strike=100.0, barrier=80.0, maturity=1.0, dates=12)
    >>> alone = gk.price(model, payoff, controls=(), estimator={"price": gk.Pathwise()}, paths=2**14)
    >>> r = gk.price(model, payoff, controls=(gk.European(),), estimator={"price": gk.Pathwise()}, paths=2**14)
    >>> r.std_error < alone.std_error / 4
    True
    """

    name = "European"

    def legs(self, path: Path) -> Iterator[Leg]:
        strike = path.parameters.get("strike")
        known = moments(path, path.stepped) if path.gaussian and strike is not None else None
        if known is None or strike is None:
            return
        price = normal_call if path.log is None else lognormal_call
        mean = price(known.mean, known.variance, strike)
        yield path.leg(self.name, path.discount * (maximum(path.price - strike, 0.0) - mean), known.carries)
