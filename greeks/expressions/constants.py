"""Names that say more than that: vectors of known numbers, which the host puts into the table, and positive values."""

from __future__ import annotations

from dataclasses import dataclass

from greeks.expressions.node import Expr, node


@dataclass(frozen=True)
class Constants:
    """The payload of a symbol that stands for some numbers, the same in every run."""

    name: str
    values: tuple[float, ...]

    def __str__(self) -> str:
        return self.name

    @property
    def positive(self) -> bool:
        """Whether all of them are."""
        return min(self.values) > 0.0

    @property
    def symbol(self) -> Expr:
        """The vector."""
        return node("symbol", payload=self, size=len(self.values))


class Positive(str):
    """The name of what is positive; of weights in a sum, that it is so as if all of them were."""

    __slots__ = ()
    positive = True
