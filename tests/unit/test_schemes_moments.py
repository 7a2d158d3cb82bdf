"""Laws of the schemes' steps: moments against closed forms, strong orders against a fine path."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import greeks as gk
from tests.oracle import cases

PATHS = 2**17
BLACK_SCHOLES = gk.BlackScholes(100.0, 0.05, 0.2, 0.02)
BACHELIER = gk.Bachelier(100.0, 0.03, 18.0, 0.01)
CEV = gk.CEV(100.0, 0.05, 2.1, 0.5, 0.02)
HESTON = gk.Heston(100.0, 0.03, 0.09, kappa=2.0, theta=0.04, xi=0.5, rho=-0.7, dividend=0.01)
FELLER_VIOLATED = gk.Heston(100.0, 0.0, 0.04, kappa=0.5, theta=0.04, xi=1.0, rho=-0.9)


@dataclass(frozen=True)
class Moment(gk.Payoff):
    """(X_T / scale)^power of one state, undiscounted by the factor `growth`"""

    growth: gk.Scalar
    scale: gk.Scalar
    maturity: gk.Scalar
    which: str = "0"
    power: str = "1"

    def settle(self, stats: Any, x: Any) -> Any:
        return self.growth * (x[int(self.which)] / self.scale) ** float(self.power)


def moment(
    model: Any, which: int, power: int, scale: float, T: float, scheme: gk.Scheme | None, seed: int = 1
) -> gk.Estimate:
    payoff = Moment(math.exp(model.rate * T), scale, T, str(which), str(power))
    return gk.price(model, payoff, scheme=scheme, paths=PATHS, seed=seed)


def agrees(found: gk.Estimate, truth: float, precision: float = 0.01) -> None:
    assert abs(found.z_score(truth)) < 4.0, (found, truth)
    assert found.std_error < precision * max(abs(truth), 1e-9)


@pytest.mark.parametrize(
    ("model", "scheme"),
    [
        (BLACK_SCHOLES, None),
        (BLACK_SCHOLES, gk.Euler(steps=3)),
        (BLACK_SCHOLES, gk.Milstein(steps=3)),
        (BACHELIER, None),
        (CEV, gk.Euler(steps=256)),
        (CEV, gk.Milstein(steps=256)),
        (HESTON, gk.QE(steps=8)),
        (HESTON, gk.Euler(steps=128)),
        (FELLER_VIOLATED, gk.QE(steps=32)),
    ],
    ids=lambda p: type(p).__name__,
)
def test_the_forward_is_kept(model: Any, scheme: gk.Scheme | None) -> None:
    """E S_T = S exp((r - q) T): in the logarithm and with the martingale correction at any number of steps."""
    truth = math.exp((model.rate - model.dividend) * 1.5)
    agrees(moment(model, 0, 1, 100.0, 1.5, scheme), truth)


@pytest.mark.parametrize("scheme", [None, gk.Euler(steps=3), gk.Milstein(steps=3)], ids=repr)
def test_second_moments_of_geometric_brownian_motion(scheme: gk.Scheme | None) -> None:
    """E S_T^2 = S^2 exp(2 (r - q) T + sigma^2 T): constant coefficients leave no time-step bias."""
    agrees(moment(BLACK_SCHOLES, 0, 2, 100.0, 1.5, scheme), math.exp((0.06 + 0.04) * 1.5))


def test_second_moments_of_a_normal_price() -> None:
    """Var S_T = sigma^2 (exp(2 b T) - 1) / (2 b), b = r - q."""
    variance = 18.0**2 * math.expm1(0.04 * 1.5) / 0.04
    agrees(moment(BACHELIER, 0, 2, 100.0, 1.5, None), math.exp(0.04 * 1.5) + variance / 1e4)


def square_root_moments(m: gk.Heston, T: float) -> tuple[float, float]:
    """Mean and second moment of v_T (Cox, Ingersoll and Ross, 1985, equation 19)."""
    decay = math.exp(-m.kappa * T)
    mean = m.theta + (m.variance - m.theta) * decay
    xi2 = m.xi * m.xi
    variance = m.variance * xi2 * decay * (1 - decay) / m.kappa + m.theta * xi2 * (1 - decay) ** 2 / (2 * m.kappa)
    return mean, variance + mean * mean


@pytest.mark.parametrize("model", [HESTON, FELLER_VIOLATED], ids=["friendly", "Feller violated"])
@pytest.mark.parametrize("steps", [1, 4, 16])
def test_quadratic_exponential_steps_have_the_exact_mean_and_variance(model: gk.Heston, steps: int) -> None:
    """Mean and variance of v' given v are exact, so those of v_T are exact at any number of steps."""
    first, second = square_root_moments(model, 0.75)
    scheme = gk.QE(steps=steps)
    agrees(moment(model, 1, 1, first, 0.75, scheme), 1.0, 0.02)
    agrees(moment(model, 1, 2, math.sqrt(second), 0.75, scheme), 1.0, 0.06)


