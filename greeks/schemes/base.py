"""What a scheme is: a discretisation that turns a model into one-step transitions."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar

from greeks.errors import SchemaError
from greeks.expressions.fold import Fold
from greeks.expressions.trace import Parameter
from greeks.models.base import Model
from greeks.schemes.transition import Transition


@dataclass(frozen=True)
class Scheme(ABC):
    """Steps between observation dates; every date is a step's end, whatever the number of steps.

    `several_grids`: whether a sample plays the path on several grids between dates, so that there must be dates.
    """

    several_grids: ClassVar[bool] = False

    @abstractmethod
    def transition(self, model: Model, parameters: Mapping[str, Parameter], observed: Collection[int]) -> Transition:
        """The step of a traced model; `observed` are the positions of the states that the payoff looks at."""

    def substeps(self, interval: float, horizon: float) -> int:
        """Fine steps in an interval between dates, of a path as long as `horizon` (years)."""
        return 1

    @property
    def inner(self) -> Scheme:
        """The scheme whose steps are taken: the one itself, or the one that it plays on several grids."""
        return self

    def sampled(self, fold: Fold) -> Fold:
        """What is averaged of an estimator's fold on such steps: the fold itself, or one that plays it on several."""
        return fold


@dataclass(frozen=True)
class SteppedScheme(Scheme):
    """A scheme with a step size: about `steps` equal steps over the life of the contract.

    `strong_order`: the power of the step with which the distance to the model's own path falls, where the model allows
    it.
    """

    steps: int
    strong_order: ClassVar[float] = 0.5

    def __post_init__(self) -> None:
        if isinstance(self.steps, bool) or not isinstance(self.steps, int) or self.steps < 1:
            raise SchemaError(
                f"{type(self).__name__}.steps = {self.steps!r}: expected a whole number >= 1; "
                "give the number of steps over the life of the contract, such as 64"
            )

    def substeps(self, interval: float, horizon: float) -> int:
        return max(1, math.ceil(self.steps * interval / horizon - 1e-9))
