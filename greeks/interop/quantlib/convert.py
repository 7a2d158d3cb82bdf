"""`from_quantlib`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from greeks.api import sensitivities
from greeks.errors import SchemaError, UnsupportedError
from greeks.interop.quantlib.library import quantlib
from greeks.interop.quantlib.market import Horizon, check_process, model_of
from greeks.interop.quantlib.payoffs import ASSET, CASH, PLAIN, Paid, paid_by
from greeks.models.base import Model
from greeks.payoffs import (
    AsianCall,
    AsianPut,
    AssetOrNothingCall,
    AssetOrNothingPut,
    BarrierDigital,
    BarrierOption,
    Call,
    DigitalCall,
    DigitalPut,
    Payoff,
    Put,
)
from greeks.results import Sensitivities


class QuantLibContract(NamedTuple):
    """A model and a payoff, as `model, payoff = from_quantlib(...)`, or to be asked for Greeks at once."""

    model: Model
    payoff: Payoff

    def sensitivities(self, greeks: Sequence[str] = (), **settings: Any) -> Sensitivities:
        """Price and Greeks; settings as for `greeks.sensitivities`."""
        return sensitivities(self.model, self.payoff, greeks, **settings)


def from_quantlib(
    option: Any,
    process: Any,
    *,
    barrier: float | None = None,
    barrier_type: int | None = None,
    rebate: float = 0.0,
    monitoring: Sequence[Any] | None = None,
    average: int | None = None,
    fixings: Sequence[Any] | None = None,
) -> QuantLibContract:
    """Our model and payoff of a QuantLib option and the process it is priced under.

    Parameters
    ----------
    option : ql.VanillaOption, ql.EuropeanOption, ql.BarrierOption or ql.DiscreteAveragingAsianOption
        European exercise; plain vanilla, cash-or-nothing or asset-or-nothing payoff.
    process : ql.BlackScholesMertonProcess or its kin, or ql.HestonProcess
        An option's pricing engine does not hand its process out, so it is given again.
    barrier, barrier_type, rebate : float, ql.Barrier.DownOut or another, float
        Of a barrier option: QuantLib's Python objects do not tell them. The rebate is paid when the barrier is hit
        (out) or at expiry (in), as in QuantLib's analytic engine.
    monitoring : sequence of ql.Date, optional
        Days on which the barrier is watched; all the time if left out, as QuantLib means it.
    average, fixings : ql.Average.Arithmetic or Geometric, sequence of ql.Date
        Of an Asian option, which does not tell them either.

    Returns
    -------
    QuantLibContract
        `(model, payoff)`. Times are years by the risk-free curve's day counter from its reference date; rate, yield
        and volatility are the flat ones that agree with the curves at expiry. Of a smile the volatility at the strike
        is taken for options on the last price, as by QuantLib's analytic engine.

    Raises
    ------
    SchemaError
        If something that QuantLib does not tell is missing, or has a wrong value.
    UnsupportedError
        If there is no such model or payoff here, or if a path-dependent contract meets curves that are not flat.

    Examples
    --------
    >>> import QuantLib as ql  # doctest: +SKIP
    >>> option = ql.BarrierOption(ql.Barrier.DownOut, 90.0, 0.0, payoff, exercise)  # doctest: +SKIP
    >>> contract = gk.from_quantlib(option, process, barrier=90.0, barrier_type=ql.Barrier.DownOut)  # doctest: +SKIP
    >>> contract.sensitivities(["delta", "vega"])["vega"]  # doctest: +SKIP
    """
    ql = quantlib()
    check_process(process)
    expiry, paid = _expiry(option), paid_by(option.payoff())
    if type(option) in (ql.VanillaOption, ql.EuropeanOption):
        horizon = Horizon(process, [expiry], path_dependent=False)
        return QuantLibContract(model_of(horizon, paid.strike), _on_last_price(paid, horizon.maturity))
    if type(option) is ql.BarrierOption:
        days = _days("monitoring", monitoring, expiry) if monitoring is not None else []
        horizon = Horizon(process, [*days, expiry], path_dependent=True)
        dates = _times("monitoring", days, horizon) if monitoring is not None else None
        model = model_of(horizon, paid.strike)
        return QuantLibContract(model, _barrier(paid, horizon.maturity, dates, barrier, barrier_type, rebate))
    if type(option) is ql.DiscreteAveragingAsianOption:
        days = _days("fixings", fixings, expiry)
        horizon = Horizon(process, [*days, expiry], path_dependent=True)
        model = model_of(horizon, paid.strike)
        return QuantLibContract(model, _asian(paid, horizon.maturity, _times("fixings", days, horizon), average))
    raise UnsupportedError(
        f"option is a {type(option).__name__}: expected a VanillaOption, EuropeanOption, BarrierOption or "
        "DiscreteAveragingAsianOption; write other contracts as a greeks.Payoff, about ten lines"
    )


def _expiry(option: Any) -> Any:
    ql = quantlib()
    if not isinstance(option, ql.OneAssetOption):
        raise UnsupportedError(f"option is a {type(option).__name__}: expected a QuantLib option on one asset")
    if option.exercise().type() != ql.Exercise.European:
        raise UnsupportedError(
            "option may be exercised early: expected European exercise; nothing here exercises early"
        )
    return option.exercise().lastDate()


def _on_last_price(paid: Paid, maturity: float) -> Payoff:
    if paid.kind == CASH:
        digital = DigitalCall if paid.call else DigitalPut
        return digital(paid.strike, maturity, paid.cash)
    kinds: dict[tuple[str, bool], Callable[[float, float], Payoff]] = {
        (PLAIN, True): Call,
        (PLAIN, False): Put,
        (ASSET, True): AssetOrNothingCall,
        (ASSET, False): AssetOrNothingPut,
    }
    return kinds[paid.kind, paid.call](paid.strike, maturity)


def _barrier(
    paid: Paid,
    maturity: float,
    dates: tuple[float, ...] | None,
    barrier: float | None,
    barrier_type: int | None,
    rebate: float,
) -> Payoff:
    if barrier is None:
        raise SchemaError(_untold("barrier", "the level, as barrier=90.0"))
    direction, knock = _barrier_kind(barrier_type)
    terms: dict[str, Any] = {"dates": dates, "direction": direction, "knock": knock, "call": paid.call}
    if paid.kind == PLAIN:
        return BarrierOption(paid.strike, barrier, maturity, rebate=rebate, **terms)
    if paid.kind == CASH and rebate == 0.0:
        return BarrierDigital(paid.strike, barrier, maturity, cash=paid.cash, **terms)
    raise UnsupportedError(
        f"a barrier option that pays {paid.kind} with rebate {rebate:g} has no counterpart: expected a plain vanilla "
        "payoff, or cash or nothing without rebate; write it as a greeks.Payoff with exits"
    )


def _barrier_kind(barrier_type: int | None) -> tuple[str, str]:
    barriers = quantlib().Barrier
    kinds = {
        barriers.DownIn: ("down", "in"),
        barriers.UpIn: ("up", "in"),
        barriers.DownOut: ("down", "out"),
        barriers.UpOut: ("up", "out"),
    }
    if barrier_type not in kinds:
        raise SchemaError(_untold("barrier_type", "one of ql.Barrier.DownIn, UpIn, DownOut, UpOut", barrier_type))
    return kinds[barrier_type]


def _asian(paid: Paid, maturity: float, dates: tuple[float, ...], average: int | None) -> Payoff:
    averages = quantlib().Average
    words = {averages.Arithmetic: "arithmetic", averages.Geometric: "geometric"}
    if average not in words:
        raise SchemaError(_untold("average", "ql.Average.Arithmetic or ql.Average.Geometric", average))
    if paid.kind != PLAIN:
        raise UnsupportedError(f"an Asian option that pays {paid.kind}: expected a plain vanilla payoff of the average")
    kind = AsianCall if paid.call else AsianPut
    return kind(paid.strike, maturity, dates, words[average])


def _days(name: str, days: Sequence[Any] | None, expiry: Any) -> list[Any]:
    if not days:
        raise SchemaError(_untold(name, f"the dates, as {name}=[ql.Date(...), ...]", days))
    ordered = sorted(days)
    if ordered[-1] > expiry:
        raise SchemaError(f"{name} has {ordered[-1]}: expected no date after the expiry {expiry}; take it out")
    return ordered


def _times(name: str, days: Sequence[Any], horizon: Horizon) -> tuple[float, ...]:
    """The dates in years; those before the curves' reference date are past, and no simulation can see them."""
    times = tuple(horizon.time(day) for day in days)
    past = sum(1 for t in times if t < 0.0)
    if past:
        raise UnsupportedError(
            f"{name} has {past} of {len(times)} dates before the reference date of the curves: expected dates to come. "
            "An arithmetic average of n fixings, m of them past with sum s, is (n - m) / n contracts on the others "
            "with the strike (n K - s) / (n - m)"
        )
    return times


def _untold(name: str, what: str, given: object = None) -> str:
    return f"{name} = {given!r}: expected {what}; QuantLib's Python objects do not tell it"
