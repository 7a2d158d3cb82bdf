"""What a request may be answered with: for every number the valid estimators, in one fold each."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from greeks.engine.choosing import archive
from greeks.engine.choosing.legs import Controls, legs_of
from greeks.engine.choosing.pantry import CONTROL, Control, Pantry
from greeks.engine.programs.cost import Cost, cost
from greeks.engine.terms.contract import Contract, pricing_fold
from greeks.engine.terms.grid import GridShape
from greeks.errors import GreeksError, SchemaError, UnsupportedError
from greeks.estimators.base import Estimator
from greeks.estimators.blend import Blend
from greeks.estimators.direction import Direction
from greeks.estimators.greek import Greek
from greeks.estimators.mean import Mean
from greeks.estimators.pathwise import Pathwise
from greeks.estimators.selection import Against, Choice, Offer, candidates, offer
from greeks.estimators.selection import Wanted as WantedOfOne
from greeks.expressions.fold import Fold
from greeks.expressions.node import Expr, is_const
from greeks.expressions.tangent import DenseJacobianError
from greeks.schemes.base import Scheme

if TYPE_CHECKING:
    from greeks.engine.choosing.contest import Contest
    from greeks.engine.choosing.decision import Decision
    from greeks.engine.choosing.plan import Plan
    from greeks.engine.choosing.worth import Costs
    from greeks.engine.sampling.reading import Reading

Wanted = WantedOfOne | Mapping[str, WantedOfOne]
Noted = tuple[type[GreeksError], ...]
Picks = tuple[tuple[int, ...], ...]  # for every entry, which of its choices
BIAS, REACH = "bias of ", "reach of "
PRICE = Greek("price", ())


@dataclass(frozen=True)
class Option:
    """One way to estimate a number: its outputs by name (elements of one vector share them), and what it costs."""

    estimator: Estimator
    label: str
    outputs: Mapping[str, Expr]
    fold: Fold
    cost: Cost
    reach: Expr | None = None  # where there is one, 1 on paths that may carry the variance: for the pilot
    directions: tuple[Direction, ...] = ()
    pantry: Pantry | None = field(default=None, compare=False)  # none where it stays without controls

    @cached_property
    def controls(self) -> tuple[Control, ...]:
        """What may be taken off its samples, beside its score: made when first asked for."""
        return self.pantry.controls(self.estimator, self.directions) if self.pantry else ()

    @cached_property
    def first_control(self) -> Control | None:
        """One of the controls, for less work than all."""
        return self.pantry.first(self.estimator) if self.pantry else None


@dataclass(frozen=True)
class Entry:
    """One number asked for and the ways to it."""

    greek: Greek
    options: tuple[Option, ...]
    refusals: Mapping[Estimator, str]
    requested: bool  # by an estimator's name
    blended: bool
    best: int | None  # where that is known without measuring

    @cached_property
    def passed_over(self) -> tuple[str, ...]:
        """Of each option why no simpler estimator would do; the refusals stand in order of simplicity."""
        order = candidates(len(self.greek.directions))
        places = [order.index(o.estimator) if o.estimator in order else 0 for o in self.options]
        refusals = [(order.index(by), why) for by, why in self.refusals.items()]
        return tuple("; ".join(dict.fromkeys(why for by, why in refusals if by < place)) for place in places)

    @cached_property
    def estimators(self) -> frozenset[Estimator]:
        return frozenset(o.estimator for o in self.options)

    @property
    def leans(self) -> bool:
        """Whether what is taken without measuring is of use only less its controls."""
        return self.best is not None and self.options[self.best].estimator.leans

    @cached_property
    def contested(self) -> bool:
        """Whether only a measurement can tell which options to take; the price's are told by their cost."""
        measured = self.blended or (bool(self.greek.directions) and self.best is None)
        return measured and len(self.options) > 1 and all(o.cost.random for o in self.options)


