"""A change of the paths' law: every normal z becomes x + m, x ~ N(0, 1), and every output is weighted.

E[g(Z)] = E[g(X + m) exp(-m.X - m.m / 2)] for any function g of the normals: whatever an estimator has made of a path,
and for every control of mean 0, which keeps that mean. In a step that begins at t and takes dt, m = drift(t) sqrt(dt),
with a drift that is constant in pieces of time: an argument of the program, and so no part of what is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from greeks.engine.grid import TimeGrid
from greeks.expressions import node as n
from greeks.expressions.fold import DATE, DT, Carry, Fold, T, depending
from greeks.expressions.node import ZERO, Expr, substitute, symbol, symbols
from greeks.samplers import DriftShift

Array = npt.NDArray[np.float64]
Shape = tuple[tuple[tuple[str, int], ...], int]
Noise = tuple[str, Expr]  # normals: the map in which they are drawn, and their symbol
SINCE, BEGUN, GAP = (symbol(f"shift.{name}") for name in ("since", "begun", "gap"))
STEPS: Mapping[str, tuple[Expr, Expr]] = {"advance": (T, DT), "arrive": (SINCE, DATE - SINCE), "observe": (BEGUN, GAP)}
CLOCK = (
    Carry.of("shift.since", ZERO, arrive=DATE),
    Carry.of("shift.begun", ZERO, arrive=SINCE),
    Carry.of("shift.gap", ZERO, arrive=DATE - SINCE),
)


@dataclass(frozen=True)
class Until:
    """The end of a piece of time, as a number that the host gives."""

    piece: int

    def __str__(self) -> str:
        return f"shift.until {self.piece}"

    def value(self, shift: DriftShift) -> tuple[float, ...]:
        return (shift.until[self.piece],)


@dataclass(frozen=True)
class Drift:
    """The drift of a noise in a piece of time, as numbers that the host gives."""

    noise: str
    piece: int

    def __str__(self) -> str:
        return f"shift.drift {self.noise} {self.piece}"

    def value(self, shift: DriftShift) -> tuple[float, ...]:
        return shift.of(self.noise, self.piece)


Weighing = Callable[[str, Expr, Expr, Collection[Expr]], Expr]  # (name, output, weight, what is random) -> weighted


def shifted(fold: Fold, shape: Shape, weighed: Weighing, varying: Collection[str]) -> Fold:
    """The fold on shifted paths, with weights for those of its outputs that differ from path to path.

    Noise of a date may be used on arrival and when the payoff observes; a date's step begins at the date before.
    """
    noises, pieces = shape
    names = {name for name, _ in noises}
    drawn = [(at, z) for at, zs in fold.noise.items() for z in zs if str(z.payload) in names]
    drifts = {z: drifts_of(z, pieces) for _, z in drawn}
    means = {at: {z: z + mean(m, *step) for z, m in drifts.items()} for at, step in STEPS.items()}
    carries = tuple(replace(c, **{at: substitute(c.map(at), means[at]) for at in STEPS}) for c in fold.carries)
    product, square = products("shift", drawn, drifts)
    weight = n.unary("exp", -(product.symbol + 0.5 * square.symbol))
    random = {z for zs in fold.noise.values() for z in zs}
    random |= depending(fold, random)
    outputs = {k: weighed(k, e, weight, random) if k in varying else e for k, e in fold.outputs.items()}
    return replace(fold, carries=(*carries, *CLOCK, product, square), outputs=outputs)


def apart(e: Expr, random: Collection[Expr]) -> tuple[Expr, Expr]:
    """An expression as (what differs from path to path) + (what does not), as far as sums and factors show it."""
    if symbols(e).isdisjoint(random):
        return ZERO, e
    if e.op in ("add", "sub"):
        (a, fixed), (b, still) = (apart(x, random) for x in e.args)
        return (a + b, fixed + still) if e.op == "add" else (a - b, fixed - still)
    if e.op == "neg":
        moving, fixed = apart(e.args[0], random)
        return -moving, -fixed
    if e.op in ("mul", "div"):
        a, b = e.args
        if symbols(b).isdisjoint(random):
            moving, fixed = apart(a, random)
            return n.rebuild(e, (moving, b)), n.rebuild(e, (fixed, b))
        if e.op == "mul" and symbols(a).isdisjoint(random):
            moving, fixed = apart(b, random)
            return a * moving, a * fixed
    return e, ZERO


def products(name: str, drawn: Iterable[Noise], drifts: Mapping[Expr, list[Expr]]) -> tuple[Carry, Carry]:
    """The sums of m z and of m^2 over all normals z of a path, m their means under some drifts."""
    first, second = symbol(f"{name}.product"), symbol(f"{name}.square")
    sums = {at: (first, second) for at in ("advance", "arrive")}
    for at, z in drawn:
        m, (product, square) = mean(drifts[z], *STEPS[at]), sums[at]
        sums[at] = product + n.total(m * z), square + n.total(m * m)
    found = ({at: both[k] for at, both in sums.items()} for k in (0, 1))
    a, b = (Carry(s, ZERO, of["advance"], of["arrive"], s) for s, of in zip((first, second), found, strict=True))
    return a, b


def mean(drifts: list[Expr], begun: Expr, length: Expr) -> Expr:
    """The mean of a normal in a step: the drift where the step begins, times the root of its length."""
    return by_piece(drifts, begun) * n.unary("sqrt", length)


def by_piece(values: list[Expr], time: Expr) -> Expr:
    """The value of the piece in which a time lies."""
    found = values[-1]
    for k in reversed(range(len(values) - 1)):
        found = n.where(time < symbol_of(Until(k)), values[k], found)
    return found


def symbol_of(payload: Until | Drift, size: int = 0) -> Expr:
    return n.node("symbol", payload=payload, size=size)


def drifts_of(z: Expr, pieces: int, mark: str = "") -> list[Expr]:
    """The drift of a noise in every piece, as numbers that the host gives."""
    return [symbol_of(Drift(f"{mark}{z.payload}", k), z.size) for k in range(pieces)]


def noises_used(fold: Fold) -> Iterator[Noise]:
    """The normals that a fold's outputs depend on, each with the map in which it is drawn."""
    used = {s for c in fold.pruned().carries for s in c.used}
    yield from ((at, z) for at, zs in fold.noise.items() for z in zs if z in used)


def lengths(grid: TimeGrid, until: tuple[float, ...], at: str) -> Array:
    """Years of the fine steps ("advance") or of the intervals between dates ("arrive") that begin in each piece."""
    begun, length = grid.fine[:, 0], grid.fine[:, 1]
    if at == "arrive":
        begun, length = np.concatenate([[0.0], grid.ends[:-1]]), np.diff(grid.ends, prepend=0.0)
    piece = np.searchsorted(np.array(until), begun, side="right")
    return np.asarray(np.bincount(piece, weights=length, minlength=len(until) + 1), dtype=np.float64)
