"""Straight-line source for expressions: loops over lanes on the CPU, over nothing on a device, over assets on both.

Expressions are put into *loops*: a scalar loop computes scalars, a vector loop vectors, element by element. A
reduction (sum, largest, matrix product) ends a *phase*: its result is for the loops of the next. Text depends on the
number of operations, never on the number of paths or assets.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from greeks.expressions.newton import newton
from greeks.expressions.node import BOOLEAN, Expr, postorder

REDUCTIONS = ("sum", "largest", "smallest")
PRODUCTS = ("matvec", "root")  # of whole vectors: computed after the loop that completes them
INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "lt": "<", "le": "<=", "and": "&", "or": "|"}
CALLS = {"max": "maximum", "min": "minimum", "abs": "absolute"}


@dataclass(frozen=True)
class Place:
    """Where a value lives.

    name : a local variable, the same for all lanes (or the only lane).
    row : first element of its row (scalar) or rows (vector) in the lane workspace.
    array : the name of an array that holds a vector, and the text of its first index.
    size : elements of a vector, 0 of a scalar.
    """

    name: str = ""
    row: int | None = None
    array: tuple[str, str] | None = None
    size: int = 0


class Store:
    """Hands out rows of the workspace (lanes) or local names and arrays (no lanes)."""

    def __init__(self, lanes: bool, row: int = 0) -> None:
        self.lanes, self.row, self.used = lanes, row, 0
        self.arrays: dict[str, int] = {}

    def place(self, name: str, size: int) -> Place:
        """A place for a new value."""
        if self.lanes:
            at = self.used
            self.used += self.row * max(size, 1)
            return Place(row=at, size=size)
        if size:
            self.arrays[name] = size
            return Place(array=(name, ""), size=size)
        return Place(name=name)


@dataclass
class Loop:
    """The statements of one loop over lanes, inside one over elements if `size`."""

    size: int
    nodes: list[Expr] = field(default_factory=list)
    stores: list[tuple[Place, Expr]] = field(default_factory=list)
    sums: list[Expr] = field(default_factory=list)
    products: list[Expr] = field(default_factory=list)


class Emitter:
    """Writes the text that computes `roots` from `leaves` and stores each in its place.

    Stores happen as if after all reads, although a carry's new value may overwrite the row of the old.
    """

    def __init__(self, store: Store, leaves: Mapping[Expr, Place], prefix: str) -> None:
        self.store, self.leaves, self.prefix = store, dict(leaves), prefix
        self._names = Counter[str]()
        self._owners: dict[str, Expr] = {}

    def emit(self, roots: Sequence[tuple[Place, Expr]]) -> list[str]:
        """Lines of text, not indented."""
        self._order = postorder([e for _, e in roots], stop=self.leaves)
        self._uses = Counter(a for e in self._order for a in e.args if e not in self.leaves)
        self._uses.update(e for _, e in roots)
        self._kept: dict[Expr, Place] = {}
        loops = self._loops(roots)
        self._keep_shared(loops)
        self._delay_stores(loops)
        lines: list[str] = []
        for loop in loops:
            lines += self._write(loop)
        return lines

    # which loop computes what -------------------------------------------------------------------------------
    def _loops(self, roots: Sequence[tuple[Place, Expr]]) -> list[Loop]:
        phase: dict[Expr, int] = {}
        loops: dict[tuple[int, int], Loop] = {}
        for e in self._order:
            inside = [phase[a] for a in e.args] if e not in self.leaves else []
            phase[e] = max(inside, default=0)
            if e in self.leaves or e.op == "const":
                continue
            if e.op in REDUCTIONS:
                self._loop(loops, phase[e], e.args[0].size).sums.append(e)
                phase[e] += 1
            elif e.op in PRODUCTS:
                self._loop(loops, phase[e], e.args[-2 if e.op == "root" else -1].size).products.append(e)
                phase[e] += 1
            else:
                if e.op == "index" and e.args[0] not in self.leaves:
                    phase[e] += 1
                self._loop(loops, phase[e], e.size).nodes.append(e)
        for place, e in roots:
            self._loop(loops, phase[e], place.size).stores.append((place, e))
        return [loops[k] for k in sorted(loops)]

    @staticmethod
    def _loop(loops: dict[tuple[int, int], Loop], phase: int, size: int) -> Loop:
        return loops.setdefault((phase, size), Loop(size))

    def _keep_shared(self, loops: list[Loop]) -> None:
        """Values that another loop needs get a place of their own."""
        home = {e: k for k, loop in enumerate(loops) for e in loop.nodes}
        for k, loop in enumerate(loops):
            for e in self._reads(loop):
                if home.get(e, k) != k and e.op not in BOOLEAN and e not in self._kept:
                    self._kept[e] = self.store.place(self._fresh("keep"), e.size)
            for e in (*loop.sums, *loop.products):
                self._kept.setdefault(e, self.store.place(self._fresh("total"), e.size))
                for whole in e.args if e.op in PRODUCTS else ():
                    if whole not in self.leaves and whole not in self._kept and whole.op != "const":
                        self._kept[whole] = self.store.place(self._fresh("keep"), whole.size)

    def _reads(self, loop: Loop) -> list[Expr]:
        """What the loop's statements read, looking through conditions computed elsewhere."""
        found: list[Expr] = []
        todo = [a for e in loop.nodes for a in e.args] + [e for _, e in loop.stores] + [e.args[0] for e in loop.sums]
        seen: set[Expr] = set()
        while todo:
            e = todo.pop()
            if e in seen:
                continue
            seen.add(e)
            found.append(e)
            if e.op in BOOLEAN and e not in loop.nodes:
                todo.extend(e.args)
        return found

    def _delay_stores(self, loops: list[Loop]) -> None:
        """No place may be overwritten before the last loop that reads it."""
        last: dict[Place, int] = {}
        for k, loop in enumerate(loops):
            reads = [*self._reads(loop), *(a for e in loop.products for a in e.args)]
            for e in reads:
                if e in self.leaves:
                    last[self.leaves[e]] = k
        late: dict[int, Loop] = {}
        for k, loop in enumerate(loops):
            for place, e in list(loop.stores):
                if last.get(place, -1) > k:
                    loop.stores.remove((place, e))
                    if e not in self.leaves and e.op != "const" and e not in self._kept:
                        self._kept[e] = self.store.place(self._fresh("new"), e.size)
                    late.setdefault(place.size, Loop(place.size)).stores.append((place, e))
        loops.extend(late.values())

    def name_of(self, e: Expr) -> str:
        """A readable local name for a symbol, its own: "v_" starts no other name, and two symbols never share one."""
        stem = "v_" + re.sub(r"\W+", "_", str(e.payload)).strip("_")
        name, k = stem, 1
        while self._owners.setdefault(name, e) is not e:
            k += 1
            name = f"{stem}_{k}"
        return name

    # text ---------------------------------------------------------------------------------------------------
    def _fresh(self, stem: str) -> str:
        self._names[stem] += 1
        return f"{self.prefix}{stem}{self._names[stem]}"

    def _write(self, loop: Loop) -> list[str]:
        lines: list[str] = []
        for e in loop.sums:
            start = {"sum": "0.0", "largest": "-1e308", "smallest": "1e308"}[e.op]
            lines += self._lane_loop([self._assign(self._kept[e], start)])
        body = _Body(self, loop)
        text = body.statements()
        if text:
            lines += self._nest(loop.size, body.heads, text)
        for e in loop.products:
            lines += self._root(e) if e.op == "root" else self._product(e)
        return lines

    def _nest(self, size: int, heads: Iterable[str], body: list[str]) -> list[str]:
        inner = self._lane_loop(body)
        if not size:
            return [*heads, *inner]
        return [self._elements("i", size), *("    " + h for h in heads), *("    " + line for line in inner)]

    def _elements(self, name: str, size: int) -> str:
        """The head of a loop over elements; on lanes its bound is hidden, or the compiler would unroll it."""
        return f"for {name} in range(opaque({size})):" if self.store.lanes else f"for {name} in range({size}):"

    def _lane_loop(self, body: list[str]) -> list[str]:
        return ["for p in range(LANES):", *("    " + line for line in body)] if self.store.lanes else body

    def _assign(self, place: Place, value: str, base: str = "") -> str:
        if place.row is not None:
            return f"w[p + {base or place.row}] = {value}"
        if place.array is not None:
            return f"{self.element(place)} = {value}"
        return f"{place.name} = {value}"

    @staticmethod
    def element(place: Place, index: str = "i") -> str:
        """The text of an element of a uniform or local vector."""
        assert place.array is not None
        name, base = place.array
        return f"{name}[{base} + {index}]" if base else f"{name}[{index}]"

    def _product(self, e: Expr) -> list[str]:
        """row_i = sum_j M_ij v_j, after the loop that completes v."""
        matrix, vector = e.args
        out, source = self._kept[e], self.place_of(vector)
        entry = self.element(self.leaves[matrix], f"i * {e.size} + j")
        if not self.store.lanes:
            target, value = self.element(out), self.element(source, "j")
            return [
                self._elements("i", e.size),
                f"    {target} = 0.0",
                f"    for j in range({e.size}):",
                f"        {target} = fma({entry}, {value}, {target})",
            ]
        assert out.row is not None and source.row is not None
        return [
            self._elements("i", e.size),
            f"    a = i * ROW + {out.row}",
            "    for p in range(LANES):",
            "        w[p + a] = 0.0",
            "    " + self._elements("j", e.size),
            f"        m = {entry}",
            "        if m != 0.0:",
            f"            b = j * ROW + {source.row}",
            "            for p in range(LANES):",
            "                w[p + a] = fma(m, w[p + b], w[p + a])",
        ]

    def _root(self, e: Expr) -> list[str]:
        """Newton's method, after the loop that completes weights and rates."""
        out, (value, slope) = self._kept[e], (self.store.place(self._fresh("sum"), 0) for _ in range(2))
        working = [self._text(place) for place in (out, value, slope)]
        weights, rates, target = (
            repr(float(a.payload)) if a.op == "const" else self._text(self.place_of(a), "nj") for a in e.args
        )
        size = e.args[0].size
        count = f"opaque({size})" if self.store.lanes else str(size)
        return newton(working[0], working[1], working[2], target, (weights, rates), count, self.store.lanes)

    def _text(self, place: Place, index: str = "") -> str:
        """The text of a value in a lane, or of an element of a vector."""
        if place.row is not None:
            return f"w[p + {index} * ROW + {place.row}]" if place.size else f"w[p + {place.row}]"
        return self.element(place, index) if place.array is not None else place.name

    def place_of(self, e: Expr) -> Place:
        """Where a leaf or a kept value lives."""
        return self.leaves[e] if e in self.leaves else self._kept[e]


