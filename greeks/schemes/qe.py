"""Andersen's quadratic-exponential scheme for square-root variance."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from greeks.errors import UnsupportedError
from greeks.expressions import node as n
from greeks.expressions.algebra import free_of, linear_in, quotient
from greeks.expressions.fold import DT, T
from greeks.expressions.functions import exp, log, maximum, normal_cdf, sqrt, where
from greeks.expressions.node import ZERO, Expr, const, is_const
from greeks.expressions.trace import Parameter
from greeks.models.base import Model
from greeks.schemes.base import SteppedScheme
from greeks.schemes.sde import SDE, trace_sde
from greeks.schemes.transition import Transition, assemble

SWITCH = 1.5  # psi above which the exponential branch is used; any value in [1, 2] will do


@dataclass(frozen=True)
class QE(SteppedScheme):
    """Quadratic-exponential steps of the variance, with martingale correction of the log price.

    Applies to every model with a square-root variance dv = (a - k v) dt + xi sqrt(v) dW_v and prices
    dS = g S dt + sqrt(v) S (c_v dW_v + sum_j c_j dW_j), built in or the user's own. Mean and variance of v' given v
    are exact; with psi = Var / mean^2, v' = a (b + z)^2 where psi <= 1.5, else an exponential with an atom at 0.

    The two branches have equal means and variances where they meet, but are not the same map of z; the pathwise
    derivative ignores the difference, which is of the order of the time-step bias (Chan, Joshi and Zhu, 2010).

    Parameters
    ----------
    steps : fine steps over the life of the contract.

    References
    ----------
    Andersen (2008), "Simple and efficient simulation of the Heston stochastic volatility model", sections 3.2, 4.2.
    """

    strong_order = 1.0

    def transition(self, model: Model, parameters: Mapping[str, Parameter], observed: Collection[int]) -> Transition:
        sde = trace_sde(model, parameters, truncated=False)
        root = square_root_variance(sde)
        if root is None:
            raise UnsupportedError(
                f"{type(model).__name__} has no square-root variance that drives its prices, which QE needs; "
                "use scheme=greeks.Euler(steps=64)"
            )
        moved, branch = _variance_step(root)
        advances = [moved if i == root.position else _price_step(sde, root, i, branch) for i in range(len(sde.ys))]
        return assemble(sde, advances, observed, density="a quadratic-exponential step of the variance has no density")


@dataclass(frozen=True)
class SquareRoot:
    """dv = (level - speed v) dt + xi sqrt(v) dW_noise, at `position` among the coordinates."""

    position: int
    noise: int
    v: Expr
    z: Expr
    level: Expr
    speed: Expr
    xi: Expr


@dataclass(frozen=True)
class Branch:
    """What the price step needs to know of the variance step: v', and log E[exp(A v')] as a function of A."""

    psi: Expr
    mean: Expr
    a: Expr
    b2: Expr
    v_next: Expr

    def log_laplace(self, A: Expr) -> Expr:
        ok = self.psi <= SWITCH
        scale = 1.0 - 2.0 * A * self.a
        quadratic = A * self.b2 * self.a / scale - 0.5 * log(scale)
        p = (self.psi - 1.0) / (self.psi + 1.0)
        beta = (1.0 - p) / self.mean
        found: Expr = where(ok, quadratic, log(_guard(ok, 1.0, p + beta * (1.0 - p) / (beta - A))), continuous=True)
        return found


def _guard(used: Expr, a: n.Operand, b: n.Operand) -> Expr:
    """a where it is used, else a harmless b: each branch computes both, and must not take the root of less than 0."""
    return n.where(used, n.wrap(a), n.wrap(b), "guard")


def square_root_variance(sde: SDE) -> SquareRoot | None:
    """The variance coordinate, if there is one and every other coordinate is a log price that it drives."""
    for i, c in enumerate(sde.coordinates):
        drivers = [j for j, b in enumerate(c.row) if not is_const(b, 0.0)]
        drift = linear_in(c.drift, c.y)
        if c.logarithmic or c.y.size or len(drivers) != 1 or drift is None:
            continue
        xi = quotient(c.row[drivers[0]], n.unary("sqrt", c.y))
        if xi is None or not all(free_of(e, {T, *sde.ys}) for e in (xi, *drift)):
            continue
        root = SquareRoot(i, drivers[0], c.y, sde.noises[drivers[0]].z, drift[0], -drift[1], xi)
        if all(_loadings(sde, root, k) is not None for k in range(len(sde.ys)) if k != i):
            return root
    return None


def _loadings(sde: SDE, root: SquareRoot, i: int) -> list[Expr] | None:
    """c_j of a log price whose diffusion is sqrt(v) c_j and whose growth is free of the states."""
    c = sde.coordinates[i]
    if c.growth is None or not free_of(c.growth, {T, *sde.ys}):
        return None
    loads = [quotient(b, n.unary("sqrt", root.v)) for b in c.row]
    found = [q for q in loads if q is not None and free_of(q, {T, *sde.ys})]
    return found if len(found) == len(loads) else None


def _variance_step(root: SquareRoot) -> tuple[Expr, Branch]:
    v, z, xi2 = root.v, root.z, root.xi * root.xi
    decay = exp(-root.speed * DT)
    held = DT * n.exprel(0, -root.speed * DT)  # (1 - e^(-k dt)) / k
    mean = v * decay + root.level * held
    variance = v * (xi2 * decay * held) + root.level * (0.5 * xi2 * held * held)
    psi = variance / (mean * mean)
    ok = psi <= SWITCH
    ratio = _guard(ok, 2.0 / psi, 2.0)  # the other branch never sees it
    b2 = ratio - 1.0 + sqrt(ratio) * sqrt(ratio - 1.0)
    a = mean / (1.0 + b2)
    bent = sqrt(b2) + z
    quadratic = a * (bent * bent)
    grown = 0.5 * (psi + 1.0)
    exponential = mean * grown * maximum(-log(grown * normal_cdf(-z)), 0.0)
    v_next = where(ok, quadratic, exponential, continuous=True)
    return v_next, Branch(psi, mean, a, b2, v_next)


def _price_step(sde: SDE, root: SquareRoot, i: int, branch: Branch) -> Expr:
    """Andersen's K0* .. K4, with the trapezoid for the integrated variance."""
    c = sde.coordinates[i]
    found = _loadings(sde, root, i)
    assert found is not None and c.growth is not None
    shared, loads = found[root.noise], _own_loads(root, found)
    own = ZERO
    for load in loads.values():
        own = own + load * load
    physical = ZERO
    for load in found:
        physical = physical + load * load
    lean = shared / root.xi
    half_dt = const(0.5) * DT
    per_variance = (root.speed * lean - 0.5 * physical) * half_dt
    k1, k2, k34 = per_variance - lean, per_variance + lean, own * half_dt
    corrected = c.growth * DT - branch.log_laplace(k2 + 0.5 * k34) - (k1 + 0.5 * k34) * root.v
    volatility = n.unary("sqrt", half_dt * (root.v + branch.v_next))
    step = c.y + (corrected + k1 * root.v + k2 * branch.v_next)
    for j, load in loads.items():
        step = step + load * volatility * sde.noises[j].value
    return step


def _own_loads(root: SquareRoot, loads: list[Expr]) -> dict[int, Expr]:
    """Loads on the noises that do not drive the variance.

    The first also carries what the trapezoid leaves out: given both ends, k times the integral of v still has the
    variance v dt (k dt)^2 / 12 in units of xi^2, which the price sees through the variance's noise.
    """
    own = {j: load for j, load in enumerate(loads) if j != root.noise and not is_const(load, 0.0)}
    if own:
        first = min(own)
        missing = loads[root.noise] * root.speed * DT
        own[first] = n.unary("sqrt", n.mul(own[first], own[first]) + missing * missing * (1.0 / 12.0))
    return own
