"""The figures of docs/the-ladder.md: the standard deviation of one sample of every rung, and the work it makes.

`python -m tests.docs.ladder` measures (a minute), draws docs/images/ladder.svg and writes the page's table;
`python -m tests.docs.ladder FOLDER` draws what is on record as a PNG there, to look at.
"""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import ClassVar

import greeks as gk
from greeks.engine.choosing.menu import menu_for
from greeks.engine.terms.contract import Contract
from greeks.engine.terms.grid import time_grid
from greeks.estimators.base import Estimator
from greeks.models.base import Model
from greeks.payoffs.base import Payoff
from greeks.schemes.base import Scheme
from tests.docs.snippets import ROOT

PAGE, RECORD = ROOT / "docs" / "the-ladder.md", ROOT / "docs" / "images" / "ladder.csv"
PATHS, SEED = 2**17, 1
STEPS, DATES = (4, 8, 16, 32, 64, 128, 256), (4, 12, 26, 52, 126, 252)
OPENING, CLOSING = "<!-- work -->", "<!-- /work -->"


@dataclass(frozen=True)
class Skewed(gk.Model):
    """dS = r S dt + sigma (1 - skew log(S / 100)) S dW: a user's equation, without an exact step"""

    spot: gk.Scalar
    rate: gk.Scalar
    sigma: gk.Scalar
    skew: gk.Scalar
    state = ("spot",)
    words: ClassVar = {"vega": "sigma"}

    def drift(self, t: gk.Scalar, x: Sequence[gk.Scalar]) -> tuple[gk.Scalar, ...]:
        return (self.rate * x[0],)

    def diffusion(self, t: gk.Scalar, x: Sequence[gk.Scalar]) -> tuple[tuple[gk.Scalar, ...], ...]:
        return ((self.sigma * (1.0 - self.skew * gk.log(x[0] / 100.0)) * x[0],),)

    def discount(self, t: gk.Scalar) -> gk.Scalar:
        return gk.exp(-self.rate * t)


HESTON = gk.Heston(spot=100.0, rate=0.03, variance=0.04, kappa=2.0, theta=0.04, xi=0.3, rho=-0.5, dividend=0.01)
SKEWED = Skewed(spot=100.0, rate=0.05, sigma=0.2, skew=0.2)
BLACK_SCHOLES = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2, dividend=0.02)
DIGITAL = gk.DigitalCall(strike=100.0, maturity=1.0)

RUNGS: dict[str, Estimator] = {
    "finite difference 1 %": gk.FiniteDifference(0.01),
    "smoothed 2 %": gk.Smoothed(0.02),
    "likelihood ratio": gk.LikelihoodRatio(),
    "vibrato": gk.Vibrato(),
    "Malliavin": gk.Malliavin(),
    "conditional, last step": gk.Conditional(),
    "conditional by step": gk.Conditional(over="step"),
    "conditional over path": gk.Conditional(),
}


@dataclass(frozen=True)
class Case:
    """One panel: a contract for each number of steps or dates, and the Greek estimated."""

    product: str
    title: str
    greek: str
    counted: str
    counts: tuple[int, ...]
    rungs: tuple[str, ...]
    contract: Callable[[int], tuple[Model, Payoff, Scheme]]

    @property
    def name(self) -> str:
        return f"{self.product}, {self.title}: {self.greek}"


@dataclass(frozen=True)
class Point:
    """One measurement: the Greek, the standard deviation of one sample, and nanoseconds a path by operation count."""

    case: str
    rung: str
    count: int
    value: float
    deviation: float
    cost: float

    @property
    def work(self) -> float:
        return self.deviation**2 * self.cost


def _knock_out(model: Model, scheme: Scheme, level: float) -> Callable[[int], tuple[Model, Payoff, Scheme]]:
    def contract(dates: int) -> tuple[Model, Payoff, Scheme]:
        direction = "down" if level < 100.0 else "up"
        return model, gk.BarrierOption(100.0, level, 1.0, dates=dates, direction=direction), scheme

    return contract


def _digital(title: str, greek: str, more: tuple[str, ...], contract: Callable[[int], tuple[Model, Scheme]]) -> Case:
    def whole(steps: int) -> tuple[Model, Payoff, Scheme]:
        model, scheme = contract(steps)
        return model, DIGITAL, scheme

    return Case("Digital call", title, greek, "time steps", STEPS, (*_COMMON, *more, "conditional, last step"), whole)


