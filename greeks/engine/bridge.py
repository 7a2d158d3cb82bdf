"""What a path does between two dates, given both ends: a Brownian bridge.

A coordinate y with dy = a dt + b dW that goes from y0 to y1 in a time with b constant is a Brownian bridge of variance
v = b^2 dt, whatever the drift a if that is constant too. With a level at distances d0 and d1 from the ends, the
probability that it is not reached is 1 - exp(-2 d0 d1 / v), and of all else that is needed the law is known as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from greeks.expressions import node as n
from greeks.expressions.fold import DT, VALUATION, Carry, T
from greeks.expressions.node import ONE, ZERO, Expr, const, substitute, symbol
from greeks.schemes.sde import SDE

IMAGES = 5  # of a corridor in its own walls, on either side
TINY = const(1e-200)  # stands in for a variance of 0, whose bridge is a straight line

BEFORE, PACE, CLOCK, SINCE = (symbol(f"bridge_{part}") for part in ("before", "pace", "clock", "since"))


@dataclass(frozen=True)
class Bridge:
    """Coordinate `y` at the date reached and `before`, at the date left; their times; the variance in between.

    `carries` are what a path has to remember for that. All expressions are in the carries' values on the date reached,
    before it is observed.
    """

    y: Expr
    before: Expr
    since: Expr
    now: Expr
    variance: Expr
    carries: tuple[Carry, ...]

    @classmethod
    def of(cls, y: Expr, sde: SDE) -> Bridge:
        """The bridge of one coordinate; local variance that moves enters by the mean of its values at the ends."""
        local = ZERO
        for b in next(c.row for c in sde.coordinates if c.y is y):
            local = local + n.mul(b, b)
        starts = {c.y: c.start for c in sde.coordinates}
        at_start, here = substitute(local, {**starts, T: VALUATION}), substitute(local, {T: CLOCK})
        carries = [
            Carry.of(str(BEFORE), starts[y], observe=y),
            Carry.of(str(CLOCK), VALUATION, advance=CLOCK + DT),
            Carry.of(str(SINCE), VALUATION, observe=CLOCK),
        ]
        if here is not local or n.symbols(local) & starts.keys():
            carries.append(Carry.of(str(PACE), at_start, observe=here))
            local = const(0.5) * (PACE + here)
        return cls(y, BEFORE, SINCE, CLOCK, local * (CLOCK - SINCE), tuple(carries))

    def at_ends(self, level: Expr, time: Expr) -> tuple[Expr, Expr]:
        """How far above a level the ends are; one that moves in time is taken as a straight line between dates."""
        return (
            self.before - substitute(level, {time: self.since}),
            self.y - substitute(level, {time: self.now}),
        )


def avoids(bridge: Bridge, d0: Expr, d1: Expr) -> Expr:
    """P(level not reached) = 1 - exp(-2 d0 d1 / v), for ends at distances d0 and d1 on its good side, else 0."""
    return ONE - n.unary("exp", const(-2.0) * _alive(d0) * _positive(d1) / _kept_away(bridge.variance))


def stays_between(bridge: Bridge, above: tuple[Expr, Expr], below: tuple[Expr, Expr]) -> Expr:
    """P(neither of two levels reached), ends at distances `above` the lower and `below` the upper one.

    With x0, x1 above the lower level and w the width, sum over k of exp(-2 k w (k w + x1 - x0) / v) less
    exp(-2 (k w + x0) (k w + x1) / v), for |k| <= 5: right to 1e-12 where w^2 >= v / 2. A narrower corridor is survived
    with a probability below 1e-4, of which then not all digits are right.

    Source: Anderson (1960), "A modification of the sequential probability ratio test", theorem 4.2.
    """
    width = _positive(const(0.5) * (above[0] + below[0] + above[1] + below[1]))
    x0 = n.where((above[0] > ZERO) & (below[0] > ZERO), above[0], ZERO, "guard")
    x1 = n.extremum("min", _positive(above[1]), width)
    scale = const(-2.0) / _kept_away(bridge.variance)
    total = ZERO
    for k in range(-IMAGES, IMAGES + 1):
        shift = const(k) * width
        straight = n.unary("exp", scale * (shift * (shift + x1 - x0)))
        total = total + straight - n.unary("exp", scale * ((shift + x0) * (shift + x1)))
    return n.extremum("min", n.extremum("max", total, ZERO), ONE)


def extreme(bridge: Bridge, op: str, noise: Expr) -> Expr:
    """(y0 + y1 +- sqrt((y1 - y0)^2 - 2 v log U)) / 2 with U = Phi(noise): the largest or smallest value of y.

    Source: Asmussen, Glynn and Pitman (1995), "Discretization error in simulation of one-dimensional reflecting
    Brownian motion".
    """
    change = bridge.y - bridge.before
    spread = n.mul(change, change) - const(2.0) * bridge.variance * n.unary("log", n.unary("normal_cdf", noise))
    half = const(0.5) * n.unary("sqrt", spread)
    middle = const(0.5) * (bridge.before + bridge.y)
    return middle + half if op == "max" else middle - half


def when_reached(bridge: Bridge, d0: Expr, d1: Expr, noise: Expr, worth: Callable[[Expr], Expr]) -> Expr:
    """A sample of E[worth(t) | the level is reached, for the first time at t].

    In the time u = s / (1 - s), s the fraction of the step, the bridge is a Brownian motion and the level a line, which
    it reaches (given that it does) at an inverse Gaussian time: of mean |d0 / d1| and shape d0^2 / v. Its square root
    law has two roots for each draw of noise^2. Both are used, with their probabilities, instead of one by lot: so the
    sample moves smoothly with every parameter. A start beyond the level has reached it at once.

    Source: Michael, Schucany and Haas (1976), "Generating random variates using transformations with multiple roots".
    """
    start, end = _alive(d0), n.unary("abs", d1)
    drift = start * end
    spread = n.mul(noise, noise) * bridge.variance
    h = drift + const(0.5) * (spread + n.unary("sqrt", spread * (spread + const(4.0) * drift)))
    early = n.mul(start, start) / _kept_away(n.mul(start, start) + h)
    late = ONE - n.mul(end, end) / _kept_away(n.mul(end, end) + h)
    chance_of_late = drift / _kept_away(drift + h)
    length = bridge.now - bridge.since
    first, second = (worth(bridge.since + s * length) for s in (early, late))
    return first + chance_of_late * (second - first)


def _alive(d0: Expr) -> Expr:
    """A distance at the start of a step, 0 where that is beyond the level.

    No kink to be seen: who starts there has weight 0 from the step before, and today's price is no matter of chance.
    """
    return n.where(d0 > ZERO, d0, ZERO, "guard")


def _positive(x: Expr) -> Expr:
    return n.extremum("max", x, ZERO)


def _kept_away(x: Expr) -> Expr:
    """x >= 0 kept away from 0, where it divides."""
    return n.where(x > TINY, x, TINY, "guard")
