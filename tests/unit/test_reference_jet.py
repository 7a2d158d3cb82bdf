"""Second-order forward differentiation against SymPy, on expressions that use every operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp

from greeks.reference import jet

AT = (0.7, 1.3, -0.4)
EXPRESSIONS: dict[str, Callable[[Any, Any, Any, Any], Any]] = {
    "sums": lambda f, x, y, z: 3.0 + x - y + 2.0 - z - 1.5 + (1.0 - x) - (-y),
    "products": lambda f, x, y, z: 2.0 * x * y * z + x * 0.5 * x,
    "quotients": lambda f, x, y, z: x / y + z / 3.0 + 2.0 / (x + 2.0 * y),
    "powers": lambda f, x, y, z: x**3 + y**-2 + (x + y) ** 0.7 + z**2,
    "a power of a variable": lambda f, x, y, z: y**x,
    "exponentials": lambda f, x, y, z: f.exp(x * z) + f.log(x * y) + f.sqrt(x + y * y),
    "near zero": lambda f, x, y, z: f.expm1(x * 1e-3) + f.log1p(y * z * 1e-3),
    "nested": lambda f, x, y, z: f.exp(f.sqrt(x) * z) / (1.0 + f.log(y + x * x) ** 2),
    "normal": lambda f, x, y, z: f.normal_cdf(x * z - y) + f.normal_density(z / y),
    "ratio": lambda f, x, y, z: f.expm1_ratio(x * 0.01) + f.expm1_ratio(y * z),
}


class Symbolic:
    """The functions of `jet` as SymPy has them."""

    exp, log, sqrt = sp.exp, sp.log, sp.sqrt

    @staticmethod
    def expm1(x: Any) -> Any:
        return sp.exp(x) - 1

    @staticmethod
    def log1p(x: Any) -> Any:
        return sp.log(1 + x)

    @staticmethod
    def normal_cdf(x: Any) -> Any:
        return sp.erfc(-x / sp.sqrt(2)) / 2

    @staticmethod
    def normal_density(x: Any) -> Any:
        return sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)

    @staticmethod
    def expm1_ratio(x: Any) -> Any:
        return (sp.exp(x) - 1) / x


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_value_gradient_and_hessian(name: str) -> None:
    symbols = sp.symbols("x y z")
    formula = sp.nsimplify(EXPRESSIONS[name](Symbolic, *symbols))
    point = dict(zip(symbols, map(sp.nsimplify, AT), strict=True))
    found: Any = EXPRESSIONS[name](jet, *jet.variables(AT))
    gradient = [float(sp.N(formula.diff(s).subs(point), 30)) for s in symbols]
    hessian = [[float(sp.N(formula.diff(a, b).subs(point), 30)) for b in symbols] for a in symbols]
    np.testing.assert_allclose(float(found), float(sp.N(formula.subs(point), 30)), rtol=1e-13)
    np.testing.assert_allclose(found.gradient, gradient, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(found.hessian, hessian, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("x", [0.0, 1e-12, -1e-5, 0.0999, 0.1001, -0.1001])
def test_expm1_ratio_is_smooth_through_zero(x: float) -> None:
    """g = sum x^n / (n + 1)!, g' = sum n x^(n-1) / (n + 1)! and so on."""
    (variable,) = jet.variables([x])
    found: Any = jet.expm1_ratio(variable)  # type: ignore[arg-type]
    n = np.arange(30)
    factorials = np.cumprod(np.arange(1.0, 31.0))
    assert float(found) == pytest.approx(np.sum(x**n / factorials), rel=1e-15)
    slope = np.sum(n[1:] * x ** (n[1:] - 1) / factorials[1:])
    assert found.gradient[0] == pytest.approx(slope, rel=1e-13)
    curvature = np.sum(n[2:] * (n[2:] - 1) * x ** (n[2:] - 2) / factorials[2:])
    assert found.hessian[0, 0] == pytest.approx(curvature, rel=1e-11)


def test_arrays_broadcast_and_sum() -> None:
    """sum_i w_i exp(x u_i + y) and its derivatives, each known in closed form."""
    u, w = np.array([0.5, 1.0, 2.0]), np.array([0.2, 0.3, 0.5])
    x, y = jet.variables([0.3, -0.1])
    found: Any = jet.exp(x * u + y).weighted_sum(w)
    terms = w * np.exp(0.3 * u - 0.1)
    np.testing.assert_allclose(found.value, terms.sum(), rtol=1e-14)
    np.testing.assert_allclose(found.gradient, [(terms * u).sum(), terms.sum()], rtol=1e-14)
    mixed = (terms * u).sum()
    np.testing.assert_allclose(found.hessian, [[(terms * u * u).sum(), mixed], [mixed, terms.sum()]], rtol=1e-14)


def test_an_array_added_to_a_number_keeps_its_derivatives() -> None:
    (x,) = jet.variables([2.0])
    for total in (x + np.ones(3), np.ones(3) + x):
        assert total.value.shape == (3,)
        np.testing.assert_array_equal(total.gradient, np.ones((3, 1)))
        assert total.weighted_sum(np.ones(3)).gradient == [3.0]


def test_complex_log1p_keeps_small_arguments() -> None:
    """log(1 + e + ie) = e + ie - ie^2 + O(e^3)."""
    small = 1e-9
    found = jet.log1p(np.array([complex(small, small)]))[0]
    assert found.real == pytest.approx(small, rel=1e-15)
    assert found.imag == pytest.approx(small - small**2, rel=1e-15)
