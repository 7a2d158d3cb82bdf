"""How often 95 % intervals hold the truth, and whether that is as often as they should.

Of n independent intervals the number that hold the truth is binomial (n, 0.95); the band holds it with probability
99.9 %. A suite of thousands of intervals would thus raise a few false alarms. Seeds are fixed, so that a verdict does
not change from run to run, and what falls outside the band is examined again on four times as many fresh seeds: it
fails only if it falls outside again, which chance does in about one of a million. A coverage of 91 % is within the
band of 300 trials, one of 93 % at the edge of that of 1,200: what is promised is coverage to about two percent.

The truth's own error is added in quadrature to that of the interval; `truths` keeps it a small part.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.stats import binom

import greeks as gk
from tests.coverage.offers import Offer
from tests.coverage.simulation import simulated
from tests.coverage.truths import FARTHEST, truth_of

LEVEL, CONFIDENCE = 0.95, 0.999
SEEDS, AGAIN = 300, 4
PATHS = 8192  # two chunks: the fewest of which one has its controls' coefficients from the other
FEW_PATHS, MANY_PATHS = 1024, 65536
ROUNDING = 1e-9  # relative error of a number that no path changes
WIDTH = 1.959963984540054


@dataclass(frozen=True)
class Outcome:
    """How often the intervals of one Greek held the truth.

    `bias` is the mean error in standard errors of one interval, `honesty` the mean standard error over the standard
    deviation of the estimates, which should be 1.
    """

    model: str
    payoff: str
    estimator: str
    greek: str
    inside: int
    trials: int
    bias: float = field(default=0.0, repr=False)
    honesty: float = field(default=1.0, repr=False)
    certain: bool = field(default=False, repr=False)

    @property
    def coverage(self) -> float:
        return self.inside / self.trials

    @property
    def within(self) -> bool:
        """Inside the band; a number without chance must be right each time."""
        low, high = (self.trials, self.trials) if self.certain else band(self.trials)
        return low <= self.inside <= high

    def __str__(self) -> str:
        what = f"{self.model}, {self.payoff}, {self.greek} by {self.estimator}"
        return (
            f"{what}: {self.inside} of {self.trials} ({self.coverage:.1%}), "
            f"bias {self.bias:+.2f} standard errors, standard error {self.honesty:.2f} of the true one"
        )


def band(trials: int) -> tuple[int, int]:
    """The fewest and the most of `trials` 95 % intervals that may hold the truth: the exact binomial 99.9 % band.

    >>> band(300)
    (271, 296)
    """
    tail = 0.5 * (1.0 - CONFIDENCE)
    return int(binom.ppf(tail, trials, LEVEL)), int(binom.ppf(1.0 - tail, trials, LEVEL))


def examined(offer: Offer, paths: int = PATHS, seeds: int = SEEDS, retry: bool = True) -> list[Outcome]:
    """The outcome of every Greek of an offer, a second and larger one where the first was outside the band."""
    first = _seed(offer)
    found = counted(offer, offer.greeks, range(first, first + seeds), paths)
    doubtful = [o.greek for o in found if not o.within]
    if not doubtful or not retry:
        return found
    fresh = range(first + seeds, first + seeds * (1 + AGAIN))
    again = {o.greek: o for o in counted(offer, doubtful, fresh, paths)}
    return [again.get(o.greek, o) for o in found]


def counted(offer: Offer, greeks: Iterable[str], seeds: Iterable[int], paths: int) -> list[Outcome]:
    """The outcome of some Greeks of an offer, the price among them, over the given seeds."""
    runs: list[Mapping[str, gk.Estimate]] = []
    for seed in seeds:
        runs.append(simulated(offer, paths, seed, threads=1))
        offer = offer.only(runs[0])  # what fails on the first seed is not tried again, and counts as wrong throughout
    return [_outcome(offer, greek, [run.get(greek) for run in runs]) for greek in dict.fromkeys(["price", *greeks])]


def _outcome(offer: Offer, greek: str, estimates: list[gk.Estimate | None]) -> Outcome:
    """A run that failed holds no truth."""
    ran = [e for e in estimates if e is not None]
    name = (offer.case.model_name, offer.case.payoff_name, offer.variant.code, greek)
    if not ran:
        return Outcome(*name, 0, len(estimates), math.nan, math.nan)
    values, errors = np.array([e.value for e in ran]), np.array([e.std_error for e in ran])
    certain = max(float(np.median(errors)), float(np.ptp(values))) <= ROUNDING * (1.0 + abs(float(values[0])))
    truth, doubt = truth_of(offer.case, greek).against(offer.variant.code, float(np.median(errors)), certain)
    widths = np.array([half_width(e) for e in ran])
    allowed = FARTHEST * doubt + ROUNDING * (1.0 + abs(truth)) if certain else np.hypot(widths, WIDTH * doubt)
    inside = int(np.sum(np.abs(values - truth) <= allowed))
    if certain:
        return Outcome(*name, inside, len(estimates), certain=True)
    bias = float((values.mean() - truth) / errors.mean())
    return Outcome(*name, inside, len(estimates), bias, float(errors.mean() / values.std(ddof=1)))


def half_width(e: gk.Estimate) -> float:
    """Of its interval: 1.96 standard errors, of a few scrambles some more."""
    low, high = e.interval(LEVEL)
    return 0.5 * (high - low)


def _seed(offer: Offer) -> int:
    """Seeds of its own for each offer, so that a thousand of them are not one trial."""
    return zlib.crc32(str(offer).encode()) % 10**6 * 10**4 + 10**8
