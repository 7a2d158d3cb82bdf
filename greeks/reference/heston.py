"""European options under Heston's stochastic volatility, by one integral of the characteristic function.

dS = (r - q) S dt + sqrt(v) S dW, dv = kappa (theta - v) dt + xi sqrt(v) dZ, d<W, Z> = rho dt, v(0) =
`variance`. With F = S exp((r - q) T), k = log(F / K) and phi(u) = E[exp((iu + 1/2) log(S_T / F))], on
Lewis' contour

    call = S exp(-q T) - exp(-r T) sqrt(F K) / pi  integral over u > 0 of Re[exp(iuk) phi(u)] / (u^2 + 1/4)
    digital = exp(-r T) sqrt(F / K) / pi  integral over u > 0 of Re[exp(iuk) phi(u) / (1/2 + iu)].

phi is written in the form of Albrecher et al., continuous in u for all parameters, and without dividing by
xi^2, so that small xi loses no digits.

Prices take an array of strikes too, for calibration. Source: Heston (1993); Lewis (2001), A simple option
formula, equation 3.11; Albrecher, Mayer, Schoutens and Tistaert (2007), The little Heston trap.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greeks.reference.jet import Jet, exp, expm1, log, log1p, sqrt

Array = NDArray[Any]
NEGLIGIBLE = -42.0  # log of what an integrand may be cut at: 6e-19
POINTS = 32  # Gauss-Legendre points on each panel


def call(
    spot: float,
    rate: float,
    variance: float,
    kappa: float,
    theta: float,
    xi: float,
    rho: float,
    dividend: float,
    strike: float,
    maturity: float,
) -> float:
    """S exp(-q T) - exp(-r T) sqrt(F K) / pi integral Re[exp(iuk) phi(u)] / (u^2 + 1/4) du.

    Parameters
    ----------
    spot : float
        In currency.
    strike : float or array
        In currency; an array gives an array of prices from one characteristic function.
    rate, dividend : float
        Continuously compounded, per year.
    variance, theta : float
        Initial and long-run variance, per year.
    kappa : float
        Speed of mean reversion, per year.
    xi : float
        Volatility of variance, per year.
    rho : float
        Correlation, in (-1, 1).
    maturity : float
        In years.

    Examples
    --------
    >>> round(call(100.0, 0.03, 0.04, 2.0, 0.04, 0.3, -0.5, 0.01, 100.0, 1.0), 10)
    8.6172711984

    Source: Lewis (2001), equation 3.11.
    """
    curve = _Curve(rate, variance, kappa, theta, xi, rho, maturity)
    forward, moneyness, u, weights = curve.at(spot, dividend, strike)
    integrand: Any = exp(1j * u * moneyness + curve.exponent(u))
    integral = _weighted_sum(integrand.real, weights / (u * u + 0.25))
    covered = exp(-rate * maturity) * sqrt(forward * strike) * (1.0 / math.pi) * integral
    price: float = spot * exp(-dividend * maturity) - covered
    return price


def put(
    spot: float,
    rate: float,
    variance: float,
    kappa: float,
    theta: float,
    xi: float,
    rho: float,
    dividend: float,
    strike: float,
    maturity: float,
) -> float:
    """call - S exp(-q T) + K exp(-r T); arguments as of `call`.

    Examples
    --------
    >>> round(put(100.0, 0.03, 0.04, 2.0, 0.04, 0.3, -0.5, 0.01, 100.0, 1.0), 10)
    6.6568411783

    Source: put-call parity.
    """
    value = call(spot, rate, variance, kappa, theta, xi, rho, dividend, strike, maturity)
    return value - spot * exp(-dividend * maturity) + strike * exp(-rate * maturity)


def cash_call(
    spot: float,
    rate: float,
    variance: float,
    kappa: float,
    theta: float,
    xi: float,
    rho: float,
    dividend: float,
    strike: float,
    maturity: float,
) -> float:
    """exp(-r T) sqrt(F / K) / pi integral Re[exp(iuk) phi(u) / (1/2 + iu)] du, 1 paid when S_T > K.

    Arguments as of `call`.

    Examples
    --------
    >>> round(cash_call(100.0, 0.03, 0.04, 2.0, 0.04, 0.3, -0.5, 0.01, 100.0, 1.0), 10)
    0.5285825305

    Source: -d/dK of Lewis (2001), equation 3.11.
    """
    curve = _Curve(rate, variance, kappa, theta, xi, rho, maturity)
    forward, moneyness, u, weights = curve.at(spot, dividend, strike)
    integrand: Any = exp(1j * u * moneyness + curve.exponent(u)) * (1.0 / (0.5 + 1j * u))
    integral = _weighted_sum(integrand.real, weights)
    price: float = exp(-rate * maturity) * sqrt(forward / strike) * (1.0 / math.pi) * integral
    return price


class _Curve:
    """The characteristic function of one maturity."""

    def __init__(
        self,
        rate: float,
        variance: float,
        kappa: float,
        theta: float,
        xi: float,
        rho: float,
        maturity: float,
    ) -> None:
        self.rate, self.maturity = rate, maturity
        self.variance, self.kappa, self.theta, self.xi, self.rho = variance, kappa, theta, xi, rho

    def exponent(self, u: Array) -> Any:
        """log phi(u) = C(u) + D(u) v(0)."""
        a: Any = u * u + 0.25
        beta: Any = self.kappa - self.rho * self.xi * (1j * u + 0.5)
        root = sqrt(beta * beta + self.xi * self.xi * a)
        both = beta + root
        c = -1.0 * a * self.xi * self.xi / (both * both)
        faded = -1.0 * expm1(-1.0 * root * self.maturity)
        d = -1.0 * a * faded / (both * (1.0 - c * (1.0 - faded)))
        winding = log1p(c * faded / (1.0 - c)) * 2.0 / (self.xi * self.xi)
        drift = -1.0 * self.kappa * self.theta * (a * self.maturity / both + winding)
        return drift + d * self.variance

    def at(self, spot: float, dividend: float, strike: Any) -> tuple[Any, Any, Array, Array]:
        """Forward, log(F / K) with room for the nodes, nodes and weights."""
        forward = spot * exp((self.rate - dividend) * self.maturity)
        column: Any = strike[..., None] if isinstance(strike, np.ndarray) else strike
        moneyness = log(forward / column)
        return forward, moneyness, *self._nodes(moneyness)

    def _nodes(self, moneyness: Any) -> tuple[Array, Array]:
        """Panels that grow with u, as phi does, yet stay short of four turns of exp(iuk)."""
        plain = moneyness.value if isinstance(moneyness, Jet) else moneyness
        widest = 8.0 * math.pi / max(float(np.max(np.abs(plain))), 1e-3)
        return _panels(_rounded_up(self._end()), _rounded_up(widest))

    def _end(self) -> float:
        """Where |phi| has become negligible; it falls monotonically in the tail."""
        numbers = (self.rate, self.variance, self.kappa, self.theta, self.xi, self.rho, self.maturity)
        plain = _Curve(*(float(x) for x in numbers))
        u = 8.0
        while plain.exponent(np.asarray(u)).real > NEGLIGIBLE and u < 1e6:
            u *= 1.25
        return u


@lru_cache(maxsize=256)
def _panels(end: float, widest: float) -> tuple[Array, Array]:
    """Composite Gauss-Legendre nodes and weights on (0, end), panels growing by half up to `widest`."""
    edges = [0.0]
    width = 0.5
    while edges[-1] < end:
        edges.append(edges[-1] + width)
        width = min(1.5 * width, widest)
    x, w = np.polynomial.legendre.leggauss(POINTS)
    left, half = np.asarray(edges[:-1]), 0.5 * np.diff(edges)
    nodes = (left + half)[:, None] + half[:, None] * x
    return nodes.ravel(), (half[:, None] * w).ravel()


def _rounded_up(x: float) -> float:
    """To a power of 1.25, so that neighbouring parameters share their nodes."""
    return 1.25 ** math.ceil(math.log(x, 1.25) - 1e-9)


def _item(x: Any) -> Any:
    """Numbers as Python's."""
    return x.item() if x.ndim == 0 else x


def _weighted_sum(x: Any, weights: Array) -> Any:
    return x.weighted_sum(weights) if isinstance(x, Jet) else _item(x @ weights)
