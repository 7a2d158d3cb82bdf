"""What a control sees of a contract, and what it makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from greeks.expressions import node as n
from greeks.expressions.fold import Carry, Fold, needed
from greeks.expressions.node import ONE, ZERO, Expr
from greeks.expressions.uniform import uniform_carries
from greeks.payoffs.base import Payoff
from greeks.schemes.sde import SDE


@dataclass(frozen=True)
class Leg:
    """A sample of known mean: `fold` has outputs "price", of mean 0 whatever the parameters are, and "unit", 1.

    `held` are symbols in the fold and what they mean, each in terms of those before it: derivatives leave them alone,
    as the mean does; there the formula holds for a fixed event in the noise, which only derivatives along the path
    respect (`pathwise_only`). `holdable` are such symbols for which the mean is right whatever they are: they are left
    alone only where they are in the way of an estimator. `known` has the derivatives of the mean, by Greek, where it is
    a number (the symbol `mean`, of that `value`) and not a formula.
    """

    name: str
    fold: Fold
    held: Mapping[Expr, Expr] = field(default_factory=dict)
    holdable: Mapping[Expr, Expr] = field(default_factory=dict)
    pathwise_only: bool = False
    mean: Expr | None = None
    value: float = 0.0
    known: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Path:
    """The carries of a model under a scheme, and what its prices are made of.

    fold : carries and noise. price : the asset's price, a vector for several. log : its logarithm, where that is
    what is stepped. gaussian : whether that logarithm (or price) is Gaussian, its coefficients the same on all paths.
    growth : relative drift of the price, where E[S'] = S exp(growth dt) holds step by step. discount : of what is
    paid at maturity. averaged : whether the payoff looks at the path on dates. parameters : the payoff's, by name.
    sde, position : the model in the coordinates in which it is stepped, and which of them is the price. priced : the
    discounted value of another payoff on this path, given a name for its parameters.
    """

    fold: Fold
    price: Expr
    log: Expr | None
    gaussian: bool
    growth: Expr | None
    discount: Expr
    averaged: bool
    payoff: Payoff
    parameters: Mapping[str, Expr]
    sde: SDE
    position: int
    priced: Callable[[Payoff, str], Fold]

    @property
    def stepped(self) -> Expr:
        """The coordinate in which the price is stepped."""
        return self.price if self.log is None else self.log

    @property
    def uniform(self) -> frozenset[Expr]:
        """Carries that are the same on all paths."""
        return uniform_carries(self.fold)

    def leg(
        self,
        name: str,
        sample: Expr,
        carries: Iterable[Carry] = (),
        held: Mapping[Expr, Expr] | None = None,
        holdable: Mapping[Expr, Expr] | None = None,
        pathwise_only: bool = False,
    ) -> Leg:
        """A leg whose sample has mean 0, with carries of its own."""
        held, holdable = held or {}, holdable or {}
        whole = replace(self.fold, carries=(*self.fold.carries, *carries))
        fold = self.valued(whole, sample, [*held.values(), *holdable.values()])
        return Leg(name, fold, held, holdable, pathwise_only)

    def valued(self, fold: Fold, sample: Expr, others: Sequence[Expr] = ()) -> Fold:
        """A fold of such a sample, with the states whose density its path has, and what other expressions need."""
        states = () if fold.scoring is None else fold.scoring.states
        carries = needed([sample, *states, *others], fold.carries)
        return replace(fold, carries=carries, outputs={"price": sample, "unit": ONE}, exit=None)

    def accumulated(self, name: str, increment: Expr) -> tuple[Expr, tuple[Carry, ...]]:
        """The sum of an increment over the dates: the payoff's own carry where it has one, else a new one."""
        for c in self.fold.carries:
            if c.start is ZERO and c.observe is c.symbol + increment and c.advance is c.symbol and c.arrive is c.symbol:
                return c.symbol, ()
        carry = running(name, increment)
        return carry.symbol, (carry,)


def running(name: str, increment: Expr) -> Carry:
    """The carry that is the sum of an increment over the dates."""
    me = n.symbol(name, increment.size)
    return Carry(me, ZERO, me, me, me + increment)
