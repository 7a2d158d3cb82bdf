"""What all paths share, computed before a run: played as Python at first, compiled once it has been worth it.

A plan priced once should not wait for a compiler, a book of ten thousand trades should not wait for Python. Both
forms call the same compiled scalar functions and round alike, so which of them ran cannot be seen in the numbers.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from . import cache, library, linking, modules, objects, scalars
from . import functions as plain
from .foundation import foundation
from .moments import Array

COMPILING = 0.4  # seconds that a text may have cost as Python before it is compiled
WORTH_COMPILING = 0.05  # seconds that calls in sight would cost as Python: what is compiled serves later processes too
COMPILED = {  # name -> arguments of the functions that Python does not have to the same bits
    "exp": "a", "log": "a", "tanh": "a", "sin": "a", "cos": "a", "normal_cdf": "a", "normal_pdf": "a",
    "normal_quantile": "a", "power": "a, b", "exprel": "k, a",
}  # fmt: skip
EXACT: dict[str, Callable[..., Any]] = {
    "sqrt": scalars.sqrt, "absolute": abs, "maximum": plain.maximum, "minimum": plain.minimum,
    "zeros": lambda n: [0.0] * n,
}  # fmt: skip
HEADER = """\
from math import inf, nan, sqrt
from numba import types
from greeks.kernels.calling import PREPARE
from greeks.kernels.intrinsics import zeros
"""


class Preparation:
    """The function `prepare(theta, fine, dates, grid, table)` that a text defines.

    text: scalar code over float64 arrays of 1, 2, 2, 2 and 1 dimensions, with the functions of COMPILED and EXACT and
    loops. Division by zero gives inf or NaN. theta and table may be one array.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.spent = self.quickest = 0.0  # seconds as Python, of all calls and of one
        self.entry: linking.Entry | None = None  # once it is compiled
        if cache.find(self.key) is not None:  # linking it takes less time than reading the text
            self.compile()

    @property
    def compiled(self) -> bool:
        return self.entry is not None

    @cached_property
    def play(self) -> Callable[..., None]:
        """The text as Python."""
        return played(unfused(self.text))

    def __call__(self, theta: Array, fine: Array, dates: Array, grid: Array, table: Array) -> None:
        """Fill the table."""
        if not self.compiled and self.spent > COMPILING:
            self.compile()
        if self.entry is not None:
            return self.entry(theta, fine, dates, grid, table)
        started = time.perf_counter()
        try:
            self.play(*(a.data for a in (theta, fine, dates, grid, table)))  # elements as Python's own, quick floats
        except ZeroDivisionError:
            self._play_slowly(theta, fine, dates, grid, table)
        seconds = time.perf_counter() - started
        self.spent += seconds
        self.quickest = min(self.quickest or seconds, seconds)  # others may have waited for the processor

    def _play_slowly(self, *arrays: Array) -> None:
        """With NumPy's floats, which divide by zero as IEEE 754 says; compiled where text divides others by zero."""
        try:
            with np.errstate(all="ignore"):
                self.play(*arrays)
        except ZeroDivisionError:
            self.compile()(*arrays)

    def fill(self, tables: Array, fine: Array, dates: Array, grid: Array) -> None:
        """Fill every row of a matrix of tables, their parameters in front."""
        for k, table in enumerate(tables):
            if self.entry is not None:
                return self.entry.along(tables[k:], None, fine, dates, grid, None)
            self(table, fine, dates, grid, table)
            self.expect(len(tables) - k - 1)

    def expect(self, calls: int) -> None:
        """So many calls are to come: machine code is worth its time for many that are slow."""
        if not self.compiled and self.quickest * calls > WORTH_COMPILING:
            self.compile()

    @property
    def key(self) -> str:
        """The hash of everything that the machine code depends on."""
        return modules.hash_of(HEADER + self.text + foundation().key)

    def source(self) -> str:
        """What is compiled."""
        return f"{HEADER}\n@entry(PREPARE)\n{ast.unparse(unfused(self.text))}\n"

    def compile(self) -> linking.Entry:
        """From now on, run machine code."""
        functions, _ = objects.fetch(self.source, self.key, foundation())
        self.entry = functions["prepare"].entry()
        return self.entry


class _Unfused(ast.NodeTransformer):
    """fma(a, b, c) as a b + c."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if not (isinstance(node.func, ast.Name) and node.func.id == "fma"):
            return node
        a, b, c = node.args
        return ast.BinOp(ast.BinOp(a, ast.Mult(), b), ast.Add(), c)


def unfused(text: str) -> ast.Module:
    """The text without fused operations: for Python a call of machine code costs what ten operations cost."""
    found: ast.Module = ast.fix_missing_locations(_Unfused().visit(ast.parse(text)))
    return found


@lru_cache(maxsize=512)
def load_prepare(text: str) -> Preparation:
    """The preparation that a text defines: one for all who ask."""
    return Preparation(text)


def played(module: ast.Module) -> Callable[..., None]:
    """`prepare` as Python, on the compiled scalar functions."""
    used = library.names_in(module) & COMPILED.keys()
    space: dict[str, Any] = EXACT | {name: scalar_function(name) for name in sorted(used)}
    exec(compile(module, "<prepare>", "exec"), space)
    function: Callable[..., None] = space["prepare"]
    return function


@lru_cache(maxsize=len(COMPILED))
def scalar_function(name: str) -> Callable[..., float]:
    """One of the library's scalar functions, compiled for Python to call."""
    base, arguments = foundation(), COMPILED[name]
    types = ", ".join("types.int64" if argument == "k" else "types.float64" for argument in arguments.split(", "))
    called = f"def call({arguments}):\n    return {name}({arguments})"
    source = f"{HEADER}\n@scalar(types.float64({types}))\n{called}\n"
    functions, _ = objects.fetch(lambda: source, modules.hash_of(source + base.key), base)
    return linking.scalar(functions["call"].address, functions["call"].made.kinds)
