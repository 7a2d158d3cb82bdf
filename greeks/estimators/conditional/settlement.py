"""What is settled at maturity, expected over the last step."""

from __future__ import annotations

from dataclasses import dataclass, replace

from greeks.estimators.conditional.expectation import expectation
from greeks.estimators.conditional.gaussian import Gaussian, Step
from greeks.expressions.algebra import free_of
from greeks.expressions.fold import GRID_DATE, GRID_FINE, OBSERVED, Carry, Fold, needed
from greeks.expressions.node import ZERO, Expr, is_const, substitute, symbol, where


def settled(fold: Fold, step: Step, observed: Expr, unobserved: Expr) -> tuple[Expr, tuple[Carry, ...]]:
    """The expectation of a settlement over the last step, as an output, and the carries that it is made of.

    `observed` and `unobserved` are what is settled if the payoff looks at the last date and if it does not, in the
    carries' values after the last step and before that look. Where the price at maturity does not matter by itself,
    the step that counts is the last one that ends in a look.
    """
    then, later = step.rewound(observed), step.rewound(unobserved)
    if not free_of(later, {step.law.y}):
        last = _Memory.of(fold, step, "last")
        value = where(last.names[OBSERVED] > ZERO, last.expected(then), last.expected(later), "guard")
        return value, needed([value], last.carries())
    seen = _Memory.of(fold, step, "last seen")
    value = seen.expected(then)
    if fold.observes_start:  # today may be all that the payoff looks at
        value = where(seen.names[OBSERVED] > ZERO, value, unobserved, "guard")
    return value, needed([value], seen.held())


@dataclass(frozen=True)
class _Memory:
    """What a step knew, by name: carries and grid as they were before it, and its Gaussian."""

    step: Step
    maps: dict[Expr, str]  # expression -> the map in which it is known
    names: dict[Expr, Expr]
    law: Gaussian

    @classmethod
    def of(cls, fold: Fold, step: Step, mark: str) -> _Memory:
        law = step.law
        parts = {p: e for p, e in law.parts.items() if not is_const(e)}
        known = (*(c.symbol for c in fold.carries), *step.given, *parts.values())
        maps = dict.fromkeys(known, step.at) | dict.fromkeys(GRID_DATE, "arrive") | dict.fromkeys(GRID_FINE, "advance")
        names = {e: symbol(f"{mark} {e}", e.size) for e in maps}
        names |= {e: symbol(f"{mark} {part} of {step.state}") for part, e in parts.items()}
        random = frozenset(name for e, name in names.items() if not law.fixed(e))
        remembered = replace(law, random=random, **{part: names[e] for part, e in parts.items()})
        return cls(step, maps, names, remembered)

    def expected(self, e: Expr) -> Expr:
        """E[e] over the step, by what is remembered of it."""
        return expectation(substitute(e, self.names), self.law)

    def carries(self) -> list[Carry]:
        """The memory of the last step of all."""
        return [self._held_from(e, m) for e, m in self.names.items()]

    def _held_from(self, e: Expr, m: Expr) -> Carry:
        return Carry.of(str(m.payload), ZERO, m.size, **{self.maps[e]: self.step.told(e)})

    def held(self) -> list[Carry]:
        """The memory of the last step that ends in a look, and what it needs of the steps themselves."""
        found = []
        for e, m in self.names.items():
            value = self.step.told(e)
            if self.maps[e] != "arrive":
                value = symbol(f"{m} of any step", m.size)
                found.append(self._held_from(e, value))
            found.append(Carry.of(str(m.payload), ZERO, m.size, arrive=where(ZERO < OBSERVED, value, m)))
        return found
