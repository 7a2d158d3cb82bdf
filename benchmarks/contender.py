"""A contender: one library's way of doing one task."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

Result = dict[str, tuple[float, float]]
"""Greek -> (value, standard error)."""

Simulation = Callable[[int, int], Result]
"""(paths, seed) -> result."""

LIBRARIES = {
    "pathgreeks": "ours",
    "Numba loop": "rivals.numba_loop",
    "NumPy": "rivals.numpy_",
    "JAX": "rivals.jax_",
    "PyTorch": "rivals.torch_",
    "QuantLib": "rivals.quantlib_",
}
"""Library -> module of its contenders."""


@dataclass(frozen=True)
class Contender:
    """`greeks` does the whole task, `price` the price alone; `paths` make a round of some tenths of a second.

    `silent_zeros` are Greeks that the library returns as exactly 0 without a word although they are not.
    """

    library: str
    method: str
    task: str
    paths: int
    greeks: Simulation
    price: Simulation
    silent_zeros: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.library}, {self.method}"


def one_core() -> None:
    """Bind this process, and so every library's threads, to a single core. Call before any library loads."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    if hasattr(os, "sched_setaffinity"):  # Linux
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def environment(**more: str) -> dict[str, str]:
    """That of a process which starts as an installed package does: byte code is kept."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | more


def available(task: str | None = None, without: Collection[str] = ()) -> Iterator[Contender]:
    """The contenders (of one task) whose libraries are installed; ours come first."""
    for library, file in LIBRARIES.items():
        if library in without:
            continue
        try:
            module = importlib.import_module(f"benchmarks.{file}")
        except ModuleNotFoundError as missing:
            if missing.name and missing.name.split(".")[0] in {"greeks", "benchmarks"}:
                raise
            continue
        yield from (c for c in module.CONTENDERS if task in (None, c.task))
