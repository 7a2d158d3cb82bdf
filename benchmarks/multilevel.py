"""Cost against target: multilevel Monte Carlo beside the best single level. `python -m benchmarks.multilevel`

The target is the root of standard error squared plus bias squared. Cost is counted twice: operations (paths times
`engine.programs.cost`, in counted seconds, the same on every machine) and processor time of one thread. A single
level is given what it could not know: the number of steps, 2^k or 3 * 2^k, that costs least for its target, from its
true bias; its time is that of fewer paths, in proportion. Exponents are fitted to targets at which samples are more
work than pilots.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np

import greeks as gk
from benchmarks.multilevel_figure import Curve, drawn
from benchmarks.report import table, write
from greeks.controls import ON_LEVELS
from greeks.engine.choosing.legs import Controls
from greeks.engine.multilevel.allocation import allocated
from greeks.engine.multilevel.ladder import Ladder
from greeks.engine.multilevel.run import climbed
from greeks.engine.sampling.clock import Clock
from greeks.engine.sampling.settings import Settings
from greeks.reference import heston

DOCS = Path(__file__).parent.parent / "docs"
SEEDS = (1, 2, 3)
SURE = 0.2  # of the least target, the error of the biases of single levels
BASES = (2, 3)  # steps of the coarsest single levels
COARSE = 3  # levels whose bias is so large that 4,096 samples tell it
STEPS = 2**21  # paths times steps by which a single level is timed
CALL = gk.Call(strike=100.0, maturity=1.0)
HESTON = gk.Heston(100.0, 0.03, 0.04, kappa=2.0, theta=0.04, xi=0.3, rho=-0.5, dividend=0.01)
CEV = gk.CEV(spot=100.0, rate=0.05, sigma=2.0, beta=0.5)
CEV_CALL = 10.453885328717844  # Schroder (1989)


@dataclass(frozen=True)
class Case:
    """A contract of which a number is known, and a scheme for the coarsest level of it.

    finest : levels, from the coarsest single one, by which the biases of single levels are known. greek : the number,
    "" for the price. alone : controls of single levels, where they are given others.
    """

    name: str
    model: gk.Model
    truth: float
    make: Callable[[int], gk.Euler | gk.Milstein | gk.QE]
    targets: tuple[float, ...]
    finest: int
    steps: int = 1
    refine: int = 2
    controls: Controls = "auto"
    greek: str = ""
    alone: Controls | None = None

    @property
    def greeks(self) -> tuple[str, ...]:
        return (self.greek,) if self.greek else ()


def heston_call(spot: float = 100.0, variance: float = 0.04) -> float:
    return heston.call(spot, 0.03, variance, 2.0, 0.04, 0.3, -0.5, 0.01, 100.0, 1.0)


HESTON_CALL = heston_call()
HESTON_DELTA = (heston_call(spot=100.01) - heston_call(spot=99.99)) / 0.02
HESTON_VEGA = (heston_call(variance=0.04001) - heston_call(variance=0.03999)) / 2e-5
CASES = (
    Case("Heston, QE", HESTON, HESTON_CALL, gk.QE, (1e-3, 5e-4, 2e-4, 1e-4, 5e-5, 2e-5, 1e-5), 10),
    Case("Heston, QE, all with noise", HESTON, HESTON_CALL, gk.QE, (2e-4, 1e-4, 5e-5, 2e-5, 1e-5), 10, alone=ON_LEVELS),
    Case("Heston, Euler", HESTON, HESTON_CALL, gk.Euler, (1e-3, 5e-4, 2e-4, 1e-4, 5e-5), 11, refine=4),
    Case("CEV, Milstein", CEV, CEV_CALL, gk.Milstein, (5e-4, 2e-4, 1e-4, 5e-5, 2e-5, 1e-5), 15),
    Case("CEV, Euler", CEV, CEV_CALL, gk.Euler, (1e-3, 5e-4, 2e-4, 1e-4, 5e-5, 2e-5), 14, refine=4),
    Case("Heston, QE, no controls", HESTON, HESTON_CALL, gk.QE, (1e-3, 5e-4, 2e-4, 1e-4), 8, controls=()),
    Case("Heston, QE: delta", HESTON, HESTON_DELTA, gk.QE, (1e-3, 5e-4, 2e-4, 1e-4, 5e-5, 2e-5), 9, greek="delta"),
    Case("Heston, QE: d_variance", HESTON, HESTON_VEGA, gk.QE, (1e-3, 5e-4, 2e-4, 1e-4), 9, greek="d_variance"),
    Case("CEV, Milstein, no controls", CEV, CEV_CALL, gk.Milstein, (1e-3, 5e-4, 2e-4, 1e-4), 13, controls=()),
)


@dataclass(frozen=True)
class Point:
    """One run: target relative to the number, counted and processor seconds, levels, and the miss of the truth.

    pilots : counted seconds of these, beside those of the samples.
    """

    target: float
    counted: float
    seconds: float
    pilots: float = 0.0
    levels: int = 1
    miss: float = math.nan


def multilevel(case: Case, target: float, seed: int) -> Point:
    """A run to a target."""
    began = time.process_time()
    ladder = climbing(case, seed=seed, std_error={case.greek or "price": target * case.truth})
    seconds = time.process_time() - began
    counted = 1e-9 * sum(s.count * k.cost for s, k in zip(ladder.statistics, ladder.levels, strict=True))
    miss = (float(ladder.values[-1]) - case.truth) / (target * case.truth)
    pilots = 1e-9 * sum(level.tried * level.cost for level in ladder.levels)
    return Point(target, counted, seconds, pilots, len(ladder.levels), miss)


def climbing(case: Case, levels: int | None = None, **settings: object) -> Ladder:
    scheme = gk.Multilevel(case.make(case.steps), refine=case.refine, levels=levels)
    asked = Settings(scheme=scheme, threads=1, controls=case.controls, **settings)  # type: ignore[arg-type]
    return climbed(case.model, CALL, case.greeks, scheme, asked, Clock(time.perf_counter()))


@dataclass(frozen=True)
class Single:
    """A single level of so many steps: true bias, variance of a sample, and its cost, counted and in seconds."""

    steps: int
    bias: float
    variance: float
    counted: float
    seconds: float

    def at(self, case: Case, target: float) -> Point | None:
        """What it takes to reach the target; None where its bias is beyond it."""
        left = (target * case.truth) ** 2 - self.bias**2
        paths = self.variance / left if left > 0.0 else math.inf
        return Point(target, paths * self.counted, paths * self.seconds) if math.isfinite(paths) else None


def singles(case: Case) -> list[Single]:
    """All single levels of a case; biases are the sums of the means of the corrections above."""
    return [single for steps in BASES for single in _doubled(replace(case, steps=steps, refine=2))]


def _doubled(case: Case) -> list[Single]:
    """Those with the case's steps, twice as many, and so on."""
    ladder = climbing(case, levels=case.finest, paths=4096 * case.finest)
    corrections = np.vstack([np.zeros((COARSE, 1)), ladder.variances[COARSE:, -1:]])
    needed = allocated(corrections, ladder.costs, np.array([(SURE * case.targets[-1] * case.truth) ** 2]))
    ladder.simulate(np.maximum(needed, 4096.0))
    means = [float(s.mean[-1]) for s in ladder.statistics]
    left = -ladder.biases[-1].value
    found = []
    for level in range(case.finest - 2):
        steps = case.steps * 2**level
        alone = replace(case, steps=steps, controls=case.controls if case.alone is None else case.alone)
        counted = 1e-9 * climbing(alone, levels=1, paths=4096).levels[0].cost
        number, seconds = timed(alone)
        variance = number.std_error**2 * number.paths
        found.append(Single(steps, sum(means[level + 1 :]) + left, variance, counted, seconds / number.paths))
    return found


