"""What a control variate is: something on the path whose mean is known whatever the parameters are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from greeks.controls.path import Leg, Path


@dataclass(frozen=True)
class ControlVariate(ABC):
    """C with E[C] = 0 for all parameters: then every estimator of its derivatives has mean 0 too.

    So one control serves the price and all Greeks: Y - b . C for the price, and for a Greek the same with what its own
    estimator makes of C, a pathwise derivative or a weighted sample. Means are formulas in the symbols of the model, so
    that derivatives of the known mean are exact and nobody writes them down.

    References
    ----------
    Glasserman (2003), "Monte Carlo Methods in Financial Engineering", section 4.1; Boyle (1977) for the idea.
    """

    name: ClassVar[str]

    @abstractmethod
    def legs(self, path: Path) -> Iterator[Leg]:
        """What this control offers on a path; nothing where it does not apply."""
