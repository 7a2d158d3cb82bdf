"""The formulas of docs/the-mathematics.md, each derived anew by SymPy or NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

z, n, sigma, dt, r, q, S0, K, T, a = sp.symbols("z n sigma Delta r q S_0 K T a", positive=True)


def score_of(step: sp.Expr, noise: sp.Symbol, parameter: sp.Symbol) -> sp.Expr:
    """-z dz - d log|F_z| at a fixed end of the step, as the page derives it."""
    slope = sp.diff(step, noise)
    moved = -sp.diff(step, parameter) / slope
    return sp.simplify(-noise * moved - (sp.diff(sp.log(slope), parameter) + sp.diff(sp.log(slope), noise) * moved))


def test_score_of_a_lognormal_step_in_the_volatility() -> None:
    step = (r - q - sigma**2 / 2) * dt + sigma * sp.sqrt(dt) * z
    said = (z**2 - 1) / sigma - z * sp.sqrt(dt)
    assert sp.simplify(score_of(step, z, sigma) - said) == 0


def test_variance_of_that_score() -> None:
    said = (z**2 - 1) / sigma - z * sp.sqrt(dt)
    gauss = sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi)
    x = sp.Symbol("x", real=True)
    variance = sp.integrate((said**2 * gauss).subs(z, x), (x, -sp.oo, sp.oo))
    assert sp.simplify(variance - (2 / sigma**2 + dt)) == 0


def test_score_of_a_step_that_bends_in_its_noise() -> None:
    step = a * sp.sinh(z)  # the slope contains the noise, so the derivative of log|F_z| must be total
    end = sp.Symbol("end", positive=True)
    density = sp.exp(-(sp.asinh(end / a) ** 2) / 2) / sp.sqrt(end**2 + a**2)
    direct = sp.diff(sp.log(density), a).subs(end, step)
    values = {a: sp.Rational(7, 5), z: sp.Rational(3, 5)}
    assert float((score_of(step, z, a) - direct).subs(values)) == pytest.approx(0.0, abs=1e-14)


def test_score_of_a_collapsed_coordinate() -> None:
    m, v = (sp.Function(name)(a) for name in ("m", "q"))
    dm, dv = sp.diff(m, a), sp.diff(v, a)
    said = n * dm / sp.sqrt(v) + (n**2 - 1) * dv / (2 * v)
    assert sp.simplify(score_of(m + sp.sqrt(v) * n, n, a) - said) == 0


def test_gamma_of_a_call_as_the_pathwise_derivative_of_a_likelihood_ratio() -> None:
    end = S0 * sp.exp((r - q - sigma**2 / 2) * T + sigma * sp.sqrt(T) * z)
    score = z / (S0 * sigma * sp.sqrt(T))
    in_the_money = sp.diff((end - K) * score, S0)
    assert sp.simplify(in_the_money - K * z / (S0**2 * sigma * sp.sqrt(T))) == 0


def test_a_moving_support_makes_the_naive_score_wrong() -> None:
    price = 1 - 1 / a
    assert sp.diff(price, a).subs(a, 3) == sp.Rational(1, 9)
    x = sp.Symbol("x", positive=True)
    naive = sp.integrate(sp.diff(sp.log(1 / a), a) * (1 / a), (x, 1, a)).subs(a, 3)
    assert naive == sp.Rational(-2, 9)


def test_derivative_of_a_cholesky_factor() -> None:
    correlation = np.array([[1.0, 0.5, 0.2], [0.5, 1.0, -0.3], [0.2, -0.3, 1.0]])
    moved = np.zeros((3, 3))
    moved[2, 0] = moved[0, 2] = 1.0
    factor = np.linalg.cholesky(correlation)
    inverse = np.linalg.inv(factor)
    inner = np.tril(inverse @ moved @ inverse.T)
    inner[np.diag_indices(3)] *= 0.5
    h = 1e-6
    bumped = (np.linalg.cholesky(correlation + h * moved) - np.linalg.cholesky(correlation - h * moved)) / (2 * h)
    np.testing.assert_allclose(factor @ inner, bumped, atol=1e-9)


def test_score_of_correlated_noise() -> None:
    rho = sp.Symbol("rho")
    correlation = sp.Matrix([[1, rho], [rho, 1]])
    factor = sp.Matrix([[1, 0], [rho, sp.sqrt(1 - rho**2)]])
    w = sp.Matrix(sp.symbols("w_1 w_2"))
    log_density = -(w.T * correlation.inv() * w)[0] / 2 - sp.log(correlation.det()) / 2
    A = factor.inv() * sp.diff(factor, rho)
    normals = factor.inv() * w
    said = (normals.T * A * normals)[0] - A.trace()
    values = {rho: sp.Rational(2, 5), w[0]: sp.Rational(7, 10), w[1]: sp.Rational(-13, 10)}
    assert float((sp.diff(log_density, rho) - said).subs(values)) == pytest.approx(0.0, abs=1e-14)
