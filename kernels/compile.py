"""Program text to machine code: `load` compiles a text over the shared foundation, and remembers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from greeks.errors import UnsupportedError

from . import library, modules, objects
from .interrupts import held_back

CPU_HEADER = """\
from math import inf, nan, sqrt
from greeks.kernels.calling import BLOCK
from greeks.kernels.intrinsics import bits_float, float_bits, fma, opaque, wide_vectors

def kernel(function):
    return routine(BLOCK)(function)
"""
_loaded: dict[tuple[str, str], CompiledProgram] = {}
_lock = threading.RLock()


@dataclass(frozen=True, eq=False)
class CompiledProgram:
    """A program ready to run.

    text: what was asked for; source: the module it became; key: the hash of all it depends on;
    outputs, work, samples, out: the program's constants, `samples` how many a block has; entry: what `cpu` and `cuda`
    call; compiled: False if it came from the cache; address: where the machine code of the program's own statements
    is (cpu).
    """

    text: str
    source: str
    backend: str
    key: str
    outputs: int
    work: int
    samples: int
    compiled: bool
    entry: Callable[..., None] = field(repr=False)
    address: int = 0
    out: int = 0


def load(text: str, backend: str = "cpu") -> CompiledProgram:
    """Compile a program's text for a backend, or fetch what an earlier process compiled.

    text: constants LANES, ROW, OUTPUTS, WORK, SAMPLES, OUT and a function `block` (cpu), or OUTPUTS and a
    function `path` (cuda). Raises UnsupportedError for an unknown backend or one this machine lacks.
    """
    with _lock:
        known = _loaded.get((text, backend))
        if known is None:
            known = _loaded[text, backend] = build(text, backend)
        return known


@held_back()
def build(text: str, backend: str) -> CompiledProgram:
    """`load` without the memory of this process."""
    if backend == "cuda":
        from . import cuda_build

        return cuda_build.build(text)
    if backend != "cpu":
        raise UnsupportedError(f"backend = {backend!r}: expected 'cpu' or 'cuda'")
    return build_cpu(text)


def build_cpu(text: str) -> CompiledProgram:
    """A program for the processor: its own statements compiled, everything else from the foundation."""
    from .foundation import foundation

    base = foundation()
    source = source_of(text)
    key = modules.hash_of(source + base.key)
    functions, compiled = objects.fetch(lambda: source, key, base)
    constants, at = library.constants_of(text), functions["block"].address
    outputs, work, samples, out = (constants[name] for name in ("OUTPUTS", "WORK", "SAMPLES", "OUT"))
    entry = partial(base.simulate, at, out, samples)
    return CompiledProgram(text, source, "cpu", key, outputs, work, samples, compiled, entry, at, out)


def source_of(text: str) -> str:
    """The module that a program's text becomes."""
    return f"{CPU_HEADER}\n{library.widened(text)}\n"
