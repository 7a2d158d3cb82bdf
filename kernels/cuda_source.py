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
from numpy import float64 as ieee
from greeks.kernels.scalars import bits_float, float_bits, fma, opaque, sqrt

def quotient(a, b):
    return ieee(a) / ieee(b)

def device(function):
    return function
"""
DRIVER = """\
def simulate(theta, grid, seed, stream, first, count, out, u):
    i = cuda.grid(1)
    if i < count:
        results = cuda.local.array(OUTPUTS, float64)
        {path}
        base = (i // LANES) * OUTPUTS * ROW + i % LANES
        for j in range(OUTPUTS):
            out[base + j * ROW] = results[j]
"""
PATH = "path(theta, grid, seed, stream, first + i, {}results)"
PAIR = f"""\
{PATH.format("1.0, ")}
        mirrored = cuda.local.array(OUTPUTS, float64)
        {PATH.format("-1.0, ").replace("results", "mirrored")}
        for j in range(OUTPUTS):
            results[j] = 0.5 * (results[j] + mirrored[j])"""
CALLS = {"": PATH.format(""), "side": PAIR, "u": PATH.format("u[:, i], ")}  # more argument of `path` -> its call


def assemble(text: str, simulated: bool) -> str:
    """The module for a device or for Numba's simulator of one: header, library, the text, the kernel."""
    tree = ast.parse(text)
    defined = library.defined_in(tree)
    needed = library.closure(library.names_in(tree) | {"LANES", "ROW"}, frozenset(defined))
    constants = [item.text for item in needed if item.role == "constant"]
    functions = [f"@device\n{item.text}" for item in needed if item.role != "constant"]
    header = SIMULATOR_HEADER if simulated else DEVICE_HEADER
    module = "\n\n".join([header, *constants, *functions, localised(text), driver(tree)]) + "\n"
    return divided(module) if simulated else module


def driver(tree: ast.Module) -> str:
    """The kernel around a text's `path`: for a pair where it has a side, with a row of normals where it wants one."""
    (path,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "path")
    more = [argument.arg for argument in path.args.args if argument.arg in CALLS]
    return DRIVER.replace("{path}", CALLS["".join(more)])


class Quotients(ast.NodeTransformer):
    """a / b as quotient(a, b): Python floats raise where a device has infinity and drops it in a later select."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Div):
            return node
        return ast.Call(ast.Name("quotient", ast.Load()), [node.left, node.right], [])


def divided(source: str) -> str:
    """The simulator's module with IEEE division, all but the definition of it."""
    tree = ast.parse(source)
    for item in tree.body:
        if not (isinstance(item, ast.FunctionDef) and item.name == "quotient"):
            Quotients().visit(item)
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


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
    return CompiledProgram(text, source, "cuda", key, outputs, 0, 256, True, cuda.jit(module.simulate))


def execute(source: str, key: str) -> ModuleType:
    """The module that a source defines."""
    module = ModuleType(f"greeks_cuda_program_{key}")
    sys.modules[module.__name__] = module
    exec(compile(source, f"<{module.__name__}>", "exec"), module.__dict__)
    return module
