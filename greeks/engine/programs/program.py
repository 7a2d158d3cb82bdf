"""The source of a plan: `prepare` for what all paths share, `block` for 256 lanes, `path` for one device thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from greeks.engine.programs.draws import LANES, ROW, Draws, Factors, Turn, draws_of
from greeks.engine.programs.stages import Stage, Stages
from greeks.engine.programs.table import Preparation, Section, Table, frontier
from greeks.expressions.emit import Emitter, Place, Store
from greeks.expressions.fold import SHARES
from greeks.expressions.node import Expr
from greeks.samplers import Sampler


@dataclass(frozen=True)
class Program:
    """Source texts, the names and places of the outputs, the table and widths of its rows, normals a date and step."""

    prepare: str
    cpu: str
    cuda: str
    outputs: Mapping[str, tuple[int, int]]  # name -> (first row, elements; 0 for a scalar)
    width: int
    fine_width: int
    date_width: int
    head_width: int
    factors: Factors
    shares: bool  # whether it looks at the shares of a date's lever
    table: Table


def compose(stages: Stages, table: Table, sampler: Sampler) -> Program:
    """All source of the stages, with normals from such a sampler."""
    outputs, rows = {}, 0
    for name, e in stages.settle.items():
        outputs[name] = (rows, e.size)
        rows += max(e.size, 1)
    date_width = max(table.seen.width, table.unseen.width, table.opening.width)
    return Program(
        Preparation(stages, table).text(),
        _Writer(stages, table, outputs, rows, sampler, lanes=True).text(),
        _Writer(stages, table, outputs, rows, sampler, lanes=False).text(),
        outputs,
        rows,
        table.fine.width,
        date_width,
        table.parameter_width + table.head.width,
        Factors.of(stages),
        any(SHARES in c.used for c in stages.fold.carries),
        table,
    )


class _Writer:
    """Text of the path program, over lanes or for one path."""

    def __init__(
        self,
        stages: Stages,
        table: Table,
        outputs: Mapping[str, tuple[int, int]],
        rows: int,
        sampler: Sampler,
        lanes: bool,
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
        self.draws: Draws = draws_of(sampler, self.store, lanes, Factors.of(stages))
        self.heads: dict[Expr, Place] = {}
        self.head_lines: list[str] = []

    def _output(self, first: int, size: int) -> Place:
        if self.lanes:
            return Place(row=first * ROW, size=size)
        return Place(array=("out", str(first)), size=size) if size else Place(name=f"out[{first}]")

    def text(self) -> str:
        body = self._body()
        declared = [f"{name} = local_array({n})" for name, n in self.store.arrays.items()]
        lines = [*declared, *self.head_lines, *self.draws.opening(), *body, *self.draws.closing()]
        if not self.lanes:
            title = ["@device", f"def path(theta, grid, seed, stream, index, {self.draws.signature}out):"]
            head = [f"OUTPUTS = {self.rows}", ""]
            return "\n".join([*head, *title, *("    " + x for x in lines)]) + "\n"
        constants = {
            "LANES": LANES, "ROW": ROW, "OUTPUTS": self.rows, "WORK": self.store.used, "SAMPLES": self.draws.samples,
            "OUT": 0,
        }  # fmt: skip
        rows = [f"# row {p.row}: {e}" for e, p in {**self.carries, **self.draws.places}.items()]
        rows += [f"# row {p.row}: output {k}" for k, p in self.outputs.items()]
        title = [*rows, "@kernel", "def block(theta, grid, seed, stream, path0, w, u):"]
        head = [f"{k} = {v}" for k, v in constants.items()]
        return "\n".join([*head, "", *title, *("    " + x for x in lines)]) + "\n"

    def _body(self) -> list[str]:
        stages = self.stages
        once = self.draws.once(stages.fold.noise.get("start", ()))
        if stages.single:
            noise = self.draws.draw(stages.fold.noise.get("arrive", ()), Turn("0", fine=False, once=True))
            return [*once, *noise, *self._settle()]
        lines = [*once, *self._starts()]
        if stages.opening:
            lines += self._stage(stages.opening, self.table.opening, "int(grid[0, 4])", "o", Turn("0", fine=False))
        if stages.fine:
            lines.append("s = 0")
        lines.append("for k in range(grid.shape[0]):")
        if stages.fine:
            width = self.table.fine.width
            row = f"int(grid[k, 2]) + j * {width}"
            inner = self._stage(stages.fine, self.table.fine, row, "f", Turn("s", fine=True))
            lines += ["    for j in range(int(grid[k, 0])):", *("        " + x for x in [*inner, "s += 1"])]
        lines += ["    " + x for x in self._dates() or ["pass"]]
        return [*lines, *self._settle()]

    def _dates(self) -> list[str]:
        seen, unseen = self.stages.seen, self.stages.unseen
        texts = [
            self._stage(stage, section, "int(grid[k, 3])", prefix, Turn("k", fine=False)) if stage else None
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
        return Emitter(self.store, {**leaves, **self.draws.places}, "i").emit(roots)

    def _stage(self, stage: Stage, section: Section, base: str, prefix: str, turn: Turn) -> list[str]:
        roots = [(self.carries[s], e) for s, e in stage.updates.items()]
        uniform, loads = self._uniform([e for _, e in roots], section, prefix)
        noise = self.draws.draw(stage.noise, turn)
        leaves = {**self.carries, **uniform, **self.draws.places}
        lines = [f"{prefix}row = {base}"] if loads or any(p.array for p in uniform.values()) else []
        return [*lines, *loads, *noise, *Emitter(self.store, leaves, prefix).emit(roots)]

    def _settle(self) -> list[str]:
        roots = [(self.outputs[k], e) for k, e in self.stages.settle.items()]
        uniform = self._uniform([e for _, e in roots], Section(), "")[0]
        return Emitter(self.store, {**self.carries, **uniform, **self.draws.places}, "e").emit(roots)

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
