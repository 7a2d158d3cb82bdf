"""What a path does between two dates, given both ends: a Brownian bridge.

A coordinate y with dy = a dt + b dW that goes from y0 to y1 in a time with b constant is a Brownian bridge of variance
v = b^2 dt, whatever the drift a if that is constant too. With a level at distances d0 and d1 from the ends, the
probability that it is not reached is 1 - exp(-2 d0 d1 / v), and of all else that is needed the law is known as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from greeks.expressions import node as n
from greeks.expressions.algebra import free_of
from greeks.expressions.fold import DT, VALUATION, Carry, T
from greeks.expressions.node import ONE, ZERO, Expr, const, substitute, symbol
from greeks.schemes.sde import SDE

SERIES, NARROW = 4, 1.2  # terms of the two series of a corridor, and the w^2 / v below which the second is used
TINY = const(1e-200)  # stands in for a variance of 0, whose bridge is a straight line

POSITION = symbol("position")  # of the price, in the coordinate in which it is stepped
BEFORE, PACE, CLOCK, SINCE = (symbol(f"bridge_{part}") for part in ("before", "pace", "clock", "since"))


@dataclass(frozen=True)
class Line:
    """One price that a payoff may watch, in the coordinate y in which it is stepped.

    seen : the price as the payoff sees it. shape : the same as a function of POSITION, in place of y.
    drift, row : as of the coordinate. variance, variance_today : d<y>/dt, and with no state truncated, as today's need
    not be.
    """

    y: Expr
    start: Expr
    seen: Expr
    shape: Expr
    logarithmic: bool
    drift: Expr
    row: tuple[Expr, ...]
    variance: Expr
    variance_today: Expr


def lines(sde: SDE, today: SDE) -> list[Line]:
    """Every price of a model, each asset of several by itself."""
    found = []
    for c, untruncated in zip(sde.coordinates, today.coordinates, strict=True):
        shape = substitute(c.value, {c.y: POSITION})
        for k in range(max(c.y.size, 1)):
            drift, *row = (n.index(e, k) for e in (c.drift, *c.row))
            variance, before = (_squares(n.index(b, k) for b in each.row) for each in (c, untruncated))
            y, start, seen = (n.index(e, k) for e in (c.y, c.start, c.value))
            found.append(Line(y, start, seen, shape, c.logarithmic, drift, tuple(row), variance, before))
    return found


def _squares(row: Iterable[Expr]) -> Expr:
    """d<y>/dt = sum_j b_j^2."""
    total = ZERO
    for b in row:
        total = total + n.mul(b, b)
    return total


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
    def of(cls, line: Line, sde: SDE) -> Bridge:
        """The bridge of one line; local variance that moves enters by the mean of its values at the ends."""
        moving = set(sde.ys)
        at_start = substitute(line.variance_today, {**{c.y: c.start for c in sde.coordinates}, T: VALUATION})
        local, here = line.variance, substitute(line.variance, {T: CLOCK})
        carries = [
            Carry.of(str(BEFORE), line.start, observe=line.y),
            Carry.of(str(CLOCK), VALUATION, advance=CLOCK + DT),
            Carry.of(str(SINCE), VALUATION, observe=CLOCK),
        ]
        if here is not local or not free_of(local, moving):
            carries.append(Carry.of(str(PACE), at_start, observe=here))
            local = const(0.5) * (PACE + here)
        return cls(line.y, BEFORE, SINCE, CLOCK, local * (CLOCK - SINCE), tuple(carries))

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
    """P(neither of two levels reached), ends at distances `above` the lower and `below` the upper one, else 0.

    With x0, x1 above the lower level and w the width, by images: the sum over k of exp(-2 k w (k w + x1 - x0) / v) less
    exp(-2 (k w + x0) (k w + x1) / v); where w^2 < 1.2 v by modes: the sum over m of sin(m pi x0 / w) sin(m pi x1 / w)
    exp(-m^2 pi^2 v / 2 w^2), times 2 / w over the density of x1 - x0. Either, cut at |k| <= 4 and m <= 4, is right to
    the rounding of double precision where it is used.

    Source: Anderson (1960), "A modification of the sequential probability ratio test"; Karatzas and Shreve (1991),
    section 2.8.
    """
    inside = (above[0] > ZERO) & (below[0] > ZERO)
    width = n.where(inside, const(0.5) * (above[0] + below[0] + above[1] + below[1]), ONE, "guard")
    x0 = n.where(inside, above[0], ZERO, "guard")
    x1 = n.extremum("min", _positive(above[1]), width)
    v = _kept_away(bridge.variance)
    narrow = n.mul(width, width) < const(NARROW) * v
    return n.where(narrow, _by_modes(x0, x1, width, v), _by_images(x0, x1, width, v), "guard")


def _by_images(x0: Expr, x1: Expr, width: Expr, v: Expr) -> Expr:
    scale, total = const(-2.0) / v, ZERO
    for k in range(-SERIES, SERIES + 1):
        shift = const(k) * width
        straight = n.unary("exp", scale * (shift * (shift + x1 - x0)))
        total = total + straight - n.unary("exp", scale * ((shift + x0) * (shift + x1)))
    return total


def _by_modes(x0: Expr, x1: Expr, width: Expr, v: Expr) -> Expr:
    pi, change, total = const(math.pi), x1 - x0, ZERO
    decay = const(-0.5 * math.pi**2) * v / n.mul(width, width)
    for m in range(1, SERIES + 1):
        waves = [n.unary("sin", const(m) * pi * x / width) for x in (x0, x1)]
        total = total + waves[0] * waves[1] * n.unary("exp", const(m * m) * decay + n.mul(change, change) / (2.0 * v))
    return total * (2.0 * n.unary("sqrt", 2.0 * pi * v) / width)


def extreme(bridge: Bridge, op: str, noise: Expr, beyond: tuple[Expr, Expr] = (ZERO, ZERO)) -> Expr:
    """(y0 + y1 +- sqrt((y1 - y0)^2 - 2 v log U)) / 2 with U = Phi(noise): the largest or smallest value of y.

    Given that it lies beyond a level from which the ends are at distances d0, d1: with 4 d0 d1 more under the root.

    Source: Asmussen, Glynn and Pitman (1995), "Discretization error in simulation of one-dimensional reflecting
    Brownian motion".
    """
    change, gap = bridge.y - bridge.before, _alive(beyond[0]) * _positive(beyond[1])
    spread = n.mul(change, change) - const(2.0) * bridge.variance * n.unary("log", n.unary("normal_cdf", noise))
    half = const(0.5) * n.unary("sqrt", spread + const(4.0) * gap)
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
