"""Numbers that carry their first and second derivatives: closed forms give exact Greeks from one formula.

A `Jet` is (f, grad f, Hess f); arithmetic propagates all three by the chain rule, so there is no step size
and no truncation error. The closed forms are annotated with `float`: a jet is used wherever a float is.

Source: Griewank and Walther (2008), Evaluating Derivatives, chapters 3 and 13.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
T = TypeVar("T")
SQRT_TWO = math.sqrt(2.0)
SQRT_TWO_PI = math.sqrt(2.0 * math.pi)


@dataclass(frozen=True, eq=False)
class Jet:
    """A value (real or complex, any shape), its gradient (*shape, n) and its Hessian (*shape, n, n)."""

    value: Array
    gradient: Array
    hessian: Array

    __array_ufunc__ = None  # numpy steps back, so that array * jet reaches __rmul__

    def chain(self, value: Any, first: Any, second: Any) -> Jet:
        """g(self), where `value, first, second` are g, g' and g'' at self.value."""
        outer = self.gradient[..., :, None] * self.gradient[..., None, :]
        gradient = _column(first) * self.gradient
        return Jet(np.asarray(value), gradient, _matrix(second) * outer + _matrix(first) * self.hessian)

    def __float__(self) -> float:
        return float(self.value)

    def __neg__(self) -> Jet:
        return Jet(-self.value, -self.gradient, -self.hessian)

    def __add__(self, other: Any) -> Jet:
        if isinstance(other, Jet):
            hessian = self.hessian + other.hessian
            return Jet(self.value + other.value, self.gradient + other.gradient, hessian)
        value = np.asarray(self.value + other)
        gradient = np.broadcast_to(self.gradient, value.shape + self.gradient.shape[-1:])
        return Jet(value, gradient, np.broadcast_to(self.hessian, value.shape + self.hessian.shape[-2:]))

    def __mul__(self, other: Any) -> Jet:
        if not isinstance(other, Jet):
            hessian = _matrix(other) * self.hessian
            return Jet(np.asarray(self.value * other), _column(other) * self.gradient, hessian)
        cross = self.gradient[..., :, None] * other.gradient[..., None, :]
        return Jet(
            np.asarray(self.value * other.value),
            _column(self.value) * other.gradient + _column(other.value) * self.gradient,
            _matrix(self.value) * other.hessian
            + _matrix(other.value) * self.hessian
            + cross
            + np.swapaxes(cross, -1, -2),
        )

    def __sub__(self, other: Any) -> Jet:
        return self.__add__(-1.0 * other)

    def __rsub__(self, other: Any) -> Jet:
        return (-self).__add__(other)

    def __truediv__(self, other: Any) -> Jet:
        return self.__mul__(other.inverse() if isinstance(other, Jet) else 1.0 / other)

    def __rtruediv__(self, other: Any) -> Jet:
        return self.inverse().__mul__(other)

    def __pow__(self, exponent: Any) -> Jet:
        if isinstance(exponent, int):
            n, x = exponent, self.value
            return self.chain(x**n, n * x ** (n - 1), n * (n - 1) * x ** (n - 2))
        logarithm: Jet = log(self) * exponent
        return exp(logarithm)

    __radd__ = __add__
    __rmul__ = __mul__

    def inverse(self) -> Jet:
        inverse = 1.0 / self.value
        return self.chain(inverse, -(inverse**2), 2.0 * inverse**3)

    @property
    def real(self) -> Jet:
        return Jet(self.value.real, self.gradient.real, self.hessian.real)

    def weighted_sum(self, weights: Array) -> Jet:
        """sum_i weights_i self_i over the last axis of the value."""
        hessian = np.einsum("...iab,i->...ab", self.hessian, weights)
        return Jet(self.value @ weights, np.einsum("...ia,i->...a", self.gradient, weights), hessian)


def variables(values: Sequence[float]) -> list[Jet]:
    """One independent variable for each value."""
    unit, n = np.eye(len(values)), len(values)
    return [Jet(np.asarray(float(v)), unit[i], np.zeros((n, n))) for i, v in enumerate(values)]


def exp(x: T) -> T:
    return _apply(x, np.exp, lambda x, y: (y, y))


def expm1(x: T) -> T:
    return _apply(x, np.expm1, lambda x, y: (y + 1.0, y + 1.0))


def log(x: T) -> T:
    return _apply(x, np.log, lambda x, y: (1.0 / x, -1.0 / x**2))


def log1p(x: T) -> T:
    return _apply(x, _log1p, lambda x, y: (1.0 / (1.0 + x), -1.0 / (1.0 + x) ** 2))


def sqrt(x: T) -> T:
    return _apply(x, np.sqrt, lambda x, y: (0.5 / y, -0.25 / (x * y)))


def normal_density(x: float) -> float:
    """exp(-x^2 / 2) / sqrt(2 pi)."""
    return exp(-0.5 * x * x) / SQRT_TWO_PI


def normal_cdf(x: T) -> T:
    """P(Z <= x) for standard normal Z, accurate in relative terms in the left tail."""

    def slopes(at: float, _: float) -> tuple[float, float]:
        density = math.exp(-0.5 * at * at) / SQRT_TWO_PI
        return density, -at * density

    return _apply(x, lambda at: np.float64(0.5 * math.erfc(-at / SQRT_TWO)), slopes)


def expm1_ratio(x: float) -> float:
    """(exp(x) - 1) / x with its limit 1 at x = 0, derivatives included."""
    if abs(float(x)) > 0.1:
        return expm1(x) / x
    total: float = x / 39916800.0 + 1.0 / 3628800.0
    for factorial in (362880.0, 40320.0, 5040.0, 720.0, 120.0, 24.0, 6.0, 2.0, 1.0):
        total = total * x + 1.0 / factorial
    return total


def _log1p(x: Any) -> Any:
    """numpy's own is no better than log(1 + x) for complex x."""
    if not np.iscomplexobj(x):
        return np.log1p(x)
    return 0.5 * np.log1p(x.real * (2.0 + x.real) + x.imag**2) + 1j * np.arctan2(x.imag, 1.0 + x.real)


def _apply(x: T, function: Callable[[Any], Any], slopes: Callable[[Any, Any], tuple[Any, Any]]) -> T:
    """g(x); `slopes` gives g' and g'' from x and g(x). Jets and arrays stay such, numbers become Python's."""
    result: Any
    if isinstance(x, Jet):
        value = function(x.value)
        result = x.chain(value, *slopes(x.value, value))
    else:
        result = function(x)
        result = result if isinstance(x, np.ndarray) else result.item()
    return cast(T, result)


def _column(x: Any) -> Array:
    return np.asarray(x)[..., None]


def _matrix(x: Any) -> Array:
    return np.asarray(x)[..., None, None]
