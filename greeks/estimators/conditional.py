"""Noise before a jump integrated out: one-step survival, and the last step on each side of a jump."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from greeks.errors import UnsupportedError
from greeks.estimators.base import Estimator
from greeks.estimators.direction import Direction
from greeks.estimators.mixed import Mixed
from greeks.estimators.pathwise import Pathwise
from greeks.expressions import node as n
from greeks.expressions.algebra import additive_in, free_of, linear_in
from greeks.expressions.fold import MAPS, OBSERVED, Carry, Exit, Fold
from greeks.expressions.node import ONE, ZERO, Expr, const, is_const, postorder, substitute, symbol, symbols

_Bounds = tuple[Expr | None, Expr | None]  # levels of y below and above which the contract has ended
FAR = 40.0  # standard deviations that no step goes


@dataclass(frozen=True)
class Conditional(Estimator):
    """E[f] = E[E[f | all noise but one]], the inner expectation in closed form or smooth: then pathwise.

    Exits: each monitored step is conditioned on survival, z = Phi^-1 of a uniform on the surviving stretch, and the
    path carries the product of its survival probabilities as a weight (one-step survival). Jumps of the settlement:
    the last step is drawn once on either side of the jump, each with its probability. Unbiased; what is left is
    Lipschitz, so first derivatives are pathwise and second ones mixed.

    Needs a jump that one Gaussian of the step decides: a price against a level, in a log-normal step or given the
    variance.

    References
    ----------
    Glasserman and Staum (2001), "Conditioning on one-step survival for barrier option simulations"; Glasserman
    (2003), section 7.2.3 (conditional expectations smooth payoffs).
    """

    name = "conditional"

    def apply(self, fold: Fold, directions: tuple[Direction, ...]) -> Fold:
        smooth = conditioned(fold)
        try:
            return Pathwise().apply(smooth, directions)
        except UnsupportedError:
            if len(directions) == 1:
                raise
        _refuse_moving_exit(fold, directions)
        return Mixed().apply(smooth, directions)


def _refuse_moving_exit(fold: Fold, directions: tuple[Direction, ...]) -> None:
    """A score needs a support that stands still, and the surviving stretch ends at the barrier."""
    for d in directions:
        if fold.exit is not None and not free_of(fold.exit.condition, d.seeds):
            raise UnsupportedError(f"conditional: a second derivative in {d.label}, which moves the barrier itself")


def conditioned(fold: Fold) -> Fold:
    """The same price with the jumps integrated out."""
    step = _Step.of(fold)
    smooth = _last_step(fold, step, (ZERO, ONE), (None, None)) if fold.exit is None else _survival(fold, step)
    if smooth is fold:
        raise UnsupportedError("conditional: there is no exit and no jump of the settlement to integrate out")
    return smooth.pruned()


@dataclass(frozen=True)
class _Step:
    """The arrival at a date, y' = mean + deviation z, where one Gaussian decides where y goes."""

    y: Expr
    noise: Expr
    mean: Expr
    deviation: Expr

    @classmethod
    def of(cls, fold: Fold) -> _Step:
        scoring = fold.scoring
        if scoring is None or scoring.at != "arrive" or len(scoring.states) != 1 or scoring.states[0].size:
            raise UnsupportedError(
                "conditional: no single Gaussian of the step decides the price here; it needs log-normal steps, "
                "or a price that is Gaussian given the variance"
            )
        y, z = scoring.states[0], scoring.noises[0]
        split = linear_in(fold.carry(y).arrive, z)
        if split is None:
            raise UnsupportedError("conditional: the step is already conditioned")
        return cls(y, z, *split)

    def at(self, z: Expr) -> Expr:
        return self.mean + self.deviation * z

    def standard(self, level: Expr) -> Expr:
        """The noise that takes y to a level."""
        return (level - self.mean) / self.deviation


# one-step survival ----------------------------------------------------------------------------------------------
def _survival(fold: Fold, step: _Step) -> Fold:
    """Exits that never happen, and a weight `alive` that says how probable that was."""
    ends = fold.exit
    assert ends is not None
    if fold.observes_start:
        raise UnsupportedError("conditional: the contract may end today, which no noise decides; leave out the date 0")
    below, above = _surviving_stretch(ends.condition, step.y)
    _check_amount(ends, step.y)
    probability, z = _truncated(step, below, above)
    names = {c.symbol: symbol(f"{c.symbol}!", c.symbol.size) for c in fold.carries if c.symbol not in _law(fold)}
    names[step.y] = symbol(f"{step.y}!")
    arrived = {step.y: substitute(step.at(z), {step.y: names[step.y]})}
    carries = [_survivor(c, names, arrived, ends, probability, step) for c in fold.carries if c.symbol in names]
    alive, paid = names[ends.alive], names.get(ends.paid, ends.paid)
    value = alive * substitute(ends.settled, names)
    if not is_const(ends.after, 0.0):  # in = unconditional less the part that never got in
        value = value + ends.after - alive * substitute(ends.after, names)
    if ends.paid in names:
        value = value + paid
    scoring = fold.scoring
    assert scoring is not None
    survived = replace(
        fold,
        carries=(*fold.carries, *carries),
        outputs={**fold.outputs, "price": value},
        scoring=replace(scoring, states=(names[step.y],)) if is_const(ends.after, 0.0) else None,
        no_density="the contract lives on after its exit: two paths share their noise",
        exit=None,
    )
    onward = _Step(
        names[step.y], step.noise, *(substitute(e, {step.y: names[step.y]}) for e in (step.mean, step.deviation))
    )
    stretch = tuple(substitute(e, {step.y: names[step.y]}) for e in _stretch(step, below, above))
    return _last_step(survived, onward, (stretch[0], stretch[1]), (below, above))


