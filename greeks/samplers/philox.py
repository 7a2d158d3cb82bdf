"""Independent counter-based pseudo-random numbers."""

from __future__ import annotations

from dataclasses import dataclass

from greeks.samplers.base import Sampler


@dataclass(frozen=True)
class Philox(Sampler):
    """Philox4x32-10: key = seed, counter = (draw, stream, path), normals by inversion.

    References
    ----------
    Salmon, Moraes, Dror and Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3".
    """

    name = "Philox"
