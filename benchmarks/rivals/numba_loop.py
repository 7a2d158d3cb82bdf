"""The loop one writes first: scalar Numba, one path after the other, normals from NumPy's Generator(PCG64).

The yardstick of bars.py. The sums stay in registers, so only the loop body and the generator cost time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, sqrt
from typing import Any

import numpy as np
from numba import njit

from benchmarks.contender import Contender, Result
from benchmarks.rivals.sums import from_sums
from benchmarks.tasks import (
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

DISCOUNT = exp(-RATE * MATURITY)
DRIFT = RATE - DIVIDEND - VOLATILITY**2 / 2


@njit
def asian_price_loop(rng: Any, paths: int) -> tuple[float, float]:
    dt = MATURITY / DATES
    scale, shift = VOLATILITY * sqrt(dt), DRIFT * dt
    total, squares = 0.0, 0.0
    for _ in range(paths):
        y, sum_x = 0.0, 0.0
        for _ in range(DATES):
            y += shift + scale * rng.standard_normal()
            sum_x += exp(y)
        paid = DISCOUNT * max(SPOT * sum_x / DATES - STRIKE, 0.0)
        total += paid
        squares += paid * paid
    return total, squares


@njit
def asian_greeks_loop(rng: Any, paths: int, first: Any, second: Any) -> None:
    dt = MATURITY / DATES
    scale, shift = VOLATILITY * sqrt(dt), DRIFT * dt
    p1, p2, d1, d2, v1, v2, r1, r2 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for _ in range(paths):
        y, dy, sum_x, sum_v, sum_t = 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(DATES):
            z = rng.standard_normal()
            y += shift + scale * z
            dy += sqrt(dt) * z - VOLATILITY * dt
            x = exp(y)
            sum_x += x
            sum_v += x * dy
            sum_t += x * ((i + 1) * dt)
        average = SPOT * sum_x / DATES
        if average > STRIKE:
            price = DISCOUNT * (average - STRIKE)
            delta = DISCOUNT * average / SPOT
            vega = DISCOUNT * SPOT * sum_v / DATES
            rho = DISCOUNT * SPOT * sum_t / DATES - MATURITY * price
            p1 += price
            p2 += price * price
            d1 += delta
            d2 += delta * delta
            v1 += vega
            v2 += vega * vega
            r1 += rho
            r2 += rho * rho
    first[:] = (p1, d1, v1, r1)
    second[:] = (p2, d2, v2, r2)


@njit
def heston_price_loop(rng: Any, paths: int) -> tuple[float, float]:
    dt = MATURITY / HESTON_STEPS
    other = sqrt(1 - RHO**2)
    total, squares = 0.0, 0.0
    for _ in range(paths):
        x, v = 0.0, VARIANCE
        for _ in range(HESTON_STEPS):
            z1 = rng.standard_normal()
            z2 = RHO * z1 + other * rng.standard_normal()
            positive = max(v, 0.0)
            shock = sqrt(positive * dt)
            x += (RATE - DIVIDEND - 0.5 * positive) * dt + shock * z1
            v += KAPPA * (THETA - positive) * dt + XI * shock * z2
        paid = DISCOUNT * max(SPOT * exp(x) - STRIKE, 0.0)
        total += paid
        squares += paid * paid
    return total, squares


@njit
def heston_greeks_loop(rng: Any, paths: int, first: Any, second: Any) -> None:
    dt = MATURITY / HESTON_STEPS
    other = sqrt(1 - RHO**2)
    p1, p2, d1, d2, k1, k2, t1, t2 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    x1, x2, r1, r2, w1, w2 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for _ in range(paths):
        x, v = 0.0, VARIANCE
        xk, xt, xx, xr, xw = 0.0, 0.0, 0.0, 0.0, 0.0
        vk, vt, vx, vr, vw = 0.0, 0.0, 0.0, 0.0, 1.0
        for _ in range(HESTON_STEPS):
            z1 = rng.standard_normal()
            free = rng.standard_normal()
            z2 = RHO * z1 + other * free
            positive = max(v, 0.0)
            shock = sqrt(positive * dt)
            half = 0.5 * dt / shock if v > 0.0 else 0.0
            alive = 1.0 if v > 0.0 else 0.0
            c = half * z1 - 0.5 * dt * alive
            a = 1.0 + XI * half * z2 - KAPPA * dt * alive
            gap = dt * (THETA - positive)
            xk += c * vk
            xt += c * vt
            xx += c * vx
            xr += c * vr
            xw += c * vw
            vk = a * vk + gap
            vt = a * vt + KAPPA * dt
            vx = a * vx + shock * z2
            vr = a * vr + XI * shock * (z1 - RHO / other * free)
            vw = a * vw
            x += (RATE - DIVIDEND - 0.5 * positive) * dt + shock * z1
            v += KAPPA * gap + XI * shock * z2
        spot = SPOT * exp(x)
        if spot > STRIKE:
            value = DISCOUNT * spot
            price, delta = value - DISCOUNT * STRIKE, value / SPOT
            p1 += price
            p2 += price * price
            d1 += delta
            d2 += delta * delta
            k1 += value * xk
            k2 += (value * xk) ** 2
            t1 += value * xt
            t2 += (value * xt) ** 2
            x1 += value * xx
            x2 += (value * xx) ** 2
            r1 += value * xr
            r2 += (value * xr) ** 2
            w1 += value * xw
            w2 += (value * xw) ** 2
    first[:] = (p1, d1, k1, t1, x1, r1, w1)
    second[:] = (p2, d2, k2, t2, x2, r2, w2)


@njit
def terminal_price_loop(rng: Any, paths: int) -> tuple[float, float]:
    shift, deviation = DRIFT * MATURITY, VOLATILITY * sqrt(MATURITY)
    total, squares = 0.0, 0.0
    for _ in range(paths):
        spot = SPOT * exp(shift + deviation * rng.standard_normal())
        paid = DISCOUNT * (spot - STRIKE + 1.0) if spot > STRIKE else 0.0
        total += paid
        squares += paid * paid
    return total, squares


@njit
def terminal_greeks_loop(rng: Any, paths: int, first: Any, second: Any) -> None:
    """Likelihood ratio: the payoff times p_a / p and p_ab / p, p being the lognormal density of S_T."""
    root, vol = sqrt(MATURITY), VOLATILITY
    shift, s = DRIFT * MATURITY, VOLATILITY * sqrt(MATURITY)
    p1, p2, d1, d2, g1, g2, v1, v2, r1, r2 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    t1, t2, q1, q2, a1, a2, o1, o2 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for _ in range(paths):
        z = rng.standard_normal()
        spot = SPOT * exp(shift + s * z)
        if spot > STRIKE:
            paid = DISCOUNT * (spot - STRIKE + 1.0)
            by_spot = z / (SPOT * s)
            by_vol = (z * z - 1.0) / vol - z * root
            slope = root - z / vol
            delta = paid * by_spot
            gamma = paid * (z * z - 1.0 - s * z) / (SPOT * s) ** 2
            vega = paid * by_vol
            rho = paid * (z * root / vol - MATURITY)
            theta = paid * (RATE - z * DRIFT / s - (z * z - 1.0) / (2.0 * MATURITY))
            rho_q = -paid * z * root / vol
            vanna = paid * (by_spot * by_vol + (vol * MATURITY - 2.0 * z * root) / (SPOT * s * s))
            volga = paid * (by_vol * by_vol + 2.0 * z * slope / vol - (z * z - 1.0) / vol**2 - slope * root)
            p1 += paid
            p2 += paid * paid
            d1 += delta
            d2 += delta * delta
            g1 += gamma
            g2 += gamma * gamma
            v1 += vega
            v2 += vega * vega
            r1 += rho
            r2 += rho * rho
            t1 += theta
            t2 += theta * theta
            q1 += rho_q
            q2 += rho_q * rho_q
            a1 += vanna
            a2 += vanna * vanna
            o1 += volga
            o2 += volga * volga
    first[:] = (p1, d1, g1, v1, r1, t1, q1, a1, o1)
    second[:] = (p2, d2, g2, v2, r2, t2, q2, a2, o2)


def generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def run_price(loop: Callable[..., tuple[float, float]], paths: int, seed: int) -> Result:
    total, squares = loop(generator(seed), paths)
    return from_sums(["price"], np.array([total]), np.array([squares]), paths)


def run_greeks(loop: Callable[..., None], names: Sequence[str], paths: int, seed: int) -> Result:
    first, second = np.zeros(len(names)), np.zeros(len(names))
    loop(generator(seed), paths, first, second)
    return from_sums(names, first, second, paths)


def asian_price(paths: int, seed: int) -> Result:
    return run_price(asian_price_loop, paths, seed)


def asian_greeks(paths: int, seed: int) -> Result:
    return run_greeks(asian_greeks_loop, list(TASKS["T3"].truth), paths, seed)


def heston_price(paths: int, seed: int) -> Result:
    return run_price(heston_price_loop, paths, seed)


def heston_greeks(paths: int, seed: int) -> Result:
    return run_greeks(heston_greeks_loop, list(TASKS["T4"].truth), paths, seed)


def terminal_price(paths: int, seed: int) -> Result:
    return run_price(terminal_price_loop, paths, seed)


def terminal_greeks(paths: int, seed: int) -> Result:
    return run_greeks(terminal_greeks_loop, list(TASKS["TERMINAL"].truth), paths, seed)


CONTENDERS = (
    Contender("Numba loop", "pathwise", "T3", 2**14, asian_greeks, asian_price),
    Contender("Numba loop", "pathwise", "T4", 2**14, heston_greeks, heston_price),
    Contender("Numba loop", "likelihood ratio", "TERMINAL", 2**20, terminal_greeks, terminal_price),
)
