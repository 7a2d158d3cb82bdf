"""Error against points: how fast each sampler's error falls, with and without controls. `python -m benchmarks.slopes`

The root-mean-square error of the mean of n points is the spread of that mean over 128 independent repeats: scrambles of
a point set, streams of Philox. All numbers are unbiased for the same steps, so it needs no truth. An exponent is the
slope of a straight line through log(error) against log(n); fitted to errors that are known to 6 % each, it has an
error of 0.01 over the whole range and 0.02 over half of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

import greeks as gk
from benchmarks.report import table, write
from benchmarks.slopes_figure import Curve, Panel, drawn
from greeks.engine.choosing.legs import Controls

Array = npt.NDArray[np.float64]
DOCS = Path(__file__).parent.parent / "docs"
REPEATS = 128
FEWEST, MOST, HALF = 4, 16, 10  # powers of two of points
FITTED = 8  # of points from which coefficients of controls are found in a run itself
BLACK_SCHOLES = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2, dividend=0.02)
HESTON = gk.Heston(100.0, 0.03, 0.04, kappa=2.0, theta=0.04, xi=0.3, rho=-0.5, dividend=0.01)


@dataclass(frozen=True)
class Case:
    """A contract, and the numbers of it whose errors are looked at, by what to call them."""

    model: gk.Model
    payoff: gk.Payoff
    numbers: dict[str, str]

    @property
    def greeks(self) -> list[str]:
        return [name for name in self.numbers if name != "price"]


@dataclass(frozen=True)
class Way:
    """A sampler, with or without controls."""

    name: str
    sampler: gk.Sampler
    controls: Controls = ()

    @property
    def exponents(self) -> range:
        """Powers of two of points."""
        independent = isinstance(self.sampler, gk.Philox)
        return range(FITTED if independent and self.controls else FEWEST, MOST + 1, 2)


CASES = (
    Case(
        BLACK_SCHOLES,
        gk.AsianCall(strike=100.0, maturity=1.0, dates=252),
        {"price": "Asian call, 252 dates: price", "delta": "Asian call, 252 dates: delta"},
    ),
    Case(
        HESTON,
        gk.DigitalCall(strike=100.0, maturity=1.0),
        {"price": "Digital under Heston: price", "delta": "Digital under Heston: delta"},
    ),
)
BRIDGE = gk.Sobol(scrambles=REPEATS)
WAYS = (
    Way("Philox", gk.Philox()),
    Way("Philox, controls", gk.Philox(), "auto"),
    Way("Sobol, step by step", gk.Sobol(scrambles=REPEATS, order=gk.Incremental())),
    Way("Sobol, bridge", BRIDGE),
    Way("Sobol, average bridge", gk.Sobol(scrambles=REPEATS, order=gk.AverageBridge())),
    Way("Sobol, components", gk.Sobol(scrambles=REPEATS, order=gk.PrincipalComponents())),
    Way("Sobol, bridge, controls", BRIDGE, "auto"),
    Way("Sobol, average bridge, controls", gk.Sobol(scrambles=REPEATS, order=gk.AverageBridge()), "auto"),
)


def errors(case: Case, way: Way, exponents: Sequence[int]) -> Array:
    """Root-mean-square errors of means of 2^k points, (exponents, numbers)."""
    return np.array([_errors(case, way, 2**k) for k in exponents])


def slope(exponents: npt.ArrayLike, found: Array) -> float:
    """The exponent of n in an error.

    >>> slope([4, 6, 8], np.array([1.0, 0.5, 0.25]))
    -0.5
    """
    return float(np.round(np.polyfit(np.asarray(exponents), np.log2(found), 1)[0], 12))


def _errors(case: Case, way: Way, points: int) -> Array:
    if isinstance(way.sampler, gk.Philox):
        runs = [_run(case, way, points, stream=k) for k in range(REPEATS)]
        return np.asarray(np.std([[r[name].value for name in case.numbers] for r in runs], axis=0, ddof=1))
    r = _run(case, way, points * REPEATS)
    return np.array([r[name].std_error * REPEATS**0.5 for name in case.numbers])


def _run(case: Case, way: Way, paths: int, stream: int = 0) -> gk.Sensitivities:
    return gk.sensitivities(
        case.model, case.payoff, case.greeks, sampler=way.sampler, controls=way.controls, paths=paths, stream=stream
    )


def _row(number: str, way: Way, found: Array, scale: float) -> list[str]:
    ks = np.array(way.exponents)
    parts = (ks <= HALF, ks >= HALF, ks >= FEWEST)
    whole = len(ks) == len(range(FEWEST, MOST + 1, 2))
    fits = [f"{slope(ks[part], found[part]):.2f}" if whole or part is parts[1] else "" for part in parts]
    return [number, way.name, *fits, f"{found[-1] / scale:.1e}"]


def main() -> None:
    rows, panels = [], []
    for case in CASES:
        by_way = {way: errors(case, way, way.exponents) for way in WAYS}
        truth = _run(case, WAYS[-1], 2**MOST * REPEATS)
        for i, (name, title) in enumerate(case.numbers.items()):
            scale = abs(truth[name].value)
            rows += [_row(title, way, found[:, i], scale) for way, found in by_way.items()]
            curves = [
                Curve(way.name, [2**k for k in way.exponents], found[:, i] / scale) for way, found in by_way.items()
            ]
            panels.append(Panel(title, curves))
        print(*rows[-2 * len(WAYS) :], sep="\n", flush=True)
    halves = (f"2^{FEWEST} to 2^{HALF}", f"2^{HALF} to 2^{MOST}", "all")
    write("slopes", table(["Number", "Sampler", *halves, f"Relative error at 2^{MOST}"], rows))
    drawn(panels, DOCS / "images" / "slopes.svg")


if __name__ == "__main__":
    main()
