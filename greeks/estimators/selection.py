"""The only place that chooses an estimator."""

from __future__ import annotations

from dataclasses import dataclass

from greeks.errors import UnsupportedError
from greeks.estimators.base import Estimator
from greeks.estimators.direction import Direction
from greeks.estimators.likelihood_ratio import LikelihoodRatio
from greeks.estimators.mixed import Mixed
from greeks.estimators.pathwise import Pathwise
from greeks.expressions.fold import Fold


@dataclass(frozen=True)
class Choice:
    """An estimator, its fold, and why it was taken."""

    estimator: Estimator
    fold: Fold
    reason: str


def candidates(order: int) -> tuple[Estimator, ...]:
    """Unbiased estimators of a derivative of the given order, best first."""
    if order == 1:
        return (Pathwise(), LikelihoodRatio())
    return (Pathwise(), Mixed(), Mixed(first="pathwise"), LikelihoodRatio())


def choose(fold: Fold, greek: str, directions: tuple[Direction, ...], wanted: Estimator | str = "auto") -> Choice:
    """The wanted estimator, or the first valid one; a refusal with every reason if none is."""
    if isinstance(wanted, Estimator):
        return Choice(wanted, _applied(wanted, fold, greek, directions), "requested")
    refusals: list[str] = []
    for estimator in candidates(len(directions)):
        try:
            applied = estimator.apply(fold, directions)
        except UnsupportedError as e:
            refusals.append(str(e))
            continue
        return Choice(estimator, applied, _reason(estimator, refusals))
    raise UnsupportedError(
        f'Greek "{greek}": no unbiased estimator is valid here. '
        + ". ".join(dict.fromkeys(refusals))
        + f'. Remedy: estimator={{"{greek}": greeks.FiniteDifference()}} gives a biased bump'
        + ("" if fold.scoring else ", or choose a scheme whose steps have a density")
    )


def _applied(wanted: Estimator, fold: Fold, greek: str, directions: tuple[Direction, ...]) -> Fold:
    try:
        return wanted.apply(fold, directions)
    except UnsupportedError as e:
        raise UnsupportedError(f'Greek "{greek}": {e}. Remedy: estimator="auto" takes a valid one') from None


def _reason(estimator: Estimator, refusals: list[str]) -> str:
    if not refusals:
        return "path and payoff are Lipschitz" if isinstance(estimator, Pathwise) else "first choice"
    return "; ".join(dict.fromkeys(refusals))
