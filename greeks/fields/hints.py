"""What to do about a bad value, by the name of its field."""

from __future__ import annotations

HINTS = {
    "spot": "give today's price of the underlying",
    "spots": "give today's price of every underlying",
    "rate": "give a continuously compounded rate per year, 0.05 for 5 %",
    "dividend": "give a continuously compounded yield per year, 0.02 for 2 %",
    "dividends": "give one continuously compounded yield per year for each asset, 0.02 for 2 %",
    "volatility": "give the volatility per square root of a year, 0.2 for 20 %",
    "volatilities": "give one volatility per square root of a year for each asset, 0.2 for 20 %",
    "variance": "give today's instantaneous variance per year, the volatility squared: 0.04 for 20 %",
    "theta": "give the long-run variance per year, the volatility squared: 0.04 for 20 %",
    "kappa": "give the speed of mean reversion per year",
    "xi": "give the volatility of variance per square root of a year",
    "rho": "give the correlation of the two Brownian motions",
    "correlation": "repair the matrix: clip its eigenvalues above zero, then rescale its diagonal to 1",
    "strike": "give the strike in the currency of the spot",
    "barrier": "give the barrier in the currency of the spot",
    "maturity": "give the time to expiry in years, 0.5 for six months; an expired trade has no price here",
    "dates": "give a count n for the dates i * maturity / n, or year fractions such as (0.25, 0.5)",
}
