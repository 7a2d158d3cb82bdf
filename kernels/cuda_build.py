"""A CUDA program's text to machine code, kept in the cache like the CPU's: the next process only loads it."""

from __future__ import annotations

import hashlib
from types import ModuleType
from typing import Any

from . import cuda_source, modules
from .compile import CompiledProgram
from .cuda_errors import clear_errors
from .cuda_reduction import TILE


def build(text: str) -> CompiledProgram:
    """The program for the device of this machine, or for the simulator where Numba runs one.

    Raises UnsupportedError without a device, DeviceError where its compiler fails.
    """
    from .cuda import require
    from .cuda_flight import simulated

    require()
    outputs = cuda_source.outputs_of(text)
    if simulated():
        source = cuda_source.assemble(text, simulated=True)
        module, key = execute(source)
        return CompiledProgram(text, source, "cuda", key, outputs, 0, TILE, True, module.simulate)
    with clear_errors():
        source = cuda_source.assemble(text, simulated=False, target=target())
        key = modules.hash_of(source)
        module, compiled = modules.fetch(source, key)
    return CompiledProgram(text, source, "cuda", key, outputs, 0, TILE, compiled, module.simulate)


def target() -> str:
    """What machine code for the current device depends on, besides its source and Numba: chip, driver, compilers."""
    from numba import cuda
    from numba.cuda.cudadrv import nvvm, runtime

    found: Any = cuda.get_current_device().compute_capability
    versions = [
        ("driver", driver_version),
        (
            "runtime",
            lambda: runtime.get_version() if hasattr(runtime, "get_version") else runtime.runtime.get_version(),
        ),
        ("nvvm", lambda: nvvm.NVVM().get_version()),
        ("target", lambda: cuda.__file__),
    ]
    return f"compute capability {tuple(found)}; " + "; ".join(f"{name} {version_of(ask)}" for name, ask in versions)


def driver_version() -> tuple[int, int]:
    """The version of CUDA that the driver is for."""
    from numba.cuda.cudadrv import driver

    found: tuple[int, int] = driver.driver.get_version()
    return found


def version_of(ask: Any) -> str:
    """A version, or why it cannot be had: the packages that offer CUDA do not all tell the same."""
    try:
        return str(ask())
    except Exception as error:
        return type(error).__name__


def execute(source: str) -> tuple[ModuleType, str]:
    """The module that a source defines, in memory, and its key."""
    key = hashlib.sha256(source.encode()).hexdigest()[:40]
    return modules.execute(source, key, None), key
