"""The option to exchange one lognormal asset for another, and its Greeks to both.

V = S1 exp(-q1 T) N(d1) - S2 exp(-q2 T) N(d2) with sigma^2 = sigma1^2 + sigma2^2 - 2 rho sigma1 sigma2: a
call on asset 1 whose cash is asset 2, so the rate does not enter.

Source: Margrabe (1978), equation 7.
"""

from __future__ import annotations

from greeks.reference import black_scholes
from greeks.reference.jet import sqrt


def exchange(
    spot_1: float,
    spot_2: float,
    volatility_1: float,
    volatility_2: float,
    correlation: float,
    dividend_1: float,
    dividend_2: float,
    maturity: float,
) -> float:
    """S1 exp(-q1 T) N(d1) - S2 exp(-q2 T) N(d2), the price of max(S1_T - S2_T, 0).

    Parameters
    ----------
    spot_1, spot_2 : float
        In currency.
    volatility_1, volatility_2 : float
        Per square root of a year.
    correlation : float
        Of the two Brownian motions, in (-1, 1).
    dividend_1, dividend_2 : float
        Continuously compounded, per year.
    maturity : float
        In years.

    Examples
    --------
    >>> round(exchange(100.0, 100.0, 0.2, 0.3, 0.5, 0.0, 0.0, 1.0), 10)
    10.5243157811

    Source: Margrabe (1978), equation 7.
    """
    own = volatility_1 * volatility_1 + volatility_2 * volatility_2
    volatility = sqrt(own - 2.0 * correlation * volatility_1 * volatility_2)
    return black_scholes.call(spot_1, dividend_2, volatility, dividend_1, spot_2, maturity)
