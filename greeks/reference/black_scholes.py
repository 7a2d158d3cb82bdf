"""European options on a lognormal asset, dS = (r - q) S dt + sigma S dW.

With F = S exp((r - q) T), d1 = log(F / K) / (sigma sqrt(T)) + sigma sqrt(T) / 2 and d2 = d1 - sigma
sqrt(T), the binaries are the building blocks: call = asset_call - K cash_call.

All functions take `spot, rate, volatility, dividend, strike, maturity`: spot and strike in currency, rates
continuously compounded per year, volatility per square root of a year, maturity in years; all positive but
the rates, maturity and volatility not zero. `greeks.reference.greeks` differentiates them.

Source: Black and Scholes (1973); Merton (1973); Reiner and Rubinstein (1991b) for the binaries.
"""

from __future__ import annotations

from greeks.errors import SchemaError
from greeks.reference.jet import exp, log, normal_cdf, sqrt


def call(spot: float, rate: float, volatility: float, dividend: float, strike: float, maturity: float) -> float:
    """S exp(-q T) N(d1) - K exp(-r T) N(d2), the price of max(S_T - K, 0).

    Parameters
    ----------
    spot, strike : float
        In currency.
    rate, dividend : float
        Continuously compounded, per year.
    volatility : float
        Per square root of a year.
    maturity : float
        In years.

    Examples
    --------
    >>> round(call(100.0, 0.05, 0.2, 0.0, 100.0, 1.0), 10)
    10.4505835722

    Source: Black and Scholes (1973), equation 13; Merton (1973) for the dividend yield.
    """
    d1, d2 = _d1_d2(spot, rate, volatility, dividend, strike, maturity)
    return spot * exp(-dividend * maturity) * normal_cdf(d1) - strike * exp(-rate * maturity) * normal_cdf(d2)


def put(spot: float, rate: float, volatility: float, dividend: float, strike: float, maturity: float) -> float:
    """K exp(-r T) N(-d2) - S exp(-q T) N(-d1), the price of max(K - S_T, 0); arguments as of `call`.

    Examples
    --------
    >>> round(put(100.0, 0.05, 0.2, 0.0, 100.0, 1.0), 10)
    5.5735260223

    Source: Black and Scholes (1973).
    """
    d1, d2 = _d1_d2(spot, rate, volatility, dividend, strike, maturity)
    cash, asset = exp(-rate * maturity), spot * exp(-dividend * maturity)
    return strike * cash * normal_cdf(-d2) - asset * normal_cdf(-d1)


def cash_call(
    spot: float,
    rate: float,
    volatility: float,
    dividend: float,
    strike: float,
    maturity: float,
    cash: float = 1.0,
) -> float:
    """cash exp(-r T) N(d2), the price of `cash` paid at T when S_T > K; arguments as of `call`.

    Examples
    --------
    >>> round(cash_call(100.0, 0.05, 0.2, 0.0, 100.0, 1.0), 10)
    0.5323248155

    Source: Reiner and Rubinstein (1991b), Unscrambling the binary code.
    """
    _, d2 = _d1_d2(spot, rate, volatility, dividend, strike, maturity)
    return cash * exp(-rate * maturity) * normal_cdf(d2)


def cash_put(
    spot: float,
    rate: float,
    volatility: float,
    dividend: float,
    strike: float,
    maturity: float,
    cash: float = 1.0,
) -> float:
    """cash exp(-r T) N(-d2), the price of `cash` paid at T when S_T < K; arguments as of `call`.

    Examples
    --------
    >>> round(cash_put(100.0, 0.05, 0.2, 0.0, 100.0, 1.0), 10)
    0.418904609

    Source: Reiner and Rubinstein (1991b).
    """
    _, d2 = _d1_d2(spot, rate, volatility, dividend, strike, maturity)
    return cash * exp(-rate * maturity) * normal_cdf(-d2)


def asset_call(spot: float, rate: float, volatility: float, dividend: float, strike: float, maturity: float) -> float:
    """S exp(-q T) N(d1), the price of S_T paid at T when S_T > K; arguments as of `call`.

    Examples
    --------
    >>> round(asset_call(100.0, 0.05, 0.2, 0.0, 100.0, 1.0), 10)
    63.6830651176

    Source: Reiner and Rubinstein (1991b).
    """
    d1, _ = _d1_d2(spot, rate, volatility, dividend, strike, maturity)
    return spot * exp(-dividend * maturity) * normal_cdf(d1)


def asset_put(spot: float, rate: float, volatility: float, dividend: float, strike: float, maturity: float) -> float:
    """S exp(-q T) N(-d1), the price of S_T paid at T when S_T < K; arguments as of `call`.

    Examples
    --------
    >>> round(asset_put(100.0, 0.05, 0.2, 0.0, 100.0, 1.0), 10)
    36.3169348824

    Source: Reiner and Rubinstein (1991b).
    """
    d1, _ = _d1_d2(spot, rate, volatility, dividend, strike, maturity)
    return spot * exp(-dividend * maturity) * normal_cdf(-d1)


def implied_volatility(
    price: float, spot: float, rate: float, dividend: float, strike: float, maturity: float
) -> float:
    """The sigma at which `call` has the given price, bracketed in [1e-4, 10]; arguments as of `call`.

    Raises
    ------
    SchemaError
        If no volatility in the bracket gives the price (it violates its arbitrage bounds).

    Examples
    --------
    >>> round(implied_volatility(10.4505835722, 100.0, 0.05, 0.0, 100.0, 1.0), 8)
    0.2

    Source: Brent (1973), chapter 4, for the root search.
    """
    from scipy.optimize import brentq

    def gap(volatility: float) -> float:
        return call(spot, rate, volatility, dividend, strike, maturity) - price

    if gap(1e-4) > 0.0 or gap(10.0) < 0.0:
        raise SchemaError(
            f"price={price!r} of a call at strike={strike!r} is outside its arbitrage bounds: no volatility "
            "implies it; check that spot, rate and dividend belong to the quote"
        )
    return float(brentq(gap, 1e-4, 10.0, xtol=1e-13))


def _d1_d2(
    spot: float, rate: float, volatility: float, dividend: float, strike: float, maturity: float
) -> tuple[float, float]:
    spread = volatility * sqrt(maturity)
    d1 = (log(spot / strike) + (rate - dividend) * maturity) / spread + 0.5 * spread
    return d1, d1 - spread
