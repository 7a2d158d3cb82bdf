"""What is compiled once and run often: a request, the choices made for it, and the source that carries them out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from greeks.engine.choosing.control import SCORE, Pairing
from greeks.engine.choosing.lending import Integers, places
from greeks.engine.choosing.menu import BIAS, REACH, Menu, Option, Picks
from greeks.engine.choosing.pantry import CONTROL, Control
from greeks.engine.programs.host import Array, constant_of, value_of
from greeks.engine.programs.noise import section
from greeks.engine.programs.program import Program, compose
from greeks.engine.programs.shift import Shape, shifted
from greeks.engine.programs.stages import Stages, cut
from greeks.engine.programs.table import layout
from greeks.engine.terms.contract import Contract
from greeks.engine.terms.grid import TimeGrid
from greeks.expressions.fold import GRID_DATE, GRID_FINE, Fold, joined
from greeks.expressions.node import Expr, symbols
from greeks.samplers import DriftShift, Philox, PointSet, Sampler

Kept = tuple[tuple[str, ...], ...]  # for every entry, the names of its controls
Used = dict[str, tuple[Control, ...]]  # by the label of their option
KEPT = 4096  # grids whose rows are in memory


@dataclass(frozen=True)
class Sample:
    """Which output holds the samples of an option, whether they differ from path to path, and which their bias."""

    column: int
    random: bool
    bias: int | None = None
    reach: int | None = None


@dataclass(frozen=True)
class Plan:
    """A compiled request: `source` is readable, parameters are arguments.

    `samples` has for every entry of the menu those of its picked options, in order; of `slots` the first `given` are
    the contract's parameters, the others what the host computes of them.
    """

    samples: tuple[tuple[Sample, ...], ...]
    pairing: Pairing
    program: Program
    slots: tuple[Expr, ...]
    given: int
    sampler: Sampler
    brief: bool = False  # whether the samples of few paths tell their own errors: see `conditional.average`
    rows: dict[Any, Array] = field(default_factory=dict, compare=False)
    tables: dict[Any, tuple[Array, Array]] = field(default_factory=dict, compare=False)  # the last: pilot's, then run's
    read: dict[Any, Sequence[Any]] = field(default_factory=dict, compare=False)  # by options, what readings share
    lent: dict[Any, Integers | None] = field(default_factory=dict, compare=False)  # by grid, where a lender has them

    def __getstate__(self) -> dict[str, Any]:
        """What is archived of it: nothing that depends on numbers or dates."""
        return self.__dict__ | {"rows": {}, "tables": {}, "read": {}, "lent": {}}

    @cached_property
    def sure(self) -> bool:
        """Whether no sample differs from path to path."""
        return not any(s.random for of_entry in self.samples for s in of_entry)

    @cached_property
    def constants(self) -> tuple[float, ...] | None:
        """What the host puts into its slots, if that is the same for all contracts."""
        known = [constant_of(s) for s in self.slots[self.given :]]
        return None if None in known else tuple(x for values in known for x in values or ())

    def calls(self, grid: TimeGrid) -> int:
        """How often a path draws two normals, about."""
        date, fine = self.program.factors.date, self.program.factors.fine
        of = ((date, len(grid.ends)), (fine, int(grid.substeps.sum())))
        return sum((n + 1) // 2 if factors == 1 else n * ((factors + 1) // 2) for factors, n in of)

    @property
    def source(self) -> str:
        """The emitted program: what all paths share, then what each path does."""
        return f"{self.program.prepare}\n\n\n{self.program.cpu}"

    def table(
        self, contract: Contract, grid: TimeGrid, shift: DriftShift | None = None, lender: Plan | None = None
    ) -> tuple[Array, Array]:
        """The kernels' two arguments: everything uniform, and one row (substeps, observed, bases) a date.

        A point set is described after everything else, where the last column says. A shift is for plans that have one.
        A lender, the same for all contracts, computes more, and may have done so just now.
        """
        if shift is not None:
            return self.each([contract], grid, shift)[0]
        key = contract.numbers, grid.key
        found = self.tables.get(key)
        if found is None:
            found = (lender and self._from(lender, grid, key)) or self.each([contract], grid)[0]
            self.tables.clear()
            self.tables[key] = found
        return found

    def _from(self, lender: Plan, grid: TimeGrid, key: Any) -> tuple[Array, Array] | None:
        """The same out of a lender's table, if it has that of the contract."""
        theirs = lender.tables.get(key)
        if theirs is None or isinstance(self.sampler, PointSet):
            return None
        if grid.key not in self.lent:
            if len(self.lent) >= KEPT:
                self.lent.clear()
            self.lent[grid.key] = places(self.program, lender.program, grid)
        at = self.lent[grid.key]
        return None if at is None else (theirs[0][at], self._rows_on(grid))

    def each(
        self, contracts: Sequence[Contract], grid: TimeGrid, shift: DriftShift | None = None
    ) -> list[tuple[Array, Array]]:
        """`table` for every one of some contracts."""
        from greeks.kernels.prepare import load_prepare

        rows = self._rows_on(grid)
        numbers = np.array([self._numbers(contract, shift) for contract in contracts])
        tables = np.zeros((len(numbers), max(int(rows[-1, 3]) + self.program.date_width, numbers.shape[1], 1)))
        tables[:, : numbers.shape[1]] = numbers
        dates = grid.shared if self.program.shares else grid.dates
        load_prepare(self.program.prepare).fill(tables, grid.fine, dates, rows)
        if not isinstance(self.sampler, PointSet):
            return [(table, rows) for table in tables]
        points = section(self.sampler, grid, self.program.factors)
        rows = np.column_stack([rows, np.full(len(rows), float(tables.shape[1]))])
        return [(np.concatenate([table, points]), rows) for table in tables]

    def expect(self, contracts: int) -> None:
        """Tables of so many contracts will be asked for."""
        from greeks.kernels.prepare import load_prepare

        load_prepare(self.program.prepare).expect(contracts)

    def _numbers(self, contract: Contract, shift: DriftShift | None) -> tuple[float, ...]:
        """The parameters in front of its table."""
        if self.constants is not None:
            return contract.numbers + self.constants
        named = {p.symbol: p for p in contract.packed}
        return (*contract.numbers, *(float(x) for s in self.slots[self.given :] for x in value_of(s, named, shift)))

    def _rows_on(self, grid: TimeGrid) -> Array:
        """`_rows`, remembered: contracts that look at the same dates share them."""
        if grid.key not in self.rows:
            if len(self.rows) >= KEPT:
                self.rows.clear()
            self.rows[grid.key] = self._rows(grid)
        return self.rows[grid.key]

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


