"""What became of one trade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Outcome:
    """The m numbers of one contract of a trade, and a status, "ok..." where all is well.

    Attributes
    ----------
    status : str
    greeks : (m,), the numbers' names, "price" first; none where the trade failed.
    values, std_errors : (m,), for one contract, per 1.00 and per year.
    batches : (m, B), means over each of B batches of paths; trades on one underlying share the paths.
    estimator : the estimators' names.
    paths : how many were simulated.
    degrees : degrees of freedom of the standard errors, where they rest on few independent numbers; else 0.
    """

    status: str
    greeks: tuple[str, ...] = ()
    values: Array = field(default_factory=lambda: np.empty(0))
    std_errors: Array = field(default_factory=lambda: np.empty(0))
    batches: Array = field(default_factory=lambda: np.empty((0, 0)))
    estimator: str = ""
    paths: int = 0
    degrees: int = 0

    @property
    def ok(self) -> bool:
        return self.status.startswith("ok")


def estimators(greeks: Sequence[str], used: Sequence[str]) -> str:
    """The estimators used: one name where the Greeks share it, else `pathwise (delta); mixed (gamma)`.

    Examples
    --------
    >>> estimators(["price", "delta", "gamma"], ["mean", "pathwise", "mixed"])
    'pathwise (delta); mixed (gamma)'
    """
    users: dict[str, list[str]] = {}
    for greek, estimator in zip(greeks, used, strict=True):
        if greek != "price" or len(greeks) == 1:
            users.setdefault(estimator, []).append(greek)
    if len(users) == 1:
        return next(iter(users))
    return "; ".join(f"{estimator} ({', '.join(names)})" for estimator, names in users.items())
