"""Another contract on the same path whose price is known."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from greeks.controls.base import ControlVariate
from greeks.controls.path import Leg, Path
from greeks.expressions import node as n
from greeks.payoffs.base import Payoff


@dataclass(frozen=True)
class KnownPayoff(ControlVariate):
    """C = discounted payoff - price, for a payoff whose price, and Greeks as far as they are given, are known.

    A Greek without an entry in `greeks` is controlled by C itself, but not by C's derivative. The price must be that
    under the scheme that is simulated: what the time steps of a scheme change in it would go into the estimate, and a
    price that the paths contradict is refused.

    Parameters
    ----------
    payoff : a contract with the maturity of the one that is priced, and its dates or none.
    price : its price.
    greeks : its Greeks, by the names that are asked for.

    Examples
    --------
    >>> import greeks as gk
    >>> model = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2)
    >>> call = gk.KnownPayoff(gk.Call(strike=110.0, maturity=1.0), price=6.040088129724239, greeks={"delta": 0.4496473})
    >>> r = gk.sensitivities(model, gk.LookbackCall(maturity=1.0, dates=12), ["delta"], controls=(call,), paths=2**14)
    >>> "known payoff" in r["delta"].reason
    True

    Raises
    ------
    UnsupportedError : the payoff has another maturity, or other dates.
    EstimationError : the mean over the paths is not the price, beyond all chance.
    """

    payoff: Payoff
    price: float
    greeks: Mapping[str, float] = field(default_factory=dict)
    name = "known payoff"

    def __hash__(self) -> int:
        return hash((self.payoff, self.price, tuple(sorted(self.greeks.items()))))

    def legs(self, path: Path) -> Iterator[Leg]:
        mark = hashlib.sha256(repr(self).encode()).hexdigest()[:12]  # the same in every process
        fold = path.priced(self.payoff, mark)
        mean = n.symbol(f"known price {mark}")
        sample = fold.outputs["price"] - mean
        yield Leg(self.name, path.valued(fold, sample), mean=mean, value=self.price, known=dict(self.greeks))
