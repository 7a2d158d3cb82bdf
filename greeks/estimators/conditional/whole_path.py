"""One direction of the whole path integrated out: every date's exit is then one threshold for the path's end."""

from __future__ import annotations

from dataclasses import replace

from greeks.errors import UnsupportedError
from greeks.estimators.conditional.ending import Ending, endings, price_carries
from greeks.estimators.conditional.expectation import expectation
from greeks.estimators.conditional.gaussian import Gaussian, Step
from greeks.expressions import node as n
from greeks.expressions.algebra import additive_in, free_of
from greeks.expressions.fold import Carry, Exit, Fold
from greeks.expressions.node import ZERO, Expr, const, substitute, symbol

BEYOND = 1e12  # distance over variance that no date has


def along_path(fold: Fold, ends: Exit, step: Step) -> Fold:
    """The price given how the path departs from a straight line in its variance.

    With V_i the variance of y up to date i, y_i = a_i + (V_i / V_T) y_T and a independent of the end y_T, a Gaussian.
    So the path is below l on date i where its end is below y_T + V_T (l - y_i) / V_i as simulated; the contract lives
    if the end is above the highest of these levels. A date costs one comparison, and all that is paid at maturity is
    expected over the end.

    References
    ----------
    Griewank, Kuo, Leoevey and Sloan (2018), "High dimensional integration of kinks and jumps: smoothing by
    preintegration".
    """
    y, law = step.state, step.law
    drift = None if y.size else additive_in(law.mean, y)
    if drift is None or step.at != "arrive" or not free_of(law.deviation, {y}):
        raise UnsupportedError("conditional over the path: its steps are not Gaussian, given the variance")
    _refuse(fold, ends, y)
    mean, variance = symbol(f"mean of {y}"), symbol(f"variance of {y}")
    sums = (
        Carry.of(str(mean.payload), fold.carry(y).start, arrive=mean + drift),
        Carry.of(str(variance.payload), ZERO, arrive=variance + law.deviation * law.deviation),
    )
    moving = {s for s, e in ((mean, drift), (variance, law.deviation)) if not law.fixed(e)}
    deviation = n.unary("sqrt", variance)
    end = Gaussian(law.y, (y - mean) / deviation, mean, deviation, law.random | moving)
    kept, dies = zip(
        *(_extreme(e, y, variance, end.y, k) for k, e in enumerate(endings(ends.condition, y))), strict=True
    )
    after, settled = (substitute(e, {y: end.y}) for e in (ends.after, ends.settled))
    end = replace(end, random=end.random | {c.symbol for c in kept})
    gain = settled - after
    for dead in dies:
        gain = n.where(dead, ZERO, gain)
    value = expectation(after, end) + expectation(gain, end)
    return replace(fold, carries=(*fold.carries, *sums, *kept), outputs={**fold.outputs, "price": value}, exit=None)


def _extreme(ending: Ending, y: Expr, variance: Expr, end: Expr, k: int) -> tuple[Carry, Expr]:
    """The running extreme of (l - y_i) / V_i, and the condition on the end under which the contract is over."""
    nothing = const(BEYOND if ending.above else -BEYOND)
    me = symbol(f"extreme {k} of {y}")
    ratio = ending.unless_idle((ending.level - y) / variance, nothing)
    carry = Carry.of(str(me.payload), nothing, observe=n.extremum("min" if ending.above else "max", me, ratio))
    level = y + variance * me
    return carry, n.compare("lt", level, end) if ending.above else n.compare("lt", end, level)


def _refuse(fold: Fold, ends: Exit, y: Expr) -> None:
    """Only y may tell where the path went: dates that pay, and statistics of the price, need it all."""
    others = price_carries(fold) - {y, ends.alive}
    if any(c.symbol is ends.paid for c in fold.carries):
        raise UnsupportedError("conditional over the path: amounts are paid before maturity")
    if not free_of(ends.settled - ends.after, others) or not free_of(ends.after, others):
        raise UnsupportedError("conditional over the path: the settlement depends on a statistic of the price")
    if not free_of(ends.condition, others):
        raise UnsupportedError("conditional over the path: the exit depends on a statistic of the price")
    if fold.observes_start:
        raise UnsupportedError("conditional: the contract may end today, which no noise decides; leave out the date 0")