class _Body:
    """The statements inside one loop: loads, operations in order, stores."""

    def __init__(self, emitter: Emitter, loop: Loop) -> None:
        self.emitter, self.loop = emitter, loop
        self.names: dict[Expr, str] = {}
        self.heads: list[str] = []
        self.lines: list[str] = []
        self.bases: dict[Place, str] = {}

    def statements(self) -> list[str]:
        em, kept = self.emitter, self.emitter._kept
        fused = self._fused()
        for e in self.loop.nodes:
            if e not in fused and e not in self.names:
                self.names[e] = self._compute(e, fused)
        sums = [(kept[e], self._accumulated(e)) for e in self.loop.sums]
        values = [(place, self.value(e)) for place, e in self.loop.stores]
        local = [(kept[e], self.value(e)) for e in self.loop.nodes if e in kept]
        writes = [em._assign(place, text, self._base(place)) for place, text in (*local, *sums, *values)]
        if not em.store.lanes:
            writes = _simultaneous([*local, *sums, *values], em)
        return [*self.lines, *writes]

    def value(self, e: Expr) -> str:
        """The text that stands for e in this loop; loads or recomputes it if need be."""
        if e.op == "const":
            return repr(float(e.payload)).replace("inf", "1e999")
        if e not in self.names:
            self.names[e] = self._load(e)
        return self.names[e]

    def _load(self, e: Expr) -> str:
        em = self.emitter
        if e.op in BOOLEAN and e not in em.leaves:
            return self._compute(e, frozenset())
        place = em.place_of(e)
        if place.name:
            return place.name
        name = self._name(e)
        if place.row is not None:
            self.lines.append(f"{name} = w[p + {self._base(place) or place.row}]")
        else:
            self.heads.append(f"{name} = {em.element(place)}")
        return name

    def _base(self, place: Place) -> str:
        """The row of element i, hoisted out of the lane loop."""
        if place.row is None or not place.size:
            return ""
        if place not in self.bases:
            self.bases[place] = f"b{len(self.bases)}"
            self.heads.append(f"{self.bases[place]} = i * ROW + {place.row}")
        return self.bases[place]

    def _name(self, e: Expr) -> str:
        if e.op == "symbol":
            return self.emitter.name_of(e)
        return self.emitter._fresh("t")

    def _fused(self) -> frozenset[Expr]:
        """Products used once, by an addition of this loop: they become part of a fused multiply-add."""
        em, here = self.emitter, set(self.loop.nodes)
        taken: set[Expr] = set()
        for e in self.loop.nodes:
            if e.op in ("add", "sub"):
                product = next((a for a in reversed(e.args) if self._can_fuse(a, here, taken)), None)
                if product is not None:
                    taken.add(product)
        return frozenset(taken - set(em._kept))

    def _can_fuse(self, a: Expr, here: set[Expr], taken: set[Expr]) -> bool:
        em = self.emitter
        return a.op == "mul" and a in here and a not in taken and em._uses[a] == 1 and a not in em._kept

    def _compute(self, e: Expr, fused: frozenset[Expr]) -> str:
        name = self.emitter._fresh("c" if e.op in BOOLEAN else "t")
        self.lines.append(f"{name} = {self._operation(e, fused)}")
        return name

    def _operation(self, e: Expr, fused: frozenset[Expr]) -> str:
        if e.op in ("add", "sub"):
            for k, a in enumerate(e.args):
                if a in fused:
                    return self._fma(e, k)
        if e.op == "index":
            return self._indexed(e)
        if e.op == "onehot":
            return f"{self.value(e.args[0])} if i == {e.payload[0]} else 0.0"
        args = [self.value(a) for a in e.args]
        if e.op in INFIX:
            left, right = (self._truth(a) for a in e.args) if e.op in ("and", "or") else args
            return f"{left} {INFIX[e.op]} {right}"
        if e.op == "where":
            return f"{args[1]} if {args[0]} else {args[2]}"
        if e.op == "neg":
            return f"-{args[0]}"
        if e.op == "not":
            return f"not {args[0]}"
        if e.op in ("spread", "solved"):
            return args[0]
        if e.op == "exprel":
            return f"exprel({e.payload}, {args[0]})"
        return f"{CALLS.get(e.op, e.op)}({', '.join(args)})"

    def _truth(self, condition: Expr) -> str:
        """A condition as a boolean; one that is the same on all paths is kept as a number, 1 or 0."""
        text = self.value(condition)
        return f"({text} != 0.0)" if condition in self.emitter.leaves else f"({text})"

    def _fma(self, e: Expr, k: int) -> str:
        product, other = e.args[k], self.value(e.args[1 - k])
        a, b = (self.value(f) for f in product.args)
        if e.op == "add":
            return f"fma({a}, {b}, {other})"
        return f"fma({a}, {b}, -{other})" if k == 0 else f"fma(-{a}, {b}, {other})"

    def _indexed(self, e: Expr) -> str:
        place = self.emitter.place_of(e.args[0])
        if place.row is not None:
            return f"w[p + {place.row} + {e.payload} * ROW]"
        return self.emitter.element(place, str(e.payload))

    def _accumulated(self, e: Expr) -> str:
        kept = self.emitter._kept[e]
        so_far = kept.name or f"w[p + {kept.row}]"
        value = self.value(e.args[0])
        if e.op == "sum":
            return f"{so_far} + {value}"
        return f"{'maximum' if e.op == 'largest' else 'minimum'}({so_far}, {value})"


def _simultaneous(stores: list[tuple[Place, str]], em: Emitter) -> list[str]:
    """Assignments to local variables that read each other's old values, through temporaries where needed."""
    real = [
        (place, text)
        for place, text in stores
        if em._assign(place, text) != f"{place.name} = {text}" or place.name != text
    ]
    targets = {place.name for place, _ in real if place.name}
    words = [set(re.findall(r"[A-Za-z_]\w*", text)) for _, text in real]
    clash = any(targets & w - {place.name} for (place, _), w in zip(real, words, strict=True))
    if not clash:
        return [em._assign(place, text) for place, text in real]
    names = [em._fresh("n") for _ in real]
    return [
        *(f"{name} = {text}" for name, (_, text) in zip(names, real, strict=True)),
        *(em._assign(place, name) for name, (place, _) in zip(names, real, strict=True)),
    ]