def timed(case: Case) -> tuple[gk.Estimate, float]:
    """A run of one level and its processor time, the least of two."""
    seconds = []
    for _ in range(3):
        began = time.process_time()
        r = gk.sensitivities(
            case.model,
            CALL,
            case.greeks,
            scheme=case.make(case.steps),
            paths=max(2**13, STEPS // case.steps),
            threads=1,
            seed=1,
            controls=case.controls,
        )
        seconds.append(time.process_time() - began)
    return r[case.greek or "price"], min(seconds[1:])


def best(case: Case, levels: Sequence[Single], target: float) -> tuple[Point, int]:
    """The single level that needs the least counted work, and its steps."""
    points = [(p, s.steps) for s in levels if (p := s.at(case, target)) is not None]
    return min(points, key=lambda found: found[0].counted)


def exponent(points: Sequence[Point], cost: Callable[[Point], float]) -> float:
    """Of the cost against the target, by least squares in logarithms."""
    x, y = np.log([p.target for p in points]), np.log([cost(p) for p in points])
    return float(np.polyfit(x, y, 1)[0])


def slopes_of(case: Case, runs: dict[float, list[Point]], lone: Sequence[Point]) -> list[str]:
    """Exponents of a case: several levels, counted without pilots and with them and timed, and single ones."""
    worth = [t for t in case.targets if all(p.counted > p.pilots for p in runs[t])]
    every = [p for t in worth for p in runs[t]]
    fits = [exponent(every, lambda p: p.counted), exponent(every, lambda p: p.counted + p.pilots),
            exponent(every, lambda p: p.seconds), exponent(lone, lambda p: p.counted)]  # fmt: skip
    return [case.name, f"{worth[0]:g} to {worth[-1]:g}", *(f"{a:.2f}" for a in fits)]


def row(case: Case, runs: dict[float, list[Point]], single: tuple[Point, int]) -> list[str]:
    target = single[0].target
    points = runs[target]
    counted, seconds = median(p.counted for p in points), median(p.seconds for p in points)
    gains = sorted(single[0].seconds / p.seconds for p in points)
    return [
        case.name,
        f"{target:g}",
        " ".join(str(p.levels) for p in points),
        ", ".join(f"{p.miss:+.2f}" for p in points),
        f"{counted:.2g}",
        f"{median(p.pilots for p in points):.2g}",
        f"{seconds:.2g}",
        str(single[1]),
        f"{single[0].counted:.2g}",
        f"{single[0].counted / counted:.1f}",
        f"{median(gains):.1f} ({gains[0]:.1f} to {gains[-1]:.1f})",
    ]


def main() -> None:
    rows, slopes, curves = [], [], []
    for case in CASES:
        multilevel(case, case.targets[0], 0)  # compiles
        runs = {t: [multilevel(case, t, s) for s in SEEDS] for t in case.targets}
        alone = singles(case)
        found = {t: best(case, alone, t) for t in case.targets}
        rows += [row(case, runs, found[t]) for t in case.targets]
        lone = [found[t][0] for t in case.targets]
        slopes.append(slopes_of(case, runs, lone))
        print(case.name, rows[-1], slopes[-1], flush=True)
        curves.append(
            Curve(case.name, case.targets, [median(p.counted for p in runs[t]) for t in case.targets],
                  [p.counted for p in lone])
        )  # fmt: skip
    heads = ["Case", "Target", "Levels", "Miss / target", "Counted s", "Pilots", "CPU s", "Steps alone",
             "Counted s alone", "Ratio, counted", "Ratio, CPU"]  # fmt: skip
    fitted = ["Case", "Targets", "Samples", "Samples and pilots", "CPU", "Single level"]
    body = f"{table(fitted, slopes)}\n\n{table(heads, rows)}"
    write("multilevel", body, DOCS / "multilevel.md")
    drawn([c for c, case in zip(curves, CASES, strict=True) if case.alone is None], DOCS / "images" / "multilevel.svg")


if __name__ == "__main__":
    main()
