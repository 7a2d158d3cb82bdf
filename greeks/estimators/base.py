"""What an estimator is: a transformation of the fold that prices into a fold whose mean is a Greek."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from greeks.estimators.direction import Direction
from greeks.expressions.fold import Fold


@dataclass(frozen=True)
class Estimator(ABC):
    """Turns a fold with outputs "price" and "unit" (the constant 1) into one for a Greek.

    In the result "price" is a sample whose mean is the derivative of the price in the directions, "unit" one whose
    mean is known to be 0: what the same weights make of the constant payoff, and so a free control.
    """

    name: ClassVar[str]
    changes_price: ClassVar[bool] = False  # whether with no direction at all it still changes what is averaged

    @property
    def shown(self) -> str:
        """The name, with what tells two of one class apart."""
        return self.name

    @property
    def leans(self) -> bool:
        """Whether its samples are of use only less their controls."""
        return False

    @property
    def remark(self) -> str:
        """What a result should say of how its number was had, if anything."""
        return ""

    @abstractmethod
    def apply(self, fold: Fold, directions: tuple[Direction, ...]) -> Fold:
        """The transformed fold; raises `UnsupportedError` with the reason where it would not be honest."""
