"""What a second estimator says of a result."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greeks.results import Estimate

if TYPE_CHECKING:
    import pandas as pd

AGREE = 4.0  # standard errors of the difference within which two estimators agree


@dataclass(frozen=True)
class Check:
    """One number by two estimators on the same paths; `other` is None where only one is valid."""

    greek: str
    used: Estimate
    other: Estimate | None
    difference: Estimate | None

    @property
    def z(self) -> float:
        """The difference in its own standard errors, which the common paths make small; NaN without another."""
        if self.difference is None:
            return math.nan
        return self.difference.value / self.difference.std_error if self.difference.std_error else 0.0

    @property
    def agrees(self) -> bool:
        """Whether the two are within four standard errors of each other, or there is nothing to compare with."""
        return self.difference is None or abs(self.z) < AGREE


@dataclass(frozen=True)
class Verification:
    """A check for every number of a result."""

    checks: tuple[Check, ...]

    @property
    def agrees(self) -> bool:
        """Whether every check does."""
        return all(c.agrees for c in self.checks)

    def __getitem__(self, greek: str) -> Check:
        try:
            return next(c for c in self.checks if c.greek == greek)
        except StopIteration:
            names = ", ".join(c.greek for c in self.checks)
            raise KeyError(f"{greek!r} was not checked; there are {names}") from None

    def to_frame(self) -> pd.DataFrame:
        """A row a number: value, estimator, other_value, other_estimator, difference, std_error, z, agrees."""
        import pandas as pd

        rows = [
            {
                "greek": c.greek,
                "value": c.used.value,
                "estimator": c.used.estimator,
                "other_value": c.other.value if c.other else math.nan,
                "other_estimator": c.other.estimator if c.other else "",
                "difference": c.difference.value if c.difference else math.nan,
                "std_error": c.difference.std_error if c.difference else math.nan,
                "z": c.z,
                "agrees": c.agrees,
            }
            for c in self.checks
        ]
        return pd.DataFrame(rows).set_index("greek")

    def __repr__(self) -> str:
        head = ("greek", "estimator", "value", "other", "value", "z", "")
        table = [head, *(_row(c) for c in self.checks)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in table)


def _row(c: Check) -> tuple[str, ...]:
    if c.other is None:
        return (c.greek, c.used.estimator, str(c.used), "-", "", "", "no other estimator is valid")
    biased = "" if c.used.bias is None else f", biased by about {c.used.bias:.2g}"
    verdict = "" if c.agrees else f"DISAGREE{biased}"
    return (c.greek, c.used.estimator, str(c.used), c.other.estimator, str(c.other), f"{c.z:+.2f}", verdict)
