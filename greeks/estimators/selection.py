"""The only place that says which estimators may serve: which come into question, which are valid, and why not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from greeks.errors import UnsupportedError
from greeks.estimators.base import Estimator
from greeks.estimators.blend import Blend
from greeks.estimators.conditional import Conditional
from greeks.estimators.direction import Direction
from greeks.estimators.finite_difference import FiniteDifference
from greeks.estimators.likelihood_ratio import LikelihoodRatio
from greeks.estimators.malliavin import Malliavin
from greeks.estimators.mean import Mean
from greeks.estimators.mixed import Mixed
from greeks.estimators.pathwise import Pathwise
from greeks.expressions.fold import Fold
from greeks.expressions.node import postorder
from greeks.expressions.tangent import DenseJacobianError


@dataclass(frozen=True)
class Against:
    """An estimator and beside it another valid one, to check it."""

    estimator: Estimator


Wanted = Estimator | Blend | Against | str
SMALL_BUMP = 1e-3  # relative; of a bias that no check notices
BY_STEP = Conditional(over="step")
CONDITIONAL = (Conditional(), BY_STEP)
OVER_DIRECTION = Conditional(over="direction")
THEN_MIXED = Conditional(second="mixed")
WEIGHTS = (LikelihoodRatio(), Malliavin())


@dataclass(frozen=True)
class Choice:
    """A valid estimator of one number, and the fold that carries it out."""

    estimator: Estimator
    fold: Fold


@dataclass(frozen=True)
class Offer:
    """The valid estimators of one number, simplest first, and what the others refused for."""

    choices: tuple[Choice, ...]
    refusals: Mapping[Estimator, str] = field(default_factory=dict)
    requested: bool = False
    best: int | None = None  # where that is known without measuring


def candidates(order: int) -> tuple[Estimator, ...]:
    """Unbiased estimators of a derivative of the given order, simplest first."""
    if order == 0:
        return (Mean(), *CONDITIONAL)
    if order == 1:
        return (Pathwise(), *CONDITIONAL, *WEIGHTS)
    return (Pathwise(), *CONDITIONAL, Mixed(), Mixed(first="pathwise"), THEN_MIXED, *WEIGHTS)


def dominated(estimator: Estimator, order: int, valid: Collection[Estimator], at_once: bool = False) -> bool:
    """Whether an estimator need not be tried beside the valid ones: it hardly ever needed less work, and none by much.

    So it was over the cases of the reference values: of weights, and of mixing after conditioning, where a derivative
    along the path was valid; and of conditioning step by step where the whole path could be conditioned at once, of
    second derivatives where the price's steps are drawn `at_once`: between random variances they may be the better.
    """
    if estimator in (*WEIGHTS, THEN_MIXED):
        return any(isinstance(e, (Pathwise, Mixed)) for e in valid)
    return (order < 2 or at_once) and estimator == BY_STEP and Conditional() in valid


def offer(
    fold: Fold, greek: str, directions: tuple[Direction, ...], wanted: Wanted = "auto", single: bool = False
) -> Offer:
    """The wanted estimator, or for "auto" and `Blend` all valid ones; a refusal with every reason if there is none.

    `single`: the contract looks at the price once. If that price is then drawn in one go, its noise is what
    conditioning integrates out, so that its sample is the expectation of any other's given the rest and has no more
    variance: nothing is to be measured. Nor is it for Greeks where the direction of the whole path on which a payoff
    depends most is integrated out: that takes 99 % off the standard deviation of an Asian call's delta, and, with
    controls, 80 to 99 % off that of its theta.
    """
    if isinstance(wanted, Estimator):
        return Offer((_requested(wanted, fold, greek, directions),), requested=True)
    if isinstance(wanted, Against):
        return Offer(
            (Choice(wanted.estimator, wanted.estimator.apply(fold, directions)), *_other(wanted, fold, directions))
        )
    choices: list[Choice] = []
    refusals: dict[Estimator, str] = {}
    dense: DenseJacobianError | None = None
    at_once = wanted == "auto" and not fold.noise.get("advance")
    for estimator in candidates(len(directions)):
        if dominated(estimator, len(directions), [c.estimator for c in choices], at_once):
            continue
        if wanted == "auto" and directions and len(choices) > 1 and any(c.fold.integrated for c in choices):
            break  # another is there for where that direction cannot be integrated out
        try:
            applied = estimator.apply(fold, directions)
        except UnsupportedError as e:
            refusals[estimator] = str(e)
            continue
        except DenseJacobianError as e:
            dense = e
            continue
        if all(c.fold != applied for c in choices):  # two of different words may come to the same
            choices.append(Choice(estimator, applied))
    if wanted == "auto" and [d.parameter for d in directions] == ["valuation"]:
        with suppress(UnsupportedError):
            choices.append(Choice(OVER_DIRECTION, OVER_DIRECTION.apply(fold, directions)))
    one_draw = single and fold.scoring is not None and fold.scoring.at == "arrive"
    integrated = [k for k, c in enumerate(choices) if wanted == "auto" and _is_best(c, len(directions), one_draw)]
    if dense is not None and not choices:
        raise dense  # no estimator does all elements of a vector at once: one by one then
    if choices:
        return Offer(tuple(choices), refusals, best=integrated[0] if integrated else None)
    raise UnsupportedError(
        f'Greek "{greek}": no unbiased estimator is valid here. '
        + ". ".join(dict.fromkeys(refusals.values()))
        + f'. Remedy: estimator={{"{greek}": greeks.FiniteDifference()}} gives a biased bump'
        + ("" if fold.scoring else ", or choose a scheme whose steps have a density")
    )


def _is_best(c: Choice, order: int, one_draw: bool) -> bool:
    """Of baskets, whose level along a direction is searched for, controls know more than that direction decides."""
    searched = any(e.op == "root" for e in postorder(list(c.fold.outputs.values())))
    return (one_draw and c.estimator == Conditional() and not searched) or (order > 0 and c.fold.integrated)


def _other(wanted: Against, fold: Fold, directions: tuple[Direction, ...]) -> Iterator[Choice]:
    """The first valid estimator of another kind, a small bump where there is none; for a price there may be none."""
    bump = (FiniteDifference(SMALL_BUMP),) if directions else ()
    for estimator in (*candidates(len(directions)), *bump):
        if type(estimator) is not type(wanted.estimator):
            try:
                yield Choice(estimator, estimator.apply(fold, directions))
            except UnsupportedError:
                continue
            return


def _requested(wanted: Estimator, fold: Fold, greek: str, directions: tuple[Direction, ...]) -> Choice:
    """An estimator of Greeks leaves the price as it is, unless it changes what is averaged."""
    if not directions and not wanted.changes_price:
        return Choice(Mean(), fold)
    try:
        return Choice(wanted, wanted.apply(fold, directions))
    except UnsupportedError as e:
        raise UnsupportedError(f'Greek "{greek}": {e}. Remedy: estimator="auto" takes a valid one') from None
