"""A smooth function of the price, expected over the last noise of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

from greeks.errors import UnsupportedError
from greeks.estimators.base import Estimator
from greeks.estimators.conditional.expectation import exponentials
from greeks.estimators.conditional.gaussian import Step
from greeks.estimators.conditional.settlement import settled
from greeks.estimators.direction import Direction
from greeks.estimators.pathwise import Pathwise
from greeks.expressions.fold import Fold
from greeks.expressions.node import Expr, substitute


@dataclass(frozen=True)
class Expected(Estimator):
    """E[f | all noise but the price's last], for f a sum of powers of the price: closed forms; then pathwise.

    What `Conditional` makes of a payoff that bends, for one that does not: a forward beside an option, as its control.
    Given the variance, both are then functions of the same noise, and alike.
    """

    name = "expected"
    changes_price = True

    def apply(self, fold: Fold, directions: tuple[Direction, ...]) -> Fold:
        step = Step.of(fold)
        price = fold.outputs["price"]
        observed = substitute(price, {c.symbol: c.observe for c in fold.carries})
        if step.at != "arrive" or not all(_closed(e, step) for e in (observed, price)):
            raise UnsupportedError("expected: no sum of powers of one price that gets noise of its own on arrival")
        value, kept = settled(fold, step, observed, price)
        smooth = replace(fold, carries=(*fold.carries, *kept), outputs={**fold.outputs, "price": value}).pruned()
        return Pathwise().apply(smooth, directions) if directions else smooth


def _closed(e: Expr, step: Step) -> bool:
    """Whether the expectation over the step is a sum of exponentials."""
    return not step.state.size and exponentials(step.rewound(e), step.law.y) is not None
