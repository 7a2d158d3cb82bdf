"""This package on a device and on the processor: the tasks of the others, and a book."""

from __future__ import annotations

from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.contender import Result, Simulation
from benchmarks.tasks import TASKS


def settings(task: str) -> dict[str, Any]:
    """Those with which all contenders have the same estimator: along the path, or survival by steps; no controls."""
    import greeks as gk
    from benchmarks.ours import problem

    estimator = gk.Conditional() if task == "T5" else gk.Pathwise()
    return {"controls": (), "estimator": estimator, **problem(task)[2]}


def alike(task: str, backend: str, **more: Any) -> Simulation:
    """The task with the estimator that all have."""
    return simulation(task, backend, **{**settings(task), **more})


def by_default(task: str, backend: str) -> Simulation:
    """The task as a user gets it who says nothing: estimators by pilot, controls."""
    from benchmarks.ours import problem

    return simulation(task, backend, **problem(task)[2])


def simulation(task: str, backend: str, **settings: Any) -> Simulation:
    """A task of so many paths, on a backend."""
    import greeks as gk
    from benchmarks.ours import problem

    model, payoff, _ = problem(task)

    def run(paths: int, seed: int) -> Result:
        found = gk.sensitivities(model, payoff, TASKS[task].greeks, paths=paths, seed=seed, backend=backend, **settings)
        return {name: (e.value, e.std_error) for name, e in found.items()}

    return run


def plan(task: str) -> Any:
    """What `alike` simulates."""
    from benchmarks.ours import problem
    from greeks.engine.run import Task
    from greeks.engine.sampling.settings import Settings

    model, payoff, _ = problem(task)
    return Task.of(model, payoff, TASKS[task].greeks, Settings(**settings(task)))


def steps(task: str) -> int:
    """Steps of a path."""
    grid = plan(task).grid
    return max(len(grid.ends), int(grid.substeps.sum()))


def has_same_bits(task: str, paths: int) -> bool:
    """Whether two runs of one seed on the device leave the same bits."""
    run = alike(task, "cuda")
    return run(paths, 1) == run(paths, 1)


def book(trades: int, rounds: int, backend: str, paths: int, seed: int) -> Result:
    """Seconds of a book with delta and vega: of the first call, and the median of later ones; they do not err."""
    import greeks as gk
    from benchmarks import book as of_trades

    models = of_trades.market()
    rows = of_trades.trades(trades, models)

    def call(seed: int) -> float:
        start = perf_counter()
        gk.run(rows, models, ["delta", "vega"], paths=paths, seed=seed, backend=backend)
        return perf_counter() - start

    return {"first": (call(seed), 0.0), "later": (median(call(seed + k) for k in range(1, rounds + 1)), 0.0)}
