"""Played in a process of its own: programs of cases, and what the CPU and Numba's CUDA simulator make of them.

    python -m tests.parity.programs agree | single | ptx | 'single ptx' CASE ...

prints a line a case, as JSON.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import greeks as gk
from greeks.engine.programs.noise import held
from greeks.engine.run import Task
from greeks.engine.sampling.devices import loaded
from greeks.engine.sampling.settings import Settings

PATHS = 70  # two rounds of batches, the second not whole


def task_of(case: str) -> tuple[str, Task]:
    """The name and the task of a case's text."""
    name, model, payoff, greeks, settings = eval(case, {"gk": gk})
    return name, Task.of(model, payoff, greeks, Settings(**{"controls": (), "paths": PATHS, **settings}))


def agreement(task: Task, precision: str = "float64") -> dict[str, Any]:
    """The worst differences between the moments of both, relative to means and standard deviations."""
    from greeks.kernels import cpu, cuda

    table, rows = task.table()
    host = loaded(task.plan.program, Settings())
    device = loaded(task.plan.program, Settings(backend="cuda", precision=precision))
    controls = len(task.plan.pairing.names)
    samples = host.outputs - controls
    asked: dict[str, Any] = {
        "seed": 5, "stream": 3, "paths": PATHS, "families": task.plan.sampler.design.families,
        "normals": held(table, rows), "batches": True,
        "mixing": np.random.default_rng(1).normal(size=(samples, controls)) if controls else None,
    }  # fmt: skip
    a = cpu.rows(host, table, rows, **asked)
    b = cuda.rows(device, table, rows, **asked)
    scale = np.sqrt(np.diagonal(a.comoments, axis1=1, axis2=2) / a.counts[:, None])
    size = abs(a.means) + scale + 1e-13 * abs(a.means).max()
    found = {
        "means": worst(a.means, b.means, size),
        "comoments": worst(a.comoments, b.comoments, a.counts[:, None, None] * size[:, :, None] * size[:, None, :]),
        "third": worst(a.higher[..., 0], b.higher[..., 0], a.counts[:, None] * size**3),
        "fourth": worst(a.higher[..., 1], b.higher[..., 1], a.counts[:, None] * size**4),
        "extremes": worst(a.higher[..., 2:], b.higher[..., 2:], size[..., None]),
        "batches": worst(a.batches, b.batches, size[..., None]),
    }
    return {"differences": found, "random": bool((scale > 0.0).any()), "estimators": estimators(task)}


def worst(a: Any, b: Any, size: Any) -> float:
    """The largest difference in units of `size`; what is 0 has to be 0 exactly."""
    return float(np.max(np.abs(a - b) / np.where(size > 0.0, size, 1e-300)))


def estimators(task: Task) -> list[str]:
    """What was at work."""
    return sorted({r.estimator for r in task.readings})


def compiled(task: Task) -> dict[str, Any]:
    """What the compiler for devices makes of the program."""
    from greeks.kernels import cuda_ptx

    text = cuda_ptx.ptx(task.plan.program.cuda)
    return {"target": ".target sm_90" in text, "calls": text.count("{ // callseq"), "entry": ".entry" in text}


def compiled_in_single(task: Task) -> dict[str, Any]:
    """What it makes of a path in single precision."""
    from greeks.kernels import cuda_ptx, cuda_single

    text = cuda_ptx.path_ptx(cuda_single.single(task.plan.program.cuda))
    return {"calls": text.count("{ // callseq"), "in single": "fma.rn.f32" in text}


ASKED: dict[str, Callable[[Task], dict[str, Any]]] = {
    "agree": agreement,
    "single": partial(agreement, precision="float32"),
    "ptx": compiled,
    "single ptx": compiled_in_single,
}


def main(what: str, cases: list[str]) -> None:
    """Print what there is to tell of each case."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=RuntimeWarning, message=".*encountered in.*")
        for case in cases:
            name, task = task_of(case)
            print(json.dumps({"name": name} | ASKED[what](task)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
