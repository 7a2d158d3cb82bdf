"""How a program gets its normals: counted out by Philox where a step needs them, in mirrored pairs, or all at first.

A stage of the program asks for its noise by the number of times it has run before; see `program`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from greeks.engine.programs.stages import Stages
from greeks.expressions.emit import Place, Store
from greeks.expressions.node import Expr
from greeks.samplers import Philox, PointSet, Sampler

LANES, ROW = 256, 264
DATE_CALLS = 1 << 30  # Philox calls of dates start here, those of fine steps at 0
ONCE = 1 << 29  # the call of what is drawn once a path


@dataclass(frozen=True)
class Turn:
    """A stage's turn to draw: `step` is the text of how often it has been; `once` where it comes only once."""

    step: str
    fine: bool
    once: bool = False

    @property
    def base(self) -> int:
        return 0 if self.fine else DATE_CALLS


@dataclass(frozen=True)
class Factors:
    """How many normals a date has, how many a fine step, and how many are drawn once, before all others."""

    date: int
    fine: int
    once: int = 0

    @classmethod
    def of(cls, stages: Stages) -> Factors:
        dates = [stage.noise for stage in (stages.seen, stages.unseen) if stage is not None]
        if stages.single:
            dates = [stages.fold.noise.get("arrive", ())]
        fine = count(stages.fine.noise) if stages.fine else 0
        return cls(max(map(count, dates), default=0), fine, count(stages.fold.noise.get("start", ())))


def count(noise: Sequence[Expr]) -> int:
    """Normals in a stage's noise."""
    return sum(max(z.size, 1) for z in noise)


class Draws(ABC):
    """The text that fills the places of noise, over lanes or for one path.

    `samples` are independent samples in a block, `signature` the arguments of `path` between the index and `out`.
    """

    samples = LANES
    signature = ""

    def __init__(self, store: Store, lanes: bool) -> None:
        self.store, self.lanes = store, lanes
        self.places: dict[Expr, Place] = {}

    def opening(self) -> list[str]:
        """What comes before anything is drawn."""
        return []

    def closing(self) -> list[str]:
        """What comes after the outputs."""
        return []

    @abstractmethod
    def draw(self, noise: tuple[Expr, ...], turn: Turn) -> list[str]:
        """Fill the places of a stage's noise."""

    @abstractmethod
    def once(self, noise: tuple[Expr, ...]) -> list[str]:
        """Fill the places of numbers that are drawn once, before everything else."""


