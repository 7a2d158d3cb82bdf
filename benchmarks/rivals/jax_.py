"""JAX: forward-mode derivatives of a jitted simulation, in float64, chunk after chunk under one scan.

Forward mode because per-path derivatives are needed for standard errors, and because reverse mode through an
inverse normal is several times slower. Default (threefry) keys: their draws fuse with what follows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from math import exp, sqrt
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy.special import ndtr, ndtri

from benchmarks.contender import Contender, Result, Simulation
from benchmarks.rivals.sums import from_sums
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

jax.config.update("jax_enable_x64", True)

Samples = tuple[Any, ...]
CHUNK = 8192


def simulation(sample: Callable[[Any], Samples], names: list[str], chunk: int = CHUNK) -> Simulation:
    """Sums of `sample(key)`, whose arrays have `chunk` paths each, over as many chunks as make the paths."""

    @partial(jax.jit, static_argnums=1)
    def sums(seed: Any, chunks: int) -> Any:
        key = jax.random.key(seed)

        def add(carry: Any, index: Any) -> Any:
            samples = sample(jax.random.fold_in(key, index))
            first = jnp.stack([s.sum() for s in samples])
            second = jnp.stack([s @ s for s in samples])
            return (carry[0] + first, carry[1] + second), None

        zero = jnp.zeros(len(names))
        return lax.scan(add, (zero, zero), jnp.arange(chunks))[0]

    def run(paths: int, seed: int) -> Result:
        chunks = -(-paths // chunk)
        first, second = sums(seed, chunks)
        return from_sums(names, np.asarray(first), np.asarray(second), chunks * chunk)

    return run


def normals(key: Any, *shape: int) -> Any:
    return jax.random.normal(key, shape, dtype=jnp.float64)


Draw = Callable[[Any], Any]
"""Step -> noise of that step."""


def on_the_fly(key: Any) -> Draw:
    """Fastest where each number is used once: the draw is fused into its use."""
    return lambda i: normals(jax.random.fold_in(key, i), CHUNK)


def ahead(key: Any, steps: int) -> Draw:
    """Fastest under derivatives: XLA would repeat a fused draw in every use."""
    z = normals(key, steps, CHUNK)
    return lambda i: z[i]


def terminal(z: Any, spot: Any, volatility: Any, rate: Any, maturity: Any) -> Any:
    drift = rate - DIVIDEND - volatility**2 / 2
    return spot * jnp.exp(drift * maturity + volatility * jnp.sqrt(maturity) * z)


def call(z: Any, spot: Any, volatility: Any, rate: Any, maturity: Any) -> Any:
    paid = jnp.maximum(terminal(z, spot, volatility, rate, maturity) - STRIKE, 0.0)
    return jnp.exp(-rate * maturity) * paid


def call_price(key: Any) -> Samples:
    return (call(normals(key, CHUNK), SPOT, VOLATILITY, RATE, MATURITY),)


def call_greeks(key: Any) -> Samples:
    """`gamma` is what JAX says when asked: the derivative of the derivative of a kink, 0."""
    z = normals(key, CHUNK)
    at = jnp.array([SPOT, VOLATILITY, RATE, MATURITY])
    delta, vega, rho, by_time = jax.jacfwd(lambda p: call(z, *p))(at).T
    gamma = jax.jvp(lambda s: jax.jvp(lambda u: call(z, u, *at[1:]), (s,), (1.0,))[1], (SPOT,), (1.0,))[1]
    return call(z, *at), delta, vega, gamma, rho, -by_time


def digital(z: Any, spot: Any, volatility: Any) -> Any:
    return exp(-RATE * MATURITY) * (terminal(z, spot, volatility, RATE, MATURITY) > STRIKE).astype(jnp.float64)


def digital_price(key: Any) -> Samples:
    return (digital(normals(key, CHUNK), SPOT, VOLATILITY),)


def digital_greeks(key: Any) -> Samples:
    """Likelihood ratio, by hand."""
    z = normals(key, CHUNK)
    root, deviation = sqrt(MATURITY), VOLATILITY * sqrt(MATURITY)
    price = digital(z, SPOT, VOLATILITY)
    delta = price * z / (SPOT * deviation)
    vega = price * ((z * z - 1.0) / VOLATILITY - z * root)
    gamma = price * (z * z - deviation * z - 1.0) / (SPOT * deviation) ** 2
    return price, delta, vega, gamma


def digital_naive(key: Any) -> Samples:
    """What the derivative of the indicator gives: zeros, and no warning."""
    z = normals(key, CHUNK)
    delta = jax.jvp(lambda s: digital(z, s, VOLATILITY), (SPOT,), (1.0,))[1]
    vega = jax.jvp(lambda v: digital(z, SPOT, v), (VOLATILITY,), (1.0,))[1]
    return digital(z, SPOT, VOLATILITY), delta, vega, jnp.zeros_like(delta)


def asian(draw: Draw, spot: Any, volatility: Any, rate: Any) -> Any:
    dt = MATURITY / DATES

    def step(i: Any, carry: Any) -> Any:
        y, total = carry
        y = y + (rate - DIVIDEND - volatility**2 / 2) * dt + volatility * sqrt(dt) * draw(i)
        return y, total + jnp.exp(y)

    zero = jnp.zeros(CHUNK)
    _, total = lax.fori_loop(0, DATES, step, (zero, zero))
    return jnp.exp(-rate * MATURITY) * jnp.maximum(spot / DATES * total - STRIKE, 0.0)


def asian_price(key: Any) -> Samples:
    return (asian(on_the_fly(key), SPOT, VOLATILITY, RATE),)


def asian_greeks(key: Any) -> Samples:
    draw = ahead(key, DATES)
    price, tangents = with_derivatives(lambda p: asian(draw, *p), jnp.array([SPOT, VOLATILITY, RATE]))
    return price, *tangents


def with_derivatives(function: Callable[[Any], Any], at: Any) -> tuple[Any, Any]:
    """The value, and its forward derivatives by every element of `at`, from one pass."""
    push = jax.vmap(lambda direction: jax.jvp(function, (at,), (direction,)), out_axes=(None, 0))
    value, tangents = push(jnp.eye(len(at)))
    return value, tangents


def heston(draw: Draw, p: Any) -> Any:
    """Full-truncation Euler; the inner `where` keeps the root's infinite slope at 0 out of the derivative."""
    spot, kappa, theta, xi, rho, variance = p
    dt = MATURITY / HESTON_STEPS

    def step(i: Any, carry: Any) -> Any:
        x, v = carry
        z1, free = draw(2 * i), draw(2 * i + 1)
        positive = jnp.maximum(v, 0.0)
        root = jnp.where(v > 0.0, jnp.sqrt(jnp.where(v > 0.0, v, 1.0)), 0.0) * sqrt(dt)
        x = x + (RATE - DIVIDEND - positive / 2) * dt + root * z1
        v = v + kappa * (theta - positive) * dt + xi * root * (rho * z1 + jnp.sqrt(1 - rho**2) * free)
        return x, v

    x, _ = lax.fori_loop(0, HESTON_STEPS, step, (jnp.zeros(CHUNK), jnp.full(CHUNK, variance)))
    return exp(-RATE * MATURITY) * jnp.maximum(spot * jnp.exp(x) - STRIKE, 0.0)


