"""Floating-point operations of one path, counted by playing its text with numbers that count.

An addition, a multiplication, a fused multiply-add, a comparison or a conversion is one instruction of the pipeline;
division and square root are about EXPENSIVE of them, which is what their Newton steps take on a device.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from greeks.engine.run import Task
from greeks.kernels import scalars
from greeks.kernels.cuda_source import parts

EXPENSIVE = 8
PATHS = 16  # over which the count is averaged: branches differ
HEADER = """\
from math import inf, nan
"""


class Counted(float):
    """A float that counts what is done to it."""

    instructions = 0.0

    def __neg__(self) -> Counted:  # a sign goes into the next instruction
        return Counted(float.__neg__(self))

    def __abs__(self) -> Counted:
        return Counted(float.__abs__(self))


def counting(name: str, cost: float) -> Callable[[Counted, Any], Any]:
    """An operator that counts, and keeps counting in what it gives."""
    plain = getattr(float, name)

    def operator(self: Counted, other: Any) -> Any:
        Counted.instructions += cost
        try:
            found = plain(self, float(other))
        except ZeroDivisionError:
            found = math.nan
        return Counted(found) if isinstance(found, float) else found

    return operator


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Counted, f"__{_name}__", counting(f"__{_name}__", 1.0))
for _name in ("truediv", "rtruediv"):
    setattr(Counted, f"__{_name}__", counting(f"__{_name}__", EXPENSIVE))
Counted.__hash__ = float.__hash__  # type: ignore[method-assign]


def fma(a: float, b: float, c: float) -> Counted:
    """One instruction."""
    Counted.instructions += 1.0
    return Counted(scalars.fma(float(a), float(b), float(c)))


def sqrt(x: float) -> Counted:
    """Several."""
    Counted.instructions += EXPENSIVE
    return Counted(scalars.sqrt(float(x)))


class Wrapped(ast.NodeTransformer):
    """Literals and conversions to float as numbers that count."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if not isinstance(node.value, float):
            return node
        return ast.Call(ast.Name("Counted", ast.Load()), [node], [])

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "float":
            node.func = ast.Name("Counted", ast.Load())
        return node


class Table:
    """An array whose numbers count."""

    def __init__(self, of: Any) -> None:
        self.of, self.shape, self.size = of, of.shape, of.size

    def __getitem__(self, at: Any) -> Any:
        found = self.of[at]
        return Table(found) if isinstance(found, np.ndarray) else Counted(found)

    def __setitem__(self, at: Any, value: Any) -> None:
        self.of[at] = value


def operations(task: Task) -> float:
    """Instructions of the double-precision pipeline that a path takes on average, reduction apart."""
    text = task.plan.program.cuda
    body = "\n\n".join(parts(text)).replace("cuda.local.array(", "local(").replace(", float64)", ")")
    tree = ast.fix_missing_locations(Wrapped().visit(ast.parse(HEADER + body)))
    module = ModuleType("counted")
    module.__dict__.update(
        Counted=Counted, fma=fma, sqrt=sqrt, device=lambda function: function, opaque=lambda n: n,
        float_bits=scalars.float_bits, bits_float=lambda bits: Counted(scalars.bits_float(bits)),
        local=lambda n: Table(np.zeros(n)),
    )  # fmt: skip
    exec(compile(tree, "counted", "exec"), module.__dict__)
    table, rows = (Table(array) for array in task.table())
    out, Counted.instructions = Table(np.zeros(module.__dict__["OUTPUTS"])), 0.0
    for index in range(PATHS):
        module.__dict__["path"](table, rows, 1, 0, index, out)
    return Counted.instructions / PATHS
