"""Kernels for the driver of driver.c: the text of a program compiled for the processor, one CUDA block after the other.

`installed` is for a process whose DRIVER names the library that driver.c became. A block is one thread, which needs no
barriers; bits do not depend on how many there are. Products and sums are fused where they may be, as the compiler for
devices does and that for the processor does not.
"""

from __future__ import annotations

import ast
import ctypes
import os
import re
import sys
import traceback
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from greeks.kernels import compile as compiler
from greeks.kernels import cuda_source
from greeks.kernels.cuda_single import is_single
from tests.parity.single import HEADER, SINGLE

# Of every argument of a kernel its rank; 0 is a number.
RANKS = {
    "theta": 2, "grid": 3, "seed": 0, "streams": 1, "owners": 1, "starts": 1, "counts": 1, "mixing": 3, "u": 2,
    "work": 2, "means": 2, "comoments": 3, "higher": 3, "batches": 3,
}  # fmt: skip
INTEGERS = ("streams", "owners", "starts", "counts")
WORDS = sum(5 + 2 * rank if rank else 1 for rank in RANKS.values())  # an array: owners, sizes, pointer, shape, strides
KERNEL = ctypes.CFUNCTYPE(
    None, ctypes.c_char_p, *(ctypes.POINTER(kind) for kind in (ctypes.c_uint, ctypes.c_uint, ctypes.c_uint64))
)


@cache
def compiled(name: str) -> Any:
    """The kernel of this name, whose module is called by the program's key."""
    program = next(p for (_, kind), p in compiler._loaded.items() if kind == "cuda" and p.key in name)
    text = "\n\n".join(
        [*cuda_source.parts(program.text, cuda_source.NEEDED), cuda_source.driver(ast.parse(program.text))]
    )
    for device, host in (
        ("@entry", "@device"),
        ("higher, batches\n):", "higher, batches, block, blocks\n):"),
        ("thread, threads, block = cuda.threadIdx.x, cuda.blockDim.x, cuda.blockIdx.x", "thread, threads = 0, 1"),
        ("cuda.gridDim.x", "blocks"),
        ("cuda.syncthreads()", "pass"),
    ):
        assert device in text, device
        text = text.replace(device, host)
    text = re.sub(r"cuda\.(?:shared|local)\.array\((\w+), float(64|32)\)", r"empty(\1, f\2)", text)
    module = ModuleType(f"host_{name}")
    sys.modules[module.__name__] = module
    fused = HEADER.replace('error_model="numpy"', 'error_model="numpy", fastmath={"contract"}')
    header = fused + (SINGLE if is_single(program.text) else "")
    exec(compile(f"{header}\nf32, f64 = f4, f8\n\n{text}", module.__name__, "exec"), module.__dict__)
    return module.__dict__["simulate"]


def arguments(words: Any) -> list[Any]:
    """The arguments of a launch, arrays over the memory that they are in."""
    found: list[Any] = []
    at = 0
    for name, rank in RANKS.items():
        if not rank:
            found.append(ctypes.c_int64(words[at]).value)
            at += 1
            continue
        kind = np.int64 if name in INTEGERS else np.float64
        size, item, pointer = words[at + 2 : at + 5]
        shape, strides = (tuple(words[at + 5 + k * rank : at + 5 + (k + 1) * rank]) for k in (0, 1))
        like = np.empty(shape, kind)
        assert (like.size, like.itemsize, like.strides if size else strides) == (size, item, strides), name
        found.append(like if not size else memory(pointer, like.nbytes).view(kind).reshape(shape))
        at += 5 + 2 * rank
    return found


def memory(address: int, size: int) -> Any:
    """The bytes there, as they are."""
    raw: Any = (ctypes.c_char * size).from_address(address)
    return np.frombuffer(raw, np.uint8)


def launched(name: bytes, grid: Any, block: Any, words: Any) -> None:
    """What the driver calls; an error here is one of the test's."""
    try:
        simulate, given = compiled(name.decode()), arguments(words)
        for k in range(grid[0]):
            simulate(*given, k, grid[0])
    except BaseException:
        traceback.print_exc()
        os._exit(3)


_kept = KERNEL(launched)


@cache
def installed() -> Any:
    """The driver, told what to call for a launch."""
    driver = ctypes.CDLL(os.environ["DRIVER"])
    driver.fake_on_launch(_kept, WORDS)
    return driver


def pytest_configure() -> None:
    """As a plugin: all tests of the process have the driver."""
    installed()