@dataclass(frozen=True)
class Menu:
    """The entries of a request, the price first; plans and decisions made from it are kept with it."""

    priced: Fold
    shape: GridShape
    entries: tuple[Entry, ...]
    refusals: Mapping[str, str]
    claims: bool = False  # whether a control may have a mean that somebody gave
    key: str = field(default="", compare=False)  # in the archive
    plans: dict[Any, Plan] = field(default_factory=dict, compare=False)
    costs: dict[Any, Cost] = field(default_factory=dict, compare=False)
    ladders: dict[Any, Costs] = field(default_factory=dict, compare=False)
    contests: list[Contest] = field(default_factory=list, compare=False)  # one, once there is something to measure
    chosen: dict[Any, tuple[Plan, tuple[Reading, ...]]] = field(default_factory=dict, compare=False)
    decisions: OrderedDict[Any, Decision] = field(default_factory=OrderedDict, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        """What is archived of it: nothing that depends on numbers or dates."""
        return self.__dict__ | {"ladders": {}, "chosen": {}, "decisions": OrderedDict()}

    def archived(self) -> None:
        """Have later processes know what has been worked out so far."""
        archive.keep(self.key, self, len({id(plan.program) for plan in self.plans.values()}))

    @cached_property
    def contested(self) -> bool:
        return any(e.contested for e in self.entries)

    @cached_property
    def insists(self) -> bool:
        """Whether a pilot is needed however short the run: for weights, or to check means that somebody gave."""
        claimed = self.claims and any(c.claimed for e in self.entries for o in e.options for c in o.controls)
        return claimed or any(e.contested and e.blended for e in self.entries)

    @cached_property
    def controlled(self) -> bool:
        return any(o.controls for e in self.entries for o in e.options)


_menus: OrderedDict[Any, Menu] = OrderedDict()
_reads: dict[Any, frozenset[str]] = {}  # payoff structure -> structural fields that its formulas read
_KEPT = 512


def menu_for(
    contract: Contract,
    scheme: Scheme,
    shape: GridShape,
    greeks: Sequence[str],
    wanted: Wanted,
    noted: Noted = (),
    controls: Controls = (),
) -> Menu:
    """The menu of a request, from memory if its like was asked before.

    Errors of the kinds `noted` leave a Greek out and are kept with the menu; others are raised.
    """
    if wanted != "auto":
        check_wanted(greeks, wanted)
    model, payoff = contract.structure
    request = (model, scheme, shape, tuple(greeks), _hashable(wanted), noted, controls)
    reads = _reads.get(payoff)
    key = (request, payoff, _read_values(contract, reads))
    known = None if reads is None else _menus.get(key)
    if known is not None:
        _menus.move_to_end(key)
        return known
    menu = _build(contract, scheme, shape, greeks, wanted, noted, controls)
    _reads[payoff] = (reads or frozenset()) | contract.reads
    _menus[request, payoff, _read_values(contract, _reads[payoff])] = menu
    if len(_menus) > _KEPT:
        _menus.popitem(last=False)
    return menu


def _hashable(wanted: Wanted) -> Any:
    return tuple(sorted(wanted.items(), key=lambda kv: kv[0])) if isinstance(wanted, Mapping) else wanted


def _read_values(contract: Contract, read: frozenset[str] | None) -> Any:
    """The structural values that are baked into the program because a formula reads them."""
    if not read:
        return ()
    values = (getattr(contract.payoff, name) for name in sorted(read))
    return tuple(tuple(v) if hasattr(v, "__len__") else v for v in values)


def check_wanted(greeks: Sequence[str], wanted: Wanted) -> None:
    """Refuse estimators that are none, or of Greeks not asked for."""
    given = wanted.values() if isinstance(wanted, Mapping) else (wanted,)
    if isinstance(wanted, Mapping):
        extra = [k for k in wanted if k not in (*greeks, "price")]
        if extra:
            raise SchemaError(f"estimator names {extra}, which are not among the Greeks asked for, {list(greeks)}")
    bad = [
        e for e in given if not isinstance(e, (Estimator, Blend, Against)) and not (isinstance(e, str) and e == "auto")
    ]
    if bad:
        raise SchemaError(
            f'estimator = {bad[0]!r}: expected "auto", an estimator such as greeks.Pathwise(), or a dict of '
            "estimators by Greek"
        )


def _build(
    contract: Contract,
    scheme: Scheme,
    shape: GridShape,
    greeks: Sequence[str],
    wanted: Wanted,
    noted: Noted,
    controls: Controls,
) -> Menu:
    _check_grids(scheme, shape)
    priced = pricing_fold(contract, scheme, shape.any_observed or shape.observes_start, shape.observes_start)
    legs = legs_of(contract, scheme, priced, controls, shape)
    pantry = Pantry(legs, priced.exit is not None, shape.any_observed, contract.words, scheme)
    kitchen = _Kitchen(priced, shape, scheme, pantry, named=not isinstance(controls, str))
    key = archive.key_of(priced, shape, scheme, legs, kitchen.named, _meaning(contract), greeks, wanted, noted)
    found: Menu | None = archive.find(key)
    return found or _worked_out(kitchen, greeks, wanted, noted, key)


def _meaning(contract: Contract) -> tuple[object, ...]:
    """All that menus take from a contract, beside its formulas: what its parameters are called, and their order."""
    words = contract.words
    called = [(name, p.field, p.symbol, p.rows) for name, p in words.parameters.items()]
    return words.model_name, words.payoff_name, words.words, called, [p.symbol for p in contract.packed]


def _worked_out(kitchen: _Kitchen, greeks: Sequence[str], wanted: Wanted, noted: Noted, key: str) -> Menu:
    """All ways to every number."""
    words, legs = kitchen.pantry.words, kitchen.pantry.legs
    entries = [_price_entry(kitchen, greeks, wanted)]
    refusals: dict[str, str] = {}
    for name in greeks:
        try:
            for greek in [] if name == "price" else words.parse(name):
                if greek.name not in {e.greek.name for e in entries}:
                    entries.append(kitchen.entry(greek, _wanted_of(name, wanted)))
        except noted as e:
            refusals[name] = str(e).removeprefix(f'Greek "{name}": ')
    claims = any(leg.mean is not None for leg in legs)
    return Menu(kitchen.priced, kitchen.shape, tuple(entries), refusals, claims, key)


def _check_grids(scheme: Scheme, shape: GridShape) -> None:
    if scheme.several_grids and shape.continuous:
        raise UnsupportedError(
            f"{type(scheme).__name__} plays a path on several time grids between dates, and a payoff that is watched "
            "all the time has no dates. Remedy: give it dates=, or use the scheme inside alone, with more steps"
        )


def _price_entry(kitchen: _Kitchen, greeks: Sequence[str], wanted: Wanted) -> Entry:
    """An estimator asked for Greeks estimates the price too if it can; one asked for the price itself must."""
    try:
        return kitchen.entry(PRICE, _wanted_of("price", wanted))
    except UnsupportedError:
        if not greeks or isinstance(wanted, Mapping):
            raise
        return kitchen.entry(PRICE, Mean())


def _wanted_of(name: str, wanted: Wanted) -> WantedOfOne:
    return wanted.get(name, "auto") if isinstance(wanted, Mapping) else wanted


def _without_spikes(options: tuple[Option, ...]) -> tuple[Option, ...]:
    """Beside a pathwise sample, its expectation given the rest of the path may have few paths that carry its variance.

    It has no more of that than the sample itself, so that a pilot which sees the one may judge the other.
    """
    bounded = any(isinstance(o.estimator, Pathwise) for o in options)
    return tuple(replace(o, reach=None) for o in options) if bounded else options


class _Kitchen:
    """Applies estimators once for each direction, however many Greeks share it."""

    def __init__(self, priced: Fold, shape: GridShape, scheme: Scheme, pantry: Pantry, named: bool) -> None:
        self.priced, self.shape, self.scheme, self.pantry, self.named = priced, shape, scheme, pantry, named
        self.known: dict[Any, tuple[Offer, tuple[Option, ...]]] = {}

    def entry(self, greek: Greek, wanted: WantedOfOne) -> Entry:
        """All ways to one number; elements of one vector share theirs."""
        tries = [(greek.vector,)] if greek.vector is not None else []
        for directions in (*tries, greek.directions):
            try:
                offered, options = self._offer(greek.name, directions, wanted)
            except DenseJacobianError:
                continue
            best = offered.best
            if wanted == "auto" and any(o.estimator.leans and not o.controls for o in options):
                options, best = tuple(o for o in options if not o.estimator.leans), None
            return Entry(greek, options, offered.refusals, offered.requested, isinstance(wanted, Blend), best)
        raise UnsupportedError(f'Greek "{greek.name}": the derivative is not available')  # pragma: no cover

    def _offer(
        self, greek: str, directions: tuple[Direction, ...], wanted: WantedOfOne
    ) -> tuple[Offer, tuple[Option, ...]]:
        key = ("*".join(d.label for d in directions), wanted)
        if key not in self.known:
            offered = offer(self.priced, greek, directions, wanted, self.shape.single)
            options = tuple(self._option(directions, c, wanted) for c in offered.choices)
            self.known[key] = offered, _without_spikes(options)
        return self.known[key]

    def _option(self, directions: tuple[Direction, ...], choice: Choice, wanted: WantedOfOne) -> Option:
        """With all controls; an estimator that is named gives plain samples, unless controls are named as well."""
        estimator, fold = choice.estimator, self.scheme.sampled(choice.fold)
        label = f"{'*'.join(d.label for d in directions) or 'price'} {estimator!r}"
        outputs = {label: fold.outputs["price"], f"{CONTROL}{label}": fold.outputs["unit"]}
        kept = {k: e for k, e in outputs.items() if k == label or not is_const(e)}
        if "bias" in fold.outputs:
            kept[f"{BIAS}{label}"] = fold.outputs["bias"]
        alone = replace(fold, outputs=kept, exit=None)
        plain = not self.named and isinstance(wanted, (Estimator, Blend))
        pantry, reach = None if plain else self.pantry, fold.outputs.get("reach")
        return Option(estimator, label, kept, alone, cost(alone, self.shape), reach, directions, pantry)
