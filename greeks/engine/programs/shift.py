"""A change of the paths' law: normals z = x + m, x ~ N(0, 1), on most paths, and weights on all.

With p the law of the normals and p_m that of the shifted ones, paths are drawn from the mixture a p + (1 - a) p_m: for
any function g of the normals, whatever an estimator has made of a path,

    E[g(Z)] = E_mixture[g(Z) / (a + (1 - a) exp(m.Z - m.m / 2))].

The weights are at most 1 / a: no path that is rare under the shift makes a large part of the variance, and no variance
is more than 1 / a times that without a shift. In a step that begins at t and takes dt, m = drift(t) sqrt(dt), with a
drift that is constant in pieces of time: an argument of the program, and so no part of what is compiled.

Source: Hesterberg (1995), "Weighted average importance sampling and defensive mixture distributions".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from greeks.engine.terms.grid import TimeGrid
from greeks.expressions import node as n
from greeks.expressions.fold import DATE, DT, Carry, Fold, T, depending
from greeks.expressions.node import ONE, ZERO, Expr, substitute, symbol, symbols
from greeks.samplers import DriftShift

Array = npt.NDArray[np.float64]
Shape = tuple[tuple[tuple[str, int], ...], int]
Noise = tuple[str, Expr]  # normals: the map in which they are drawn, and their symbol
NEVER = -1e300
SINCE, BEGUN, GAP = (symbol(f"shift.{name}") for name in ("since", "begun", "gap"))
STEPS: Mapping[str, tuple[Expr, Expr]] = {"advance": (T, DT), "arrive": (SINCE, DATE - SINCE), "observe": (BEGUN, GAP)}
CLOCK = (
    Carry.of("shift.since", ZERO, arrive=DATE),
    Carry.of("shift.begun", ZERO, arrive=SINCE),
    Carry.of("shift.gap", ZERO, arrive=DATE - SINCE),
)
LOT, SIDE = symbol("shift.lot"), symbol("shift.side")


@dataclass(frozen=True)
class Until:
    """The end of a piece of time."""

    piece: int

    def __str__(self) -> str:
        return f"shift.until {self.piece}"

    def value(self, shift: DriftShift) -> tuple[float, ...]:
        return (shift.until[self.piece],)


@dataclass(frozen=True)
class Drift:
    """The drift of a noise in a piece of time."""

    noise: str
    piece: int

    def __str__(self) -> str:
        return f"shift.drift {self.noise} {self.piece}"

    def value(self, shift: DriftShift) -> tuple[float, ...]:
        return shift.of(self.noise, self.piece)


@dataclass(frozen=True)
class Plain:
    """The share of paths that are not shifted, or the normal number below which a path's lot makes it one of them."""

    lot: bool

    def __str__(self) -> str:
        return "shift.plain lot" if self.lot else "shift.plain"

    def value(self, shift: DriftShift) -> tuple[float, ...]:
        if not self.lot:
            return (shift.plain,)
        return (NormalDist().inv_cdf(shift.plain) if shift.plain > 0.0 else NEVER,)


Given = Until | Drift | Plain  # numbers that the host gives


def shifted(fold: Fold, shape: Shape, random: Collection[str], in_part: Callable[[str], bool]) -> Fold:
    """The fold on shifted paths, with weights for its `random` outputs, or for what is seen to be random in them.

    Noise of a date may be used on arrival and when the payoff observes; a date's step begins at the date before.
    """
    noises, pieces = shape
    names = {name for name, _ in noises}
    drawn = [(at, z) for at, zs in fold.noise.items() for z in zs if str(z.payload) in names]
    drifts = {z: drifts_of(z, pieces) for _, z in drawn}
    product, square = products("shift", drawn, drifts)
    means = {at: {z: z + SIDE * mean(m, *step) for z, m in drifts.items()} for at, step in STEPS.items()}
    carries = [
        replace(c, **{at: substitute(c.map(at), means[at]) for at in STEPS}) for c in (*fold.carries, product, square)
    ]
    lot = n.where(symbol_of(Plain(lot=True)) < LOT, ONE, ZERO)
    return replace(
        fold,
        carries=(*carries, *CLOCK, Carry.of("shift.side", lot)),
        outputs=_weighted(fold, weight(product, square, symbol_of(Plain(lot=False))), random, in_part),
        noise={**fold.noise, "start": (LOT,)},
    )


def _weighted(fold: Fold, w: Expr, random: Collection[str], in_part: Callable[[str], bool]) -> dict[str, Expr]:
    noise = {z for zs in fold.noise.values() for z in zs}
    differing = noise | depending(fold, noise)
    outputs = dict(fold.outputs)
    for name in random:
        moving, fixed = apart(outputs[name], differing) if in_part(name) else (outputs[name], ZERO)
        outputs[name] = moving * w + fixed
    return outputs


def weight(product: Carry, square: Carry, plain: Expr) -> Expr:
    """p over the mixture of p and p_m, from m.Z and m.m."""
    ratio = n.unary("exp", product.symbol - 0.5 * square.symbol)
    return ONE / (plain + (ONE - plain) * ratio)


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


def symbol_of(payload: Given, size: int = 0) -> Expr:
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