def _law(fold: Fold) -> set[Expr]:
    """Carries that neither see the price nor depend on it: those of the variance, shared by both paths."""
    touched = set(fold.scoring.states) | set(fold.scoring.noises) if fold.scoring else set()
    while True:
        more = {
            c.symbol
            for c in fold.carries
            if c.symbol not in touched and not symbols(c.start, *(c.map(m) for m in MAPS)).isdisjoint(touched)
        }
        if not more:
            return {c.symbol for c in fold.carries} - touched - _exit_carries(fold)
        touched |= more


def _exit_carries(fold: Fold) -> set[Expr]:
    return {fold.exit.alive, fold.exit.paid} if fold.exit else set()


def _survivor(
    c: Carry, names: Mapping[Expr, Expr], arrived: Mapping[Expr, Expr], ends: Exit, probability: Expr, step: _Step
) -> Carry:
    """Carry c on the surviving path."""
    me = names[c.symbol]
    moved = c.changed(lambda e: substitute(e, names))
    moved = replace(moved, symbol=me)
    p = substitute(probability, names)
    if c.symbol is ends.alive:
        return replace(moved, arrive=me * p, observe=me)
    if c.symbol is ends.paid:
        exit_flow = names[ends.alive] * (ONE - p) * substitute(ends.amount, names)
        regular = OBSERVED * substitute(_regular_flow(c, ends, step.y), names)
        return replace(moved, arrive=me + exit_flow + regular, observe=me)
    return replace(moved, arrive=arrived[c.symbol]) if c.symbol in arrived else moved


def _regular_flow(paid: Carry, ends: Exit, y: Expr) -> Expr:
    """What is paid on a date to who was alive before it, whether the contract ends there or not."""
    flow = additive_in(paid.observe, paid.symbol)
    assert flow is not None
    regular = substitute(flow, {n.where(ends.condition, ends.amount, ZERO): ZERO})
    if not free_of(regular, {y}):
        raise UnsupportedError("conditional: an amount paid on a date of exit depends on the price there")
    return regular


def _check_amount(ends: Exit, y: Expr) -> None:
    if not free_of(ends.amount, {y}):
        raise UnsupportedError("conditional: the amount paid on exit depends on the price at the exit")


def _surviving_stretch(condition: Expr, y: Expr) -> tuple[Expr | None, Expr | None]:
    """(lower, upper) between which y survives; None where there is no such bound."""
    if condition.op == "or":
        pairs = [_surviving_stretch(c, y) for c in condition.args]
        lowers = [p[0] for p in pairs if p[0] is not None]
        uppers = [p[1] for p in pairs if p[1] is not None]
        lower = lowers[0] if len(lowers) == 1 else (n.extremum("max", *lowers) if lowers else None)
        upper = uppers[0] if len(uppers) == 1 else (n.extremum("min", *uppers) if uppers else None)
        return lower, upper
    level, exit_above = _threshold(condition, y)
    return (None, level) if exit_above else (level, None)


def _threshold(condition: Expr, y: Expr) -> tuple[Expr, bool]:
    """(level, above): the condition says y > level if above, else y < level."""
    if condition.op in ("lt", "le"):
        left, right = condition.args
        for side, other, above in ((left, right, False), (right, left, True)):
            level = _level(side, other, y)
            if level is not None:
                return level, above
    raise UnsupportedError(f"conditional: {condition} cannot be solved for one Gaussian of the step")


def _level(side: Expr, other: Expr, y: Expr) -> Expr | None:
    """The y at which `side` meets `other`: y itself, its exponential, or a difference of such."""
    if side is y and free_of(other, {y}):
        return other
    if side.op == "exp" and side.args[0] is y and free_of(other, {y}):
        return n.unary("log", other)
    if side.op == "sub" and is_const(other, 0.0):
        return _level(side.args[0], side.args[1], y)
    return None


def _cdf_at(step: _Step, level: Expr, far: float, sign: float) -> Expr:
    """Phi(sign * noise at the level); the level is out of reach on dates that are not monitored."""
    seen = n.where(OBSERVED > ZERO, step.standard(level), const(far), "guard")
    return n.unary("normal_cdf", const(sign) * seen)


