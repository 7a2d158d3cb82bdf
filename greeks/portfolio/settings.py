"""How the trades of a book are simulated: the settings that all of them share."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from greeks import fields

_PROBE_PATHS = 4096


@dataclass(frozen=True)
class Settings:
    """The keyword arguments of `sensitivities`, their ranges checked once rather than trade by trade."""

    scheme: Any = None
    sampler: Any = None
    estimator: Any = "auto"
    controls: Any = None
    paths: int = fields.whole(1, default=2**16)
    seed: int = fields.whole(0, default=0)
    std_error: float | Mapping[str, float] | None = None
    max_paths: int | None = fields.whole(1, default=None)
    time_limit: float | None = fields.positive(default=None, hint="give the seconds for the whole book")
    backend: str = "cpu"
    threads: int | None = fields.whole(1, default=None)

    def __post_init__(self) -> None:
        fields.check(self)

    def keywords(self) -> dict[str, Any]:
        return {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}

    def probing(self) -> dict[str, Any]:
        """Settings for a run of which only its being possible is of interest."""
        return {**self.keywords(), "paths": _PROBE_PATHS, "std_error": None, "max_paths": None}
