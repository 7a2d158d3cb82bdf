"""What a sampler is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from greeks.errors import SchemaError
from greeks.fields import shown
from greeks.samplers.order import BrownianBridge, Order

Array = npt.NDArray[np.float64]
MOST_SCRAMBLES = 2**20  # families of paths: a path's number has 63 bits, 32 of them within its family


@dataclass(frozen=True)
class Sampler(ABC):
    """A stateless map (seed, path, step, factor) -> noise: the same draws whatever the batches, threads or backend."""

    name: ClassVar[str]

    @property
    def design(self) -> Design:
        """What of the paths is independent."""
        return INDEPENDENT

    @property
    def drawn(self) -> Sampler:
        """The sampler that makes the normals: the one itself, or the one whose normals it gives another law."""
        return self


@dataclass(frozen=True)
class Design:
    """Which paths are independent of each other, so which numbers have a standard error.

    together : successive paths whose mean is one sample. families : randomisations of one point set, 1 for none; then
    a family's mean is one sample, and its points belong together.
    """

    together: int = 1
    families: int = 1


INDEPENDENT = Design()


@dataclass(frozen=True)
class PointSet(Sampler):
    """Paths whose normals are those of points that fill the cube evenly, randomised several times independently.

    The points of one randomisation are not independent, those of two are: a standard error comes from the spread of
    `scrambles` means, with scrambles - 1 degrees of freedom. `order` says which steps get the first, best dimensions;
    those after `dimensions` get independent numbers (Philox).
    """

    scrambles: int = 16
    order: Order = field(default_factory=BrownianBridge)
    dimensions: int = 1024

    latin: ClassVar[bool]
    most_dimensions: ClassVar[int]

    def __post_init__(self) -> None:
        name = type(self).__name__
        _whole(f"{name}.scrambles", self.scrambles, 2, MOST_SCRAMBLES)
        _whole(f"{name}.dimensions", self.dimensions, 1, self.most_dimensions)
        if not isinstance(self.order, Order):
            raise SchemaError(
                f"{name}.order = {shown(self.order)}: expected greeks.Incremental(), greeks.BrownianBridge(), "
                "greeks.AverageBridge() or greeks.PrincipalComponents()"
            )

    @property
    def design(self) -> Design:
        return Design(families=self.scrambles)

    @abstractmethod
    def directions(self, dimensions: int) -> Array:
        """32 direction numbers for each dimension, each with its bits reversed; none where there are none."""


def _whole(name: str, value: object, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise SchemaError(f"{name} = {shown(value)}: expected a whole number from {least} to {most}")
