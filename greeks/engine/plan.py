"""What is compiled once and run often: a request, the choices made for it, and the source that carries them out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from greeks.engine.contract import Contract, pricing_fold
from greeks.engine.control import Pairing
from greeks.engine.grid import GridShape, TimeGrid
from greeks.engine.host import Array, value_of
from greeks.engine.program import Program, compose
from greeks.engine.stages import Stages, cut
from greeks.engine.table import layout
from greeks.errors import SchemaError, UnsupportedError
from greeks.estimators.base import Estimator
from greeks.estimators.greek import Greek, Vocabulary
from greeks.estimators.selection import Choice, choose
from greeks.expressions.fold import GRID_DATE, GRID_FINE, Fold, joined
from greeks.expressions.node import Expr, is_const, symbols
from greeks.expressions.tangent import DenseJacobianError
from greeks.expressions.trace import structure
from greeks.schemes.base import Scheme

Wanted = str | Estimator | Mapping[str, Estimator]


CONTROL = "control of "


@dataclass(frozen=True)
class Sample:
    """One number asked for, and which output its samples are."""

    greek: str
    column: int
    random: bool  # whether it differs from path to path
    estimator: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """A compiled request: `source` is readable, parameters are arguments."""

    samples: tuple[Sample, ...]
    pairing: Pairing
    program: Program
    slots: tuple[Expr, ...]
    refusals: Mapping[str, str]

    @property
    def source(self) -> str:
        """The emitted program: what all paths share, then what each path does."""
        return f"{self.program.prepare}\n\n\n{self.program.cpu}"

    def table(self, contract: Contract, grid: TimeGrid) -> tuple[Array, Array]:
        """The kernels' two arguments: everything uniform, and one row (substeps, observed, bases) a date."""
        from greeks.kernels.prepare import load_prepare

        named = {p.symbol: p for p in contract.packed}
        theta = np.concatenate([np.atleast_1d(value_of(s, named)) for s in self.slots])
        rows = self._rows(grid)
        dates = grid.dates()
        size = int(rows[-1, 3]) + self.program.date_width
        table = np.zeros(max(size, len(theta), 1))
        table[: len(theta)] = theta
        load_prepare(self.program.prepare)(table, grid.fine(), dates, rows, table)
        return table, rows

    def _rows(self, grid: TimeGrid) -> Array:
        p, k = self.program, len(grid.ends)
        begins = np.concatenate([[0], np.cumsum(grid.substeps)[:-1]])
        after = p.head_width + int(grid.substeps.sum()) * p.fine_width
        opening = int(grid.observes_start)
        rows = np.zeros((k, 5))
        rows[:, 0] = grid.substeps
        rows[:, 1] = grid.observed
        rows[:, 2] = p.head_width + begins * p.fine_width
        rows[:, 3] = after + (np.arange(k) + opening) * p.date_width
        rows[:, 4] = after
        return rows


_plans: OrderedDict[Any, Plan] = OrderedDict()
_reads: dict[Any, frozenset[str]] = {}  # payoff structure -> structural fields that its formulas read
_KEPT = 512


def plan_for(
    contract: Contract, scheme: Scheme, grid: TimeGrid, greeks: Sequence[str], wanted: Wanted, lenient: bool = False
) -> Plan:
    """The plan of a request, from memory if its like was asked before.

    `lenient` collects refusals instead of raising the first.
    """
    request = (structure(contract.model), scheme, grid.shape, tuple(greeks), _hashable(wanted), lenient)
    payoff = structure(contract.payoff)
    key = (request, payoff, _read_values(contract, _reads.get(payoff)))
    if payoff in _reads and key in _plans:
        _plans.move_to_end(key)
        return _plans[key]
    plan = _build(contract, scheme, grid.shape, greeks, wanted, lenient)
    _reads[payoff] = _reads.get(payoff, frozenset()) | contract.reads
    _plans[request, payoff, _read_values(contract, _reads[payoff])] = plan
    if len(_plans) > _KEPT:
        _plans.popitem(last=False)
    return plan


def _hashable(wanted: Wanted) -> Any:
    return tuple(sorted(wanted.items(), key=lambda kv: kv[0])) if isinstance(wanted, Mapping) else wanted


def _read_values(contract: Contract, read: frozenset[str] | None) -> Any:
    """The structural values that are baked into the program because a formula reads them."""
    values = (getattr(contract.payoff, name) for name in sorted(read or ()))
    return tuple(tuple(v) if hasattr(v, "__len__") else v for v in values)


