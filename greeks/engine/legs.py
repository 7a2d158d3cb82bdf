"""The controls of a contract: what each of them is on its path, and what an estimator makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from greeks.controls import AUTOMATIC, ControlVariate, Leg, Path
from greeks.engine.contract import Contract, pricing_fold
from greeks.engine.grid import GridShape
from greeks.errors import SchemaError, UnsupportedError
from greeks.estimators.base import Estimator
from greeks.estimators.conditional import Conditional
from greeks.estimators.direction import Direction
from greeks.estimators.finite_difference import FiniteDifference
from greeks.estimators.greek import Vocabulary
from greeks.estimators.mean import Mean
from greeks.estimators.pathwise import Pathwise
from greeks.estimators.smoothed import Smoothed
from greeks.expressions import fold as f
from greeks.expressions.algebra import free_of
from greeks.expressions.fold import Fold, depending
from greeks.expressions.node import ZERO, Expr, const, substitute, symbol
from greeks.expressions.tangent import DenseJacobianError
from greeks.expressions.trace import called, number, parameters, traced
from greeks.expressions.uniform import uniform_carries
from greeks.payoffs.base import Payoff, is_continuous, year_fractions
from greeks.schemes.base import Scheme
from greeks.schemes.euler import Euler
from greeks.schemes.exact import constant_coefficients
from greeks.schemes.qe import QE
from greeks.schemes.sde import SDE, trace_sde

CONTROL = "control of "  # begins the names of outputs that are no samples
Controls = str | tuple[ControlVariate, ...]
MANY = 64  # elements beyond which a vector is no control: a pilot could not tell its coefficients


def check_controls(controls: object) -> None:
    """Refuse what is neither "auto" nor controls."""
    found = controls if isinstance(controls, tuple) else None
    if controls == "auto" or (found is not None and all(isinstance(c, ControlVariate) for c in found)):
        return
    raise SchemaError(
        f'controls = {controls!r:.80}: expected "auto", () for none, or a tuple of controls such as '
        "(greeks.European(), greeks.Forward())"
    )


def legs_of(contract: Contract, scheme: Scheme, priced: Fold, controls: Controls, shape: GridShape) -> tuple[Leg, ...]:
    """The legs of a contract, none where closed forms leave nothing to control."""
    if not controls or is_continuous(contract.payoff) or scheme.several_grids:
        return ()
    path = _Seen(contract, scheme, priced).path(shape.any_observed)
    if controls == "auto" and shape.single and path.gaussian and not path.price.size:
        return ()
    found = [leg for c in (AUTOMATIC if isinstance(controls, str) else controls) for leg in c.legs(path)]
    return tuple(leg for leg in found if leg.fold.outputs["price"].size <= MANY)


@dataclass(frozen=True)
class _Seen:
    """A contract under a scheme, traced again for its controls."""

    contract: Contract
    scheme: Scheme
    priced: Fold

    def path(self, dated: bool) -> Path:
        """What controls see."""
        contract = self.contract
        model = traced(contract.model, {k: p.symbol for k, p in contract.model_parameters.items()})
        sde = trace_sde(model, contract.model_parameters)
        step = self.scheme.transition(model, contract.model_parameters, {0})
        if not set(step.carries) <= set(self.priced.carries):  # the payoff sees more than the price
            step = self.scheme.transition(model, contract.model_parameters, set(range(len(sde.ys))))
        carries = tuple(dict.fromkeys((*step.carries, *self.priced.carries)))
        fold = Fold(carries, {}, step.scoring, step.no_density, step.noise, self.priced.observes_start)
        price = step.visible[0]
        log = price.args[0] if price.op == "exp" and price.args[0].op == "symbol" else None
        maturity = contract.payoff_parameters["maturity"].symbol
        then, now = (number(model, "discount", called(model, "discount", t)) for t in (maturity, f.VALUATION))
        return Path(
            fold,
            price,
            log,
            _moved_alone(fold, price if log is None else log),
            None if log is None else self._growth(sde),
            then / now,
            dated,
            contract.payoff,
            {p.field: p.symbol for p in contract.payoff_parameters.values()},
            sde,
            0,
            self.other,
        )

    def _growth(self, sde: SDE) -> Expr | None:
        """The relative drift of a price that grows by it in every step of the scheme, not only in the limit."""
        growth = sde.coordinates[0].growth
        faithful = isinstance(self.scheme, (Euler, QE)) or constant_coefficients(sde)
        return growth if faithful and growth is not None and free_of(growth, sde.ys) else None

    def other(self, payoff: Payoff, mark: str) -> Fold:
        """The discounted value of another payoff on the same path, its parameters numbers."""
        self._check(payoff)
        contract = Contract(self.contract.model, payoff)
        fold = pricing_fold(contract, self.scheme, bool(year_fractions(payoff)), self.priced.observes_start)
        numbers = {p.symbol: const(p.values[0]) for p in contract.payoff_parameters.values()}
        return _apart(_in(numbers, replace(fold, exit=None).pruned()), mark, self.priced)

    def _check(self, payoff: Payoff) -> None:
        name, mine = type(payoff).__name__, self.contract.payoff
        if float(payoff.maturity) != float(mine.maturity):  # type: ignore[attr-defined]
            raise UnsupportedError(
                f"a control that pays {name} at maturity {payoff.maturity!r}, where the contract ends at "  # type: ignore[attr-defined]
                f"{mine.maturity!r}: give it the same maturity"  # type: ignore[attr-defined]
            )
        if is_continuous(payoff) or year_fractions(payoff) not in ((), year_fractions(mine)):
            raise UnsupportedError(
                f"a control that pays {name} on other dates than the contract: give it the same dates"
            )
        if any(p.size or p.rows for p in parameters(payoff).values()):
            raise UnsupportedError(f"a control that pays {name} with a vector for a parameter: give it plain numbers")


def _moved_alone(fold: Fold, y: Expr) -> bool:
    """Whether all that moves the price but its own noise is the same on all paths."""
    if y.op != "symbol":
        return False
    carry, others = fold.carry(y), {c.symbol for c in fold.carries} - uniform_carries(fold) - {y}
    return free_of(carry.advance, others) and free_of(carry.arrive, others)


def _apart(fold: Fold, mark: str, priced: Fold) -> Fold:
    """The fold with names of its own for what is not the contract's too."""
    shared = {c.symbol for c in fold.carries if c in priced.carries}
    names = {c.symbol: symbol(f"{c.symbol} {mark}", c.symbol.size) for c in fold.carries if c.symbol not in shared}
    fold = _in(names, fold)
    return replace(fold, carries=tuple(replace(c, symbol=names.get(c.symbol, c.symbol)) for c in fold.carries))


