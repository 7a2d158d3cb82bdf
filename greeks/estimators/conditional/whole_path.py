"""One direction of the whole path integrated out: every date's exit is then one threshold for the path's end."""

from __future__ import annotations

from dataclasses import dataclass, replace

from greeks.errors import UnsupportedError
from greeks.estimators.conditional.ending import Ending, endings, price_carries
from greeks.estimators.conditional.expectation import expectation
from greeks.estimators.conditional.gaussian import Gaussian, Step
from greeks.expressions import node as n
from greeks.expressions.algebra import additive_in, free_of
from greeks.expressions.fold import Carry, Exit, Fold
from greeks.expressions.node import ZERO, Expr, const, substitute, symbol

BEYOND = 1e12  # distance over variance that no date has


@dataclass(frozen=True)
class WholePath:
    """What the path's end is drawn from, given how the path departs from a straight line in its variance.

    With V_i the variance of y up to date i, y_i = a_i + (V_i / V_T) y_T and a independent of the end y_T, a Gaussian.
    So the path is below l on date i where its end is below y_T + V_T (l - y_i) / V_i as simulated; the contract lives
    if the end is above the highest of these levels. A date costs one comparison, and all that is paid at maturity is
    expected over the end.

    mean, variance : of y given nothing but the start, which `carries` add up. end : the law of y_T.

    References
    ----------
    Griewank, Kuo, Leoevey and Sloan (2018), "High dimensional integration of kinks and jumps: smoothing by
    preintegration".
    """

    ends: Exit
    y: Expr
    mean: Expr
    variance: Expr
    end: Gaussian
    carries: tuple[Carry, ...]

    @classmethod
    def of(cls, fold: Fold, ends: Exit, step: Step) -> WholePath:
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
        return cls(ends, y, mean, variance, end, sums)

    @property
    def score(self) -> Expr:
        """(y - E y) / V: the weight by which y has started elsewhere and is on its old course from here on."""
        return (self.y - self.mean) / self.variance

    def price(self, counts: Expr | None = None, name: str = "extreme") -> tuple[Expr, tuple[Carry, ...]]:
        """The expected price, and the extremes it needs, if the contract may end on all dates or where `counts`."""
        found = [self._extreme(e, counts, f"{name} {k}") for k, e in enumerate(endings(self.ends.condition, self.y))]
        kept, dies = zip(*found, strict=True)
        after, settled = (substitute(e, {self.y: self.end.y}) for e in (self.ends.after, self.ends.settled))
        end = replace(self.end, random=self.end.random | {c.symbol for c in kept})
        gain = settled - after
        for dead in dies:
            gain = n.where(dead, ZERO, gain)
        return expectation(after, end) + expectation(gain, end), kept

    def _extreme(self, ending: Ending, counts: Expr | None, name: str) -> tuple[Carry, Expr]:
        """The running extreme of (l - y_i) / V_i, and the condition on the end under which the contract is over."""
        nothing = const(BEYOND if ending.above else -BEYOND)
        me = symbol(f"{name} of {self.y}")
        more = () if counts is None else (counts,)
        ratio = ending.unless_idle((ending.level - self.y) / self.variance, nothing, *more)
        carry = Carry.of(str(me.payload), nothing, observe=n.extremum("min" if ending.above else "max", me, ratio))
        level = self.y + self.variance * me
        return carry, n.compare("lt", level, self.end.y) if ending.above else n.compare("lt", self.end.y, level)


def along_path(fold: Fold, ends: Exit, step: Step) -> Fold:
    """The price expected over the end of the path, given how it gets there."""
    path = WholePath.of(fold, ends, step)
    value, kept = path.price()
    outputs = {**fold.outputs, "price": value}
    return replace(fold, carries=(*fold.carries, *path.carries, *kept), outputs=outputs, exit=None)


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
