"""The average price over the dates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from greeks.controls.base import ControlVariate
from greeks.controls.forward import expected
from greeks.controls.path import Leg, Path, running
from greeks.expressions.node import ONE


@dataclass(frozen=True)
class Average(ControlVariate):
    """D(T) (A - E[A]), A = (1/n) sum S(t_i): the discounted prices on all dates, where their means are known.

    Examples
    --------
    >>> import greeks as gk
    >>> gk.Average().name
    'average'
    """

    name = "average"

    def legs(self, path: Path) -> Iterator[Leg]:
        found = expected(path) if path.averaged else None
        if found is None:
            return
        mean, carries = found
        total, own = path.accumulated(f"sum of prices {path.stepped}", path.price)
        means = running(f"sum of expected prices {path.stepped}", mean)
        dates = running("dates", ONE)
        sample = path.discount * ((total - means.symbol) / dates.symbol)
        yield path.leg(self.name, sample, (*carries, *own, dates, means))
