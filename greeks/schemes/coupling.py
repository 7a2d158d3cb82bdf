"""One model on several time grids at once, driven by the same Brownian paths."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from greeks.expressions.fold import DT, DT_SHIFT, EVENLY, LAST_STEP, T_SHIFT, Carry, Fold, T, depending
from greeks.expressions.node import ONE, ZERO, Expr, const, substitute, symbol

Noise = tuple[Expr, ...]
Outputs = Mapping[str, Expr]


@dataclass(frozen=True)
class SideBySide:
    """A fold that holds several chains, and the outputs of each, coarser ones first.

    The finest has its carries by their own names.
    """

    fold: Fold
    outputs: tuple[Outputs, ...]

    def combined(self, outputs: Outputs) -> Fold:
        """All chains, with outputs made of theirs."""
        return replace(self.fold, outputs=outputs).pruned()


def side_by_side(fold: Fold, refine: int, depth: int) -> SideBySide:
    """The chain of `fold` with 1, refine, ..., refine^depth steps in each step of the time grid, on one Brownian path.

    A chain with n steps is driven, in each, by the sum over its finest parts of their normals, divided by the root of
    how many there are: a standard normal again, so that every chain has the law that it has alone. What is drawn on
    a date is the same for all.
    """
    parts = refine**depth
    finest = _finest(fold, parts)
    coarser = {f"{depth - level}": _sums(finest, parts // refine**level) for level in range(depth)}
    return _driven(fold, finest, {**coarser, "": finest})


def swapped(fold: Fold, refine: int) -> SideBySide:
    """The chain of `fold` with 1 and with `refine` steps in each step of the grid, and the latter with noise swapped.

    The third chain takes the normals of the second, within every step of the grid, in the opposite order: the same
    sums, so the same coarse path, and the law of the second. What of fine - coarse is odd in how the noise is spread
    within a step cancels in the mean of the two.

    References
    ----------
    Giles and Szpruch (2014), "Antithetic multilevel Monte Carlo estimation for multi-dimensional SDEs without Levy
    area simulation", section 3.
    """
    finest = _finest(fold, refine)
    return _driven(fold, finest, {"1": _sums(finest, refine), "": finest, "swapped": finest[::-1]})


def _finest(fold: Fold, parts: int) -> list[Noise]:
    """The normals of so many steps in a step of the grid."""
    return [tuple(_marked(z, f"{k}") for z in fold.noise.get("advance", ())) for k in range(parts)]


def _driven(fold: Fold, finest: Sequence[Noise], drives: Mapping[str, Sequence[Noise]]) -> SideBySide:
    """A chain for every drive, the normals of its steps within one of the grid; its name marks the chain's carries."""
    drawn = fold.noise.get("advance", ())
    moved = {c.symbol for c in fold.carries if c.advance is not c.symbol}
    apart = moved | depending(fold, moved)
    carries: dict[Expr, Carry] = {}
    outputs: list[Outputs] = []
    for mark, noises in drives.items():
        names = {s: _marked(s, mark) for s in apart} if mark else {}
        chain = _renamed(fold, _advances(fold, [dict(zip(drawn, z, strict=True)) for z in noises]), names)
        carries.update({c.symbol: c for c in chain.carries})
        outputs.append(chain.outputs)
    noise = {**fold.noise, "advance": tuple(z for step in finest for z in step)}
    together = replace(fold, carries=tuple(carries.values()), noise=noise, scoring=None, exit=None)
    return SideBySide(together, tuple(outputs))


def _marked(s: Expr, mark: str) -> Expr:
    return symbol(f"{s}~{mark}", s.size)


def _sums(finest: Sequence[Noise], together: int) -> list[Noise]:
    """The noises of steps that are `together` of the finest ones."""
    if together == 1:
        return list(finest)
    blocks = [finest[k : k + together] for k in range(0, len(finest), together)]
    return [tuple(_summed(zs) for zs in zip(*block, strict=True)) for block in blocks]


def _summed(zs: Sequence[Expr]) -> Expr:
    total = zs[0]
    for z in zs[1:]:
        total = total + z
    return total * const(1.0 / math.sqrt(len(zs)))


def _advances(fold: Fold, noises: Sequence[Mapping[Expr, Expr]]) -> dict[Expr, Expr]:
    """What a step of the grid turns every carry into, taken in as many equal parts as there are noises."""
    values = {c.symbol: c.symbol for c in fold.carries}
    for k, noise in enumerate(noises):
        seen = {**values, **noise, **_within(k, len(noises))}
        values = {c.symbol: substitute(c.advance, {}, seen) for c in fold.carries}
    return values


def _within(k: int, parts: int) -> dict[Expr, Expr]:
    """What the grid supplies in the k-th of so many equal parts of a step."""
    if parts == 1:
        return {}
    share, before = const(1.0 / parts), const(k / parts)
    return {
        T: T + before * DT,
        DT: share * DT,
        EVENLY: ONE / (const(float(parts)) / EVENLY - float(k)),
        LAST_STEP: LAST_STEP if k == parts - 1 else ZERO,
        T_SHIFT: T_SHIFT + before * DT_SHIFT,
        DT_SHIFT: share * DT_SHIFT,
    }


def _renamed(fold: Fold, advances: Mapping[Expr, Expr], names: Mapping[Expr, Expr]) -> Fold:
    """The fold with these advances, and with other names for some carries."""

    def renamed(e: Expr) -> Expr:
        return substitute(e, names)

    carries = tuple(
        replace(replace(c, advance=advances[c.symbol]).changed(renamed), symbol=names.get(c.symbol, c.symbol))
        for c in fold.carries
    )
    return replace(fold, carries=carries, outputs={k: renamed(e) for k, e in fold.outputs.items()})
