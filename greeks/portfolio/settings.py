"""How the trades of a book are simulated: the settings that all of them share."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from greeks import fields


@dataclass(frozen=True)
class Settings:
    """The keyword arguments of `sensitivities`, their ranges checked once rather than trade by trade."""

    scheme: Any = None
    sampler: Any = None
    estimator: Any = "auto"
    paths: int = fields.whole(2, default=2**16)
    seed: int = fields.whole(-(2**63), default=0)
    std_error: float | Mapping[str, float] | None = None
    max_paths: int | None = fields.whole(1, default=None)
    time_limit: float | None = fields.positive(default=None, hint="give the seconds for the whole book")
    backend: str = "cpu"
    threads: int | None = fields.whole(1, default=None)

    def __post_init__(self) -> None:
        fields.check(self)

    def keywords(self) -> dict[str, Any]:
        return {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
