"""One derivative by the path, the other by its density."""

from __future__ import annotations

from dataclasses import dataclass

from greeks.errors import UnsupportedError
from greeks.estimators.base import Estimator
from greeks.estimators.direction import Direction
from greeks.estimators.handover import AT_ONCE, EVENLY_HANDED, Handover
from greeks.estimators.likelihood_ratio import likelihood_ratio
from greeks.estimators.pathwise import pathwise
from greeks.expressions.fold import Fold


@dataclass(frozen=True)
class Mixed(Estimator):
    """Second derivatives of payoffs with kinks: the pathwise derivative of a likelihood ratio, or the reverse.

    `first="likelihood"` (default) differentiates f * score along the path, f' X' score + f score'; `first="pathwise"`
    weights the pathwise sample, f' X' score + f' dX'/dtheta at a fixed path. Neither needs f to have a second
    derivative. Which has less variance depends on the payoff; both have far less than the score twice.

    References
    ----------
    Broadie and Glasserman (1996), section 4.3; Glasserman (2003), section 7.3.3.
    """

    first: str = "likelihood"
    name = "mixed"

    @property
    def shown(self) -> str:
        """Which of the two comes first."""
        return f"{self.first} first" if self.first != "likelihood" else self.name

    def apply(self, fold: Fold, directions: tuple[Direction, ...]) -> Fold:
        if len(directions) != 2:
            raise UnsupportedError("mixed: needs a second derivative, such as gamma; for a first one use Pathwise()")
        reasons = []
        for handover in (EVENLY_HANDED, AT_ONCE):
            for scored, moved in dict.fromkeys((directions, directions[::-1])):
                try:
                    return self._applied(fold, scored, moved, handover)
                except UnsupportedError as e:
                    reasons.append(str(e))
        raise UnsupportedError("; ".join(dict.fromkeys(reasons)))

    def _applied(self, fold: Fold, scored: Direction, moved: Direction, handover: Handover) -> Fold:
        if self.first == "likelihood":
            return pathwise(likelihood_ratio(fold, scored, handover), moved)
        return likelihood_ratio(pathwise(fold, moved), scored, handover)
