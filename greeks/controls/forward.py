"""The discounted price at maturity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from greeks.controls.base import ControlVariate
from greeks.controls.gaussian import moments
from greeks.controls.path import Leg, Path
from greeks.expressions import node as n
from greeks.expressions.fold import DT, Carry
from greeks.expressions.functions import exp
from greeks.expressions.node import Expr


@dataclass(frozen=True)
class Forward(ControlVariate):
    """D(T) (S_T - E[S_T]), of every asset: the discounted price less its carry is a martingale.

    Known where the price's logarithm is stepped with a relative drift that is the same on all paths, under the steps
    themselves and not only in their limit: Black-Scholes, Heston by `Euler` and `QE`, and all Gaussian prices.

    Examples
    --------
    >>> import greeks as gk
    >>> model = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2)
    >>> payoff = gk.LookbackPut(maturity=1.0, dates=12)
    >>> alone = gk.price(model, payoff, controls=(), paths=2**14)
    >>> gk.price(model, payoff, controls=(gk.Forward(),), paths=2**14).std_error < alone.std_error
    True
    """

    name = "forward"

    def legs(self, path: Path) -> Iterator[Leg]:
        found = expected(path)
        if found is not None:
            mean, carries = found
            yield path.leg(self.name, path.discount * (path.price - mean), carries)


def expected(path: Path) -> tuple[Expr, tuple[Carry, ...]] | None:
    """E[S] now, and the carries that it is."""
    if path.growth is not None and path.log is not None:
        e = n.symbol(f"expected exp({path.log})", path.price.size)
        start = exp(path.fold.carry(path.log).start)
        return e, (Carry(e, start, e * exp(path.growth * DT), e, e),)
    known = moments(path, path.stepped) if path.gaussian else None
    if known is None:
        return None
    mean = known.mean if path.log is None else exp(known.mean + 0.5 * known.variance)
    return mean, known.carries
