"""The table of everything that is the same for all paths, and the text that fills it.

    table = [ parameters | head: once a run | one row a fine step | one row a date ]

Rows start where the grid says, so that one program serves any number of dates and steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from greeks.engine.programs.stages import Stages
from greeks.expressions import fold as f
from greeks.expressions.emit import Emitter, Place, Store
from greeks.expressions.node import Expr, is_const, postorder, symbols
from greeks.expressions.uniform import merged

GRID = frozenset({*f.GRID_FINE, *f.GRID_DATE})


@dataclass
class Section:
    """Columns of the table: expressions and where each starts."""

    columns: dict[Expr, int] = field(default_factory=dict)
    width: int = 0

    def add(self, e: Expr) -> None:
        if e not in self.columns:
            self.columns[e] = self.width
            self.width += max(e.size, 1)


@dataclass(frozen=True)
class Table:
    """Sections of the table and offsets of the parameters in front of it."""

    parameters: Mapping[Expr, int]
    parameter_width: int
    head: Section
    fine: Section
    seen: Section
    unseen: Section
    opening: Section

    def leaf(self, e: Expr, section: Section, base: str) -> tuple[str, bool]:
        """(text of e's first index in the array theta, whether it is in a row)."""
        if e in self.parameters:
            return str(self.parameters[e]), False
        if e in section.columns:  # first: a carry's value at this date, not the one at settlement in the head
            return f"{base} + {section.columns[e]}", True
        return str(self.parameter_width + self.head.columns[e]), False


def layout(stages: Stages, parameters: Mapping[Expr, int], width: int) -> Table:
    """Columns for every maximal uniform part of what the paths compute."""
    table = Table(parameters, width, Section(), Section(), Section(), Section(), Section())
    by_row = {*GRID, *stages.uniform}
    sections = (
        (stages.fine, table.fine),
        (stages.seen, table.seen),
        (stages.unseen, table.unseen),
        (stages.opening, table.opening),
    )
    for stage, section in sections:
        if stage is not None:
            for e in frontier(stages, stage.updates.values()):
                home = table.head if symbols(e).isdisjoint(by_row) else section
                if e not in parameters:
                    home.add(e)
    starts = [c.start for c in stages.fold.carries if c.symbol in stages.varying]
    for e in frontier(stages, [*starts, *stages.settle.values()]):
        if e not in parameters:
            table.head.add(e)
    return table


def frontier(stages: Stages, roots: Iterable[Expr]) -> list[Expr]:
    """The maximal uniform subexpressions of the roots, constants apart."""
    found: dict[Expr, None] = {}
    todo, seen = list(roots)[::-1], set[Expr]()
    while todo:
        e = todo.pop()
        if e in seen:
            continue
        seen.add(e)
        if not stages.tidy.varies(e):
            if not is_const(e):
                found[e] = None
        else:
            todo.extend(reversed(e.args))
    return list(found)


class Preparation:
    """Text of `prepare(theta, fine, dates, grid, table)`: plays the uniform carries through and writes the table."""

    def __init__(self, stages: Stages, table: Table) -> None:
        self.stages, self.table = stages, table
        self.store = Store(lanes=False)
        self.places: dict[Expr, Place] = {
            e: Place(array=("theta", str(at)), size=e.size) if e.size else Place(name=_parameter_name(e, at))
            for e, at in table.parameters.items()
        }
        self.uniform = [c for c in stages.fold.carries if c.symbol in stages.uniform]
        self.carried = {c.symbol: self.store.place(f"k{i}", c.symbol.size) for i, c in enumerate(self.uniform)}

    def text(self) -> str:
        body = [
            *(f"{p.name} = theta[{self.table.parameters[e]}]" for e, p in self.places.items() if p.name),
            *self._hoisted(),
            *self._emit([(self.carried[c.symbol], c.start) for c in self.uniform], "a"),
            *self._opening(),
            *self._loops(),
            *self._settle(),
        ]
        arrays = [f"{name} = zeros({n})" for name, n in self.store.arrays.items()]
        lines = ["def prepare(theta, fine, dates, grid, table):", *indented([*arrays, *body, "return"])]
        return "\n".join(lines)

    def _emit(
        self, roots: Sequence[tuple[Place, Expr]], prefix: str, more: Mapping[Expr, Place] | None = None
    ) -> list[str]:
        leaves = {**self.places, **self.carried, **(more or {})}
        return Emitter(self.store, leaves, prefix).emit(roots)

    def _hoisted(self) -> list[str]:
        """Everything that needs parameters only is computed once, before the loops."""
        known = set(self.table.parameters)
        roots = [*self._updates("advance"), *self._updates("arrive"), *self._updates("observe")]
        sections = (self.table.fine, self.table.seen, self.table.unseen, self.table.opening)
        roots += [e for s in sections for e in s.columns]
        fixed = [e for e in _fixed_frontier(roots, {*GRID, *self.stages.uniform}) if e not in known]
        new = {e: self.store.place(f"h{i}", e.size) for i, e in enumerate(fixed)}
        lines = self._emit([(place, e) for e, place in new.items()], "g")
        self.places.update(new)
        return lines

    def _updates(self, at: str) -> list[Expr]:
        return [c.map(at) for c in self.uniform]

    def _columns(self, section: Section, base: str) -> list[tuple[Place, Expr]]:
        return [
            (Place(array=("table", f"{base} + {at}"), size=e.size), e) if e.size else (_cell(base, at), e)
            for e, at in section.columns.items()
        ]

    def _carry(self, at: str) -> list[tuple[Place, Expr]]:
        return [(self.carried[c.symbol], c.map(at)) for c in self.uniform if c.map(at) is not c.symbol]

    def _opening(self) -> list[str]:
        if not self.stages.fold.observes_start:
            return []
        grid, names = _grid_row("dates", f.GRID_DATE, "0")
        d = "int(grid[0, 4])"
        return [
            *names,
            f"d = {d}",
            *self._emit([*self._columns(self.table.opening, "d"), *self._carry("observe")], "o", grid),
        ]

    def _loops(self) -> list[str]:
        """Over intervals, and fine steps in each; a single interval ends in `_settle`, before anything arrives."""
        lines = ["s = 0", "for k in range(grid.shape[0]):", *indented(self._fine())]
        return lines if self.stages.single else [*lines, *indented(self._dates())]

    def _fine(self) -> list[str]:
        grid, names = _grid_row("fine", f.GRID_FINE, "s")
        step = [*self._columns(self.table.fine, "r"), *self._carry("advance")]
        if not step:
            return ["pass"]
        row = f"r = int(grid[k, 2]) + j * {self.table.fine.width}"
        body = [*names, row, *self._emit(step, "s", grid), "s += 1"]
        return ["for j in range(int(grid[k, 0])):", *indented(body)]

    def _dates(self) -> list[str]:
        row = "k + 1" if self.stages.fold.observes_start else "k"
        grid, names = _grid_row("dates", f.GRID_DATE, row)
        both = merged(self.stages.fold, "arrive", "observe")
        observed = [(self.carried[c.symbol], both[c.symbol]) for c in self.uniform if both[c.symbol] is not c.symbol]
        seen = self._emit([*self._columns(self.table.seen, "d"), *observed], "v", grid)
        unseen = self._emit([*self._columns(self.table.unseen, "d"), *self._carry("arrive")], "u", grid)
        branches = ["if grid[k, 1] > 0.0:", *indented([*seen, "pass"]), "else:", *indented([*unseen, "pass"])]
        return [*names, "d = int(grid[k, 3])", *branches]

    def _settle(self) -> list[str]:
        grid, names = _grid_row("dates", f.GRID_DATE, "last")
        head = self._columns(self.table.head, str(self.table.parameter_width))
        return ["last = dates.shape[0] - 1", *names, *self._emit(head, "e", grid)]


def indented(lines: Iterable[str]) -> list[str]:
    """Lines as the body of a block."""
    return ["    " + line for line in lines]


def _cell(base: str, at: int) -> Place:
    return Place(name=f"table[{base} + {at}]")


def _parameter_name(e: Expr, at: int) -> str:
    """A local name that tells what it is, made unique by the place of the parameter."""
    return f"p{at}_" + "".join(ch if ch.isalnum() else "_" for ch in str(e.payload)).strip("_")


def _grid_row(array: str, names: Sequence[Expr], row: str) -> tuple[dict[Expr, Place], list[str]]:
    """Places of the grid's symbols, and the lines that read a row of it; vectors come last, and stay where they are."""
    places = {
        e: Place(array=(array, f"{row}, {i}"), size=e.size) if e.size else Place(name=str(e.payload).replace(".", "_"))
        for i, e in enumerate(names)
    }
    return places, [f"{place.name} = {array}[{row}, {i}]" for i, place in enumerate(places.values()) if place.name]


def _fixed_frontier(roots: Sequence[Expr], moving: set[Expr]) -> list[Expr]:
    """Maximal subexpressions free of the moving symbols, constants and symbols apart."""
    free: dict[Expr, bool] = {}
    for e in postorder(list(roots)):
        free[e] = e not in moving and all(free[a] for a in e.args)
    found: dict[Expr, None] = {}
    todo, seen = list(roots), set[Expr]()
    while todo:
        e = todo.pop()
        if e in seen:
            continue
        seen.add(e)
        if free[e]:
            if e.args and e.op not in ("lt", "le", "and", "or", "not"):
                found[e] = None
        else:
            todo.extend(e.args)
    return list(found)
