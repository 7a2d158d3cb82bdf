"""The CUDA form of a program: the same library text, one thread a path, outputs in the CPU's layout."""

from __future__ import annotations

import ast
import hashlib
import re
import sys
from types import ModuleType

from . import library
from .compile import CompiledProgram

DEVICE_HEADER = """\
from math import inf, nan, sqrt
from numba import cuda, float64
from numba.cuda.libdevice import double_as_longlong as float_bits, fma, longlong_as_double as bits_float

def device(function):
    return cuda.jit(device=True)(function)

@device
def opaque(n):
    return n
"""
SIMULATOR_HEADER = """\
from math import inf, nan
from numba import cuda, float64
from greeks.kernels.scalars import bits_float, float_bits, fma, opaque, sqrt

def device(function):
    return function
"""
DRIVER = """\
def simulate(theta, grid, seed, stream, first, count, out):
    i = cuda.grid(1)
    if i < count:
        results = cuda.local.array(OUTPUTS, float64)
        path(theta, grid, seed, stream, first + i, results)
        base = (i // LANES) * OUTPUTS * ROW + i % LANES
        for j in range(OUTPUTS):
            out[base + j * ROW] = results[j]
"""


def assemble(text: str, simulated: bool) -> str:
    """The module for a device or for Numba's simulator of one: header, library, the text, the kernel."""
    tree = ast.parse(text)
    defined = library.defined_in(tree)
    needed = library.closure(library.names_in(tree) | {"LANES", "ROW"}, frozenset(defined))
    constants = [item.text for item in needed if item.role == "constant"]
    functions = [f"@device\n{item.text}" for item in needed if item.role != "constant"]
    header = SIMULATOR_HEADER if simulated else DEVICE_HEADER
    return "\n\n".join([header, *constants, *functions, localised(text), DRIVER]) + "\n"


def localised(text: str) -> str:
    """`local_array(n)` as what CUDA calls it: an array of n floats private to the thread."""
    return re.sub(r"\blocal_array\((\w+)\)", r"cuda.local.array(\1, float64)", text)


def build(text: str) -> CompiledProgram:
    """The program for the device of this machine, or for the simulator where Numba runs one."""
    from numba import cuda
    from numba.core import config

    simulated = bool(config.ENABLE_CUDASIM)
    source = assemble(text, simulated)
    key = hashlib.sha256(source.encode()).hexdigest()[:40]
    module = execute(source, key)
    constants = library.defined_in(ast.parse(text))
    outputs = int(str(constants["OUTPUTS"]))
    return CompiledProgram(text, source, "cuda", key, outputs, 0, 0, True, cuda.jit(module.simulate))


def execute(source: str, key: str) -> ModuleType:
    """The module that a source defines."""
    module = ModuleType(f"greeks_cuda_program_{key}")
    sys.modules[module.__name__] = module
    exec(compile(source, f"<{module.__name__}>", "exec"), module.__dict__)
    return module
