"""A model and a payoff as the fold that prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from greeks.engine.terms.absorbing import Flows, with_exits
from greeks.engine.terms.continuous import Watch
from greeks.errors import SchemaError, UnsupportedError
from greeks.estimators.greek import Vocabulary
from greeks.expressions import fold as f
from greeks.expressions.fold import Carry, Exit, Fold
from greeks.expressions.node import ONE, ZERO, Expr, is_const, substitute, symbol, symbols, where
from greeks.expressions.trace import (
    Parameter,
    TraceError,
    as_tuple,
    called,
    number,
    parameters,
    taken_apart,
    taken_apart_once,
    traced,
)
from greeks.models.base import Model
from greeks.payoffs.base import Payoff, is_continuous
from greeks.schemes.base import Scheme
from greeks.schemes.sde import trace_sde

ALIVE, PAID = symbol("contract.alive"), symbol("contract.paid")


@dataclass(frozen=True)
class Contract:
    """A model and a payoff: what of them shapes programs, the numbers that these are given, and their names."""

    model: Model
    payoff: Payoff
    reads: set[str] = field(default_factory=set, compare=False)  # structural fields found in formulas by tracing

    @classmethod
    def of(cls, model: Model, payoff: Payoff) -> Contract:
        return cls(model, payoff)

    @property
    def structure(self) -> tuple[Any, Any]:
        """What two contracts have in common that differ in numbers and dates: of the model, and of the payoff."""
        return self._apart[0]

    @property
    def numbers(self) -> tuple[float, ...]:
        """The values of all parameters, in the order in which the kernels receive them."""
        return self._apart[1]

    @cached_property
    def model_parameters(self) -> dict[str, Parameter]:
        return parameters(self.model)

    @cached_property
    def payoff_parameters(self) -> dict[str, Parameter]:
        return parameters(self.payoff, taken=self.model_parameters.keys())

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Every parameter by the name a Greek calls it; the model's own come first."""
        named = {p.symbol.payload: p for p in self.payoff_parameters.values()}
        return {**named, **{k: p for k, p in self.payoff_parameters.items()}, **self.model_parameters}

    @cached_property
    def words(self) -> Vocabulary:
        """What Greeks are called."""
        names = type(self.model).__name__, type(self.payoff).__name__
        return Vocabulary(*names, self.model.words, self.parameters)

    @property
    def packed(self) -> tuple[Parameter, ...]:
        """All parameters, in the order in which the kernels receive them."""
        return (*self.model_parameters.values(), *self.payoff_parameters.values())

    @cached_property
    def _apart(self) -> tuple[tuple[Any, Any], tuple[float, ...]]:
        model, payoff = taken_apart_once(self.model), taken_apart(self.payoff)
        return (model[0], payoff[0]), model[1] + payoff[1]


def pricing_fold(contract: Contract, scheme: Scheme, observes: bool, observes_start: bool) -> Fold:
    """The fold whose output "price" is the discounted value of one path, and "unit" the constant 1."""
    model = traced(contract.model, {k: p.symbol for k, p in contract.model_parameters.items()})
    payoff = traced(contract.payoff, {k: p.symbol for k, p in contract.payoff_parameters.items()}, contract.reads)
    flows = _trace_payoff(contract, payoff, observes)
    looked_at = [*flows.observe, flows.paid, flows.settled, flows.after, *(e for pair in flows.exits for e in pair)]
    used = symbols(*looked_at)
    observed = {i for i, x in enumerate(flows.seen) if x in used}
    step = scheme.transition(model, contract.model_parameters, observed)
    show = dict(zip(flows.seen, step.visible, strict=True))
    now, then, there = (
        number(model, "discount", called(model, "discount", t))
        for t in (f.VALUATION, payoff.maturity, f.DATE)  # type: ignore[attr-defined]
    )
    settled, after = (substitute(e, show) * then / now for e in (flows.settled, flows.after))
    if is_continuous(contract.payoff):
        sde, today = (trace_sde(model, contract.model_parameters, truncated=t) for t in (True, False))
        rules = _always(Watch(type(contract.payoff).__name__, sde, today, scheme, there / now), flows, show)
    else:
        rules = _on_dates(flows, show, there / now, settled, after)
    carries, value = [*step.carries, *rules.carries], settled
    if rules.ends:
        value = ALIVE * settled + (ONE - ALIVE) * after
    if rules.unmoved is not None:
        stays, stat, start = rules.unmoved
        value = value + stays * (substitute(value, {stat: start}) - value)
    if not is_const(rules.flow, 0.0):
        carries.append(Carry.of(PAID.payload, ZERO, observe=PAID + rules.flow))
        value = value + PAID
    noise = {**step.noise, "arrive": (*step.noise.get("arrive", ()), *rules.noise)}
    outputs = {"price": value, "unit": ONE}
    return Fold(tuple(carries), outputs, step.scoring, step.no_density, noise, observes_start, rules.exit)


@dataclass(frozen=True)
class _Rules:
    """What looking at the path does: the payoff's carries, and the amounts paid on a date, discounted."""

    carries: tuple[Carry, ...]
    flow: Expr
    ends: bool  # whether there is a carry ALIVE
    exit: Exit | None = None
    noise: tuple[Expr, ...] = ()
    unmoved: tuple[Expr, Expr, Expr] | None = None  # (probability, statistic, start): that it is still at its start


