"""What a width is relative to: the size of the level at which a condition turns."""

from __future__ import annotations

from functools import reduce

from greeks.errors import UnsupportedError
from greeks.expressions import node as n
from greeks.expressions.fold import Fold
from greeks.expressions.node import ONE, ZERO, Expr, const, is_const, substitute
from greeks.expressions.uniform import Tidy, uniform_carries

SMALLEST = 1e-2  # a level nearer to 0 counts as this much, as in bumps
LARGEST = 1e100  # what is beyond is no level, but where an extreme starts that has seen nothing yet

_Term = tuple[Expr, Expr]


class Ruler:
    """Lengths in the unit of a difference of two quantities, from what is the same on all paths of a fold."""

    def __init__(self, fold: Fold) -> None:
        noise = {z for zs in fold.noise.values() for z in zs}
        moving = {c.symbol for c in fold.carries} - uniform_carries(fold)
        self.varying = frozenset(noise | moving)
        self._tidy = Tidy(self.varying)
        self._logs = {c.symbol for c in fold.carries if c.start.op == "log"}
        self._start = {c.symbol: c.start for c in fold.carries} | dict.fromkeys(noise, ZERO)

    def varies(self, e: Expr) -> bool:
        """Whether `e` differs from path to path."""
        return self._tidy.varies(e)

    def length(self, difference: Expr) -> Expr:
        """The size of the level in `quantity - level`: its magnitude, and 1 where logarithms are compared.

        Of two quantities that both vary, the first that has a size at the start of the path gives that.
        """
        terms = self._terms(difference)
        logs = [factor for factor, e in terms if e.op == "log" or e in self._logs]
        level = reduce(n.add, [factor * e for factor, e in terms if not self.varies(e)], ZERO)
        starts = [factor * substitute(e, self._start) for factor, e in terms]
        for size in (*logs, level, *starts):
            if not is_const(size) or 0.0 < abs(size.payload) < LARGEST:
                return _magnitude(size)
        raise UnsupportedError(
            f"smoothed: {difference} starts at 0 and has no level that a width could be a fraction of; "
            "compare with a number that is not 0"
        )

    def _terms(self, e: Expr) -> list[_Term]:
        """The terms of a sum, each as (factor that is the same on all paths, rest)."""
        found: list[_Term] = []
        todo = [(ONE, e)]
        while todo:
            factor, e = todo.pop()
            parts = self._split(e)
            todo += [(factor * f, part) for f, part in reversed(parts)]
            found += [] if parts else [(factor, e)]
        return found

    def _split(self, e: Expr) -> list[_Term]:
        """The parts of a sum, or of a product with what is the same on all paths; none of anything else."""
        if e.op in ("add", "sub"):
            left, right = e.args
            return [(ONE, left), (ONE if e.op == "add" else -ONE, right)]
        if e.op == "neg":
            return [(-ONE, e.args[0])]
        if e.op == "mul" and self.varies(e):
            return [(one, other) for one, other in (e.args, e.args[::-1]) if not self.varies(one)]
        if e.op == "div" and self.varies(e) and not self.varies(e.args[1]):
            return [(ONE / e.args[1], e.args[0])]
        return []


def _magnitude(e: Expr) -> Expr:
    """max(|e|, SMALLEST), as a choice that is no kink."""
    if is_const(e):
        return const(max(abs(e.payload), SMALLEST))
    least = const(SMALLEST)
    return n.where(least < e, e, n.where(e < -least, -e, least, "guard"), "guard")
