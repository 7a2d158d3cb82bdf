"""Lookback options on a lognormal asset, extremum monitored continuously.

Two expectations carry all four contracts: U(x) = exp(-r T) E[max(max_t S - x, 0)] for x >= S and L(x) =
exp(-r T) E[max(x - min_t S, 0)] for x <= S. With b = r - q, d1 and d2 as for a vanilla struck at x, U(x) =
C(x) + S exp(-r T) (sigma^2 / 2b) (exp(b T) N(d1) - (S / x)^(-2b / sigma^2) N(d1 - 2b sqrt(T) / sigma)) and
likewise L(x) from the put.

`maximum` and `minimum` are the extremum so far, fixed when the spot moves; None means inception: it starts
at the spot and moves with it.

Source: Goldman, Sosin and Gatto (1979); Conze and Viswanathan (1991); Haug (2007), sections 4.15.1 and
4.15.2.
"""

from __future__ import annotations

import math

from greeks.reference import black_scholes
from greeks.reference.jet import exp, log, normal_cdf, sqrt


def floating_call(
    spot: float,
    rate: float,
    volatility: float,
    dividend: float,
    maturity: float,
    minimum: float | None = None,
) -> float:
    """S exp(-q T) - m exp(-r T) + L(m), the price of S_T - min_t S.

    Parameters
    ----------
    spot : float
        In currency.
    rate, dividend, volatility : float
        Per year, continuously compounded; per square root of a year.
    maturity : float
        In years.
    minimum : float, optional
        The lowest spot so far, in currency; by default the spot itself.

    Examples
    --------
    >>> round(floating_call(120.0, 0.1, 0.3, 0.06, 0.5, minimum=100.0), 4)
    25.3534

    Source: Goldman, Sosin and Gatto (1979); Haug (2007), section 4.15.1.
    """
    least = spot if minimum is None else minimum
    asset, cash = spot * exp(-dividend * maturity), exp(-rate * maturity)
    return asset - cash * least + _below(spot, rate, volatility, dividend, least, maturity)


def floating_put(
    spot: float,
    rate: float,
    volatility: float,
    dividend: float,
    maturity: float,
    maximum: float | None = None,
) -> float:
    """U(M) + M exp(-r T) - S exp(-q T), the price of max_t S - S_T; arguments as of `floating_call`.

    Examples
    --------
    >>> round(floating_put(100.0, 0.05, 0.2, 0.0, 1.0), 4)
    14.2906

    Source: Goldman, Sosin and Gatto (1979); Haug (2007), section 4.15.1.
    """
    most = spot if maximum is None else maximum
    asset, cash = spot * exp(-dividend * maturity), exp(-rate * maturity)
    return cash * most - asset + _above(spot, rate, volatility, dividend, most, maturity)


def fixed_call(
    spot: float,
    rate: float,
    volatility: float,
    dividend: float,
    strike: float,
    maturity: float,
    maximum: float | None = None,
) -> float:
    """U(x) + exp(-r T) (x - K) with x = max(K, M), the price of max(max_t S - K, 0).

    Arguments as of `floating_call`; strike in currency.

    Examples
    --------
    >>> round(fixed_call(100.0, 0.1, 0.3, 0.0, 110.0, 0.5), 4)
    12.2115

    Source: Conze and Viswanathan (1991); Haug (2007), section 4.15.2.
    """
    most = spot if maximum is None else maximum
    level = strike if float(strike) >= float(most) else most
    certain = exp(-rate * maturity) * (level - strike)
    return certain + _above(spot, rate, volatility, dividend, level, maturity)


def fixed_put(
    spot: float,
    rate: float,
    volatility: float,
    dividend: float,
    strike: float,
    maturity: float,
    minimum: float | None = None,
) -> float:
    """L(x) + exp(-r T) (K - x) with x = min(K, m), the price of max(K - min_t S, 0).

    Arguments as of `floating_call`; strike in currency.

    Examples
    --------
    >>> round(fixed_put(100.0, 0.1, 0.3, 0.0, 95.0, 0.5), 4)
    8.9213

    Source: Conze and Viswanathan (1991); Haug (2007), section 4.15.2.
    """
    least = spot if minimum is None else minimum
    level = strike if float(strike) <= float(least) else least
    certain = exp(-rate * maturity) * (strike - level)
    return certain + _below(spot, rate, volatility, dividend, level, maturity)


def _above(spot: float, rate: float, volatility: float, dividend: float, level: float, maturity: float) -> float:
    """U(level)."""
    vanilla = black_scholes.call(spot, rate, volatility, dividend, level, maturity)
    premium = _premium(spot / level, rate - dividend, volatility, maturity, side=1.0)
    return vanilla + spot * exp(-rate * maturity) * premium


def _below(spot: float, rate: float, volatility: float, dividend: float, level: float, maturity: float) -> float:
    """L(level)."""
    vanilla = black_scholes.put(spot, rate, volatility, dividend, level, maturity)
    premium = _premium(spot / level, rate - dividend, volatility, maturity, side=-1.0)
    return vanilla + spot * exp(-rate * maturity) * premium


def _premium(ratio: float, carry: float, volatility: float, maturity: float, side: float) -> float:
    """What the extremum is worth beyond the end point, per unit of spot.

    The formula is 0/0 where carry = 0. Near there it is the polynomial through eight points around zero: the
    premium is entire in the carry, so this loses nothing, while the formula would lose digits as 1 / carry.
    """
    step = 0.05 * float(volatility) / math.sqrt(float(maturity))
    if abs(float(carry)) > step:
        return _premium_formula(ratio, carry, volatility, maturity, side)
    nodes = [step * j for j in (-4, -3, -2, -1, 1, 2, 3, 4)]
    total = 0.0
    for i, node in enumerate(nodes):
        basis = 1.0
        for j, other in enumerate(nodes):
            basis = basis if i == j else basis * ((carry - other) / (node - other))
        total = total + basis * _premium_formula(ratio, node, volatility, maturity, side)
    return total


def _premium_formula(ratio: float, carry: float, volatility: float, maturity: float, side: float) -> float:
    """+-(sigma^2 / 2b) (exp(b T) N(+-d1) - (S / x)^(-2b / sigma^2) N(+-(d1 - 2b sqrt(T) / sigma)))."""
    variance, spread = volatility * volatility, volatility * sqrt(maturity)
    d1 = (log(ratio) + carry * maturity) / spread + 0.5 * spread
    direct = exp(carry * maturity) * normal_cdf(side * d1)
    shift = 2.0 * carry * sqrt(maturity) / volatility
    reflected = exp(-2.0 * carry / variance * log(ratio)) * normal_cdf(side * (d1 - shift))
    return side * variance / (2.0 * carry) * (direct - reflected)
