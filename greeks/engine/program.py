"""The source of a plan: `prepare` for what all paths share, `block` for 256 lanes, `path` for one device thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from greeks.engine.stages import Stage, Stages
from greeks.engine.table import Preparation, Section, Table, frontier
from greeks.expressions.emit import Emitter, Place, Store
from greeks.expressions.node import Expr

LANES, ROW = 256, 264
DATE_CALLS = 1 << 30  # Philox calls of dates start here, those of fine steps at 0


@dataclass(frozen=True)
class Program:
    """Source texts, the names and places of the outputs, and the widths of the table's rows."""

    prepare: str
    cpu: str
    cuda: str
    outputs: Mapping[str, tuple[int, int]]  # name -> (first row, elements; 0 for a scalar)
    width: int
    fine_width: int
    date_width: int
    head_width: int


def compose(stages: Stages, table: Table) -> Program:
    """All source of the stages."""
    outputs, rows = {}, 0
    for name, e in stages.settle.items():
        outputs[name] = (rows, e.size)
        rows += max(e.size, 1)
    date_width = max(table.seen.width, table.unseen.width, table.opening.width)
    return Program(
        Preparation(stages, table).text(),
        _Writer(stages, table, outputs, rows, lanes=True).text(),
        _Writer(stages, table, outputs, rows, lanes=False).text(),
        outputs,
        rows,
        table.fine.width,
        date_width,
        table.parameter_width + table.head.width,
    )


