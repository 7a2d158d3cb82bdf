"""The CUDA form of a program: the same library text, one thread a path, one CUDA block a chunk's moments."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from . import cuda_single, library
from .cuda_reduction import TILE
from .cuda_single import is_single

DEVICE_HEADER = """\
# {target}
from math import inf, nan, sqrt
from numba import cuda, float32, float64
from numba.cuda.libdevice import double_as_longlong as float_bits, fma, longlong_as_double as bits_float
from greeks.kernels.cuda_entry import REGISTERS, SIMULATE

def device(function):
    return cuda.jit(device=True)(function)

def entry(function):
    return cuda.jit(SIMULATE, max_registers=REGISTERS, cache=CACHED)(function)

@device
def opaque(n):
    return n
"""
SIMULATOR_HEADER = """\
from math import inf, nan
from numba import cuda
from numpy import divide, errstate, float32, float64
from greeks.kernels.scalars import bits_float, float_bits, fma, opaque, sqrt

def quotient(a, b):
    return divide(a, b)

def device(function):
    return function

def entry(function):
    def quiet(*arguments):
        with errstate(all="ignore"):
            function(*arguments)
    return cuda.jit(quiet)
"""
# A chunk of samples of a contract for a CUDA block at a time, a tile of them between two barriers, a sample for a
# thread.
DRIVER = """\
@entry
def simulate(
    theta, grid, seed, streams, owners, starts, counts, mixing, u, work, means, comoments, higher, batches
):
    thread, threads, block = cuda.threadIdx.x, cuda.blockDim.x, cuda.blockIdx.x
    {tile}
    results = cuda.local.array(OUTPUTS, {real})
    m = means.shape[1]
    for c in range(block, counts.size, cuda.gridDim.x):
        own, first, size, shift = int(owners[c]), int(starts[c]), int(counts[c]), means[c]
        powers = 1 if first // CHUNK % EVERY == 0 else 0
        clear_work(work[block], thread, threads)
        cuda.syncthreads()
        for begin in range(0, size, TILE):
            n = TILE if size - begin > TILE else size - begin
            for s in range(thread, n, threads):
                index = first + begin + s
                {path}
                keep_sample(results, mixing[own], m, x, s)
            cuda.syncthreads()
            if begin == 0:
                for i in range(thread, m, threads):
                    shift[i] = x[i * TILE]
                cuda.syncthreads()
            add_tile(x, n, powers, shift, work[block], thread, threads)
            cuda.syncthreads()
        join_strands(size, shift, work[block], comoments[c], higher[c], batches[c], thread, threads)
        cuda.syncthreads()
        if thread == 0:
            conclude_chunk(size, powers, shift, work[block], comoments[c], higher[c])
        cuda.syncthreads()
"""
PATH = "path(theta[own], grid[own], seed, int(streams[own]), index, {}results)"
PAIR = f"""\
{PATH.format("{real}(1.0), ")}
                mirrored = cuda.local.array(OUTPUTS, {{real}})
                {PATH.format("{real}(-1.0), ").replace("results", "mirrored")}
                for j in range(OUTPUTS):
                    results[j] = {{real}}(0.5) * (results[j] + mirrored[j])"""
CALLS = {  # more argument of `path` -> its call
    "": PATH.format(""),
    "side": PAIR,
    "u": PATH.format("u[:, block * threads + thread], "),
}
SHARED = 2**15  # bytes of shared memory that a tile may take: with more, too few blocks would share a multiprocessor
NEEDED = {"CHUNK", "EVERY", "TILE", "keep_sample", "clear_work", "add_tile", "join_strands", "conclude_chunk"}


def assemble(text: str, simulated: bool, target: str = "") -> str:
    """The module for a device or for Numba's simulator of one: header, library, the text, the kernel.

    target: what else the machine code depends on, such as the device's compute capability.
    """
    header = SIMULATOR_HEADER if simulated else DEVICE_HEADER.replace("{target}", target)
    if is_single(text):
        header += cuda_single.SIMULATOR_HEADER if simulated else cuda_single.DEVICE_HEADER
    module = "\n\n".join([header, *parts(text, NEEDED), driver(ast.parse(text))]) + "\n"
    return divided(module) if simulated else module


def parts(text: str, needed: Iterable[str] = ()) -> list[str]:
    """Constants and functions of the library that a program needs, and its own, in the precision it is for."""
    tree, in_single = ast.parse(text), is_single(text)
    defined = frozenset(library.defined_in(tree)) | (cuda_single.PROVIDED if in_single else frozenset())
    found = library.closure(library.names_in(tree) | {*needed, "LANES", "ROW"}, defined)
    constants = [item.text for item in found if item.role == "constant"]
    functions = [(item.name, item.text) for item in found if item.role != "constant"]
    if in_single:
        functions = [(name, cuda_single.rounded_function(name, body)) for name, body in functions]
        text = cuda_single.rounded_text(text)
    return [*constants, *(f"@device\n{body}" for _, body in functions), localised(text, real(in_single))]


def real(in_single: bool) -> str:
    """The type of a path's numbers."""
    return "float32" if in_single else "float64"


def outputs_of(text: str) -> int:
    """How many numbers a path leaves."""
    return int(str(library.defined_in(ast.parse(text))["OUTPUTS"]))


def tile_of(outputs: int) -> int:
    """Numbers in a tile; where they do not fit into SHARED bytes, they follow the work of their block."""
    return TILE * outputs


def driver(tree: ast.Module) -> str:
    """The kernel around a text's `path`: for a pair where it has a side, with a row of normals where it wants one."""
    (path,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "path")
    more = [argument.arg for argument in path.args.args if argument.arg in CALLS]
    size = tile_of(int(str(library.defined_in(tree)["OUTPUTS"])))
    shared = 8 * size <= SHARED
    tile = f"cuda.shared.array({size}, float64)" if shared else f"work[block, work.shape[1] - {size} :]"
    text = DRIVER.replace("{path}", CALLS["".join(more)]).replace("{tile}", f"x = {tile}")
    return text.replace("{real}", real("PRECISION" in library.defined_in(tree)))


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


def localised(text: str, kind: str) -> str:
    """`local_array(n)` as what CUDA calls it: an array of n floats private to the thread."""
    return re.sub(r"\blocal_array\((\w+)\)", rf"cuda.local.array(\1, {kind})", text)
