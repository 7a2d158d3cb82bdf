"""Intervals that are known not to hold the truth as often as they say, with the reason.

The band is the same for all: what is listed here is shown on the docs page, and an entry that no longer matches a
miss is an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.coverage.intervals import Outcome


@dataclass(frozen=True)
class Known:
    """Patterns, as file names have them, of model, payoff, estimator's code and Greek."""

    model: str
    payoff: str
    estimator: str
    greek: str
    reason: str

    def matches(self, o: Outcome) -> bool:
        pairs = ((o.model, self.model), (o.payoff, self.payoff), (o.estimator, self.estimator), (o.greek, self.greek))
        return all(fnmatchcase(value, pattern) for value, pattern in pairs)


SCORES = (
    "A heavy tail: samples weighted by a second score in a volatility, alone or in a blend, have a kurtosis of 1,000 "
    "to 2,000, so that 8,192 paths carry no more than 4 to 8. With 65,536 paths 93 to 95 % of the intervals hold the "
    "truth."
)
SMALL_BUMPS = (
    "A heavy tail: a bump of 1 % of a rate, a yield, a volatility or a parameter of the variance, or in time, carries "
    "few paths across a jump or a kink (the kurtosis of a rate's and of time's is 1,400 and 5,900 for a digital). With "
    "65,536 paths 91 to 96 % of the intervals hold the truth."
)
SMOOTHED = (
    "`Smoothed()` is biased, and every result of it says so: its interval is one around the smoothed price. Its second "
    "derivatives have heavy tails besides (a kurtosis of 6,000 in the worst), as few paths end where the payoff bends."
)
OUTERMOST = (
    "One normal a path, and scrambled points of it: what is left of the error is that of the outermost point, and "
    "skewed, so that a few scrambles know it less well than Student's law has it. More paths do not help, more "
    "scrambles a little (`Sobol(scrambles=64)`: 90 to 95 %)."
)
KNOWN: tuple[Known, ...] = (
    Known("*", "*", "L*", "volga*", SCORES),
    Known("*", "*", "M", "volga*", SCORES),
    Known("*", "*", "blend", "volga*", SCORES),
    Known("Bachelier", "BarrierOption*", "sobol", "volga", SCORES),
    Known("BlackScholes", "BarrierOption, continuous down-and-out call", "sobol", "*", OUTERMOST),
    Known("*", "*", "FD", "rho", SMALL_BUMPS),
    Known("*", "*", "FD", "theta", SMALL_BUMPS),
    Known("*", "Digital*", "FD", "vega", SMALL_BUMPS),
    Known("*", "*", "FD", "d_dividend*", SMALL_BUMPS),
    Known("Heston", "*", "FD", "d*_variance", SMALL_BUMPS),
    Known("*", "*", "FD", "d_kappa", SMALL_BUMPS),
    Known("Heston", "*", "FD", "d_xi", SMALL_BUMPS),
    Known("*", "*", "S", "*", SMOOTHED),
)


def reason_for(o: Outcome) -> str:
    """Why an outcome outside the band is known to be so; empty where it is not."""
    return next((k.reason for k in KNOWN if k.matches(o)), "")