class _Writer:
    """Text of the path program, over lanes or for one path."""

    def __init__(
        self, stages: Stages, table: Table, outputs: Mapping[str, tuple[int, int]], rows: int, lanes: bool
    ) -> None:
        self.stages, self.table, self.lanes, self.rows = stages, table, lanes, rows
        self.store = Store(lanes, ROW)
        self.outputs = {k: self._output(*at) for k, at in outputs.items()}
        if lanes:
            self.store.used = rows * ROW
        self.carries = {
            c.symbol: self.store.place(f"x{i}", c.symbol.size)
            for i, c in enumerate(stages.fold.carries)
            if c.symbol in stages.varying
        }
        self.noise: dict[Expr, Place] = {}
        self.heads: dict[Expr, Place] = {}
        self.head_lines: list[str] = []

    def _output(self, first: int, size: int) -> Place:
        if self.lanes:
            return Place(row=first * ROW, size=size)
        return Place(array=("out", str(first)), size=size) if size else Place(name=f"out[{first}]")

    def text(self) -> str:
        body = self._body()
        declared = [f"{name} = local_array({n})" for name, n in self.store.arrays.items()]
        lines = [*declared, *self.head_lines, *body]
        if not self.lanes:
            title = ["@device", "def path(theta, grid, seed, stream, index, out):"]
            return "\n".join([f"OUTPUTS = {self.rows}", "", *title, *("    " + x for x in lines)]) + "\n"
        constants = {
            "LANES": LANES, "ROW": ROW, "OUTPUTS": self.rows, "WORK": self.store.used, "UNIFORMS": 1, "OUT": 0,
        }  # fmt: skip
        rows = [f"# row {p.row}: {e}" for e, p in {**self.carries, **self.noise}.items()]
        rows += [f"# row {p.row}: output {k}" for k, p in self.outputs.items()]
        title = [*rows, "@kernel", "def block(theta, grid, seed, stream, path0, w, u):"]
        head = [f"{k} = {v}" for k, v in constants.items()]
        return "\n".join([*head, "", *title, *("    " + x for x in lines)]) + "\n"

    def _body(self) -> list[str]:
        stages = self.stages
        if stages.single:
            noise = self._draws(stages.fold.noise.get("arrive", ()), "0", str(DATE_CALLS), once=True)
            return [*noise, *self._settle()]
        lines = self._starts()
        if stages.opening:
            lines += self._stage(stages.opening, self.table.opening, "int(grid[0, 4])", "o")
        if stages.fine:
            lines.append("s = 0")
        lines.append("for k in range(grid.shape[0]):")
        if stages.fine:
            width = self.table.fine.width
            inner = self._stage(stages.fine, self.table.fine, f"int(grid[k, 2]) + j * {width}", "f", ("s", 0))
            lines += ["    for j in range(int(grid[k, 0])):", *("        " + x for x in [*inner, "s += 1"])]
        lines += ["    " + x for x in self._dates()]
        return [*lines, *self._settle()]

    def _dates(self) -> list[str]:
        seen, unseen = self.stages.seen, self.stages.unseen
        texts = [
            self._stage(stage, section, "int(grid[k, 3])", prefix, ("k", DATE_CALLS)) if stage else None
            for stage, section, prefix in ((seen, self.table.seen, "v"), (unseen, self.table.unseen, "u"))
        ]
        if texts[0] is None or texts[1] is None:
            return texts[0] or texts[1] or []
        return [
            "if grid[k, 1] > 0.0:",
            *("    " + x for x in texts[0]),
            "else:",
            *("    " + x for x in [*texts[1], "pass"]),
        ]

    def _starts(self) -> list[str]:
        roots = [(self.carries[c.symbol], c.start) for c in self.stages.fold.carries if c.symbol in self.carries]
        leaves = self._uniform([e for _, e in roots], Section(), "")[0]
        return Emitter(self.store, leaves, "i").emit(roots)

    def _stage(
        self, stage: Stage, section: Section, base: str, prefix: str, draws: tuple[str, int] = ("0", 0)
    ) -> list[str]:
        roots = [(self.carries[s], e) for s, e in stage.updates.items()]
        uniform, loads = self._uniform([e for _, e in roots], section, prefix)
        noise = self._draws(stage.noise, draws[0], str(draws[1]))
        leaves = {**self.carries, **uniform, **self.noise}
        lines = [f"{prefix}row = {base}"] if loads or any(p.array for p in uniform.values()) else []
        return [*lines, *loads, *noise, *Emitter(self.store, leaves, prefix).emit(roots)]

    def _settle(self) -> list[str]:
        roots = [(self.outputs[k], e) for k, e in self.stages.settle.items()]
        uniform = self._uniform([e for _, e in roots], Section(), "")[0]
        return Emitter(self.store, {**self.carries, **uniform, **self.noise}, "e").emit(roots)

    def _uniform(self, roots: list[Expr], section: Section, prefix: str) -> tuple[dict[Expr, Place], list[str]]:
        """Places of the uniform parts: locals loaded at the top (head) or at the stage (rows), vectors in the table."""
        places: dict[Expr, Place] = {}
        loads = []
        for e in frontier(self.stages, roots):
            at, in_row = self.table.leaf(e, section, f"{prefix}row")
            if e.size:
                places[e] = Place(array=("theta", at), size=e.size)
            elif in_row:
                places[e] = Place(name=f"{prefix}u{len(places)}")
                loads.append(f"{places[e].name} = theta[{at}]  # {e}")
            else:
                places[e] = self._head(e, at)
        return places, loads

    def _head(self, e: Expr, at: str) -> Place:
        if e not in self.heads:
            self.heads[e] = Place(name=f"h{len(self.heads)}")
            self.head_lines.append(f"{self.heads[e].name} = theta[{at}]  # {e}")
        return self.heads[e]

    # noise --------------------------------------------------------------------------------------------------
    def _draws(self, noise: tuple[Expr, ...], step: str, base: str, once: bool = False) -> list[str]:
        """Fill the rows (or names) of a stage's normals; `step` counts its executions."""
        if not noise:
            return []
        count = sum(max(z.size, 1) for z in noise)
        if noise[0].size:
            return self._vector_draws(noise, step, base, count)
        return self._lane_draws(noise, step, base, once) if self.lanes else self._thread_draws(noise, step, base, once)

    def _lane_draws(self, noise: tuple[Expr, ...], step: str, base: str, once: bool) -> list[str]:
        """Two rows a call; a lone noise draws two steps at once and keeps the second in a spare row behind its own."""
        for z in noise:
            if z not in self.noise:
                self.noise[z] = self.store.place(str(z), 0)
                self.store.used += ROW if len(noise) == 1 and not once else 0
        rows = [self.noise[z].row for z in noise]
        call = "path0, {}, seed, stream"
        if len(noise) == 1 and once:
            return [f"normal(w, {rows[0]}, {call.format(base)})"]
        if len(noise) == 1:
            fill = f"normals(w, {rows[0]}, {call.format(f'{base} + ({step} >> 1)')})"
            return [f"if {step} & 1 == 0:", f"    {fill}", "else:", f"    copy(w, {rows[0]}, {rows[0]} + ROW)"]
        calls = (len(noise) + 1) // 2
        lines = []
        for c in range(calls):
            which = "normals" if 2 * c + 1 < len(noise) else "normal"
            lines.append(f"{which}(w, {rows[2 * c]}, {call.format(f'{base} + {step} * {calls} + {c}')})")
        return lines

    def _thread_draws(self, noise: tuple[Expr, ...], step: str, base: str, once: bool) -> list[str]:
        """The same draws, into local variables."""
        names = []
        for z in noise:
            self.noise.setdefault(z, Place(name=f"z{len(self.noise)}"))
            names.append(self.noise[z].name)
        call = "normal_pair(index, {}, seed, stream)"
        if len(names) == 1 and once:
            return [f"{names[0]} = normal_single(index, {base}, seed, stream)"]
        if len(names) == 1:
            own = names[0]
            pair = call.format(f"{base} + ({step} >> 1)")
            return [f"{own}a, {own}b = {pair}", f"{own} = {own}a if {step} & 1 == 0 else {own}b"]
        calls = (len(names) + 1) // 2
        lines = []
        for c in range(calls):
            at = f"{base} + {step} * {calls} + {c}"
            pair_of = names[2 * c : 2 * c + 2]
            lone = f"{pair_of[0]} = normal_single(index, {at}, seed, stream)"
            lines.append(f"{', '.join(pair_of)} = {call.format(at)}" if len(pair_of) == 2 else lone)
        return lines

    def _vector_draws(self, noise: tuple[Expr, ...], step: str, base: str, count: int) -> list[str]:
        """Vectors of normals, two elements a call."""
        lines, begun = [], 0
        total = sum((z.size + 1) // 2 for z in noise)
        for z in noise:
            if z not in self.noise:
                self.noise[z] = self.store.place(f"z{len(self.noise)}", z.size + z.size % 2)
            place, pairs = self.noise[z], (z.size + 1) // 2
            call = f"{base} + {step} * {total} + {begun} + c"
            if self.lanes:
                draw = [f"    normals(w, {place.row} + c * {2 * ROW}, path0, {call}, seed, stream)"]
            else:
                name = place.array[0] if place.array else ""
                draw = [f"    {name}[2 * c], {name}[2 * c + 1] = normal_pair(index, {call}, seed, stream)"]
            bound = f"opaque({pairs})" if self.lanes else str(pairs)
            lines += [f"for c in range({bound}):", *draw]
            begun += pairs
        return lines