@dataclass(frozen=True)
class MeanVariance(gk.Payoff):
    """v_T, or the square of v_T less a number"""

    less: gk.Scalar
    maturity: gk.Scalar
    squared: bool = False

    def settle(self, stats: Any, x: Any) -> Any:
        u = x[1] - self.less
        return u * u if self.squared else u


@pytest.mark.parametrize("quantity", ["E_vT", "Var_vT"])
def test_moments_of_the_variance_and_their_greeks_are_the_oracles(quantity: str) -> None:
    """Every parameter Greek of E v_T and Var v_T on the friendly set, pathwise through the quadratic-exponential step.

    The variance is taken about the known mean, whose own derivative then drops out of the Greeks.
    """
    (case,) = (c for c in cases("D", payoff=quantity) if "friendly" in c.id)
    p, truth = case.params, {k: v for k, (v, _) in case.values.items()}
    model = gk.Heston(100.0, 0.0, p["v0"], kappa=p["kappa"], theta=p["theta"], xi=p["xi"], rho=-0.7)
    mean = p["theta"] + (p["v0"] - p["theta"]) * math.exp(-p["kappa"] * p["T"])
    payoff = MeanVariance(mean if quantity == "Var_vT" else 0.0, p["T"], quantity == "Var_vT")
    names = {"d_kappa": "d_kappa", "d_theta": "d_theta", "d_xi": "d_xi", "d_variance": "d_v0"}
    found = gk.sensitivities(model, payoff, list(names), scheme=gk.QE(steps=32), paths=PATHS, seed=2)
    assert abs(found["price"].z_score(truth["value"])) < 4.0
    assert found["price"].std_error < 0.01 * truth["value"]
    for ours, theirs in names.items():
        assert abs(found[ours].z_score(truth[theirs])) < 4.0, ours
        assert found[ours].std_error < 0.02 * max(abs(truth[theirs]), 0.3 * truth["value"] / 0.04), ours


def test_eulers_bias_shrinks_with_the_step() -> None:
    """Full truncation is of weak order one: quarter the step and the bias of E v_T^2 falls to about a quarter."""
    second = square_root_moments(HESTON, 0.75)[1]
    errors = [moment(HESTON, 1, 2, math.sqrt(second), 0.75, gk.Euler(steps=n)).value - 1.0 for n in (2, 8, 64)]
    assert abs(errors[0]) > 3.0 * abs(errors[1])
    assert abs(errors[2]) < 0.02


# strong order -------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Bending(gk.Model):
    """dX = (X/2 + sqrt(1 + X^2)) dt + sqrt(1 + X^2) dW, whose solution is X_T = sinh(T + W_T + arsinh X_0).

    The second state is W itself, so that each path knows its own solution.

    Kloeden and Platen (1992), section 4.4, equation (4.33).
    """

    spot: gk.Scalar
    brownian: gk.Scalar = 0.0
    state = ("spot", "brownian")

    def drift(self, t: Any, x: Any) -> Any:
        return (0.5 * x[0] + gk.sqrt(1.0 + x[0] * x[0]), 0.0)

    def diffusion(self, t: Any, x: Any) -> Any:
        return ((gk.sqrt(1.0 + x[0] * x[0]),), (1.0,))

    def discount(self, t: Any) -> Any:
        return gk.exp(-0.0 * t)


@dataclass(frozen=True)
class StrongError(gk.Payoff):
    """|X_T - sinh(T + W_T + arsinh X_0)|, X_0 = 0.5, times a slow weight that leaves heavy tails out"""

    maturity: gk.Scalar

    def settle(self, stats: Any, x: Any) -> Any:
        u = self.maturity + x[1] + math.asinh(0.5)
        exact = 0.5 * (gk.exp(u) - gk.exp(-u))
        return gk.absolute(x[0] - exact) / (1.0 + exact * exact)


def strong_slope(scheme: Any, counts: tuple[int, ...] = (8, 16, 32, 64, 128)) -> float:
    errors = [
        gk.price(Bending(0.5), StrongError(0.5), scheme=scheme(steps=n), paths=2**13, seed=4).value for n in counts
    ]
    return float(-np.polyfit(np.log(counts), np.log(errors), 1)[0])


def test_strong_orders() -> None:
    """One half for Euler, one for Milstein."""
    assert strong_slope(gk.Euler) == pytest.approx(0.5, abs=0.1)
    assert strong_slope(gk.Milstein) == pytest.approx(1.0, abs=0.1)