HESTON = (SPOT, KAPPA, THETA, XI, RHO, VARIANCE)


def heston_price(key: Any) -> Samples:
    return (heston(on_the_fly(key), HESTON),)


def heston_greeks(key: Any) -> Samples:
    draw = ahead(key, 2 * HESTON_STEPS)
    price, tangents = with_derivatives(lambda p: heston(draw, tuple(p)), jnp.array(HESTON))
    return price, *tangents


def barrier(key: Any, spot: Any, volatility: Any) -> Any:
    """One-step survival (Glasserman and Staum, 2001): draw each step given survival, weight by its chance."""
    dt = MATURITY / DATES
    deviation = volatility * sqrt(dt)
    drift = (RATE - DIVIDEND - volatility**2 / 2) * dt

    def step(i: Any, carry: Any) -> Any:
        y, weight = carry
        survival = ndtr((y + drift) / deviation)
        u = jax.random.uniform(jax.random.fold_in(key, i), (CHUNK,), dtype=jnp.float64, minval=1e-16)
        return y + drift - deviation * ndtri(u * survival), weight * survival

    above = jnp.log(spot / BARRIER) * jnp.ones(CHUNK)
    y, weight = lax.fori_loop(0, DATES, step, (above, jnp.ones(CHUNK)))
    return exp(-RATE * MATURITY) * weight * jnp.maximum(BARRIER * jnp.exp(y) - STRIKE, 0.0)


def barrier_price(key: Any) -> Samples:
    return (barrier(key, SPOT, VOLATILITY),)


def barrier_greeks(key: Any) -> Samples:
    price, tangents = with_derivatives(lambda p: barrier(key, *p), jnp.array([SPOT, VOLATILITY]))
    return price, *tangents


@cache
def cholesky() -> Any:
    return np.linalg.cholesky(np.full((ASSETS, ASSETS), CORRELATION) + (1 - CORRELATION) * np.eye(ASSETS))


def basket(w: Any, spots: Any, volatilities: Any) -> Any:
    mean = terminal(w, spots, volatilities, RATE, MATURITY).mean()
    return exp(-RATE * MATURITY) * jnp.maximum(mean - STRIKE, 0.0)


def basket_arguments(key: Any) -> tuple[Any, Any, Any]:
    w = jnp.asarray(cholesky()) @ normals(key, ASSETS, CHUNK)
    return w, jnp.full(ASSETS, SPOT), jnp.full(ASSETS, VOLATILITY)


def basket_price(key: Any) -> Samples:
    return (jax.vmap(basket, (1, None, None))(*basket_arguments(key)),)


def basket_greeks(key: Any) -> Samples:
    """Twenty Greeks of one number a path: here reverse mode is right."""
    value_and_grad = jax.value_and_grad(basket, argnums=(1, 2))
    price, (deltas, vegas) = jax.vmap(value_and_grad, (1, None, None))(*basket_arguments(key))
    return price, *deltas.T, *vegas.T


def contender(
    task: str,
    method: str,
    paths: int,
    greeks: Callable[[Any], Samples],
    price: Callable[[Any], Samples],
    silent_zeros: tuple[str, ...] = (),
) -> Contender:
    whole = simulation(greeks, list(TASKS[task].truth))
    return Contender("JAX", method, task, paths, whole, simulation(price, ["price"]), silent_zeros)


CONTENDERS = (
    contender("T1", "jvp", 2**19, call_greeks, call_price, ("gamma",)),
    contender("T2", "likelihood ratio by hand", 2**19, digital_greeks, digital_price),
    contender("T2", "jvp", 2**19, digital_naive, digital_price, ("delta", "vega", "gamma")),
    contender("T3", "jvp", 2**15, asian_greeks, asian_price),
    contender("T4", "jvp", 2**14, heston_greeks, heston_price),
    contender("T5", "one-step survival, jvp", 2**14, barrier_greeks, barrier_price),
    contender("T6", "vjp", 2**16, basket_greeks, basket_price),
)
