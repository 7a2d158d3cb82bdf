"""How to simulate: everything but the contract."""

from __future__ import annotations

from dataclasses import dataclass

from greeks.engine.choosing.legs import Controls
from greeks.engine.choosing.menu import Wanted
from greeks.engine.sampling.targets import Wanted as Targets
from greeks.samplers import Sampler
from greeks.schemes.base import Scheme


@dataclass(frozen=True)
class Settings:
    """How to simulate: everything but the contract."""

    scheme: Scheme | None = None
    sampler: Sampler | None = None
    estimator: Wanted = "auto"
    paths: int = 2**16
    seed: int = 0
    std_error: Targets | None = None
    max_paths: int | None = None
    time_limit: float | None = None
    backend: str = "cpu"
    threads: int | None = None
    stream: int = 0
    progress: bool = False
    first: int = 0
    controls: Controls = "auto"
    precision: str = "float64"
