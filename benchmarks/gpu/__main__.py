"""Speeds on a device, written to RESULTS.md: `python -m benchmarks.gpu`. Without a device it says so, and no more.

`--simulated` plays a handful of paths in Numba's simulator, to try this program itself; its figures mean nothing.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from math import sqrt
from pathlib import Path
from statistics import mean, median
from typing import Any

RESULTS = Path(__file__).with_name("RESULTS.md")
ROUNDS = 7
TASKS = ("T3", "T4", "T5")
LIBRARIES = ("numpy", "numba", "numba-cuda", "jax", "torch", "cupy-cuda12x", "cupy-cuda13x")
HEADS = (
    "Task",
    "Contender",
    "Path-steps/s",
    "Share of fp64",
    "Share of memory",
    "Time to target",
    "x ours",
    "First call",
)


@dataclass(frozen=True)
class Size:
    """Paths of a call on the device and on the processor, and rounds."""

    device: int
    host: int
    rounds: int


def main() -> int:
    """Measure and write; 0 also where there is no device."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--simulated", action="store_true")
    asked = parser.parse_args()
    if asked.simulated:
        os.environ["NUMBA_ENABLE_CUDASIM"] = "1"
    import greeks as gk

    cuda = gk.backends()["cuda"]
    if not cuda.available:
        print(f"no figures: {cuda.reason}")
        return 0
    size = Size(70, 70, 1) if asked.simulated else Size(2**24, 2**18, asked.rounds)
    text = "\n\n".join([stamp(cuda.hardware), *(table(task, size, asked.simulated) for task in TASKS)])
    print(text)
    if not asked.simulated:
        RESULTS.write_text(f"# Measured on devices\n\n{text}\n", encoding="utf-8")
    return 0


def stamp(hardware: tuple[str, ...]) -> str:
    """Date, device and versions."""
    found = []
    for library in LIBRARIES:
        try:
            found.append(f"{library} {metadata.version(library)}")
        except metadata.PackageNotFoundError:
            continue
    versions = ", ".join([f"Python {platform.python_version()}", *found])
    return f"{date.today():%Y-%m-%d}; {', '.join(hardware)}; {platform.processor() or platform.machine()}; {versions}."


def table(task: str, size: Size, simulated: bool) -> str:
    """All contenders at one task, by turns."""
    from benchmarks import report
    from benchmarks.gpu.rivals import on_device
    from benchmarks.interleaved import ratio, take_turns
    from benchmarks.tasks import TASKS as ALL

    calls: dict[str, tuple[int, Callable[[int, int], Any]]] = {
        "ours": (size.device, ours(task, "cuda")),
        "ours, float32": (size.device, ours(task, "cuda", precision="float32")),
        "ours, all cores of the processor": (size.host, ours(task, "cpu")),
    }
    if task == "T3" and not simulated:
        calls |= {name: (size.device, run) for name, run in on_device().items()}
    turns = take_turns({name: bound(run, paths) for name, (paths, run) in calls.items()}, size.rounds)
    target, focus = ALL[task].targets[0], ALL[task].focus

    def to_target(name: str) -> list[float]:
        error = sqrt(mean(answer[focus][1] ** 2 for answer in turns[name].answers))
        return [s * (error / target) ** 2 for s in turns[name].seconds]

    rows = []
    for name, (paths, _) in calls.items():
        speed = paths * steps(task) / median(turns[name].seconds)
        against = "" if name == "ours" else str(ratio(to_target(name), to_target("ours")))
        shares = rooflines(task, speed) if name == "ours" and not simulated else ("", "")
        times = f"{median(to_target(name)):.3g} s", against, f"{turns[name].first:.3g} s"
        rows.append([task, name, f"{speed:.3g}", *shares, *times])
    return f"## {ALL[task].title}\n\n{report.table(HEADS, rows)}"


def bound(run: Callable[[int, int], Any], paths: int) -> Callable[[int], Any]:
    """A call of so many paths."""
    return lambda seed: run(paths, seed)


def ours(task: str, backend: str, **more: Any) -> Callable[[int, int], Any]:
    """This package at a task: pathwise, without controls, so that all contenders have the same estimator."""
    import greeks as gk
    from benchmarks.ours import problem
    from benchmarks.tasks import TASKS as ALL

    model, payoff, settings = problem(task)
    wanted = {"controls": (), **settings, "backend": backend, **more}
    if task != "T5":
        wanted["estimator"] = gk.Pathwise()

    def run(paths: int, seed: int) -> Any:
        found = gk.sensitivities(model, payoff, ALL[task].greeks, paths=paths, seed=seed, **wanted)
        return {name: (e.value, e.std_error) for name, e in found.items()}

    return run


def plan(task: str) -> Any:
    """What `ours` simulates."""
    import greeks as gk
    from benchmarks.ours import problem
    from benchmarks.tasks import TASKS as ALL
    from greeks.engine.run import Task
    from greeks.engine.sampling.settings import Settings

    model, payoff, settings = problem(task)
    wanted = {"controls": (), **settings} | ({} if task == "T5" else {"estimator": gk.Pathwise()})
    return Task.of(model, payoff, ALL[task].greeks, Settings(**wanted))


def steps(task: str) -> int:
    """Steps of a path."""
    grid = plan(task).grid
    return max(len(grid.ends), int(grid.substeps.sum()))


def rooflines(task: str, speed: float) -> tuple[str, str]:
    """Shares of the device's best: double-precision instructions, and bytes of its memory."""
    from numba import cuda

    from benchmarks.gpu.device import Peak
    from benchmarks.gpu.operations import operations
    from greeks.kernels.chunks import CHUNK

    peak, each = Peak.of(cuda.get_current_device()), speed / steps(task)
    of = plan(task)
    m = of.plan.program.width
    bytes_a_path = 8 * (m + m * m + 4 * m) / CHUNK
    return f"{operations(of) * each / peak.double:.0%}", f"{bytes_a_path * each / peak.memory:.2%}"


if __name__ == "__main__":
    sys.exit(main())