def _build(
    contract: Contract, scheme: Scheme, shape: GridShape, greeks: Sequence[str], wanted: Wanted, lenient: bool
) -> Plan:
    priced = pricing_fold(contract, scheme, shape.any_observed or shape.observes_start, shape.observes_start)
    chosen, refusals = _choose_all(contract, priced, greeks, wanted, lenient)
    folds = [replace(priced, outputs={"price": priced.outputs["price"]})]
    folds += [replace(c.fold, outputs=_labelled(label, c.fold)) for label, c in _distinct(chosen).items()]
    whole = joined(folds)
    samples_first = sorted(whole.outputs, key=lambda name: name.startswith(CONTROL))
    stages = cut(replace(whole, outputs={k: whole.outputs[k] for k in samples_first}), shape)
    slots, offsets, width = _slots(contract, stages)
    program = compose(stages, layout(stages, offsets, width))
    random = {name: stages.tidy.varies(e) for name, e in stages.settle.items()}
    samples = [Sample("price", program.outputs["price"][0], random["price"], "mean", "discounted payoff")]
    samples += [_sample(greek, label, choice, program, random[label]) for greek, label, choice in chosen]
    return Plan(tuple(samples), _pairing(program), program, slots, refusals)


def _pairing(program: Program) -> Pairing:
    """Every output that is a sample, with the row of its control."""
    partners: list[int] = []
    for name, (_, size) in program.outputs.items():
        if not name.startswith(CONTROL):
            first, width = program.outputs.get(CONTROL + name, (-1, 0))
            partners += [first + (k if width else 0) if first >= 0 else -1 for k in range(max(size, 1))]
    return Pairing(tuple(partners))


def _choose_all(
    contract: Contract, priced: Fold, greeks: Sequence[str], wanted: Wanted, lenient: bool
) -> tuple[list[tuple[Greek, str, Choice]], dict[str, str]]:
    words = Vocabulary(contract.model, type(contract.payoff).__name__, contract.parameters)
    found: list[tuple[Greek, str, Choice]] = []
    known: dict[str, Choice] = {}
    refusals: dict[str, str] = {}
    _check_wanted(greeks, wanted)
    for name in greeks:
        try:
            for greek in [] if name == "price" else words.parse(name):
                estimator = wanted.get(name, "auto") if isinstance(wanted, Mapping) else wanted
                found.append((greek, *_choice(priced, greek, estimator, known)))
        except UnsupportedError as e:
            if not lenient:
                raise
            refusals[name] = str(e).removeprefix(f'Greek "{name}": ')
    return found, refusals


def _check_wanted(greeks: Sequence[str], wanted: Wanted) -> None:
    if isinstance(wanted, Mapping):
        extra = [k for k in wanted if k not in greeks]
        if extra:
            raise SchemaError(f"estimator names {extra}, which are not among the Greeks asked for, {list(greeks)}")
        bad: list[object] = [e for e in wanted.values() if not isinstance(e, Estimator)]
    else:
        bad = [] if wanted == "auto" or isinstance(wanted, Estimator) else [wanted]
    if bad:
        raise SchemaError(
            f'estimator = {bad[0]!r}: expected "auto", an estimator such as greeks.Pathwise(), or a dict of '
            "estimators by Greek"
        )


def _choice(priced: Fold, greek: Greek, wanted: Estimator | str, known: dict[str, Choice]) -> tuple[str, Choice]:
    """(label of the outputs, choice); elements of one vector share a choice."""
    tries = [(greek.vector,)] if greek.vector is not None else []
    for directions in (*tries, greek.directions):
        label = f"{'*'.join(d.label for d in directions)} {wanted!r}"
        try:
            if label not in known:
                known[label] = choose(priced, greek.name, directions, wanted)
            return label, known[label]
        except DenseJacobianError:
            continue
    raise UnsupportedError(f'Greek "{greek.name}": the derivative is not available')  # pragma: no cover


def _distinct(chosen: list[tuple[Greek, str, Choice]]) -> dict[str, Choice]:
    return {label: choice for _, label, choice in chosen}


def _labelled(label: str, fold: Fold) -> dict[str, Expr]:
    outputs = {label: fold.outputs["price"], f"{CONTROL}{label}": fold.outputs["unit"]}
    return {k: e for k, e in outputs.items() if k == label or not is_const(e)}


def _slots(contract: Contract, stages: Stages) -> tuple[tuple[Expr, ...], dict[Expr, int], int]:
    """The order in which parameters and host values are packed."""
    fold = stages.fold
    known = [p.symbol for p in contract.packed]
    own = {*known, *GRID_FINE, *GRID_DATE, *(c.symbol for c in fold.carries)}
    own |= {z for zs in fold.noise.values() for z in zs}
    texts = [*fold.outputs.values(), *(e for c in fold.carries for e in (c.start, c.advance, c.arrive, c.observe))]
    host = sorted(symbols(*texts) - own, key=lambda e: str(e.payload))
    slots = tuple([*known, *host])
    offsets, width = {}, 0
    for s in slots:
        offsets[s] = width
        width += max(s.size, 1)
    return slots, offsets, width


def _sample(greek: Greek, label: str, choice: Choice, program: Program, random: bool) -> Sample:
    first, size = program.outputs[label]
    column = first + (greek.element if size else 0)
    return Sample(greek.name, column, random, choice.estimator.name, choice.reason)
