"""What single precision does to a path: the CUDA text in 32 bits and in 64, compiled for the processor.

The text is the device's but for its elementary functions, which here are those of the C library in single precision,
as accurate as the device's (CUDA C programming guide, table "Single-precision mathematical functions": 1 to 4 ulp).
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np

from greeks.engine.run import Task
from greeks.kernels import cuda_single
from greeks.kernels.cuda_source import parts

HEADER = """\
from math import cos as cos64, erfc, exp as exp64, inf, log as log64, nan, sin as sin64, sqrt, tanh as tanh64
from numba import float32, float64, njit
from numpy import empty, float32 as f4, float64 as f8
from greeks.kernels.intrinsics import bits_float, float_bits, fma

def device(function):
    return njit(function, error_model="numpy")

@device
def opaque(n):
    return n
"""
SINGLE = """\
@device
def fma32(a, b, c):
    return float32(fma(float64(a), float64(b), float64(c)))

@device
def exp(x):
    return exp64(float32(x))

@device
def log(x):
    return log64(float32(x))

@device
def normal_cdf(x):
    return float32(0.5) * float32(erfc(-float32(x) * float32(0.7071067811865476)))

@device
def tanh(x):
    return tanh64(float32(x))

@device
def sin(x):
    return sin64(float32(x))

@device
def cos(x):
    return cos64(float32(x))

@device
def power(x, y):
    return float32(x) ** float32(y) if x >= 0.0 else float32(nan)
"""
LOOP = """\
@device
def play(theta, grid, seed, stream, first, out):
    results = empty(OUTPUTS, {real})
    for i in range(out.shape[0]):
        path(theta, grid, seed, stream, first + i, results)
        for j in range(OUTPUTS):
            out[i, j] = results[j]
"""


def outputs(task: Task, paths: int, single: bool, seed: int = 7) -> Any:
    """(paths, m), what each path of a task leaves, as doubles."""
    text = task.plan.program.cuda
    text = cuda_single.single(text) if single else text
    real = "f4" if single else "f8"
    header = HEADER + SINGLE if single else HEADER
    lines = [localised(part, real) for part in parts(text)]
    source = "\n\n".join([header, *lines, LOOP.replace("{real}", real)])
    module = ModuleType(f"single_{abs(hash(source))}")
    sys.modules[module.__name__] = module
    exec(compile(source, module.__name__, "exec"), module.__dict__)
    table, rows = task.table()
    out = np.empty((paths, module.__dict__["OUTPUTS"]))
    module.__dict__["play"](table, rows, seed, 0, 0, out)
    return out


def localised(text: str, real: str) -> str:
    """Arrays of a thread as the processor has them."""
    return (
        text.replace("cuda.local.array(", "empty(").replace(", float32)", ", f4)").replace(", float64)", f", {real})")
    )
