"""What an estimator makes of a contract's controls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from greeks.controls import Leg
from greeks.errors import UnsupportedError
from greeks.estimators.base import Estimator
from greeks.estimators.conditional import Conditional, Expected
from greeks.estimators.direction import Direction
from greeks.estimators.finite_difference import FiniteDifference
from greeks.estimators.greek import Vocabulary
from greeks.estimators.mean import Mean
from greeks.estimators.pathwise import Pathwise
from greeks.estimators.smoothed import Smoothed
from greeks.expressions.algebra import free_of
from greeks.expressions.fold import Fold, depending, in_words
from greeks.expressions.node import Expr, const, symbol
from greeks.expressions.tangent import DenseJacobianError
from greeks.schemes.base import Scheme

CONTROL = "control of "  # begins the names of outputs that are no samples


@dataclass(frozen=True)
class Control:
    """What an estimator makes of a leg: an output of mean 0.

    elementwise : element k is for element k of a sample. claimed : the mean is a number that somebody gave.
    """

    name: str
    label: str
    fold: Fold
    elementwise: bool
    claimed: bool


class Pantry:
    """Controls for every estimator and direction, each made once.

    exits : whether the contract may end early, where conditioning plays paths of its own. dated : whether it looks at
    the path before maturity.
    """

    def __init__(self, legs: Sequence[Leg], exits: bool, dated: bool, words: Vocabulary, scheme: Scheme) -> None:
        self.legs, self.exits, self.dated, self.words, self.scheme = legs, exits, dated, words, scheme
        self.made: dict[tuple[int, Estimator, tuple[Direction, ...]], Control | None] = {}

    def controls(self, estimator: Estimator, directions: tuple[Direction, ...]) -> tuple[Control, ...]:
        """All that may be taken off the samples of an estimator: what it makes of the legs, and the legs themselves."""
        found: dict[Expr, Control] = {}
        for ds in dict.fromkeys((directions, ())):
            for c in self._each(estimator, ds):
                found.setdefault(c.fold.outputs[c.label], c)
        return tuple(found.values())

    def first(self, estimator: Estimator) -> Control | None:
        """One of them: the first of the legs themselves."""
        return next(self._each(estimator, ()), None)

    def _each(self, estimator: Estimator, directions: tuple[Direction, ...]) -> Iterator[Control]:
        """What becomes of every leg, of which something does."""
        for k in range(len(self.legs)):
            ways = (self._made(k, by, directions) for by in self._ways(estimator, directions))
            c = next((c for c in ways if c is not None), None)
            if c is not None:
                yield c

    def _ways(self, estimator: Estimator, directions: tuple[Direction, ...]) -> tuple[Estimator, ...]:
        """The estimator itself, and what lives on the same paths; a smoothed leg has a mean that is not known.

        At maturity alone the price's own noise is all integrated out, of what bends and of what does not.
        """
        plain: Estimator = Pathwise() if directions else Mean()
        if isinstance(estimator, Conditional):
            if self.exits:
                return (estimator,)
            return (estimator, plain) if self.dated else (estimator, Expected(), plain)
        if isinstance(estimator, Smoothed) or not directions:
            return (plain,)
        return (estimator,)

    def _made(self, k: int, by: Estimator, directions: tuple[Direction, ...]) -> Control | None:
        key = (k, by, directions)
        if key not in self.made:
            self.made[key] = self._first(k, by, directions) if _honest(self.legs[k], by, directions) else None
        return self.made[key]

    def _first(self, k: int, by: Estimator, directions: tuple[Direction, ...]) -> Control | None:
        """With as little held fixed as the estimator allows."""
        leg = self.legs[k]
        for held, free in ((leg.held, leg.holdable), ({**leg.held, **leg.holdable}, {})):
            try:
                return self._make(k, by, directions, held, free)
            except (UnsupportedError, DenseJacobianError):
                continue
        return None

    def _make(
        self,
        k: int,
        by: Estimator,
        directions: tuple[Direction, ...],
        held: Mapping[Expr, Expr],
        free: Mapping[Expr, Expr],
    ) -> Control | None:
        leg = self.legs[k]
        known = self._known(leg, directions)
        moving = tuple(_moving(leg, d, known) for d in directions)
        meant = {**held, **{s: const(v) for s, v in known.values()}}
        if leg.mean is not None:
            meant[leg.mean] = const(leg.value)
        fold = self.scheme.sampled(_meaning(meant, by.apply(in_words(free, leg.fold), moving), leg.fold))
        label = f"{CONTROL}{k} {leg.name}, {'*'.join(d.label for d in directions) or 'price'} {by!r}"
        alone = replace(fold, outputs={label: fold.outputs["price"]}).pruned()
        if not _varies(alone, label):
            return None
        return Control(leg.name, label, alone, any(d.vector for d in directions), leg.mean is not None)

    def _known(self, leg: Leg, directions: tuple[Direction, ...]) -> dict[str, tuple[Expr, float]]:
        """For the directions, singly and together, the symbol of the mean's derivative and its value."""
        if leg.mean is None:
            return {}
        given = {_key(g.directions): v for name, v in leg.known.items() for g in self.words.parse(name)}
        wanted = [_key((d,)) for d in directions] + ([_key(directions)] if len(directions) > 1 else [])
        missing = [k for k in wanted if k not in given]
        if missing:
            raise UnsupportedError(f"{leg.name}: its derivative in {missing[0]} is not given")
        return {k: (symbol(f"{leg.mean} in {k}"), given[k]) for k in wanted}


def _meaning(meant: Mapping[Expr, Expr], fold: Fold, original: Fold) -> Fold:
    """The fold with symbols replaced by what they mean, and the carries of the original that this needs."""
    there = {c.symbol for c in fold.carries}
    whole = replace(fold, carries=(*fold.carries, *(c for c in original.carries if c.symbol not in there)))
    return in_words(meant, whole)


def _key(directions: Sequence[Direction]) -> str:
    return "*".join(sorted(d.label for d in directions))


def _moving(leg: Leg, d: Direction, known: Mapping[str, tuple[Expr, float]]) -> Direction:
    """The direction, in which a mean that is a number moves as it is said to."""
    if leg.mean is None:
        return d
    seeds = {**d.seeds, leg.mean: known[_key((d,))][0]}
    for k, (first, _) in known.items():
        both = "*".join(sorted((k, d.label)))
        if "*" not in k and both in known:
            seeds[first] = known[both][0]
    return replace(d, seeds=seeds)


def _honest(leg: Leg, by: Estimator, directions: tuple[Direction, ...]) -> bool:
    """Whether the mean of what the estimator makes of the leg is 0 too."""
    if leg.pathwise_only:
        return isinstance(by, (Mean, Pathwise)) and all(d.noise_score is None for d in directions)
    return leg.mean is None or not (directions and isinstance(by, FiniteDifference))


def _varies(fold: Fold, output: str) -> bool:
    """Whether an output differs from path to path."""
    noise = {z for zs in fold.noise.values() for z in zs}
    return not free_of(fold.outputs[output], depending(fold, noise) | noise)