def plan_of(
    menu: Menu,
    contract: Contract,
    picks: Picks,
    pilot: bool = False,
    sampler: Sampler | None = None,
    controls: Kept = (),
    shift: DriftShift | None = None,
) -> Plan:
    """The plan that runs the picked options of every entry, made once for each menu; for a pilot with their reach.

    `controls` are the names of those that each entry has; none by default. A program has those of all entries for each,
    so that contracts of one kind have few programs, whatever their pilots keep. Plans of shifts of one shape are one.
    """
    key = (picks, pilot, (sampler or Philox()).drawn, controls, None if shift is None else shift.shape)
    if key not in menu.plans:
        named = {name for names in controls for name in names}
        whole = tuple(tuple(name for name in names if name in named) for names in controls_of(menu, picks))
        if not named or whole == controls:
            menu.plans[key] = _build(menu, contract, *key)
        else:
            shared = plan_of(menu, contract, picks, pilot, sampler, whole, shift)
            menu.plans[key] = replace(shared, pairing=kept_of(shared, controls))
    return menu.plans[key]


def kept_of(plan: Plan, controls: Kept) -> Pairing:
    """The pairing of a plan in which every entry has only controls of some names."""
    partners = list(plan.pairing.partners)
    for samples, names in zip(plan.samples, controls, strict=True):
        for column in (s.column for s in samples):
            of = plan.pairing.names
            partners[column] = tuple(j for j in partners[column] if of[j] in (*names, SCORE))
    return Pairing(tuple(partners), plan.pairing.names)


def _build(
    menu: Menu, contract: Contract, picks: Picks, pilot: bool, sampler: Sampler, controls: Kept, shape: Shape | None
) -> Plan:
    picked, used = picked_of(menu, picks, controls)
    whole = whole_of(picked, used, pilot)
    if shape is not None:
        whole = on_shifted(whole, menu, shape)
    stages = cut(whole, menu.shape)
    slots, program = compiled(contract, stages, sampler)
    samples = tuple(
        tuple(_sample(e.greek.element, o, program, stages) for o in options)
        for e, options in zip(menu.entries, picked, strict=True)
    )
    brief = all(o.fold.integrated for options in picked for o in options)
    return Plan(samples, _pairing(program, samples, picked, used), program, slots, len(contract.packed), sampler, brief)


