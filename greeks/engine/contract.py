"""A model and a payoff as the fold that prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from greeks.errors import SchemaError, UnsupportedError
from greeks.expressions import fold as f
from greeks.expressions.fold import Carry, Exit, Fold
from greeks.expressions.node import ONE, ZERO, Expr, is_const, substitute, symbol, symbols, where
from greeks.expressions.trace import Parameter, TraceError, as_tuple, called, number, parameters, traced
from greeks.models.base import Model
from greeks.payoffs.base import Payoff
from greeks.schemes.base import Scheme

ALIVE, PAID = symbol("alive"), symbol("paid")


@dataclass(frozen=True)
class Contract:
    """The parameters of model and payoff, and what they give once traced."""

    model: Model
    payoff: Payoff
    model_parameters: Mapping[str, Parameter]
    payoff_parameters: Mapping[str, Parameter]
    reads: set[str] = field(default_factory=set, compare=False)  # structural fields found in formulas by tracing

    @classmethod
    def of(cls, model: Model, payoff: Payoff) -> Contract:
        of_model = parameters(model)
        return cls(model, payoff, of_model, parameters(payoff, taken=of_model.keys()))

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Every parameter by the name a Greek calls it; the model's own come first."""
        named = {p.symbol.payload: p for p in self.payoff_parameters.values()}
        return {**named, **{k: p for k, p in self.payoff_parameters.items()}, **self.model_parameters}

    @property
    def packed(self) -> tuple[Parameter, ...]:
        """All parameters, in the order in which the kernels receive them."""
        return (*self.model_parameters.values(), *self.payoff_parameters.values())


@dataclass(frozen=True)
class _Flows:
    """A traced payoff over the symbols of what it sees."""

    seen: tuple[Expr, ...]
    stats: tuple[Expr, ...]
    start: tuple[Expr, ...]
    observe: tuple[Expr, ...]
    paid: Expr
    settled: Expr
    exits: tuple[tuple[Expr, Expr], ...]
    after: Expr


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
    carries = [*step.carries]
    for s, start, after in zip(flows.stats, flows.start, flows.observe, strict=True):
        carries.append(Carry(s, start, s, s, substitute(after, show)))
    flow = substitute(flows.paid, show) * there / now
    settled, after = (substitute(e, show) * then / now for e in (flows.settled, flows.after))
    ends = _exit(flows, show, there / now, settled, after)
    value = settled
    if ends is not None:
        alive = ends.alive
        carries.append(Carry.of("alive", ONE, observe=where(ends.condition, ZERO, alive)))
        flow = alive * (flow + where(ends.condition, ends.amount, ZERO))
        value = alive * settled + (ONE - alive) * after
    if not is_const(flow, 0.0):
        carries.append(Carry.of("paid", ZERO, observe=PAID + flow))
        value = value + PAID
    outputs = {"price": value, "unit": ONE}
    return Fold(tuple(carries), outputs, step.scoring, step.no_density, step.noise, observes_start, ends)


def _exit(flows: _Flows, show: Mapping[Expr, Expr], discount: Expr, settled: Expr, after: Expr) -> Exit | None:
    """The exits joined into one: any of the conditions, and the amount of the first that holds."""
    if not flows.exits:
        return None
    condition, amount = flows.exits[-1]
    for earlier, paid in reversed(flows.exits[:-1]):
        condition, amount = earlier | condition, where(earlier, paid, amount)
    return Exit(ALIVE, PAID, substitute(condition, show), substitute(amount, show) * discount, settled, after)


def _trace_payoff(contract: Contract, payoff: Payoff, observes: bool) -> _Flows:
    seen = tuple(symbol(f"seen_{k}", contract.model_parameters[k].size) for k in contract.model.state)
    try:
        return _flows_of(payoff, seen, observes)
    except TraceError as e:
        _explain_shape(contract, e)
        raise


def _flows_of(payoff: Payoff, seen: tuple[Expr, ...], observes: bool) -> _Flows:
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
    for name, e in (("settle", settled), ("pay", paid), ("settle_after_exit", after)):
        if e.size:
            raise SchemaError(
                f"{type(payoff).__name__}.{name} returned a vector of {e.size} amounts: expected one number; "
                "sum it with greeks.total, or pick an asset with x[0][k]"
            )
    return _Flows(seen, stats, start, observed, paid, settled, exits, after)


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
