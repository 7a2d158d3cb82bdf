"""NumPy by hand: SFC64 ziggurat normals, chunks that stay in cache, buffers reused, tangents written out.

Pathwise where the payoff is continuous, likelihood ratio for the digital, a bump on common random numbers for
the barrier (Glasserman, Monte Carlo Methods in Financial Engineering, 2004, chapter 7).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, sqrt

import numpy as np

from benchmarks.contender import Contender, Result
from benchmarks.rivals.sums import Array, Sums
from benchmarks.tasks import (
    ASSETS,
    BARRIER,
    CORRELATION,
    DATES,
    DIVIDEND,
    HESTON_STEPS,
    KAPPA,
    MATURITY,
    RATE,
    RHO,
    SPOT,
    STRIKE,
    TASKS,
    THETA,
    VARIANCE,
    VOLATILITY,
    XI,
)

CHUNK = 8192
DISCOUNT = exp(-RATE * MATURITY)
ROOT_T = sqrt(MATURITY)
DRIFT = RATE - DIVIDEND - VOLATILITY**2 / 2


def chunks(paths: int) -> Iterator[int]:
    for start in range(0, paths, CHUNK):
        yield min(CHUNK, paths - start)


def generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(seed))


def terminal(z: Array) -> Array:
    return np.asarray(SPOT * np.exp(DRIFT * MATURITY + VOLATILITY * ROOT_T * z))


def call_price(paths: int, seed: int) -> Result:
    rng, sums = generator(seed), Sums(["price"])
    for n in chunks(paths):
        sums.add(DISCOUNT * np.maximum(terminal(rng.standard_normal(n)) - STRIKE, 0.0))
    return sums.result()


def call_greeks(paths: int, seed: int) -> Result:
    """Pathwise; gamma is the likelihood ratio of the pathwise delta."""
    rng, sums = generator(seed), Sums(list(TASKS["T1"].truth))
    for n in chunks(paths):
        z = rng.standard_normal(n)
        spot = terminal(z)
        paid = DISCOUNT * (spot > STRIKE)
        price = paid * (spot - STRIKE)
        delta = paid * spot / SPOT
        vega = SPOT * delta * (ROOT_T * z - VOLATILITY * MATURITY)
        gamma = delta * (z / (VOLATILITY * ROOT_T) - 1.0) / SPOT
        rho = MATURITY * (SPOT * delta - price)
        theta = RATE * price - SPOT * delta * (DRIFT + VOLATILITY / (2 * ROOT_T) * z)
        sums.add(price, delta, vega, gamma, rho, theta)
    return sums.result()


def digital_price(paths: int, seed: int) -> Result:
    rng, sums = generator(seed), Sums(["price"])
    for n in chunks(paths):
        sums.add(np.where(terminal(rng.standard_normal(n)) > STRIKE, DISCOUNT, 0.0))
    return sums.result()


def digital_greeks(paths: int, seed: int) -> Result:
    rng, sums = generator(seed), Sums(list(TASKS["T2"].truth))
    deviation = VOLATILITY * ROOT_T
    threshold = (np.log(STRIKE / SPOT) - DRIFT * MATURITY) / deviation  # a digital needs no exp
    for n in chunks(paths):
        z = rng.standard_normal(n)
        price = DISCOUNT * (z > threshold)
        delta = price * z / (SPOT * deviation)
        vega = price * ((z * z - 1.0) / VOLATILITY - z * ROOT_T)
        gamma = price * (z * z - deviation * z - 1.0) / (SPOT * deviation) ** 2
        sums.add(price, delta, vega, gamma)
    return sums.result()


def terminal_price(paths: int, seed: int) -> Result:
    rng, sums = generator(seed), Sums(["price"])
    for n in chunks(paths):
        spot = terminal(rng.standard_normal(n))
        sums.add(DISCOUNT * (np.maximum(spot - STRIKE, 0.0) + (spot > STRIKE)))
    return sums.result()


def terminal_greeks(paths: int, seed: int) -> Result:
    """Likelihood ratio: the payoff times p_a / p and p_ab / p, p being the lognormal density of S_T."""
    rng, sums = generator(seed), Sums(list(TASKS["TERMINAL"].truth))
    vol, s = VOLATILITY, VOLATILITY * ROOT_T
    for n in chunks(paths):
        z = rng.standard_normal(n)
        spot = terminal(z)
        price = DISCOUNT * (spot > STRIKE) * (spot - STRIKE + 1.0)
        z2 = z * z - 1.0
        by_vol = z2 / vol - ROOT_T * z
        slope = ROOT_T - z / vol
        delta = price * z / (SPOT * s)
        vega = price * by_vol
        carry = delta * (SPOT * MATURITY)
        gamma = price * (z2 - s * z) / (SPOT * s) ** 2
        theta = price * (RATE - DRIFT / s * z - z2 / (2 * MATURITY))
        vanna = delta * by_vol + price * (vol * MATURITY - 2 * ROOT_T * z) / (SPOT * s * s)
        volga = vega * by_vol + price * (2 / vol * z * slope - z2 / vol**2 - ROOT_T * slope)
        sums.add(price, delta, gamma, vega, carry - MATURITY * price, theta, -carry, vanna, volga)
    return sums.result()


def asian_price(paths: int, seed: int) -> Result:
    rng, sums = generator(seed), Sums(["price"])
    dt = MATURITY / DATES
    for n in chunks(paths):
        y, z, x, total = (np.zeros(n) for _ in range(4))
        for _ in range(DATES):
            rng.standard_normal(out=z)
            z *= VOLATILITY * sqrt(dt)
            z += DRIFT * dt
            y += z
            np.exp(y, out=x)
            total += x
        sums.add(DISCOUNT * np.maximum(SPOT / DATES * total - STRIKE, 0.0))
    return sums.result()


def asian_greeks(paths: int, seed: int) -> Result:
    """With y = log(S/S0), dS/dvol = S ((y - drift t) / vol - vol t): sums of S, S y and S t suffice."""
    rng, sums = generator(seed), Sums(list(TASKS["T3"].truth))
    dt = MATURITY / DATES
    for n in chunks(paths):
        y, z, x, total, total_y, total_t = (np.zeros(n) for _ in range(6))
        for i in range(1, DATES + 1):
            rng.standard_normal(out=z)
            z *= VOLATILITY * sqrt(dt)
            z += DRIFT * dt
            y += z
            np.exp(y, out=x)
            total += x
            np.multiply(x, y, out=z)
            total_y += z
            x *= i * dt
            total_t += x
        average = SPOT / DATES * total
        paid = DISCOUNT * (average > STRIKE)
        price = paid * (average - STRIKE)
        by_volatility = (total_y - DRIFT * total_t) / VOLATILITY - VOLATILITY * total_t
        scale = paid * (SPOT / DATES)
        sums.add(price, paid * average / SPOT, scale * by_volatility, scale * total_t - MATURITY * price)
    return sums.result()


def heston_price(paths: int, seed: int) -> Result:
    rng, sums = generator(seed), Sums(["price"])
    dt = MATURITY / HESTON_STEPS
    for n in chunks(paths):
        x, v = np.zeros(n), np.full(n, VARIANCE)
        z1, z2 = np.empty(n), np.empty(n)
        for _ in range(HESTON_STEPS):
            rng.standard_normal(out=z1)
            rng.standard_normal(out=z2)
            z2 *= sqrt(1 - RHO**2)
            z2 += RHO * z1
            positive = np.maximum(v, 0.0)
            root = np.sqrt(positive)
            root *= sqrt(dt)
            x += (RATE - DIVIDEND) * dt - 0.5 * dt * positive
            x += root * z1
            v += KAPPA * dt * (THETA - positive)
            root *= z2
            root *= XI
            v += root
        sums.add(DISCOUNT * np.maximum(SPOT * np.exp(x) - STRIKE, 0.0))
    return sums.result()


def heston_greeks(paths: int, seed: int) -> Result:
    """Full-truncation Euler; tangents dv' = a dv + b_p, dx' = dx + c dv for p = kappa, theta, xi, rho, v0."""
    rng, sums = generator(seed), Sums(list(TASKS["T4"].truth))
    dt = MATURITY / HESTON_STEPS
    root_dt, other = sqrt(dt), sqrt(1 - RHO**2)
    for n in chunks(paths):
        x, v = np.zeros(n), np.full(n, VARIANCE)
        dx, dv = np.zeros((5, n)), np.zeros((5, n))
        dv[4] = 1.0
        z1, z2, scratch = np.empty(n), np.empty(n), np.empty((5, n))
        for _ in range(HESTON_STEPS):
            rng.standard_normal(out=z1)
            rng.standard_normal(out=z2)
            mixed = RHO * z1 + other * z2
            alive = v > 0.0
            positive = np.maximum(v, 0.0)
            root = np.sqrt(positive)
            half = np.divide(0.5 * root_dt, root, out=np.zeros(n), where=alive)
            np.multiply(dv, half * z1 - 0.5 * dt * alive, out=scratch)
            dx += scratch
            dv *= 1.0 + XI * half * mixed - KAPPA * dt * alive
            shock = root_dt * root
            gap = dt * (THETA - positive)
            dv[0] += gap
            dv[1] += KAPPA * dt
            dv[2] += shock * mixed
            dv[3] += (XI * shock) * (z1 - RHO / other * z2)
            x += (RATE - DIVIDEND) * dt - 0.5 * dt * positive + shock * z1
            v += KAPPA * gap + XI * shock * mixed
        spot = SPOT * np.exp(x)
        paid = DISCOUNT * (spot > STRIKE)
        value = paid * spot
        sums.add(paid * (spot - STRIKE), value / SPOT, *(value * dx))
    return sums.result()


def barrier_samples(z: Array, spot: float, volatility: float) -> Array:
    """Discounted payoffs of the down-and-out call; z has one row a date."""
    dt = MATURITY / DATES
    y, low = np.zeros(z.shape[1]), np.full(z.shape[1], np.inf)
    step = np.empty_like(y)
    for row in z:
        np.multiply(row, volatility * sqrt(dt), out=step)
        step += (RATE - DIVIDEND - volatility**2 / 2) * dt
        y += step
        np.minimum(low, y, out=low)
    paid: Array = DISCOUNT * np.maximum(spot * np.exp(y) - STRIKE, 0.0) * (low > np.log(BARRIER / spot))
    return paid


def barrier_price(paths: int, seed: int) -> Result:
    rng, sums = generator(seed), Sums(["price"])
    for n in chunks(paths):
        sums.add(barrier_samples(rng.standard_normal((DATES, n)), SPOT, VOLATILITY))
    return sums.result()


def barrier_greeks(paths: int, seed: int) -> Result:
    """Central differences of 1 % on the same noise; both bumps of spot ride on one set of paths."""
    rng, sums = generator(seed), Sums(list(TASKS["T5"].truth))
    for n in chunks(paths):
        z = rng.standard_normal((DATES, n))
        price = barrier_samples(z, SPOT, VOLATILITY)
        up, down = (barrier_samples(z, SPOT * bump, VOLATILITY) for bump in (1.01, 0.99))
        more, less = (barrier_samples(z, SPOT, VOLATILITY * bump) for bump in (1.01, 0.99))
        sums.add(price, (up - down) / (0.02 * SPOT), (more - less) / (0.02 * VOLATILITY))
    return sums.result()


def cholesky() -> Array:
    correlation = np.full((ASSETS, ASSETS), CORRELATION) + (1 - CORRELATION) * np.eye(ASSETS)
    return np.linalg.cholesky(correlation).astype(np.float64)


def basket_price(paths: int, seed: int) -> Result:
    rng, sums, factor = generator(seed), Sums(["price"]), cholesky()
    for n in chunks(paths):
        w = factor @ rng.standard_normal((ASSETS, n))
        mean: Array = terminal(w).mean(axis=0)
        sums.add(DISCOUNT * np.maximum(mean - STRIKE, 0.0))
    return sums.result()


def basket_greeks(paths: int, seed: int) -> Result:
    rng, sums, factor = generator(seed), Sums(list(TASKS["T6"].truth)), cholesky()
    for n in chunks(paths):
        w = factor @ rng.standard_normal((ASSETS, n))
        spots = terminal(w)
        mean = spots.mean(axis=0)
        paid = DISCOUNT * (mean > STRIKE)
        deltas = spots * (paid / (ASSETS * SPOT))
        w *= ROOT_T
        w -= VOLATILITY * MATURITY
        w *= deltas
        w *= SPOT
        sums.add(paid * (mean - STRIKE), *deltas, *w)
    return sums.result()


CONTENDERS = (
    Contender("NumPy", "pathwise, mixed gamma", "T1", 2**20, call_greeks, call_price),
    Contender("NumPy", "likelihood ratio", "T2", 2**20, digital_greeks, digital_price),
    Contender("NumPy", "pathwise", "T3", 2**15, asian_greeks, asian_price),
    Contender("NumPy", "pathwise", "T4", 2**14, heston_greeks, heston_price),
    Contender("NumPy", "1 % bump, common noise", "T5", 2**14, barrier_greeks, barrier_price),
    Contender("NumPy", "likelihood ratio", "TERMINAL", 2**20, terminal_greeks, terminal_price),
    Contender("NumPy", "pathwise", "T6", 2**16, basket_greeks, basket_price),
)
