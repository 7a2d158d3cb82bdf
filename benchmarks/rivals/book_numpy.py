"""A book in NumPy by hand, trade by trade: price, delta and vega of each from paths of its own.

As in `numpy_`: chunks that stay in cache, buffers reused; pathwise for calls, puts and Asians, likelihood ratio for
digitals, central differences of 1 % on common noise for barriers.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log, sqrt
from typing import Any

import numpy as np

from benchmarks.rivals.numpy_ import chunks, generator
from benchmarks.rivals.sums import Array, Sums

NUMBERS = ["price", "delta", "vega"]
Terms = Any
"""A row of the book with its model's numbers."""


def vanilla(t: Terms, sign: float, paths: int, seed: int) -> dict[str, tuple[float, float]]:
    rng, sums = generator(seed), Sums(NUMBERS)
    discount, deviation = exp(-t.rate * t.maturity), t.volatility * sqrt(t.maturity)
    drift = (t.rate - t.dividend) * t.maturity - deviation**2 / 2
    for n in chunks(paths):
        z = rng.standard_normal(n)
        spot = t.spot * np.exp(drift + deviation * z)
        paid = discount * sign * (sign * (spot - t.strike) > 0.0)
        delta = paid * spot / t.spot
        sums.add(paid * (spot - t.strike), delta, t.spot * delta * (sqrt(t.maturity) * z - t.volatility * t.maturity))
    return sums.result()


def digital(t: Terms, paths: int, seed: int) -> dict[str, tuple[float, float]]:
    rng, sums = generator(seed), Sums(NUMBERS)
    discount, deviation = exp(-t.rate * t.maturity), t.volatility * sqrt(t.maturity)
    threshold = (log(t.strike / t.spot) - (t.rate - t.dividend) * t.maturity + deviation**2 / 2) / deviation
    for n in chunks(paths):
        z = rng.standard_normal(n)
        price = discount * t.cash * (z > threshold)
        sums.add(price, price * z / (t.spot * deviation), price * ((z * z - 1.0) / t.volatility - z * sqrt(t.maturity)))
    return sums.result()


def asian(t: Terms, paths: int, seed: int) -> dict[str, tuple[float, float]]:
    """With y = log(S/S0), dS/dvol = S ((y - drift t) / vol - vol t)."""
    rng, sums = generator(seed), Sums(NUMBERS)
    dates, dt, vol = int(t.dates), t.maturity / t.dates, t.volatility
    drift, discount = t.rate - t.dividend - vol**2 / 2, exp(-t.rate * t.maturity)
    for n in chunks(paths):
        y, z, x, total, total_y, total_t = (np.zeros(n) for _ in range(6))
        for i in range(1, dates + 1):
            rng.standard_normal(out=z)
            z *= vol * sqrt(dt)
            z += drift * dt
            y += z
            np.exp(y, out=x)
            total += x
            np.multiply(x, y, out=z)
            total_y += z
            x *= i * dt
            total_t += x
        average = t.spot / dates * total
        paid = discount * (average > t.strike)
        by_volatility = (total_y - drift * total_t) / vol - vol * total_t
        sums.add(paid * (average - t.strike), paid * average / t.spot, paid * (t.spot / dates) * by_volatility)
    return sums.result()


def barrier(t: Terms, paths: int, seed: int) -> dict[str, tuple[float, float]]:
    rng, sums = generator(seed), Sums(NUMBERS)
    for n in chunks(paths):
        z = rng.standard_normal((int(t.dates), n))
        price = knocked(t, z, t.spot, t.volatility)
        up, down = (knocked(t, z, t.spot * bump, t.volatility) for bump in (1.01, 0.99))
        more, less = (knocked(t, z, t.spot, t.volatility * bump) for bump in (1.01, 0.99))
        sums.add(price, (up - down) / (0.02 * t.spot), (more - less) / (0.02 * t.volatility))
    return sums.result()


def knocked(t: Terms, z: Array, spot: float, volatility: float) -> Array:
    """Discounted payoffs of the down-and-out call; z has one row a date."""
    dt = t.maturity / t.dates
    y, low, step = np.zeros(z.shape[1]), np.full(z.shape[1], np.inf), np.empty(z.shape[1])
    for row in z:
        np.multiply(row, volatility * sqrt(dt), out=step)
        step += (t.rate - t.dividend - volatility**2 / 2) * dt
        y += step
        np.minimum(low, y, out=low)
    paid = np.maximum(spot * np.exp(y) - t.strike, 0.0) * (low > log(t.barrier / spot))
    return np.asarray(exp(-t.rate * t.maturity) * paid)


PRICERS: dict[str, Callable[..., dict[str, tuple[float, float]]]] = {
    "Call": lambda t, paths, seed: vanilla(t, 1.0, paths, seed),
    "Put": lambda t, paths, seed: vanilla(t, -1.0, paths, seed),
    "DigitalCall": digital,
    "AsianCall": asian,
    "BarrierOption": barrier,
}


def book(terms: list[Terms], paths: int, seed: int) -> Array:
    """(trades, 3, 2): value and standard error of each number, for one contract of each trade."""
    results = (PRICERS[t.payoff](t, paths, seed + 1000003 * i) for i, t in enumerate(terms))
    return np.array([[found[name] for name in NUMBERS] for found in results])
