"""One direction of the whole path integrated out, along which all its prices rise: sums over dates become smooth."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from greeks.errors import UnsupportedError
from greeks.estimators.conditional.ending import price_carries
from greeks.estimators.conditional.expectation import decides, expectation, exponentials
from greeks.estimators.conditional.gaussian import NEAREST, Gaussian, Step
from greeks.estimators.conditional.root import LEAST
from greeks.expressions import node as n
from greeks.expressions.algebra import additive_in, floored, free_of, sign_of
from greeks.expressions.constants import Positive
from greeks.expressions.fold import GRID_DATE, GRID_FINE, LEVER, SHARES, Carry, Fold
from greeks.expressions.interpolation import NODES
from greeks.expressions.node import ONE, ZERO, Expr, const, is_const, substitute, symbol

REACH = const(1.75)  # of the last logarithm along the direction: so far is the interpolation good to eight digits


def along_average(fold: Fold, step: Step) -> Fold:
    """The price given where the path lies beside a direction of all its noise.

    With levers 0 < x_1 <= ... <= x_N = 1 of the dates, steps of deviation s_m and c = 1 / sqrt(sum (dx_m / s_m)^2), the
    noise Z has a part along d_m = c dx_m / s_m, zeta = d.Z ~ N(0, 1), independent of the rest. Moving it by u moves
    the logarithms y_m by c x_m u. So sums over dates of exp(y_m) are sum_m exp(y_m) exp(c x_m u), and exp(c x u), as a
    function of x on [0, 1], is known by its values at a few points: what a path has to carry does not grow with the
    number of dates, and what is paid is expected over u ~ N(-zeta, 1), between the roots of what bends it. Levers
    are those of the average of the path (`engine.terms.grid`), which decides what an Asian option pays.

    References
    ----------
    Griewank, Kuo, Leoevey and Sloan (2018), "High dimensional integration of kinks and jumps: smoothing by
    preintegration"; for the direction, Imai and Tan (2006), "A general dimension reduction technique".
    """
    path = _Path.of(fold, step)
    touched = price_carries(fold)
    sums = [_Sum.of(c, path, fold, touched) for c in fold.carries if c.symbol in touched and c.symbol is not path.y]
    if not sums:
        raise UnsupportedError("conditional over the path: nothing is added up over dates, so that the last step does")
    counts = _counts(fold)
    value = substitute(fold.outputs["price"], {c: k.symbol for c, k in counts.items()})
    moved = substitute(value, {path.y: path.y + path.rise, **{s.statistic: s.moved for s in sums}})
    if not decides(path.law.y, moved):
        raise UnsupportedError("conditional over the path: no kink or jump of the payoff is seen to turn along it")
    random = path.law.random | {k.symbol for s in sums for k in s.carries}
    within = n.where(path.most < REACH, ONE, const(float("inf")), "guard")
    carries = (*fold.carries, *path.carries, *counts.values(), *(c for s in sums for c in s.carries))
    price = expectation(moved, replace(path.law, random=random)) * within
    return replace(
        fold,
        carries=carries,
        outputs={**fold.outputs, "price": price},
        scoring=None,
        no_density="a direction of all steps is integrated out, so that no step has a density of its own",
        integrated=True,
    )


@dataclass(frozen=True)
class _Path:
    """The logarithm y of a price, its part `since` the start, and the direction in which it is moved.

    law : of the shift u. most : c, how far u = 1 moves the last date.
    """

    y: Expr
    start: Expr
    since: Expr
    law: Gaussian
    most: Expr
    carries: tuple[Carry, ...]

    @property
    def rise(self) -> Expr:
        """How far u moves y at maturity."""
        return self.most * self.law.y

    @classmethod
    def of(cls, fold: Fold, step: Step) -> _Path:
        y, law = step.state, step.law
        drift = None if y.size else additive_in(law.mean, y)
        if drift is None or step.at != "arrive" or not law.fixed(law.deviation, drift):
            raise UnsupportedError("conditional over the path: its steps are not Gaussian with laws known beforehand")
        since, passed = symbol(f"{y} since the start"), symbol("lever passed")
        along, square = symbol(f"noise along {y}"), symbol(f"lever of {y}")
        pull = (LEVER - passed) / floored(law.deviation, const(NEAREST))
        carries = (
            Carry.of(str(since.payload), ZERO, arrive=since + drift + law.deviation * law.noise),
            Carry.of(str(passed.payload), ZERO, arrive=LEVER),
            Carry.of(str(along.payload), ZERO, arrive=along + pull * law.noise),
            Carry.of(str(square.payload), ZERO, arrive=square + pull * pull),
        )
        most = floored(ONE / n.unary("sqrt", square), const(NEAREST))
        noise = most * along
        shift = Gaussian(symbol(f"shift of {y}"), noise, -noise, ONE, law.random | {since, along})
        return cls(y, fold.carry(y).start, since, shift, most, carries)


@dataclass(frozen=True)
class _Sum:
    """A statistic that adds up something of the price on every date: what it is where the path is moved by u."""

    statistic: Expr
    moved: Expr
    carries: tuple[Carry, ...]

    @classmethod
    def of(cls, c: Carry, path: _Path, fold: Fold, touched: Collection[Expr]) -> _Sum:
        added = additive_in(c.observe, c.symbol) if c.arrive is c.symbol is c.advance and not c.symbol.size else None
        parts = None if added is None else exponentials(added, path.y)
        if parts is None:
            raise _not_a_sum(c)
        here = {*GRID_DATE, *GRID_FINE, *(k.symbol for k in fold.carries)}
        fixed = [parts.constant, parts.linear, *(e for w, shift, _ in parts.terms for e in (w, shift))]
        if not all(free_of(e, touched) for e in fixed) or not all(free_of(rate, here) for _, _, rate in parts.terms):
            raise _not_a_sum(c)
        moved, carries = c.start, list[Carry]()
        if not (is_const(parts.constant, 0.0) and is_const(parts.linear, 0.0)):
            plain, linear = symbol(f"plain {c.symbol}"), symbol(f"linear {c.symbol}")
            carries += [
                Carry.of(str(plain.payload), ZERO, observe=plain + parts.constant + parts.linear * path.y),
                Carry.of(str(linear.payload), ZERO, observe=linear + parts.linear * LEVER),
            ]
            moved = moved + plain + linear * path.rise
        for k, (weight, shift, rate) in enumerate(parts.terms):
            rising = sign_of(weight) > 0 and sign_of(rate) > 0
            name = Positive(f"rising {k} of {c.symbol}") if rising else f"exponentials {k} of {c.symbol}"
            values = symbol(name, NODES.size)
            term = weight * n.unary("exp", shift + rate * path.since)
            carries.append(replace(Carry.of(name, ZERO, NODES.size), observe=values + term * SHARES))
            powers = n.unary("exp", rate * path.most * NODES * path.law.y)
            moved = moved + floored(n.unary("exp", rate * path.start), LEAST) * n.total(values * powers)
        return cls(c.symbol, moved, tuple(carries))


def _counts(fold: Fold) -> dict[Expr, Carry]:
    """Statistics that only count the dates, under names that say that they are positive once the path has been seen."""
    found = {}
    for c in fold.carries:
        added = additive_in(c.observe, c.symbol) if c.arrive is c.advance is c.symbol else None
        if added is not None and is_const(added) and sign_of(added) > 0 and is_const(c.start) and sign_of(c.start) >= 0:
            name = Positive(f"{c.symbol} counted")
            found[c.symbol] = Carry.of(name, c.start, observe=symbol(name) + added)
    return found


def _not_a_sum(c: Carry) -> UnsupportedError:
    return UnsupportedError(f"conditional over the path: {c.symbol} is no sum, over dates, of powers of the price")
