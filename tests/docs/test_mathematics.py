"""The formulas of docs/the-mathematics.md, each derived anew by SymPy or NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from scipy.special import ndtr

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


def even_weight(noise: list[sp.Symbol]) -> sp.Expr:
    """The volatility's weight of Brownian steps x' = x + sigma sqrt(dt) z: each hands 1/(steps left) of its tangent."""
    residual, weight = sp.Integer(0), sp.Integer(0)
    for k, z_k in enumerate(noise):
        tangent = residual + sp.sqrt(dt) * z_k
        handed = tangent / (len(noise) - k)
        moved = -handed / (sigma * sp.sqrt(dt))
        weight += sp.diff(moved, z_k) - z_k * moved
        residual = tangent - handed
    assert sp.simplify(residual) == 0  # nothing is left on the date
    return sp.expand(weight)


def gaussian_mean(e: sp.Expr, noise: list[sp.Symbol]) -> sp.Expr:
    """The mean of a polynomial in independent standard normals."""
    moments = sp.Poly(sp.expand(e), *noise).terms()
    return sum(c * sp.prod([0 if p % 2 else sp.factorial2(p - 1) for p in powers]) for powers, c in moments)


def test_an_even_weight_in_the_volatility() -> None:
    noise = list(sp.symbols("z_1:5", real=True))
    m = len(noise)
    said = sum((noise[j] ** 2 - 1 + noise[j] * sum(noise[j + 1 :])) / sp.Integer(m - j) for j in range(m)) / sigma
    assert sp.expand(even_weight(noise) - said) == 0
    assert sp.simplify(gaussian_mean(said, noise)) == 0
    variance = sum(sp.Rational(i + 1, i * i) for i in range(1, m + 1)) / sigma**2
    assert sp.simplify(gaussian_mean(said**2, noise) - variance) == 0


def test_a_share_of_a_tangent_is_integrated_by_parts() -> None:
    share = sp.Rational(1, 3) * (a + z)  # any function of the past times the step's tangent
    moved, g = -share / sigma, sp.Symbol("x") ** 3
    value = g.subs(sp.Symbol("x"), a + sigma * z)
    slope = sp.diff(g, sp.Symbol("x")).subs(sp.Symbol("x"), a + sigma * z)
    by_weight = gaussian_mean(value * (sp.diff(moved, z) - z * moved), [z])
    assert sp.simplify(by_weight - gaussian_mean(slope * share, [z])) == 0


def test_expectation_of_an_exponential_between_two_levels() -> None:
    m, s, power, low, high = 0.3, 0.7, 1.4, -0.2, 0.9
    y = np.linspace(low, high, 200_001)
    law = np.exp(-0.5 * ((y - m) / s) ** 2) / (s * np.sqrt(2.0 * np.pi))
    said = np.exp(power * m + 0.5 * (power * s) ** 2) * float(
        np.diff(ndtr((np.array([low, high]) - m) / s - power * s))[0]
    )
    assert np.trapezoid(np.exp(power * y) * law, y) == pytest.approx(said, rel=1e-9)


def test_departures_from_the_line_are_independent_of_the_end() -> None:
    variances = np.cumsum([0.3, 1.1, 0.2, 0.7])
    covariance = np.minimum.outer(variances, variances)
    departures = np.eye(4) - np.outer(variances / variances[-1], np.eye(4)[-1])
    np.testing.assert_allclose(departures @ covariance[:, -1], 0.0, atol=1e-15)


def test_one_threshold_for_the_end_says_whether_any_date_is_below_the_level() -> None:
    rng = np.random.default_rng(1)
    variances = np.cumsum(rng.uniform(0.1, 1.0, (1000, 6)), axis=1)
    path = np.cumsum(rng.standard_normal((1000, 6)), axis=1)
    end, level = 2.0 * rng.standard_normal(1000), -0.7
    total = variances[:, -1:]
    moved = path + variances / total * (end[:, None] - path[:, -1:])
    threshold = path[:, -1] + (total * (level - path) / variances).max(axis=1)
    np.testing.assert_array_equal((moved >= level).all(axis=1), end >= threshold)


def test_survival_of_a_bridge_by_reflection() -> None:
    x, y, level, v = sp.symbols("x y l v", positive=True)
    reflected = sp.exp(-((x + y - 2 * level) ** 2) / (2 * v)) / sp.exp(-((y - x) ** 2) / (2 * v))
    said = sp.exp(-2 * (x - level) * (y - level) / v)
    assert sp.simplify(sp.log(reflected / said).expand(force=True)) == 0


def test_weights_of_least_variance() -> None:
    covariance = np.array([[2.0, 0.5, -0.3], [0.5, 1.0, 0.2], [-0.3, 0.2, 3.0]])
    ones = np.ones(3)
    weights = np.linalg.solve(covariance, ones) / (ones @ np.linalg.solve(covariance, ones))
    least = weights @ covariance @ weights
    assert least == pytest.approx(1.0 / (ones @ np.linalg.solve(covariance, ones)))
    moves = np.random.default_rng(1).standard_normal((100, 3))
    others = weights + moves - moves.mean(axis=1, keepdims=True)
    assert (np.einsum("ki,ij,kj->k", others, covariance, others) > least).all()