def _on_dates(flows: Flows, show: Mapping[Expr, Expr], discount: Expr, settled: Expr, after: Expr) -> _Rules:
    """The path is looked at on dates, and the contract ends where a condition then holds."""
    updates = zip(flows.stats, flows.start, flows.observe, strict=True)
    carries = tuple(Carry(s, start, s, s, substitute(after, show)) for s, start, after in updates)
    flow = substitute(flows.paid, show) * discount
    ends = _exit(flows, show, discount, settled, after)
    if ends is None:
        return _Rules(carries, flow, False)
    alive = Carry.of(ALIVE.payload, ONE, observe=where(ends.condition, ZERO, ALIVE))
    return _Rules((*carries, alive), ALIVE * (flow + where(ends.condition, ends.amount, ZERO)), True, ends)


def _always(watch: Watch, flows: Flows, show: Mapping[Expr, Expr]) -> _Rules:
    """The path is looked at all the time; ALIVE is the probability of that of the path, given the dates."""
    updates = zip(flows.stats, flows.start, flows.observe, strict=True)
    stats = [(s, start, substitute(after, show)) for s, start, after in updates]
    exits = [(substitute(c, show), substitute(amount, show)) for c, amount in flows.exits]
    seen = watch.over(stats, exits, substitute(flows.paid, show))
    if not exits:
        return _Rules(seen.carries, ZERO, False, noise=seen.noise, unmoved=seen.unmoved)
    alive = Carry.of(ALIVE.payload, ONE, observe=ALIVE * seen.survival)
    return _Rules((*seen.carries, alive), ALIVE * (ONE - seen.survival) * seen.worth, True, noise=seen.noise)


def _exit(flows: Flows, show: Mapping[Expr, Expr], discount: Expr, settled: Expr, after: Expr) -> Exit | None:
    """The exits joined into one: any of the conditions, and the amount of the first that holds."""
    if not flows.exits:
        return None
    condition, amount = flows.exits[-1]
    for earlier, paid in reversed(flows.exits[:-1]):
        condition, amount = earlier | condition, where(earlier, paid, amount)
    return Exit(ALIVE, PAID, substitute(condition, show), substitute(amount, show) * discount, settled, after)


def _trace_payoff(contract: Contract, payoff: Payoff, observes: bool) -> Flows:
    seen = tuple(symbol(f"seen_{k}", contract.model_parameters[k].size) for k in contract.model.state)
    try:
        return with_exits(_flows_of(payoff, seen, observes))
    except TraceError as e:
        _explain_shape(contract, e)
        raise


def _flows_of(payoff: Payoff, seen: tuple[Expr, ...], observes: bool) -> Flows:
    start = _several(payoff, "start", called(payoff, "start"), "statistics")
    stats = tuple(symbol(f"stat_{i}", e.size) for i, e in enumerate(start))
    observed = _observed(payoff, stats, seen) if observes else stats
    if any(a.size and not s.size for a, s in zip(observed, stats, strict=True)):
        stats = tuple(symbol(f"stat_{i}", a.size) for i, a in enumerate(observed))
        observed = _observed(payoff, stats, seen)
    paid = _amount(payoff, "pay", stats, f.DATE, seen) if observes else ZERO
    settled = _amount(payoff, "settle", stats, seen)
    after = _amount(payoff, "settle_after_exit", stats, seen)
    pairs = as_tuple(payoff, "exits", called(payoff, "exits", stats, f.DATE, seen), "(condition, amount) pairs")
    exits = tuple((c, number(payoff, "exits", amount)) for c, amount in pairs) if observes else ()
    exiting = (("exits", e) for pair in exits for e in pair)
    for name, e in (("settle", settled), ("pay", paid), ("settle_after_exit", after), *exiting):
        if e.size:
            raise SchemaError(
                f"{type(payoff).__name__}.{name} returned a vector of {e.size} values: expected one number; "
                "sum it with greeks.total, or pick an asset with x[0][k]"
            )
    return Flows(seen, stats, start, observed, paid, settled, exits, after)


def _observed(payoff: Payoff, stats: tuple[Expr, ...], seen: tuple[Expr, ...]) -> tuple[Expr, ...]:
    given = called(payoff, "observe", stats, f.DATE, seen)
    after = _several(payoff, "observe", given, f"{len(stats)} statistics, as many as start() returns")
    if len(after) != len(stats):
        raise SchemaError(
            f"{type(payoff).__name__}.observe returned {after!r}: expected a tuple of {len(stats)} statistics, "
            "as many as start() returns"
        )
    return after


def _several(payoff: Payoff, method: str, value: object, meaning: str) -> tuple[Expr, ...]:
    return tuple(number(payoff, method, v) for v in as_tuple(payoff, method, value, meaning))


def _amount(payoff: Payoff, method: str, *args: Any) -> Expr:
    return number(payoff, method, called(payoff, method, *args))


def _explain_shape(contract: Contract, e: Exception) -> None:
    """A payoff that treats one asset as several, or too few as many, says so in the words of its user."""
    if isinstance(e.__cause__, (TypeError, IndexError)) and ("it has no length" in str(e) or "element" in str(e)):
        payoff, model = type(contract.payoff).__name__, type(contract.model).__name__
        raise UnsupportedError(
            f"{payoff} cannot be paid on {model}: {e.__cause__}. Use a model with as many assets as the payoff reads, "
            "such as greeks.MultiBlackScholes"
        ) from e
