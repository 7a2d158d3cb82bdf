"""European options on a normal asset, dS = (r - q) S dt + sigma dW.

S_T is normal with mean F = S exp(b T), b = r - q, and variance s^2 = sigma^2 (exp(2 b T) - 1) / (2 b),
which is sigma^2 T at b = 0. With d = (F - K) / s the call is exp(-r T) ((F - K) N(d) + s n(d)).

Volatility is in currency per square root of a year. Source: Bachelier (1900); Haug (2007), section 1.3.1.
"""

from __future__ import annotations

from greeks.reference.jet import exp, expm1_ratio, normal_cdf, normal_density, sqrt


def call(spot: float, rate: float, volatility: float, dividend: float, strike: float, maturity: float) -> float:
    """exp(-r T) ((F - K) N(d) + s n(d)), the price of max(S_T - K, 0).

    Parameters
    ----------
    spot, strike : float
        In currency; may be negative.
    rate, dividend : float
        Continuously compounded, per year.
    volatility : float
        In currency, per square root of a year.
    maturity : float
        In years.

    Examples
    --------
    >>> round(call(100.0, 0.0, 20.0, 0.0, 100.0, 1.0), 10)
    7.978845608

    Source: Bachelier (1900); Haug (2007), section 1.3.1.
    """
    gap, spread, d = _gap(spot, rate, volatility, dividend, strike, maturity)
    return exp(-rate * maturity) * (gap * normal_cdf(d) + spread * normal_density(d))


def put(spot: float, rate: float, volatility: float, dividend: float, strike: float, maturity: float) -> float:
    """exp(-r T) ((K - F) N(-d) + s n(d)), the price of max(K - S_T, 0); arguments as of `call`.

    Examples
    --------
    >>> round(put(100.0, 0.0, 20.0, 0.0, 110.0, 1.0), 10)
    13.955931148

    Source: Bachelier (1900).
    """
    gap, spread, d = _gap(spot, rate, volatility, dividend, strike, maturity)
    return exp(-rate * maturity) * (spread * normal_density(d) - gap * normal_cdf(-d))


def cash_call(spot: float, rate: float, volatility: float, dividend: float, strike: float, maturity: float) -> float:
    """exp(-r T) N(d), the price of 1 paid at T when S_T > K; arguments as of `call`.

    Examples
    --------
    >>> cash_call(100.0, 0.0, 20.0, 0.0, 100.0, 1.0)
    0.5

    Source: Bachelier (1900).
    """
    _, _, d = _gap(spot, rate, volatility, dividend, strike, maturity)
    return exp(-rate * maturity) * normal_cdf(d)


def _gap(
    spot: float, rate: float, volatility: float, dividend: float, strike: float, maturity: float
) -> tuple[float, float, float]:
    """F - K, s and their ratio."""
    growth = (rate - dividend) * maturity
    spread = volatility * sqrt(maturity * expm1_ratio(2.0 * growth))
    gap = spot * exp(growth) - strike
    return gap, spread, gap / spread
