"""A scenario: a name, shifts of the market, and where it stands on the axes of a ladder or grid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from greeks.errors import SchemaError
from greeks.portfolio.scenarios.shift import Shift

BASE = "base"


@dataclass(frozen=True)
class Scenario:
    """Shifts, one after the other, under one name."""

    name: str
    shifts: tuple[Shift, ...] = ()
    coordinates: Mapping[str, float] = field(default_factory=dict)

    def applied(self, market: Mapping[str, Any], held: Iterable[str] | None = None) -> dict[str, Any]:
        """The market in this scenario; models that do not move are the same objects.

        held : the underlyings that count, all by default; what the others are is left open.
        """
        names = set(market) if held is None else set(held)
        shifted = {name: model for name, model in market.items() if name in names}
        for shift in self.shifts:
            shift.check(market)
            if shift.underlying is None or shift.underlying in names:
                shifted = shift.applied(shifted)
        return shifted


@dataclass(frozen=True)
class Axis:
    """Shifts of one parameter by several sizes."""

    parameter: str
    sizes: Sequence[float | str]
    how: str = ""
    underlying: str | None = None

    def shifts(self) -> list[Shift]:
        """One for each size, in the order given.

        Raises
        ------
        SchemaError
            If there are none, or one comes twice.
        """
        listed = [] if isinstance(self.sizes, str) or not isinstance(self.sizes, Iterable) else list(self.sizes)
        if not listed:
            raise SchemaError(f"shifts of {self.parameter!r} are {self.sizes!r}: expected sizes such as [-0.1, 0, 0.1]")
        shifts = [Shift(self.parameter, size, self.how, self.underlying) for size in listed]
        if len({(shift.size, shift.how) for shift in shifts}) < len(shifts):
            raise SchemaError(f"shifts of {self.parameter!r} are {list(self.sizes)}: expected each size once")
        return shifts


def along(axes: Sequence[Axis]) -> list[Scenario]:
    """Every combination of the axes' shifts, the last axis fastest."""
    names = [axis.parameter for axis in axes]
    return [
        Scenario(
            ", ".join(str(shift) for shift in shifts if not shift.nothing) or BASE,
            shifts,
            dict(zip(names, (shift.size for shift in shifts), strict=True)),
        )
        for shifts in product(*(axis.shifts() for axis in axes))
    ]