def picked_of(menu: Menu, picks: Picks, controls: Kept) -> tuple[list[list[Option]], list[Used]]:
    """The options of every entry, and of each the controls of some names."""
    picked = [[e.options[k] for k in which] for e, which in zip(menu.entries, picks, strict=True)]
    named = controls or ((),) * len(picked)
    return picked, [used_of(options, kept) for options, kept in zip(picked, named, strict=True)]


def whole_of(picked: Sequence[Sequence[Option]], used: Sequence[Used], pilot: bool = False) -> Fold:
    """One fold of all options and controls, samples first; for a pilot with the reach of options."""
    whole = joined([*(_with_reach(o) if pilot else o.fold for o in _distinct(picked)), *folds_of(*used)])
    samples_first = sorted(whole.outputs, key=lambda name: name.startswith(CONTROL))
    return replace(whole, outputs={name: whole.outputs[name] for name in samples_first})


def on_shifted(whole: Fold, menu: Menu, shape: Shape, always: Collection[str] = ()) -> Fold:
    """The fold on shifted paths. Of a control the sample is weighted and not its mean, which all paths share.

    always : outputs that are weighted even if no path changes them.
    """
    stages = cut(whole, menu.shape)
    random = {name for name, e in stages.settle.items() if stages.tidy.varies(e)}
    return shifted(whole, shape, random | {*always}, lambda name: name.startswith(CONTROL))


def compiled(contract: Contract, stages: Stages, sampler: Sampler) -> tuple[tuple[Expr, ...], Program]:
    """The program of some stages, and the order of what it is given."""
    slots, offsets, width = _slots(contract, stages)
    return slots, compose(stages, layout(stages, offsets, width), sampler)


def controls_of(menu: Menu, picks: Picks) -> Kept:
    """The names of all controls that the picked options of every entry may have."""
    picked = ([e.options[k] for k in which] for e, which in zip(menu.entries, picks, strict=True))
    return tuple(tuple(dict.fromkeys(c.name for o in options for c in o.controls)) for options in picked)


def used_of(options: Sequence[Option], kept: Collection[str]) -> Used:
    """The controls of some names, by the label of their option."""
    return {o.label: tuple(c for c in o.controls if c.name in kept) for o in options}


def folds_of(*used: Mapping[str, Sequence[Control]]) -> list[Fold]:
    """Those of controls, each once."""
    return list({c.label: c.fold for of_entry in used for controls in of_entry.values() for c in controls}.values())


def _distinct(picked: Sequence[Sequence[Option]]) -> list[Option]:
    return list({o.label: o for options in picked for o in options}.values())


def _with_reach(o: Option) -> Fold:
    return o.fold if o.reach is None else replace(o.fold, outputs={**o.outputs, f"{REACH}{o.label}": o.reach})


def _sample(element: int, option: Option, program: Program, stages: Stages) -> Sample:
    def column(output: str) -> int:
        first, size = program.outputs[output]
        return first + (element if size else 0)

    def column_if_there(output: str) -> int | None:
        return column(output) if output in program.outputs else None

    random = stages.tidy.varies(stages.settle[option.label])
    more = (column_if_there(f"{prefix}{option.label}") for prefix in (BIAS, REACH))
    return Sample(column(option.label), random, *more)


def _pairing(
    program: Program,
    samples: Sequence[Sequence[Sample]],
    picked: Sequence[Sequence[Option]],
    used: Sequence[Mapping[str, Sequence[Control]]],
) -> Pairing:
    """Every output that is a sample, with its score and the other controls that it has."""
    rows = {name: range(first, first + max(size, 1)) for name, (first, size) in program.outputs.items()}
    begin = sum(len(at) for name, at in rows.items() if not name.startswith(CONTROL))
    names = [SCORE] * (program.width - begin)
    partners: list[dict[int, None]] = [{} for _ in range(begin)]
    for of_entry, options, controls in zip(samples, picked, used, strict=True):
        for sample, option in zip(of_entry, options, strict=True):
            element = sample.column - rows[option.label].start
            score = rows.get(CONTROL + option.label, range(0))
            if any(d.vector for d in option.directions):
                score = score[element : element + 1] or score
            partners[sample.column] |= dict.fromkeys(j - begin for j in score)
            for c in controls[option.label]:
                at = rows[c.label]
                names[at.start - begin : at.stop - begin] = [c.name] * len(at)
                own = (at[element : element + 1] or at) if c.elementwise else at
                partners[sample.column] |= dict.fromkeys(j - begin for j in own)
    return Pairing(tuple(map(tuple, partners)), tuple(names))


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