def _truncated(step: _Step, lower: Expr | None, upper: Expr | None) -> tuple[Expr, Expr]:
    """(probability, noise): of the surviving stretch, and the noise moved onto it, monotonically."""
    z = step.noise
    if upper is None and lower is not None:
        p = _cdf_at(step, lower, -FAR, -1.0)
        return p, -_quantile(n.unary("normal_cdf", -z) * p)
    if lower is None and upper is not None:
        p = _cdf_at(step, upper, FAR, 1.0)
        return p, _quantile(n.unary("normal_cdf", z) * p)
    low, high = _stretch(step, lower, upper)
    return high - low, _quantile(low + n.unary("normal_cdf", z) * (high - low))


def _stretch(step: _Step, lower: Expr | None, upper: Expr | None) -> tuple[Expr, Expr]:
    """The part of (0, 1) in which the noise's uniform survives."""
    low = ZERO if lower is None else _cdf_at(step, lower, -FAR, 1.0)
    high = ONE if upper is None else _cdf_at(step, upper, FAR, 1.0)
    return low, high


def _quantile(p: Expr) -> Expr:
    return n.unary("normal_quantile", p)


# last step --------------------------------------------------------------------------------------------------------
LAST = {part: symbol(f"last_{part}") for part in ("mean", "deviation", "noise", "low", "high")}


def _last_step(fold: Fold, step: _Step, stretch: tuple[Expr, Expr], bounds: _Bounds) -> Fold:
    """Settlement jumps integrated over the last step's noise: each side drawn once, with its probability.

    `stretch` is the part of (0, 1) that the noise's uniform is drawn from: all of it, or what survival between the
    `bounds` leaves.
    """
    y = step.y
    price = fold.outputs["price"]
    jumps = [e for e in postorder([price]) if e.op == "where" and e.payload is None and not free_of(e.args[0], {y})]
    if not jumps:
        return fold
    _refuse_shared_step(fold, step, price, bounds)
    conditions = list(dict.fromkeys(e.args[0] for e in jumps))
    if len(conditions) > 1:
        raise UnsupportedError(f"conditional: the settlement jumps at more than one level, {conditions[0]} and others")
    level, above = _threshold(conditions[0], y)
    d = (_within(level, bounds) - LAST["mean"]) / LAST["deviation"]
    sides = _two_sides(d, *stretch)
    branches = [_branch(price, jumps, holds, y, z) for (_, z), holds in zip(sides, (not above, above), strict=True)]
    value = sides[0][0] * branches[0] + sides[1][0] * branches[1]
    parts = {"mean": step.mean, "deviation": step.deviation, "noise": step.noise, "low": stretch[0], "high": stretch[1]}
    kept = tuple(Carry.of(f"last_{k}", ZERO, arrive=e) for k, e in parts.items())
    return replace(fold, carries=(*fold.carries, *kept), outputs={**fold.outputs, "price": value})


def _within(level: Expr, bounds: _Bounds) -> Expr:
    """A level kept between those at which the contract has ended: parameters decide it, not the path."""
    lower, upper = bounds
    kept = level if lower is None else n.extremum("max", level, lower)
    kept = kept if upper is None else n.extremum("min", kept, upper)
    return kept if kept is level else n.where(OBSERVED > ZERO, kept, level, "guard")


def _refuse_shared_step(fold: Fold, step: _Step, price: Expr, bounds: _Bounds) -> None:
    """Only the price may know where the last step went: a statistic that saw it would be on neither side."""
    used = symbols(price) - {step.y}
    for c in fold.carries:
        if c.symbol in used and not (free_of(c.observe, {step.y}) and free_of(c.arrive, {step.noise})):
            raise UnsupportedError(f"conditional: the settlement also depends on {c.symbol}, which saw the last price")
    carries = {c.symbol for c in fold.carries}
    if not all(level is None or free_of(level, carries) for level in bounds):
        raise UnsupportedError("conditional: the level of exit moves with the path, and the settlement jumps besides")


def _two_sides(d: Expr, low: Expr, high: Expr) -> tuple[tuple[Expr, Expr], tuple[Expr, Expr]]:
    """(probability, noise) below and above the standard level d, given that the uniform is in (low, high)."""
    z, over, under = LAST["noise"], n.unary("normal_cdf", -d), n.unary("normal_cdf", d)
    if is_const(low, 0.0) and is_const(high, 1.0):
        down, up = n.unary("normal_cdf", z) * under, n.unary("normal_cdf", -z) * over
        return (under, _quantile(down)), (over, -_quantile(up))
    low, high, cut = LAST["low"], LAST["high"], under
    width, u = high - low, n.unary("normal_cdf", z)
    below = ((cut - low) / width, _quantile(low + u * (cut - low)))
    return below, ((high - cut) / width, _quantile(cut + u * (high - cut)))


def _branch(price: Expr, jumps: list[Expr], holds: bool, y: Expr, z: Expr) -> Expr:
    """The price on one side of the jump, with the last step's noise drawn there."""
    sided = substitute(price, {e: e.args[1] if holds else e.args[2] for e in jumps})
    return substitute(sided, {y: LAST["mean"] + LAST["deviation"] * z})
