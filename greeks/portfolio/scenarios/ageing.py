"""A contract some time later, if nothing happened to it in between."""

from __future__ import annotations

import dataclasses
from typing import Any

from greeks.errors import UnsupportedError
from greeks.payoffs.base import Payoff, is_continuous, year_fractions


def aged(payoff: Any, elapsed: float) -> Any:
    """The payoff as it reads `elapsed` years later: maturity and dates that much nearer.

    Raises
    ------
    UnsupportedError
        If one of its dates passes on the way, or it keeps statistics of the path all the time: what it is worth then
        depends on the path until then.

    Examples
    --------
    >>> from greeks.payoffs import AsianCall
    >>> aged(AsianCall(strike=100.0, maturity=1.0, dates=2), 0.25)
    AsianCall(strike=100.0, maturity=0.75, dates=(0.25, 0.75), average='arithmetic')
    """
    if not elapsed:
        return payoff
    name = type(payoff).__name__
    if payoff.maturity <= elapsed:
        raise UnsupportedError(f"{name} matures after {payoff.maturity:g} years, within the {elapsed:g} that pass")
    changes: dict[str, Any] = {"maturity": payoff.maturity - elapsed}
    if is_continuous(payoff) and type(payoff).observe is not Payoff.observe:
        raise UnsupportedError(f"{name} looks at the path all the time, and so at the {elapsed:g} years that pass")
    dates = year_fractions(payoff)
    if dates and dates[0] <= elapsed:
        raise UnsupportedError(
            f"{name} looks at the path on {dates[0]:g}, within the {elapsed:g} years that pass: what it is worth then "
            "depends on what it saw; take a shorter time, or leave the trade out"
        )
    if dates:
        changes["dates"] = tuple(t - elapsed for t in dates)
    return dataclasses.replace(payoff, **changes)
