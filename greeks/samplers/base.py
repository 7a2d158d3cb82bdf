"""What a sampler is."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Sampler(ABC):
    """A stateless map (seed, path, step, factor) -> noise: the same draws whatever the batches, threads or backend."""

    name: ClassVar[str]
