"""Polynomials of the Brownian motions at the end of a path, and their averages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from greeks.controls.base import ControlVariate
from greeks.controls.noise import moving_at
from greeks.controls.path import Leg, Path
from greeks.expressions import node as n
from greeks.expressions.fold import DT, Carry
from greeks.expressions.node import ONE, Expr

STEPS = n.symbol("steps of the noise")
DEGREE = 4


@dataclass(frozen=True)
class NoisePolynomials(ControlVariate):
    r"""He_k(x) / N, k = 1, ..., 4, with x = W_T / sqrt(T) and N the number of steps, and int W dt / N.

    Of every Brownian motion W that is stepped. Divided by N they are of use to P_fine - P_coarse too, on which W_T
    itself would cancel: they fall with the step there, as what they are taken off does under schemes of strong order
    one, so that coefficients hold on all grids.

    Examples
    --------
    >>> import greeks as gk
    >>> model = gk.Heston(spot=100.0, rate=0.03, variance=0.04, kappa=2.0, theta=0.04, xi=0.3, rho=-0.5)
    >>> known = (gk.Forward(), gk.LognormalTwin())
    >>> asked = {"scheme": gk.QE(steps=8), "paths": 2**14}
    >>> call = gk.Call(strike=100.0, maturity=1.0)
    >>> plain, noisy = (gk.price(model, call, controls=c, **asked) for c in (known, (*known, gk.NoisePolynomials())))
    >>> noisy.std_error < 0.6 * plain.std_error
    True

    References
    ----------
    Glasserman (2003), "Monte Carlo Methods in Financial Engineering", section 4.1.
    """

    name = "noise polynomials"

    def legs(self, path: Path) -> Iterator[Leg]:
        for z in path.fold.noise.get("advance", ()):
            end = End.of(z)
            area = n.symbol(f"area of {z}", z.size)
            carries = (*end.carries, moving_at("advance", STEPS, STEPS + ONE),
                       moving_at("advance", area, area + DT * end.after))  # fmt: skip
            for sample in (*end.polynomials(DEGREE)[1:], area):
                yield path.leg(self.name, sample / STEPS, carries, pathwise_only=True)


@dataclass(frozen=True)
class End:
    """Where the Brownian motion of a noise is: w after a time t, and w after the step that is taken."""

    w: Expr
    t: Expr
    after: Expr

    @classmethod
    def of(cls, z: Expr) -> End:
        w = n.symbol(f"path of {z}", z.size)
        return cls(w, n.symbol(f"time of {z}"), w + n.unary("sqrt", DT) * z)

    @property
    def carries(self) -> tuple[Carry, ...]:
        return moving_at("advance", self.w, self.after), moving_at("advance", self.t, self.t + DT)

    def polynomials(self, degree: int) -> list[Expr]:
        """Hermite's, He_0, ..., He_degree, of x = w / sqrt(t)."""
        x = self.w / n.unary("sqrt", self.t)
        found = [ONE, x]
        for k in range(1, degree):
            found.append(x * found[-1] - float(k) * found[-2])
        return found