def _in(names: Mapping[Expr, Expr], fold: Fold) -> Fold:
    """The fold in other symbols, but for those of the carries themselves."""
    carries = tuple(c.changed(lambda e: substitute(e, names)) for c in fold.carries)
    return replace(fold, carries=carries, outputs={k: substitute(e, names) for k, e in fold.outputs.items()})


@dataclass(frozen=True)
class Control:
    """What an estimator makes of a leg: an output of mean 0. `elementwise`: element k is for element k of a sample."""

    name: str
    label: str
    fold: Fold
    elementwise: bool
    claimed: bool = False  # whether its mean is a number that somebody gave


class Pantry:
    """Controls for every estimator and direction, each made once."""

    def __init__(self, legs: Sequence[Leg], exits: bool, words: Vocabulary) -> None:
        self.legs, self.exits, self.words = legs, exits, words
        self.made: dict[tuple[int, Estimator, tuple[Direction, ...]], Control | None] = {}

    def controls(self, estimator: Estimator, directions: tuple[Direction, ...]) -> tuple[Control, ...]:
        """All that may be taken off the samples of an estimator: what it makes of the legs, and the legs themselves."""
        found: dict[Expr, Control] = {}
        for ds in dict.fromkeys((directions, ())):
            for k in range(len(self.legs)):
                c = next((c for by in self._ways(estimator, ds) if (c := self._made(k, by, ds)) is not None), None)
                if c is not None:
                    found.setdefault(c.fold.outputs[c.label], c)
        return tuple(found.values())

    def _ways(self, estimator: Estimator, directions: tuple[Direction, ...]) -> tuple[Estimator, ...]:
        """The estimator itself, and what lives on the same paths; a smoothed leg has a mean that is not known."""
        plain: Estimator = Pathwise() if directions else Mean()
        if isinstance(estimator, Conditional):
            return (estimator,) if self.exits else (estimator, plain)
        if isinstance(estimator, Smoothed) or not directions:
            return (plain,)
        return (estimator,)

    def _made(self, k: int, by: Estimator, directions: tuple[Direction, ...]) -> Control | None:
        key = (k, by, directions)
        if key not in self.made:
            try:
                self.made[key] = self._make(k, by, directions)
            except (UnsupportedError, DenseJacobianError):
                self.made[key] = None
        return self.made[key]

    def _make(self, k: int, by: Estimator, directions: tuple[Direction, ...]) -> Control | None:
        leg = self.legs[k]
        if not _honest(leg, by, directions):
            return None
        known = self._known(leg, directions)
        fold = by.apply(leg.fold, tuple(_moving(leg, d, known) for d in directions))
        numbers = {} if leg.mean is None else {leg.mean: const(leg.value), **{s: const(v) for s, v in known.values()}}
        label = f"{CONTROL}{k} {leg.name}, {'*'.join(d.label for d in directions) or 'price'} {by!r}"
        outcome = substitute(fold.outputs["price"], numbers)
        alone = replace(_in(numbers, fold), outputs={label: outcome}).pruned()
        return (
            Control(leg.name, label, alone, any(d.vector for d in directions), leg.mean is not None)
            if _varies(alone, outcome)
            else None
        )

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


def _key(directions: Sequence[Direction]) -> str:
    return "*".join(sorted(d.label for d in directions))


def _moving(leg: Leg, d: Direction, known: Mapping[str, tuple[Expr, float]]) -> Direction:
    """The direction, in which what is frozen stays, and a mean that is a number moves as it is said to."""
    seeds = {**d.seeds, **dict.fromkeys(leg.frozen, ZERO)}
    if leg.mean is not None:
        seeds[leg.mean] = known[_key((d,))][0]
        for k, (first, _) in tuple(known.items()):
            both = "*".join(sorted((k, d.label)))
            if "*" not in k and both in known:
                seeds[first] = known[both][0]
    return replace(d, seeds=seeds)


def _honest(leg: Leg, by: Estimator, directions: tuple[Direction, ...]) -> bool:
    """Whether the mean of what the estimator makes of the leg is 0 too."""
    if leg.pathwise_only:
        return isinstance(by, (Mean, Pathwise)) and all(d.noise_score is None for d in directions)
    return leg.mean is None or not (directions and isinstance(by, FiniteDifference))


def _varies(fold: Fold, outcome: Expr) -> bool:
    """Whether an output differs from path to path."""
    noise = {z for zs in fold.noise.values() for z in zs}
    return not free_of(outcome, depending(fold, noise) | noise)
