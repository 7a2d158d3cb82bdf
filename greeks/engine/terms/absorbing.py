"""Exits that an author has written as statistics: once a flag has fallen, or an extreme has passed a level, it is over.

Two ways of writing a knock-out are as common as `Payoff.exits` itself:

    observe: where(S < B, alive, 0)        settle: alive * payoff
    observe: maximum(highest, S)           settle: where(highest < B, payoff, 0)

Either statistic has two values that matter, "not yet" and "absorbed", so the contract with it is the contract without
it that ends on the date of the absorption. Written so, the estimators that integrate an exit out can see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from greeks.expressions import node as n
from greeks.expressions.algebra import assuming, free_of
from greeks.expressions.fold import DATE
from greeks.expressions.node import ZERO, Expr, is_const, postorder, substitute, symbols

Amounts = tuple[Expr, ...]  # paid, settled


@dataclass(frozen=True)
class Flows:
    """A traced payoff over the symbols of what it sees."""

    seen: tuple[Expr, ...]
    stats: tuple[Expr, ...]
    start: tuple[Expr, ...]
    observe: tuple[Expr, ...]
    paid: Expr
    settled: Expr
    exits: tuple[tuple[Expr, Expr], ...]
    after: Expr


@dataclass(frozen=True)
class _Absorption:
    """On which condition a statistic is absorbed, and the amounts before that and after."""

    condition: Expr
    still: Amounts
    absorbed: Amounts


def with_exits(flows: Flows) -> Flows:
    """The same cash flows with every absorbing statistic turned into an exit, as far as exits can say it."""
    for k in range(len(flows.stats)):
        found = _absorption(flows, k)
        if found is not None:
            return with_exits(_without(flows, k, found))
    return flows


def _without(flows: Flows, k: int, found: _Absorption) -> Flows:
    rest = [i for i in range(len(flows.stats)) if i != k]
    of = (flows.stats, flows.start, flows.observe)
    stats, start, observe = (tuple(column[i] for i in rest) for column in of)
    paid, settled = found.still
    exits = (*flows.exits, (found.condition, ZERO))
    return Flows(flows.seen, stats, start, observe, paid, settled, exits, found.absorbed[1])


def _absorption(flows: Flows, k: int) -> _Absorption | None:
    """What statistic k is if it is absorbing, nothing is paid on dates once it is, and no other one looks at it."""
    stat, update = flows.stats[k], flows.observe[k]
    others = [e for i, e in enumerate(flows.observe) if i != k]
    looked_at = [flows.paid, flows.settled]
    if (
        stat.size
        or symbols(*looked_at).isdisjoint({stat})
        or not all(free_of(e, {stat}) for e in _asked(flows, others))
    ):
        return None
    found = _flag(flows, stat, flows.start[k], update) or _extreme(flows, stat, flows.start[k], update)
    if found is None or not is_const(found.absorbed[0], 0.0):
        return None
    agrees = not flows.exits or found.absorbed[1] is flows.after
    return found if agrees else None


def _asked(flows: Flows, others: Sequence[Expr]) -> list[Expr]:
    """What else sees the statistics; what earlier exits lead to must not depend on this one."""
    return [*others, *(e for pair in flows.exits for e in pair), flows.after]


def _flag(flows: Flows, stat: Expr, start: Expr, update: Expr) -> _Absorption | None:
    """`where(condition, stat, fallen)`, or `stat * where(condition, 1, 0)`: fallen once is fallen for good."""
    condition, *values = _choice(stat, update)
    if stat not in values or not free_of(condition, {stat}):
        return None
    stays, fallen = (condition, values[1]) if values[0] is stat else (_opposite(condition), values[0])
    if not free_of(fallen, {*flows.seen, *flows.stats, DATE}):
        return None
    still, over = ({stat: value} for value in (start, fallen))
    amounts = (flows.paid, flows.settled)
    return _Absorption(_opposite(stays), *(tuple(substitute(e, known) for e in amounts) for known in (still, over)))


def _choice(stat: Expr, update: Expr) -> tuple[Expr, ...]:
    """(condition, one value, the other) of an update that chooses."""
    if update.op == "mul" and stat in update.args:
        factor = next((a for a in update.args if a is not stat), stat)
        if factor.op == "where" and all(is_const(v, 0.0) or is_const(v, 1.0) for v in factor.args[1:]):
            return factor.args[0], *(ZERO if is_const(v, 0.0) else stat for v in factor.args[1:])
    return update.args if update.op == "where" and update.payload is None else (ZERO,)


def _extreme(flows: Flows, stat: Expr, start: Expr, update: Expr) -> _Absorption | None:
    """A running maximum or minimum of which one thing only is ever asked: has it passed a level that stays?"""
    if update.op not in ("max", "min") or stat not in update.args:
        return None
    price = next(a for a in update.args if a is not stat)
    asked = {c for c in postorder([flows.paid, flows.settled]) if c.op in ("lt", "le") and stat in c.args}
    if len(asked) != 1 or not free_of(price, flows.stats):
        return None
    (question,) = asked
    if any(a is not stat and not free_of(a, {*flows.seen, *flows.stats, DATE}) for a in question.args):
        return None
    passed = (question.args[1] is stat) == (update.op == "max")  # the answer once the extreme is beyond the level
    answers = [tuple(assuming(e, question, a) for e in (flows.paid, flows.settled)) for a in (not passed, passed)]
    if not all(free_of(e, {stat}) for pair in answers for e in pair):
        return None
    on_date, at_once = (substitute(question, {stat: value}) for value in (price, start))
    if not passed:
        on_date, at_once = _opposite(on_date), _opposite(at_once)
    still = tuple(n.where(at_once, over, open_) for open_, over in zip(*answers, strict=True))
    return _Absorption(on_date, still, answers[1])


def _opposite(condition: Expr) -> Expr:
    """The condition that holds where this one does not."""
    if condition.op in ("lt", "le"):
        return n.compare("le" if condition.op == "lt" else "lt", *reversed(condition.args))
    return condition.args[0] if condition.op == "not" else n.logical("not", condition)
