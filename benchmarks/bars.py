"""The bars this project sets itself, as ratios: `python -m benchmarks.bars`.

Equal paths and like estimators, every contender by turns in one process on one core. The ratio of a round divides two
timings of the same minute; the bar is held against the median over the rounds. Where our estimator is the better one,
as with the score as its own control, equal paths hide it: the last column multiplies by the ratio of variances.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean, median
from time import perf_counter

from benchmarks import report
from benchmarks.contender import Contender, Result, available, environment, one_core
from benchmarks.interleaved import Ratio, Turns, ratio, take_turns
from benchmarks.ours import AUTO
from benchmarks.tasks import TASKS

HEADS = ("What", "Measured", "Bar", "Met", "At equal error on delta")
IMPORT = "import time; start = time.perf_counter(); import greeks; print(time.perf_counter() - start)"
PRICE = (
    "import greeks as gk; "
    "gk.price(gk.BlackScholes(100.0, 0.05, 0.2), gk.Call(100.0, 1.0), paths=2**16, seed=1, threads=1)"
)

BASKET = """
import time
import numpy as np
import greeks as gk
gk.price(gk.BlackScholes(100.0, 0.05, 0.2), gk.Call(100.0, 1.0), paths=256)
model = gk.MultiBlackScholes((100.0,) * {n}, 0.05, (0.2,) * {n}, 0.5 + 0.5 * np.eye({n}), (0.0,) * {n})
start = time.process_time()
gk.sensitivities(model, gk.BasketCall(100.0, 1.0), ["delta", "vega"], paths=256)
print(time.process_time() - start)
"""


@dataclass(frozen=True)
class Race:
    """A task at equal paths, and the least ratio of each rival's time to ours, by width of the vectors."""

    task: str
    title: str
    paths: int
    over_price: float
    bars: dict[str, dict[str, float]]


RACES = (
    Race("T3", "Asian + 3 Greeks", 2**17, 1.15, {"Numba loop": {"AVX-512": 2.2, "AVX2": 2.0}}),
    Race(
        "T4",
        "Heston + 6 Greeks",
        2**17,
        1.25,
        {"Numba loop": {"AVX-512": 1.8, "AVX2": 1.7}, "NumPy": {"AVX-512": 5.0, "AVX2": 3.3}},
    ),
    Race(
        "TERMINAL",
        "Terminal + 8 Greeks",
        2**22,
        1.5,
        {"Numba loop": {"AVX-512": 4.5, "AVX2": 2.3}, "NumPy": {"AVX-512": 8.5, "AVX2": 6.5}},
    ),
)


def row(what: str, measured: Ratio, bar: float, *, at_least: bool, equal_error: str = "") -> list[str]:
    met = measured.median >= bar if at_least else measured.median <= bar
    sign = "≥" if at_least else "≤"
    return [what, str(measured), f"{sign} {bar:g}", "yes" if met else "**no**", equal_error]


def bound(simulation: Callable[[int, int], Result], paths: int) -> Callable[[int], Result]:
    return lambda seed: simulation(paths, seed)


def run(race: Race, rounds: int) -> list[list[str]]:
    contenders: dict[str, Contender] = {c.library: c for c in available(race.task)}
    ours = next(c for c in available(race.task) if c.library == "pathgreeks" and c.method != AUTO)
    names = [name for name in race.bars if name in contenders]
    calls = {name: bound(contenders[name].greeks, race.paths) for name in names}
    calls |= {"pathgreeks": bound(ours.greeks, race.paths), "price": bound(ours.price, race.paths)}
    turns = take_turns(calls, rounds)
    rows = [against(race, name, turns) for name in names]
    over = ratio(turns["pathgreeks"].seconds, turns["price"].seconds)
    return [*rows, row(f"{race.title}: over the price alone", over, race.over_price, at_least=False)]


def against(race: Race, name: str, turns: dict[str, Turns[Result]]) -> list[str]:
    rival, ours = turns[name], turns["pathgreeks"]
    measured = ratio(rival.seconds, ours.seconds)
    variances = variance(rival, TASKS[race.task].focus) / variance(ours, TASKS[race.task].focus)
    return row(
        f"{race.title}: {name} over ours",
        measured,
        race.bars[name][report.vectors()],
        at_least=True,
        equal_error=f"{measured.median * variances:.3g}",
    )


def variance(turns: Turns[Result], focus: str) -> float:
    """Squared standard error, mean over the rounds."""
    return mean(answer[focus][1] ** 2 for answer in turns.answers)


def own_model(task: str, paths: int, rounds: int) -> list[str]:
    """A user's SDE against the built-in one of the same law, and the same bits from both."""
    from benchmarks.ours import BLACK_SCHOLES, MyBlackScholes, simulate

    greeks, own = TASKS[task].greeks, MyBlackScholes(**BLACK_SCHOLES)
    turns = take_turns(
        {
            "own": lambda seed: simulate(task, greeks, paths, seed, own),
            "built-in": lambda seed: simulate(task, greeks, paths, seed),
        },
        rounds,
    )
    same = turns["own"].answers == turns["built-in"].answers
    title = f"{TASKS[task].title.split(':')[0]}: user's model over built-in, {'same' if same else 'OTHER'} bits"
    return row(title, ratio(turns["own"].seconds, turns["built-in"].seconds), 1.02, at_least=False)


def process(script: str, cache: str) -> tuple[float, str]:
    """Seconds of a whole interpreter, start to end, and what it printed."""
    start = perf_counter()
    around = environment(GREEKS_CACHE_DIR=cache)
    done = subprocess.run([sys.executable, "-c", script], env=around, check=True, text=True, capture_output=True)
    return perf_counter() - start, done.stdout


def start_up(rounds: int) -> list[list[str]]:
    """Import; first price with an empty and with a filled cache, whole process."""
    imports, cold, warm = [], [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as cache:
            imports.append(float(process(IMPORT, cache)[1]))
            cold.append(process(PRICE, cache)[0])
            warm.append(process(PRICE, cache)[0])
    measured = (("`import greeks`", imports, 0.3), ("First price, warm cache", warm, 1.0))
    timings = (*measured, ("First price, cold cache", cold, 5.0))
    return [row(f"{what}, s", Ratio(median(t), min(t), max(t)), bar, at_least=False) for what, t, bar in timings]


def many_assets(rounds: int) -> list[str]:
    """Cold compile of a basket with all deltas and vegas on 50 assets over that on 2, the shared code being there."""
    seconds: dict[int, list[float]] = {2: [], 50: []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as cache:
            process(PRICE, cache)
            for n, taken in seconds.items():
                taken.append(float(process(BASKET.format(n=n), cache)[1]))
    return row("Basket on 50 assets over 2: cold compile", ratio(seconds[50], seconds[2]), 1.5, at_least=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--tasks", nargs="*", default=[race.task for race in RACES])
    parser.add_argument("--dry", action="store_true", help="print only, leave benchmarks/README.md alone")
    given = parser.parse_args()
    one_core()
    rows = [line for race in RACES if race.task in given.tasks for line in run(race, given.rounds)]
    rows += [own_model("T3", 2**17, given.rounds), own_model("T1", 2**22, given.rounds)]
    rows += start_up(5)
    rows.append(many_assets(5))
    body = report.table(HEADS, rows)
    print(body)
    if not given.dry:
        report.write("bars", body)


if __name__ == "__main__":
    main()
