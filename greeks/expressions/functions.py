"""The functions that user models and payoffs may call, on traced values and on plain floats alike."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

from greeks.expressions import node as n
from greeks.expressions.node import Expr, wrap

Scalar = Any  # a float to the user, an Expr while tracing


def _traced(*values: object) -> bool:
    return any(isinstance(v, Expr) for v in values)


def exp(x: Scalar) -> Scalar:
    """e to the x."""
    return n.unary("exp", x) if _traced(x) else math.exp(x)


def log(x: Scalar) -> Scalar:
    """Natural logarithm of x > 0."""
    return n.unary("log", x) if _traced(x) else math.log(x)


def sqrt(x: Scalar) -> Scalar:
    """Square root of x >= 0; its derivative at 0 is taken as 0."""
    return n.unary("sqrt", x) if _traced(x) else math.sqrt(x)


def tanh(x: Scalar) -> Scalar:
    """Hyperbolic tangent."""
    return n.unary("tanh", x) if _traced(x) else math.tanh(x)


def sin(x: Scalar) -> Scalar:
    """Sine of x in radians."""
    return n.unary("sin", x) if _traced(x) else math.sin(x)


def cos(x: Scalar) -> Scalar:
    """Cosine of x in radians."""
    return n.unary("cos", x) if _traced(x) else math.cos(x)


def normal_cdf(x: Scalar) -> Scalar:
    """P(Z <= x) of a standard normal Z."""
    return n.unary("normal_cdf", x) if _traced(x) else 0.5 * math.erfc(-x / math.sqrt(2.0))


def normal_pdf(x: Scalar) -> Scalar:
    """Density of a standard normal at x."""
    return n.unary("normal_pdf", x) if _traced(x) else math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)


def normal_quantile(p: Scalar) -> Scalar:
    """z with P(Z <= z) = p, for p in (0, 1)."""
    return n.unary("normal_quantile", p) if _traced(p) else NormalDist().inv_cdf(p)


def exprel(x: Scalar) -> Scalar:
    """(e^x - 1) / x, equal to 1 at x = 0."""
    return n.exprel(0, x) if _traced(x) else (math.expm1(x) / x if x else 1.0)


def maximum(a: Scalar, b: Scalar) -> Scalar:
    """The larger of two values: continuous, with a kink where they are equal."""
    return n.extremum("max", wrap(a), wrap(b)) if _traced(a, b) else max(a, b)


def minimum(a: Scalar, b: Scalar) -> Scalar:
    """The smaller of two values: continuous, with a kink where they are equal."""
    return n.extremum("min", wrap(a), wrap(b)) if _traced(a, b) else min(a, b)


def absolute(x: Scalar) -> Scalar:
    """|x|: continuous, with a kink at 0."""
    return n.unary("abs", x) if _traced(x) else abs(x)


def where(condition: Any, a: Scalar, b: Scalar, *, continuous: bool = False) -> Scalar:
    """a where the condition holds, else b.

    Taken for a jump, across which a pathwise derivative would silently miss a term, unless the two values are
    seen to agree where the condition turns or the author declares `continuous=True`.
    """
    if _traced(condition):
        return n.where(condition, wrap(a), wrap(b), "continuous" if continuous else None)
    return a if condition else b


def total(v: Any) -> Scalar:
    """Sum of a vector's elements."""
    return n.total(v) if _traced(v) else math.fsum(v)


def dot(a: Any, b: Any) -> Scalar:
    """Sum of the products of the elements of two vectors, which both have as many."""
    if not _traced(a, b):
        return math.fsum(x * y for x, y in zip(a, b, strict=True))
    v, w = wrap(a), wrap(b)
    if not v.size or v.size != w.size:
        raise TypeError(f"dot of {_sized(v)} and {_sized(w)}")
    return n.total(v * w)


def _sized(v: Expr) -> str:
    return f"{v!r} ({f'elements: {v.size}' if v.size else 'a single number'})"


def mean(v: Any) -> Scalar:
    """Arithmetic mean of a vector's elements."""
    return total(v) / len(v)


def largest(v: Any) -> Scalar:
    """Largest element of a vector."""
    return n.pick("largest", v) if _traced(v) else max(v)


def smallest(v: Any) -> Scalar:
    """Smallest element of a vector."""
    return n.pick("smallest", v) if _traced(v) else min(v)
