"""Continuous monitoring: a payoff's exits and running extremes between dates, as those of Brownian bridges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from greeks.engine.terms.bridge import POSITION, Bridge, Line, avoids, extreme, lines, stays_between, when_reached
from greeks.errors import UnsupportedError
from greeks.expressions.algebra import free_of
from greeks.expressions.fold import DATE, Carry, T
from greeks.expressions.levels import threshold
from greeks.expressions.node import ONE, ZERO, Expr, const, extremum, index, is_const, substitute, symbol, unary
from greeks.schemes.base import Scheme
from greeks.schemes.exact import Exact
from greeks.schemes.sde import SDE

LOWEST = const(1e-300)  # a price that none is below, and that has a logarithm

Update = tuple[Expr, Expr, Expr]
"""A statistic: its symbol, its start, and what an observation turns it into."""


@dataclass(frozen=True)
class Watched:
    """What one step of a path does to a payoff that is watched all the time."""

    carries: tuple[Carry, ...]
    survival: Expr = ONE  # the probability that the contract does not end in the step
    worth: Expr = ZERO  # of what is paid if it does
    noise: tuple[Expr, ...] = ()
    unmoved: tuple[Expr, Expr, Expr] | None = None  # (probability, statistic, start): that it is still at its start


@dataclass(frozen=True)
class _Barrier:
    """A level of a price: the contract ends above it or below it, paying an amount (both in POSITION)."""

    of: Line
    level: Expr
    above: bool
    amount: Expr

    def distances(self, bridge: Bridge) -> tuple[Expr, Expr]:
        """How far from the level the ends of a step are, on the side where the contract lives."""
        d0, d1 = bridge.at_ends(self.level, DATE)
        return (-d0, -d1) if self.above else (d0, d1)


@dataclass(frozen=True)
class Watch:
    """The watch over one payoff, called `payoff` in messages, under a traced model and its scheme.

    `sde` are the dynamics as they are stepped, `today` those without truncation, which hold for today's states.
    """

    payoff: str
    sde: SDE
    today: SDE
    scheme: Scheme
    discount: Expr  # the worth of 1 paid on DATE

    def over(self, stats: Sequence[Update], exits: Sequence[tuple[Expr, Expr]], paid: Expr) -> Watched:
        """Statistics, (condition, amount) pairs and what is paid on dates, all in the coordinates of the model."""
        if not is_const(paid, 0.0):
            raise self._refusal("an amount paid on dates has no dates to be paid on")
        changing = [u for u in stats if u[2] is not u[0]]
        if changing and exits:
            raise self._refusal("exits and a running extreme at once have no simple joint law")
        carries = [Carry.of(str(s.payload), start, s.size) for s, start, after in stats if after is s]
        if changing:
            return self._extremes(changing, carries)
        return self._exits(exits, carries) if exits else Watched(tuple(carries))

    # running extremes ---------------------------------------------------------------------------------------
    def _extremes(self, updates: Sequence[Update], carries: list[Carry]) -> Watched:
        found = [self._running(*u) for u in updates]
        if len(updates) > 1 and not all(f[0] == found[0][0] and f[1] is found[0][1] for f in found):
            raise self._refusal("two running extremes at once have no simple joint law")
        op, line = found[0]
        bridge, noise = self._bridge(line), self._noise()
        if isinstance(self.scheme, Exact) and len(updates) == 1:
            return self._one_step(updates[0], op, line, bridge, carries)
        reached = substitute(line.shape, {POSITION: extreme(bridge, op, index(noise, 0))})
        kept = (Carry.of(str(s.payload), start, observe=substitute(e, {line.seen: reached})) for s, start, e in updates)
        return Watched((*bridge.carries, *carries, *kept), noise=(noise,))

    def _one_step(self, update: Update, op: str, line: Line, bridge: Bridge, carries: list[Carry]) -> Watched:
        """In a single step both outcomes are drawn: the extreme before stays with its probability, or a new one."""
        (stat, start, _), noise = update, self._noise()
        level = unary("log", extremum("max", start, LOWEST)) if line.logarithmic else start
        d0, d1 = bridge.at_ends(level, DATE)
        distances = (-d0, -d1) if op == "max" else (d0, d1)
        reached = substitute(line.shape, {POSITION: extreme(bridge, op, index(noise, 0), distances)})
        new = Carry.of(str(stat.payload), start, observe=reached)
        stays = Carry.of("stays", ZERO, observe=avoids(bridge, *distances))
        return Watched((*bridge.carries, *carries, new, stays), noise=(noise,), unmoved=(stays.symbol, stat, start))

    def _running(self, stat: Expr, start: Expr, after: Expr) -> tuple[str, Line]:
        """("max" or "min", price) of a statistic that keeps the highest or lowest value of a price."""
        seen = [line for line in self.prices if after.op in ("max", "min") and {*after.args} == {stat, line.seen}]
        if not seen or stat.size:
            raise self._refusal(
                f"observe turns {stat} into {after}: only the running maximum or minimum of a price, "
                "greeks.maximum(stats[0], x[0]), is known between dates"
            )
        return after.op, seen[0]

    # exits --------------------------------------------------------------------------------------------------
    def _exits(self, exits: Sequence[tuple[Expr, Expr]], carries: list[Carry]) -> Watched:
        barriers = [b for condition, amount in exits for b in self._barriers(condition, amount)]
        if len({b.of.y for b in barriers}) > 1 or len({b.above for b in barriers}) < len(barriers):
            raise self._refusal("more than one upper and one lower level, or levels of two prices")
        bridge = self._bridge(barriers[0].of)
        carries = [*bridge.carries, *carries]
        if len(barriers) == 2:
            lower, upper = sorted(barriers, key=lambda b: b.above)
            if not all(is_const(b.amount, 0.0) for b in barriers):
                raise self._refusal("the time at which one of two levels is reached first is not simulated")
            survival = stays_between(bridge, lower.distances(bridge), upper.distances(bridge))
            return Watched(tuple(carries), survival)
        distances = barriers[0].distances(bridge)
        survival = avoids(bridge, *distances)
        if is_const(barriers[0].amount, 0.0):
            return Watched(tuple(carries), survival)
        noise = self._noise()
        worth = when_reached(bridge, *distances, index(noise, 0), lambda t: self._worth(barriers[0], t))
        return Watched(tuple(carries), survival, worth, (noise,))

    def _barriers(self, condition: Expr, amount: Expr) -> list[_Barrier]:
        if condition.op == "or":
            return [b for part in condition.args for b in self._barriers(part, amount)]
        states = set(self.sde.ys)
        for line in self.prices:
            solved, paid = (substitute(e, {line.seen: line.shape}) for e in (condition, amount))
            found = threshold(solved, POSITION)
            if found and free_of(found[0], states):
                if not free_of(paid, states):
                    raise self._refusal("the amount paid on exit depends on more than the price that decides it")
                return [_Barrier(line, *found, paid)]
        raise self._refusal(f"the exit {condition} is not a price against a level, such as x[0] <= self.barrier")

    def _worth(self, barrier: _Barrier, time: Expr) -> Expr:
        """Of the amount paid at a time, when the price is at the level."""
        level = substitute(barrier.level, {DATE: time})
        return substitute(barrier.amount * self.discount, {DATE: time, POSITION: level})

    @cached_property
    def prices(self) -> list[Line]:
        """The prices that may be watched."""
        return lines(self.sde, self.today)

    def _noise(self) -> Expr:
        """One normal more a step; drawn in pairs where the model's own noise is a vector."""
        return symbol("n_bridge", 2 if any(y.size for y in self.sde.ys) else 0)

    def _bridge(self, line: Line) -> Bridge:
        moving = {T, *self.sde.ys}
        if isinstance(self.scheme, Exact) and not all(free_of(e, moving) for e in (line.drift, *line.row)):
            raise UnsupportedError(
                f"{self.payoff}.dates = None: between the ends of an exact step {type(self.sde.model).__name__} is no "
                "Brownian bridge, for its coefficients depend on the state or on time; use "
                "scheme=greeks.Euler(steps=64), whose steps are"
            )
        return Bridge.of(line, self.sde)

    def _refusal(self, reason: str) -> UnsupportedError:
        return UnsupportedError(
            f"{self.payoff}.dates = None: {reason}; give the monitoring dates, dates=252 for daily over a year"
        )
