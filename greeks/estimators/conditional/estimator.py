"""Noise before a jump integrated out: of the whole path, or of one step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce

from greeks.errors import UnsupportedError
from greeks.estimators.base import Estimator
from greeks.estimators.conditional.average import along_average
from greeks.estimators.conditional.expectation import decides
from greeks.estimators.conditional.flows import accumulated
from greeks.estimators.conditional.gaussian import Step
from greeks.estimators.conditional.horizons import spread
from greeks.estimators.conditional.root import sharpened
from greeks.estimators.conditional.settlement import settled
from greeks.estimators.conditional.survival import survived
from greeks.estimators.conditional.whole_path import along_path
from greeks.estimators.direction import Direction
from greeks.estimators.mixed import Mixed
from greeks.estimators.moving import roughness
from greeks.estimators.pathwise import Pathwise
from greeks.expressions import node as n
from greeks.expressions.algebra import free_of
from greeks.expressions.fold import Fold
from greeks.expressions.node import ONE, ZERO, Expr, postorder, substitute
from greeks.expressions.regularity import Regularity
from greeks.expressions.tangent import DenseJacobianError

DECIDED = 5.0  # standard deviations beyond which a level is out of the last noise's reach


@dataclass(frozen=True)
class Conditional(Estimator):
    """E[f] = E[E[f | all noise but one]], the inner expectation in closed form or smooth: then pathwise.

    Exits: `over="path"` (default) integrates out the path's deviation from its end, for which all exits are one
    threshold, where nothing is paid before maturity and no statistic sees the price. Else, and by `over="step"`, each
    monitored step is conditioned on survival, z = Phi^-1 of a uniform on the surviving stretch, and the path carries
    the product of its survival probabilities as a weight (one-step survival).
    Sums over dates of log-normal prices: by default the direction of all noise that moves the average of the path most
    is integrated out, so that an Asian option is smooth in everything. Not so theta, which turns that direction, unless
    by `over="direction"`: what that leaves is large, but controls know nearly all of it.
    Amounts paid on a date, and any other settlement: expected over the step before, region by region between the levels
    at which they have kinks or jumps. Unbiased; what is left is Lipschitz, so that first derivatives are pathwise.
    `second="pathwise"` (default) takes second derivatives along the path where nothing bends, else by `Mixed`;
    `second="mixed"` always by `Mixed`, which has less variance where one step of many decides little (Asians).

    Needs jumps that one Gaussian of the step decides: a price against a level, in a log-normal step or given the
    variance.

    References
    ----------
    Glasserman and Staum (2001), "Conditioning on one-step survival for barrier option simulations"; Glasserman
    (2003), section 7.2.3 (conditional expectations smooth payoffs); Griewank, Kuo, Leoevey and Sloan (2018), "High
    dimensional integration of kinks and jumps: smoothing by preintegration".
    """

    second: str = "pathwise"
    over: str = "path"
    name = "conditional"
    changes_price = True

    @property
    def leans(self) -> bool:
        return self.over == "direction"

    @property
    def shown(self) -> str:
        """What tells the ways apart."""
        by = self.name + {"path": "", "step": " by step", "direction": " over a direction"}[self.over]
        return by if self.second == "pathwise" else f"{by}, then mixed"

    def apply(self, fold: Fold, directions: tuple[Direction, ...]) -> Fold:
        try:
            return self._applied(fold, directions)
        except DenseJacobianError:
            _refuse_where_pathwise_takes_all(fold, directions)
            raise

    def _applied(self, fold: Fold, directions: tuple[Direction, ...]) -> Fold:
        if self._along_average(fold, directions):
            try:
                return self._finished(fold, along_average(fold, Step.of(fold)).pruned(), directions)
            except UnsupportedError:
                if self.leans:
                    raise
        elif self.leans:
            raise UnsupportedError("conditional over a direction: nothing is added up over dates")
        return self._finished(fold, conditioned(fold, self.over), directions)

    def _along_average(self, fold: Fold, directions: tuple[Direction, ...]) -> bool:
        """Whether a direction of all steps may serve, of which none keeps its density.

        Calendar time shortens the first step alone, and turns that direction most of all.
        """
        along = self.over != "step" and (self.second == "pathwise" or len(directions) < 2)
        return along and fold.exit is None and (self.leans or all(d.parameter != "valuation" for d in directions))

    def _finished(self, fold: Fold, smooth: Fold, directions: tuple[Direction, ...]) -> Fold:
        smooth = replace(smooth, outputs=sharpened(smooth.outputs, len(directions) - (not _jumps(fold))))
        reach = _reach(smooth)
        applied = self._differentiated(fold, smooth, directions)
        return applied if reach is None else replace(applied, outputs={**applied.outputs, "reach": reach})

    def _differentiated(self, fold: Fold, smooth: Fold, directions: tuple[Direction, ...]) -> Fold:
        if self.second == "pathwise" or len(directions) < 2:
            try:
                return Pathwise().apply(smooth, directions)
            except UnsupportedError:
                if len(directions) < 2:
                    raise
        return self._by_score(fold, smooth, directions)

    def _by_score(self, fold: Fold, smooth: Fold, directions: tuple[Direction, ...]) -> Fold:
        """One derivative by a score: that of the start over as many dates as the exits leave, else of each step."""
        if fold.exit is not None and self.over == "path":
            for scored, moved in dict.fromkeys((directions, directions[::-1])):
                try:
                    return spread(fold, fold.exit, Step.of(fold), scored, moved)
                except UnsupportedError:
                    continue
        return Mixed().apply(smooth, directions)


def _jumps(fold: Fold) -> bool:
    """Whether the price jumps where the path does not: where it is continuous, it is 0 at the root of what bends it,
    and has all derivatives of order k from those of the root below k.
    """
    return roughness(fold, lambda place: dict.fromkeys((c.symbol for c in fold.carries), Regularity.SMOOTH))[0] > (
        Regularity.LIPSCHITZ
    )


def _reach(smooth: Fold) -> Expr | None:
    """1 where the noise that is integrated out may decide something, 0 where it is decided all but surely.

    Where that is rare, a few paths carry the variance, and a pilot must know that it has not seen them.
    """
    moving = {c.symbol for c in smooth.carries} | {z for zs in smooth.noise.values() for z in zs}
    cdfs = [e for e in postorder([smooth.outputs["price"]]) if e.op == "normal_cdf" and not free_of(e, moving)]
    if not cdfs:
        return None
    nearest = reduce(
        lambda a, b: n.extremum("min", a, b), [n.pick("smallest", n.unary("abs", e.args[0])) for e in cdfs]
    )
    return n.where(nearest < n.const(DECIDED), ONE, ZERO)


def _refuse_where_pathwise_takes_all(fold: Fold, directions: tuple[Direction, ...]) -> None:
    """Across jumps all elements of a vector are worth a program each; without, one for all is better."""
    try:
        Pathwise().apply(fold, directions)
    except UnsupportedError:
        return
    name = directions[0].label
    raise UnsupportedError(
        f"conditional in {name}: the level of the common direction moves with every element, so that each needs a "
        "program of its own; nothing jumps, and Pathwise() takes all at once"
    )


def conditioned(fold: Fold, over: str = "path") -> Fold:
    """The same price with one noise integrated out, of the path up to its exits or of every step that decides."""
    step = Step.of(fold)
    if fold.exit is None:
        return _settled(fold, step).pruned()
    if over == "path":
        try:
            return along_path(fold, fold.exit, step).pruned()
        except UnsupportedError:
            pass
    return survived(fold, fold.exit, step).pruned()


def _settled(fold: Fold, step: Step) -> Fold:
    """Without exits: sums of amounts, and the settlement."""
    exchanged, sums = accumulated(fold, step) if step.at == "arrive" else ({}, ())
    price = fold.outputs["price"]
    rest = substitute(price, dict.fromkeys(exchanged, ZERO))
    observed = substitute(rest, {c.symbol: c.observe for c in fold.carries})
    if not sums and not any(decides(step.law.y, step.rewound(e)) for e in (observed, rest)):
        raise UnsupportedError("conditional: there is no exit, jump or kink that the last step decides")
    value, kept = settled(fold, step, observed, rest)
    value = value + (substitute(price, exchanged) - rest)
    return replace(fold, carries=(*fold.carries, *sums, *kept), outputs={**fold.outputs, "price": value})
