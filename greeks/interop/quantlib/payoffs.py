"""What a QuantLib payoff pays.

Python sees an option's payoff as a bare `Payoff`: it can be called, but only a plain vanilla one can be asked for
its strike. The others are recognised by what they pay: the function of the price is sampled, its jump found by
bisection down to the last bit, and the guess compared with the function on a wide range of prices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from greeks.errors import UnsupportedError
from greeks.interop.quantlib.library import quantlib

LOWEST, HIGHEST = 2.0**-40, 2.0**60
PLAIN, CASH, ASSET = "plain", "cash or nothing", "asset or nothing"


@dataclass(frozen=True)
class Paid:
    """A striked payoff: its kind, its strike, whether it is a call, and the amount where that is fixed."""

    kind: str
    strike: float
    call: bool
    cash: float = 1.0

    def amount(self, price: float) -> float:
        """What is paid at a price."""
        inner = price - self.strike if self.call else self.strike - price
        if self.kind == PLAIN:
            return max(inner, 0.0)
        return (self.cash if self.kind == CASH else price) if inner > 0.0 else 0.0


def paid_by(payoff: Any) -> Paid:
    """Read a QuantLib payoff.

    Raises
    ------
    UnsupportedError
        If it is neither plain vanilla nor cash or asset or nothing.
    """
    ql = quantlib()
    plain = ql.as_plain_vanilla_payoff(payoff)
    if plain is not None:
        return Paid(PLAIN, plain.strike(), plain.optionType() == ql.Option.Call)
    guess = _guess(payoff)
    if guess is None or not _same(guess, payoff):
        raise UnsupportedError(
            "option.payoff() is neither plain vanilla nor cash or asset or nothing: expected one of these three; "
            "write the payoff as a greeks.Payoff, about ten lines"
        )
    return guess


def _guess(payoff: Callable[[float], float]) -> Paid | None:
    low, high = payoff(LOWEST), payoff(HIGHEST)
    if (low == 0.0) == (high == 0.0):
        return None
    call = low == 0.0
    end, amount = (HIGHEST, high) if call else (LOWEST, low)
    strike = _jump(payoff, call)
    return Paid(ASSET, strike, call) if amount == end else Paid(CASH, strike, call, amount)


def _jump(payoff: Callable[[float], float], call: bool) -> float:
    """The strike K, exactly: a call pays where S > K, a put where S < K."""
    below, above = LOWEST, HIGHEST
    while below < (middle := 0.5 * (below + above)) < above:
        if (payoff(middle) == 0.0) == call:
            below = middle
        else:
            above = middle
    return below if call else above


def _same(guess: Paid, payoff: Callable[[float], float]) -> bool:
    prices = [guess.strike * ratio for ratio in (0.01, 0.3, 0.9, 0.999, 1.0, 1.001, 1.1, 3.0, 100.0)]
    return all(guess.amount(price) == payoff(price) for price in prices)