def _barrier(title: str, greek: str, model: Model, scheme: Scheme, level: float) -> Case:
    rungs = (*_COMMON, "conditional by step", "conditional over path")
    return Case("Knock-out call", title, greek, "dates", DATES, rungs, _knock_out(model, scheme, level))


_COMMON = ("finite difference 1 %", "smoothed 2 %", "likelihood ratio")
_WEIGHTS = ("vibrato", "Malliavin")
CASES = (
    _digital("Heston", "delta", (), lambda n: (HESTON, gk.QE(n))),
    _barrier("barrier 90, Heston", "delta", HESTON, gk.QE(32), 90.0),
    _digital("a user's equation", "delta", _WEIGHTS, lambda n: (SKEWED, gk.Euler(n))),
    _barrier("barrier 90, Black-Scholes", "delta", BLACK_SCHOLES, gk.Exact(), 90.0),
    _digital("a user's equation", "vega", _WEIGHTS, lambda n: (SKEWED, gk.Euler(n))),
    _barrier("barrier 120, Black-Scholes", "vega", BLACK_SCHOLES, gk.Exact(), 120.0),
)


# measurement -----------------------------------------------------------------------------------------------------
def measured(case: Case, rung: str, count: int) -> Point:
    """One rung at one number of dates, on the same draws as all others."""
    model, payoff, scheme = case.contract(count)
    estimator = RUNGS[rung]
    r = gk.sensitivities(model, payoff, [case.greek], estimator=estimator, scheme=scheme, paths=PATHS, seed=SEED)
    found = r[case.greek]
    deviation = found.std_error * math.sqrt(found.paths)
    cost = operations(model, payoff, scheme, case.greek, estimator)
    return Point(case.name, rung, count, *(float(f"{x:.5g}") for x in (found.value, deviation, cost)))


def operations(model: Model, payoff: Payoff, scheme: Scheme, greek: str, estimator: Estimator) -> float:
    """What the engine reckons a path of one Greek to cost: the same on every machine."""
    grid = time_grid(payoff, scheme)
    menu = menu_for(Contract.of(model, payoff), scheme, grid.shape, [greek], estimator)
    return menu.entries[1].options[0].cost.of(grid)


def all_measured() -> Iterator[Point]:
    for case in CASES:
        for rung in case.rungs:
            for count in case.counts:
                yield measured(case, rung, count)


def on_record() -> list[Point]:
    with RECORD.open(encoding="utf-8", newline="") as file:
        return [Point(c, r, int(n), float(v), float(d), float(w)) for c, r, n, v, d, w in list(csv.reader(file))[1:]]


def record(points: Sequence[Point]) -> None:
    with RECORD.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow([f.name for f in fields(Point)])
        out.writerows(astuple(p) for p in points)


# the page --------------------------------------------------------------------------------------------------------
def work_table(points: Sequence[Point]) -> str:
    """Variance times operations at the most dates, as a multiple of that of the best unbiased rung."""
    lines = ["| | " + " | ".join(RUNGS) + " |", "| --- " * (len(RUNGS) + 1) + "|"]
    return "\n".join([*lines, *(_row(points, case) for case in CASES)])


def _row(points: Sequence[Point], case: Case) -> str:
    last = {p.rung: p.work for p in points if p.case == case.name and p.count == case.counts[-1]}
    best = min(work for rung, work in last.items() if not biased(rung))
    cells = [f"{float(f'{last[rung] / best:.2g}'):,g}" if rung in last else "–" for rung in RUNGS]
    return f"| {case.name}, {case.counts[-1]} {case.counted} | {' | '.join(cells)} |"


def biased(rung: str) -> bool:
    return isinstance(RUNGS[rung], gk.FiniteDifference | gk.Smoothed)


def with_table(page: str, points: Sequence[Point]) -> str:
    before, rest = page.split(OPENING)
    return f"{before}{OPENING}\n{work_table(points)}\n{CLOSING}{rest.split(CLOSING)[1]}"


if __name__ == "__main__":
    from tests.docs.ladder_figure import drawn

    if sys.argv[1:]:
        drawn(CASES, on_record(), Path(sys.argv[1]) / "ladder.png")
    else:
        found = list(all_measured())
        record(found)
        drawn(CASES, found, RECORD.with_suffix(".svg"))
        PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")
