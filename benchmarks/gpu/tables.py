"""The tables of RESULTS.md: a task of all contenders, a book, and on what they were measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from math import sqrt
from statistics import mean, median

from benchmarks import report
from benchmarks.contender import Result, Simulation
from benchmarks.gpu import ours
from benchmarks.gpu.turns import Guarded, measured
from benchmarks.interleaved import Turns, ratio
from benchmarks.tasks import TASKS as ALL

TASKS = ("T3", "T4", "T5")
LIBRARIES = (
    *("pathgreeks", "numpy", "numba", "numba-cuda", "cuda-bindings", "cuda-core", "jax", "torch"),
    *("cupy-cuda12x", "cupy-cuda13x", "nvidia-nvvm", "nvidia-nvjitlink"),
    *("nvidia-cuda-nvcc-cu12", "nvidia-nvjitlink-cu12"),
)
OURS, SINGLE = "ours", "ours, float32"
HEADS = (
    *("Task", "Contender", "Path-steps/s", "Share of its precision's peak", "Share of memory"),
    *("Time to target", "x ours", "First call"),
)


@dataclass(frozen=True)
class Size:
    """Paths of a call on the device, on all cores of the processor and on one of them; rounds."""

    device: int
    cores: int
    core: int
    rounds: int


def stamp() -> str:
    """Date, device and versions."""
    import greeks as gk

    known = gk.backends()
    processor = f"{report.processor()}, {', '.join(known['cpu'].hardware)}"
    device = f"{', '.join(known['cuda'].hardware)}, {driver()}"
    return f"{date.today():%Y-%m-%d}; {device}; {processor}; {report.versions(LIBRARIES)}."


def driver() -> str:
    """The version of CUDA that the driver is for."""
    from greeks.kernels.cuda_build import driver_version, version_of

    return f"driver for CUDA {version_of(driver_version)}"


def contenders(task: str, size: Size, simulated: bool) -> dict[str, tuple[int, Simulation]]:
    """Name -> (paths, what to call)."""
    from benchmarks.gpu.rivals import on_device

    found: dict[str, tuple[int, Simulation]] = {
        OURS: (size.device, ours.alike(task, "cuda")),
        SINGLE: (size.device, ours.alike(task, "cuda", precision="float32")),
        "ours, default settings": (size.device, ours.by_default(task, "cuda")),
        "ours, all cores of the processor": (size.cores, ours.alike(task, "cpu")),
        "ours, one core of the processor": (size.core, ours.alike(task, "cpu", threads=1)),
    }
    return found if simulated else found | {name: (size.device, run) for name, run in on_device(task).items()}


def of_task(task: str, size: Size, simulated: bool) -> str:
    """All contenders at one task, by turns; those who failed say why."""
    calls = contenders(task, size, simulated)
    turns, failures = measured(calls, size.rounds)
    rows = [row(task, name, calls[name][0], turns, simulated) for name in calls if name in turns]
    told = [f"{name} failed: {why}" for name, why in failures.items()]
    if OURS in turns:
        told.append(f"Two runs of {size.device:,} paths: {bits(task, size)}")
    return "\n\n".join([f"## {ALL[task].title}", report.table(HEADS, rows), *told])


def bits(task: str, size: Size) -> str:
    """Whether a seed tells all of a run."""
    return "the same bits." if ours.has_same_bits(task, size.device) else "OTHER BITS."


def row(task: str, name: str, paths: int, turns: Mapping[str, Turns[Result]], simulated: bool) -> list[str]:
    """A line of the table."""
    own = to_target(task, turns[name])
    speed = paths * ours.steps(task) / median(turns[name].seconds)
    against = str(ratio(own, to_target(task, turns[OURS]))) if name != OURS and OURS in turns else ""
    shares = rooflines(task, speed, name == SINGLE) if name in (OURS, SINGLE) and not simulated else ("", "")
    return [task, name, f"{speed:.3g}", *shares, f"{median(own):.3g} s", against, f"{turns[name].first:.3g} s"]


def to_target(task: str, turns: Turns[Result]) -> list[float]:
    """Seconds to the task's standard error, round by round."""
    focus = ALL[task].focus
    error = sqrt(mean(answer[focus][1] ** 2 for answer in turns.answers))
    return [s * (error / ALL[task].targets[0]) ** 2 for s in turns.seconds]


def rooflines(task: str, speed: float, in_single: bool) -> tuple[str, str]:
    """Shares of the device's best: instructions in the precision of a path, and bytes of its memory."""
    from numba import cuda

    from benchmarks.gpu.device import Peak
    from benchmarks.gpu.operations import operations
    from greeks.kernels.chunks import CHUNK

    peak, each = Peak.of(cuda.get_current_device()), speed / ours.steps(task)
    of = ours.plan(task)
    bytes_a_path = moved(of.plan.program.width) / CHUNK
    best = peak.single if in_single else peak.double
    return f"{operations(of) * each / best:.0%}", f"{bytes_a_path * each / peak.memory:.2%}"


def moved(m: int) -> int:
    """Bytes that a chunk leaves: means, co-moments, third and fourth powers and extremes of m numbers."""
    return 8 * (m + m * m + 4 * m)


def of_book(trades: int, paths: int, rounds: int) -> str:
    """A book on the device and on the processor, one after the other."""
    calls = {
        name: Guarded(partial(ours.book, trades, rounds, backend), paths)
        for name, backend in (("ours", "cuda"), ("ours, all cores of the processor", "cpu"))
    }
    found = {name: call(0) for name, call in calls.items()}
    rows = [[name, *(f"{of[call][0]:.3g} s" for call in ("first", "later"))] for name, of in found.items() if of]
    told = [f"{name} failed: {call.failure}" for name, call in calls.items() if call.failure]
    title = f"## A book of {trades:,} trades, {paths:,} paths each: price, delta, vega"
    return "\n\n".join([title, report.table(("Contender", "First call", "Later calls"), rows), *told])
