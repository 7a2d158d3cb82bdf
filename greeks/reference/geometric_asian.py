"""Options on the geometric average of a lognormal asset at discrete dates: the control of Asian options.

log G = (1/n) sum_i log S(t_i) is normal with mean log S + (r - q - sigma^2 / 2) m and variance sigma^2 w,
where m = mean(t_i) and w = mean over i, j of min(t_i, t_j). The date 0 is not part of the average unless
given.

`dates` is a count n (t_i = i T / n) or an increasing sequence of year fractions. `elapsed` moves the
calendar: the dates and the maturity are that much nearer, so theta = dV/d elapsed at fixed contract dates.

Source: Kemna and Vorst (1990); Turnbull and Wakeman (1991) for discrete dates.
"""

from __future__ import annotations

from collections.abc import Sequence

from greeks.reference.jet import exp, log, normal_cdf, sqrt


def call(
    spot: float,
    rate: float,
    volatility: float,
    dividend: float,
    strike: float,
    maturity: float,
    dates: int | Sequence[float],
    elapsed: float = 0.0,
) -> float:
    """exp(-r T) (F N(d1) - K N(d2)), the price of max(G - K, 0), with F = E[G].

    Parameters
    ----------
    spot, strike : float
        In currency.
    rate, dividend, volatility : float
        Per year, continuously compounded; per square root of a year.
    maturity : float
        Of the payment, in years.
    dates : int or sequence of float
        Of the average: n equal steps to maturity, or year fractions.
    elapsed : float
        Years that have passed since the dates were counted, before the first of them.

    Examples
    --------
    >>> round(call(100.0, 0.05, 0.2, 0.0, 100.0, 1.0, dates=12), 10)
    5.9402002216

    Source: Kemna and Vorst (1990), appendix, with discrete moments.
    """
    forward, d1, d2 = _average(spot, rate, volatility, dividend, strike, maturity, dates, elapsed)
    discount = exp(-rate * (maturity - elapsed))
    return discount * (forward * normal_cdf(d1) - strike * normal_cdf(d2))


def put(
    spot: float,
    rate: float,
    volatility: float,
    dividend: float,
    strike: float,
    maturity: float,
    dates: int | Sequence[float],
    elapsed: float = 0.0,
) -> float:
    """exp(-r T) (K N(-d2) - F N(-d1)), the price of max(K - G, 0); arguments as of `call`.

    Examples
    --------
    >>> round(put(100.0, 0.05, 0.2, 0.0, 100.0, 1.0, dates=12), 10)
    3.6517341759

    Source: Kemna and Vorst (1990), appendix, with discrete moments.
    """
    forward, d1, d2 = _average(spot, rate, volatility, dividend, strike, maturity, dates, elapsed)
    discount = exp(-rate * (maturity - elapsed))
    return discount * (strike * normal_cdf(-d2) - forward * normal_cdf(-d1))


def cash_call(
    spot: float,
    rate: float,
    volatility: float,
    dividend: float,
    strike: float,
    maturity: float,
    dates: int | Sequence[float],
    elapsed: float = 0.0,
) -> float:
    """exp(-r T) N(d2), the price of 1 paid at T when G > K; arguments as of `call`.

    Examples
    --------
    >>> round(cash_call(100.0, 0.05, 0.2, 0.0, 100.0, 1.0, dates=12), 10)
    0.5257409461

    Source: Kemna and Vorst (1990), appendix, with discrete moments.
    """
    _, _, d2 = _average(spot, rate, volatility, dividend, strike, maturity, dates, elapsed)
    return exp(-rate * (maturity - elapsed)) * normal_cdf(d2)


def _average(
    spot: float,
    rate: float,
    volatility: float,
    dividend: float,
    strike: float,
    maturity: float,
    dates: int | Sequence[float],
    elapsed: float,
) -> tuple[float, float, float]:
    """E[G] and the two arguments of the normal distribution."""
    mean_time, variance_time = _times(dates, maturity)
    mean_time, variance_time = mean_time - elapsed, variance_time - elapsed
    variance = volatility * volatility * variance_time
    location = log(spot) + (rate - dividend - 0.5 * volatility * volatility) * mean_time
    spread = sqrt(variance)
    d2 = (location - log(strike)) / spread
    return exp(location + 0.5 * variance), d2 + spread, d2


def _times(dates: int | Sequence[float], maturity: float) -> tuple[float, float]:
    """mean(t_i) and mean over i, j of min(t_i, t_j)."""
    if isinstance(dates, int):
        n = dates
        return maturity * (n + 1) / (2 * n), maturity * (n + 1) * (2 * n + 1) / (6 * n * n)
    n = len(dates)
    weighted = sum((2 * (n - i) - 1) * date for i, date in enumerate(sorted(dates)))
    return sum(dates) / n, weighted / (n * n)
