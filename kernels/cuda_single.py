"""The same text in single precision: literals, arguments, arrays and elementary functions of a path in 32 bits.

What decides which draw it is stays exact: counters, the 52 bits of a uniform, its distance to the end of the unit
interval, Brownian bridges. Sums over paths are doubles as ever. A program's text says which precision it is for, by a
constant PRECISION; `single` puts it there.
"""

from __future__ import annotations

import ast

MARK = 'PRECISION = "float32"'
ROUNDED = frozenset({"central", "tail_of", "half_square_exp", "normal_pdf", "normal_quantile", "exprel"})
PROVIDED = frozenset({"exp", "log", "power", "normal_cdf", "tanh", "sin", "cos"})  # the header has them in 32 bits
TABLES = frozenset({"theta", "grid", "u"})  # arrays of doubles that a path reads
DEVICE_HEADER = """\
from numba.cuda.libdevice import cosf, expf, fmaf as fma32, logf, normcdff, powf, sinf, tanhf

@device
def exp(x):
    return expf(float32(x))

@device
def log(x):
    return logf(float32(x))

@device
def normal_cdf(x):
    return normcdff(float32(x))

@device
def tanh(x):
    return tanhf(float32(x))

@device
def sin(x):
    return sinf(float32(x))

@device
def cos(x):
    return cosf(float32(x))

@device
def power(x, y):
    return powf(float32(x), float32(y)) if x >= 0.0 else float32(nan)
"""
SIMULATOR_HEADER = """\
import numpy
from greeks.kernels.functions import normal_cdf as precise

def fma32(a, b, c):
    return float32(float64(a) * float64(b) + float64(c))

def exp(x):
    return numpy.exp(float32(x))

def log(x):
    return numpy.log(float32(x))

def normal_cdf(x):
    return float32(precise(float(x)))

def tanh(x):
    return numpy.tanh(float32(x))

def sin(x):
    return numpy.sin(float32(x))

def cos(x):
    return numpy.cos(float32(x))

def power(x, y):
    return float32(x) ** float32(y) if x >= 0.0 else float32(nan)
"""


def single(text: str) -> str:
    """The text of a program, for single precision."""
    return f"{MARK}\n{text}"


def is_single(text: str) -> bool:
    """Whether a program's text is for single precision."""
    return text.startswith(MARK)


class Rounded(ast.NodeTransformer):
    """Arithmetic in 32 bits: every literal and every number read from a table is rounded before it is used."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return rounded(node) if isinstance(node.value, float) else node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in ("nan", "inf"):
            return rounded(node)
        return ast.Name("fma32", node.ctx) if node.id == "fma" else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        table = isinstance(node.value, ast.Name) and node.value.id in TABLES
        number = isinstance(node.ctx, ast.Load) and not isinstance(node.slice, ast.Slice)
        return rounded(node) if table and number else node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "int":  # places in tables are exact
            return node
        self.generic_visit(node)
        return ast.Call(ast.Name("float32", ast.Load()), node.args, []) if name == "float" else node


class RoundedFunction(Rounded):
    """A function of the library: its arguments and its value, too."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        names = [argument.arg for argument in node.args.args if argument.arg != "k"]
        casts: list[ast.stmt] = [
            ast.Assign([ast.Name(n, ast.Store())], rounded(ast.Name(n, ast.Load()))) for n in names
        ]
        node.body = [*casts, *node.body]
        return node

    def visit_Return(self, node: ast.Return) -> ast.Return:
        self.generic_visit(node)
        assert node.value is not None
        return ast.Return(rounded(node.value))


def rounded(node: ast.expr) -> ast.expr:
    """float32(node)."""
    return ast.Call(ast.Name("float32", ast.Load()), [node], [])


def rounded_text(text: str) -> str:
    """A program's own statements in 32 bits."""
    return in_words(Rounded().visit(ast.parse(text)))


def rounded_function(name: str, text: str) -> str:
    """A function of the library in 32 bits, if it is one of those."""
    return in_words(RoundedFunction().visit(ast.parse(text))) if name in ROUNDED else text


def in_words(tree: ast.AST) -> str:
    """Source of a changed tree."""
    return ast.unparse(ast.fix_missing_locations(tree))
