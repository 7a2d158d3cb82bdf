"""What a warm call costs beside its paths: `python -m benchmarks.overhead`.

Calls with so few paths that simulation counts for nothing, of plans that are compiled and decided; and what deciding
adds to a run of the default length, of contracts whose like is compiled and whose numbers are new. Processor time of
one thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import numpy as np

import greeks as gk
from benchmarks.contender import one_core
from greeks.engine.choosing import menu

ROUNDS = 50
FEW = 256
WEEKS = tuple(7 * i / 365 for i in range(1, 52))
STOCK = gk.BlackScholes(100.0, 0.05, 0.2, 0.02)
STOCHASTIC = gk.Heston(spot=100.0, rate=0.03, variance=0.04, kappa=2.0, theta=0.04, xi=0.3, rho=-0.5)
FIVE = gk.MultiBlackScholes([100.0] * 5, 0.05, [0.2] * 5, 0.5 + 0.5 * np.eye(5), [0.0] * 5)


@dataclass(frozen=True)
class Case:
    """A request by name."""

    name: str
    model: Any
    payoff: Any
    greeks: Sequence[str]

    def call(self, paths: int, nudge: float = 0.0) -> Callable[[], object]:
        """The request as a call without arguments, with a strike so much higher."""
        payoff = replace(self.payoff, strike=self.payoff.strike + nudge)
        return lambda: gk.sensitivities(self.model, payoff, self.greeks, paths=paths, seed=1, threads=1)


CASES = (
    Case("call", STOCK, gk.Call(100.0, 1.0), ("delta", "gamma", "vega", "rho", "theta")),
    Case("cash digital", STOCK, gk.DigitalCall(100.0, 1.0, cash=10.0), ("delta", "gamma", "vega")),
    Case("Asian, 12 dates", STOCK, gk.AsianCall(100.0, 1.0, 12), ("delta", "vega", "rho")),
    Case("Asian, 252 dates", STOCK, gk.AsianCall(100.0, 1.0, 252), ("delta", "vega", "rho")),
    Case("Heston call", STOCHASTIC, gk.Call(100.0, 1.0), ("delta", "gamma", "rho")),
    Case("Heston digital", STOCHASTIC, gk.DigitalCall(100.0, 1.0), ("delta", "gamma", "rho")),
    Case(
        "up-and-out, 51 dates",
        STOCK,
        gk.BarrierOption(100.0, 120.0, 1.0, WEEKS, direction="up"),
        ("delta", "gamma", "vega"),
    ),
    Case("basket of 5", FIVE, gk.BasketCall(100.0, 1.0), ("delta", "vega")),
    Case("down-and-out, 252 dates", STOCK, gk.BarrierOption(100.0, 90.0, 1.0, 252), ("delta", "vega")),
)


def seconds(call: Callable[[], object]) -> float:
    """Processor time of one call."""
    begun = time.process_time()
    call()
    return time.process_time() - begun


def forget_tables() -> None:
    """What was computed of a contract's numbers before its first path."""
    for known in menu._menus.values():
        for plan in known.plans.values():
            plan.tables.clear()


def overhead(case: Case) -> float:
    """Seconds of the quickest of many warm calls with few paths."""
    call = case.call(FEW)
    call()
    return min(seconds(call) for _ in range(ROUNDS))


def share_of_deciding(case: Case, rounds: int = 25) -> float:
    """What deciding adds to a run of the default length, relative: a new contract, then the same decided."""
    found = []
    for k in range(rounds + 1):
        call = case.call(2**16, nudge=1e-6 * k)
        first = seconds(call)
        forget_tables()
        found.append(first / seconds(call) - 1.0)
    return median(found[1:])


def main() -> None:
    """Print both, a line for each case."""
    one_core()
    print(f"{'':26}{'call, ms':>10}{'deciding adds':>16}")
    for case in CASES:
        print(f"{case.name:26}{1e3 * overhead(case):10.2f}{share_of_deciding(case):16.0%}")


if __name__ == "__main__":
    main()