class Counted(Draws):
    """Philox: what is drawn depends on the path and a count of calls, each of which gives two normals."""

    two, one = "normals", "normal"  # over lanes
    pair, single = "normal_pair", "normal_single"  # for one path
    path0, index = "path0", "index"

    def __init__(self, store: Store, lanes: bool) -> None:
        super().__init__(store, lanes)
        self.spare: dict[str, None] = {}

    def opening(self) -> list[str]:
        """Spare numbers have a value before there are any, for the compiler."""
        return [f"{name} = 0.0" for name in self.spare]

    def draw(self, noise: tuple[Expr, ...], turn: Turn) -> list[str]:
        if not noise:
            return []
        if noise[0].size:
            return self._vectors(noise, turn)
        return self._rows(noise, turn) if self.lanes else self._names(noise, turn)

    def once(self, noise: tuple[Expr, ...]) -> list[str]:
        lines = []
        for k, z in enumerate(noise):
            name = f"z{len(self.places)}"
            place = self.places[z] = self.store.place(str(z), 0) if self.lanes else Place(name=name)
            if self.lanes:
                lines.append(f"{self.one}(w, {place.row}, path0, {ONCE + k}, seed, stream)")
            else:
                lines.append(f"{name} = {self._of_one(self.single, str(ONCE + k))}")
        return lines

    def _rows(self, noise: tuple[Expr, ...], turn: Turn) -> list[str]:
        """Two rows a call; a lone noise draws two steps at once and keeps the second in a spare row behind its own."""
        for z in noise:
            if z not in self.places:
                self.places[z] = self.store.place(str(z), 0)
                self.store.used += ROW if len(noise) == 1 and not turn.once else 0
        rows, step = [self.places[z].row for z in noise], turn.step
        call = "path0, {}, seed, stream"
        if len(noise) == 1 and turn.once:
            return [f"{self.one}(w, {rows[0]}, {call.format(turn.base)})"]
        if len(noise) == 1:
            fill = f"{self.two}(w, {rows[0]}, {call.format(f'{turn.base} + ({step} >> 1)')})"
            return [f"if {step} & 1 == 0:", f"    {fill}", "else:", f"    copy(w, {rows[0]}, {rows[0]} + ROW)"]
        calls = (len(noise) + 1) // 2
        lines = []
        for c in range(calls):
            which = self.two if 2 * c + 1 < len(noise) else self.one
            lines.append(f"{which}(w, {rows[2 * c]}, {call.format(f'{turn.base} + {step} * {calls} + {c}')})")
        return lines

    def _names(self, noise: tuple[Expr, ...], turn: Turn) -> list[str]:
        """The same draws, into local variables; a lone noise keeps the second step's in a spare one."""
        names = []
        for z in noise:
            self.places.setdefault(z, Place(name=f"z{len(self.places)}"))
            names.append(self.places[z].name)
        if len(names) == 1 and turn.once:
            return [f"{names[0]} = {self._of_one(self.single, str(turn.base))}"]
        if len(names) == 1:
            own, step = names[0], turn.step
            pair = self._of_one(self.pair, f"{turn.base} + ({step} >> 1)")
            self.spare[f"{own}b"] = None
            return [f"if {step} & 1 == 0:", f"    {own}, {own}b = {pair}", "else:", f"    {own} = {own}b"]
        calls = (len(names) + 1) // 2
        lines = []
        for c in range(calls):
            at = f"{turn.base} + {turn.step} * {calls} + {c}"
            two = names[2 * c : 2 * c + 2]
            lines.append(f"{', '.join(two)} = {self._of_one(self.pair if len(two) == 2 else self.single, at)}")
        return lines

    def _of_one(self, function: str, call: str) -> str:
        return f"{function}(index, {call}, seed, stream)"

    def _vectors(self, noise: tuple[Expr, ...], turn: Turn) -> list[str]:
        """Vectors of normals, two elements a call."""
        lines, begun = [], 0
        total = sum((z.size + 1) // 2 for z in noise)
        for z in noise:
            if z not in self.places:
                self.places[z] = self.store.place(f"z{len(self.places)}", z.size + z.size % 2)
            place, pairs = self.places[z], (z.size + 1) // 2
            call = f"{turn.base} + {turn.step} * {total} + {begun} + c"
            if self.lanes:
                draw = [f"    {self.two}(w, {place.row} + c * {2 * ROW}, path0, {call}, seed, stream)"]
            else:
                name = place.array[0] if place.array else ""
                draw = [f"    {name}[2 * c], {name}[2 * c + 1] = {self._of_one(self.pair, call)}"]
            bound = f"opaque({pairs})" if self.lanes else str(pairs)
            lines += [f"for c in range({bound}):", *draw]
            begun += pairs
        return lines


class Mirrored(Counted):
    """Antithetic pairs: a block's second half has the normals of its first negated, and then their mean is taken."""

    samples = LANES // 2
    signature = "side, "
    two, one = "mirrored_normals", "mirrored_normal"
    pair, single = "pair_of_side", "single_of_side"

    def closing(self) -> list[str]:
        return ["for k in range(OUTPUTS):", "    fold(w, k * ROW)"] if self.lanes else []

    def _of_one(self, function: str, call: str) -> str:
        return f"{function}(index, {call}, seed, stream, side)"


class Filled(Draws):
    """Point sets: `fill` puts all normals of a path into `u` first; a stage fetches its own.

    Rows are those drawn once, those of dates, then those of fine steps; the section of the table that `fill` reads is
    at grid[0, 5].
    """

    signature = "u, "

    def __init__(self, store: Store, lanes: bool, factors: Factors) -> None:
        super().__init__(store, lanes)
        self.factors = factors

    def opening(self) -> list[str]:
        if self.lanes:
            return ["fill(u, theta, int(grid[0, 5]), path0, seed, stream)"]
        return ["fill_one(u, theta, int(grid[0, 5]), index, seed, stream)"]

    def draw(self, noise: tuple[Expr, ...], turn: Turn) -> list[str]:
        return self._fetched(noise, lambda at: self._first(turn, self.factors.once + at))

    def once(self, noise: tuple[Expr, ...]) -> list[str]:
        return self._fetched(noise, str)

    def _fetched(self, noise: tuple[Expr, ...], first: Callable[[int], str]) -> list[str]:
        lines, at = [], 0
        for z in noise:
            if z not in self.places:
                name = f"z{len(self.places)}"
                self.places[z] = self.store.place(name, z.size) if self.lanes or z.size else Place(name=name)
            lines += self._fetch(self.places[z], z.size, first(at))
            at += max(z.size, 1)
        return lines

    def _first(self, turn: Turn, at: int) -> str:
        c = self.factors
        if turn.fine:
            return f"grid.shape[0] * {c.date} + {turn.step} * {c.fine} + {at}"
        return f"{turn.step} * {c.date} + {at}"

    def _fetch(self, place: Place, size: int, first: str) -> list[str]:
        if self.lanes and not size:
            return [f"fetch(w, {place.row}, u, ({first}) * ROW)"]
        if self.lanes:
            return [f"for c in range(opaque({size})):", f"    fetch(w, {place.row} + c * ROW, u, ({first} + c) * ROW)"]
        if not size:
            return [f"{place.name} = u[{first}]"]
        name = place.array[0] if place.array else ""
        return [f"for c in range({size}):", f"    {name}[c] = u[{first} + c]"]


def draws_of(sampler: Sampler, store: Store, lanes: bool, factors: Factors) -> Draws:
    """The text's source of normals for a sampler."""
    if isinstance(sampler, PointSet):
        return Filled(store, lanes, factors)
    return (Counted if isinstance(sampler, Philox) else Mirrored)(store, lanes)
