"""How the trades of a book are simulated: the settings that all of them share."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from greeks import fields
from greeks.api import check_settings
from greeks.engine.choosing.menu import check_wanted
from greeks.engine.sampling.settings import Settings as OfOne
from greeks.errors import SchemaError
from greeks.fields import finite, shown


@dataclass(frozen=True)
class Settings:
    """The keyword arguments of `sensitivities`, checked once rather than trade by trade, and those of the book.

    `paths` and `std_error` are those of one contract of a trade, `net_std_error` that of the book's sums.
    """

    scheme: Any = None
    sampler: Any = None
    estimator: Any = "auto"
    paths: int = fields.whole(2, default=2**16)
    seed: int = fields.whole(-(2**63), default=0)
    std_error: Any = None
    net_std_error: float | Mapping[str, float] | None = None
    max_paths: int | None = fields.whole(1, default=None)
    time_limit: float | None = fields.positive(default=None, hint="give the seconds for the whole book")
    backend: str = "cpu"
    threads: int | None = fields.whole(1, default=None)
    controls: Any = "auto"

    def __post_init__(self) -> None:
        fields.check(self)
        check_settings(self.of_one())
        for name, target in self.net_targets().items():
            if (number := finite(target)) is None or number <= 0.0:
                field = f"net_std_error[{name!r}]" if name else "net_std_error"
                raise SchemaError(f"{field} = {shown(target)}: expected a finite number > 0; give the error you accept")
        if self.std_error is not None and self.net_std_error is not None:
            raise SchemaError("std_error and net_std_error are both given: expected one, of each trade or of the sums")

    def of_one(self) -> OfOne:
        """What the engine is told of one contract; its time is what is left of the book's."""
        shared = {item.name for item in dataclasses.fields(OfOne)} & {item.name for item in dataclasses.fields(self)}
        return OfOne(**{name: getattr(self, name) for name in shared})

    def net_targets(self) -> dict[str, float]:
        """Targets by number; under "" that of all."""
        target = self.net_std_error
        if target is None:
            return {}
        return dict(target) if isinstance(target, Mapping) else {"": target}

    def check(self, greeks: list[str]) -> None:
        """Refuse estimators and targets of numbers that nobody asked for."""
        check_wanted(greeks, self.estimator)
        known = {"", "price", *(name.partition("[")[0] for name in greeks)}
        for field in ("std_error", "net_std_error"):
            targets = getattr(self, field)
            for name in targets if isinstance(targets, Mapping) else ():
                if name.partition("[")[0] not in known:
                    there = ", ".join(["price", *greeks])
                    raise SchemaError(f"{field} names {name!r}, which is not asked for; there are {there}")


def requested(greeks: Sequence[str]) -> list[str]:
    """The names asked for, without the price, which is always there."""
    if isinstance(greeks, str):
        raise SchemaError(f"greeks = {greeks!r}: expected a list of names; write [{greeks!r}]")
    if not isinstance(greeks, Iterable):
        raise SchemaError(f"greeks = {shown(greeks)}: expected a list of names such as ['delta']")
    wrong = [greek for greek in greeks if not isinstance(greek, str) or not greek.strip()]
    if wrong:
        raise SchemaError(f"greeks: {wrong[0]!r} is no name; expected names such as 'delta'")
    return [greek for greek in dict.fromkeys(greeks) if greek != "price"]
