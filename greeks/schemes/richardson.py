"""Extrapolation in the time step."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from greeks.errors import SchemaError
from greeks.expressions.fold import Fold
from greeks.expressions.node import Expr, const
from greeks.expressions.trace import Parameter
from greeks.models.base import Model
from greeks.schemes.base import Scheme, SteppedScheme
from greeks.schemes.coupling import Outputs, side_by_side
from greeks.schemes.transition import Transition

HALVES = 2
COARSER = 2  # grids beside the finest: one to extrapolate from, one more to see what that leaves


@dataclass(frozen=True)
class Richardson(Scheme):
    """2 P_h - P_2h, with P_h the sample on steps of length h: what is left of a bias c h + O(h^2) is O(h^2).

    The grids share their Brownian path, so that the variance stays that of one path. A third, 4 h, is simulated with
    them: the same extrapolation from 4 h and 2 h shows what bias is left, (R_2h - R_h) / 3 if it is c h^2, in
    `Estimate.bias`. Prices and all Greeks, whatever their estimator.

    Parameters
    ----------
    scheme : the scheme to be extrapolated, of weak order one in the step: `Euler(steps=64)`, `Milstein(steps=64)` or
        `QE(steps=16)`. Its steps are those of the finest grid, rounded up to a multiple of 4 between any two dates.

    Raises
    ------
    SchemaError : `scheme` has no steps.

    Examples
    --------
    >>> import greeks as gk
    >>> model = gk.CEV(spot=100.0, rate=0.05, sigma=2.0, beta=0.5)
    >>> call = gk.Call(strike=100.0, maturity=1.0)  # 10.4539, by Schroder's formula
    >>> plain = gk.price(model, call, scheme=gk.Milstein(steps=4), paths=2**20, seed=1)
    >>> better = gk.price(model, call, scheme=gk.Richardson(gk.Milstein(steps=4)), paths=2**20, seed=1)
    >>> 4.0 * abs(better.value - 10.4539) < abs(plain.value - 10.4539)
    True

    References
    ----------
    Talay and Tubaro (1990), "Expansion of the global error for numerical schemes solving stochastic differential
    equations"; Glasserman (2003), section 6.2.4.
    """

    scheme: SteppedScheme
    several_grids = True

    def __post_init__(self) -> None:
        check_stepped("Richardson", self.scheme)

    @property
    def inner(self) -> Scheme:
        return self.scheme

    def transition(self, model: Model, parameters: Mapping[str, Parameter], observed: Collection[int]) -> Transition:
        return self.scheme.transition(model, parameters, observed)

    def substeps(self, interval: float, horizon: float) -> int:
        parts: int = HALVES**COARSER
        return -(-self.scheme.substeps(interval, horizon) // parts)

    def sampled(self, fold: Fold) -> Fold:
        chains = side_by_side(fold, HALVES, COARSER)
        coarse, middle, fine = chains.outputs
        first, second = _extrapolated(coarse, middle), _extrapolated(middle, fine)
        left = const(1.0 / (HALVES**2 - 1)) * (first["price"] - second["price"])
        known = second.get("bias")
        return chains.combined({**fine, **second, "bias": left if known is None else left + known})


def _extrapolated(coarse: Outputs, fine: Outputs) -> dict[str, Expr]:
    """Every sample at no step at all, if it is linear in the step."""
    weight = const(1.0 / (HALVES - 1))
    samples = [k for k in fine if k in ("price", "unit", "bias")]
    return {k: fine[k] + weight * (fine[k] - coarse[k]) for k in samples}


def check_stepped(name: str, scheme: object) -> None:
    """Refuse what has no step to be refined."""
    if not isinstance(scheme, SteppedScheme):
        raise SchemaError(
            f"{name}.scheme = {scheme!r:.80}: expected a scheme with time steps, such as greeks.Euler(steps=4); one "
            "without steps has no time-step bias"
        )
