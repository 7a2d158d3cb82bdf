"""PyTorch: reverse mode through a tape, in float64, on one thread.

Each parameter is a leaf with one element a path, so that a single backward pass leaves every path's own
derivatives, and with them standard errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import exp, sqrt
from typing import Any

import numpy as np
import torch

from benchmarks.contender import Contender, Result, Simulation
from benchmarks.rivals.sums import Sums
from benchmarks.tasks import (
    ASSETS,
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

torch.set_num_threads(1)

CHUNK = 8192
Payoff = Callable[..., Any]
"""(generator, *parameters, each with one element a path) -> discounted payoffs."""


def chunks(paths: int, seed: int) -> Iterator[tuple[int, Any]]:
    generator = torch.Generator().manual_seed(seed)
    for start in range(0, paths, CHUNK):
        yield min(CHUNK, paths - start), generator


def normals(generator: Any, *shape: int) -> Any:
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def full(n: int, value: float) -> Any:
    return torch.full((n,), value, dtype=torch.float64)


def price_of(payoff: Payoff, at: tuple[float, ...]) -> Simulation:
    def run(paths: int, seed: int) -> Result:
        sums = Sums(["price"])
        with torch.no_grad():
            for n, generator in chunks(paths, seed):
                sums.add(payoff(generator, *(full(n, value) for value in at)).numpy())
        return sums.result()

    return run


def greeks_of(payoff: Payoff, at: tuple[float, ...], names: list[str], signs: tuple[int, ...]) -> Simulation:
    """Names are those of the price and of the derivatives by each element of `at`, with their signs."""

    def run(paths: int, seed: int) -> Result:
        sums = Sums(names)
        for n, generator in chunks(paths, seed):
            leaves = [full(n, value).requires_grad_() for value in at]
            samples = payoff(generator, *leaves)
            samples.sum().backward()
            gradients = (s * leaf.grad.numpy() for s, leaf in zip(signs, leaves, strict=True))
            sums.add(samples.detach().numpy(), *gradients)
        return sums.result()

    return run


def terminal(z: Any, spot: Any, volatility: Any, rate: Any, maturity: Any) -> Any:
    drift = (rate - DIVIDEND - volatility**2 / 2) * maturity
    return spot * torch.exp(drift + volatility * maturity**0.5 * z)


def call(generator: Any, spot: Any, volatility: Any, rate: Any, maturity: Any) -> Any:
    paid = torch.relu(terminal(normals(generator, len(spot)), spot, volatility, rate, maturity) - STRIKE)
    return torch.exp(-rate * maturity) * paid


def digital_price(paths: int, seed: int) -> Result:
    sums = Sums(["price"])
    for n, generator in chunks(paths, seed):
        spot = terminal(normals(generator, n), SPOT, VOLATILITY, RATE, MATURITY)
        sums.add((exp(-RATE * MATURITY) * (spot > STRIKE)).numpy())
    return sums.result()


def digital_greeks(paths: int, seed: int) -> Result:
    """Likelihood ratio, by hand: autograd refuses the indicator, as it should."""
    sums = Sums(list(TASKS["T2"].truth))
    deviation = VOLATILITY * sqrt(MATURITY)
    for n, generator in chunks(paths, seed):
        z = normals(generator, n)
        price = exp(-RATE * MATURITY) * (terminal(z, SPOT, VOLATILITY, RATE, MATURITY) > STRIKE)
        delta = price * z / (SPOT * deviation)
        vega = price * ((z * z - 1.0) / VOLATILITY - z * sqrt(MATURITY))
        gamma = price * (z * z - deviation * z - 1.0) / (SPOT * deviation) ** 2
        sums.add(*(sample.numpy() for sample in (price, delta, vega, gamma)))
    return sums.result()


def asian(generator: Any, spot: Any, volatility: Any, rate: Any) -> Any:
    dt = MATURITY / DATES
    drift, deviation = (rate - DIVIDEND - volatility**2 / 2) * dt, volatility * sqrt(dt)
    y = total = torch.zeros_like(spot)
    for _ in range(DATES):
        y = y + torch.addcmul(drift, deviation, normals(generator, len(spot)))
        total = total + torch.exp(y)
    return torch.exp(-rate * MATURITY) * torch.relu(spot / DATES * total - STRIKE)


def heston(generator: Any, spot: Any, kappa: Any, theta: Any, xi: Any, rho: Any, variance: Any) -> Any:
    """Full-truncation Euler; the floor below the root keeps its infinite slope at 0 out of the gradient."""
    dt = MATURITY / HESTON_STEPS
    x, v = torch.zeros_like(spot), variance
    other = torch.sqrt(1 - rho**2)
    for _ in range(HESTON_STEPS):
        z1, free = normals(generator, 2, len(spot))
        positive = torch.relu(v)
        root = torch.sqrt(torch.clamp(v, min=1e-30)) * sqrt(dt)
        x = x + ((RATE - DIVIDEND) * dt - dt / 2 * positive) + root * z1
        v = v + kappa * (theta - positive) * dt + xi * root * (rho * z1 + other * free)
    return exp(-RATE * MATURITY) * torch.relu(spot * torch.exp(x) - STRIKE)


def cholesky() -> Any:
    matrix = np.full((ASSETS, ASSETS), CORRELATION) + (1 - CORRELATION) * np.eye(ASSETS)
    return torch.from_numpy(np.linalg.cholesky(matrix))


def basket_samples(w: Any, spots: Any, volatilities: Any) -> Any:
    mean = terminal(w, spots, volatilities, RATE, MATURITY).mean(dim=0)
    return exp(-RATE * MATURITY) * torch.relu(mean - STRIKE)


def basket_price(paths: int, seed: int) -> Result:
    sums, factor = Sums(["price"]), cholesky()
    for n, generator in chunks(paths, seed):
        sums.add(basket_samples(factor @ normals(generator, ASSETS, n), SPOT, VOLATILITY).numpy())
    return sums.result()


def basket_greeks(paths: int, seed: int) -> Result:
    sums, factor = Sums(list(TASKS["T6"].truth)), cholesky()
    for n, generator in chunks(paths, seed):
        w = factor @ normals(generator, ASSETS, n)
        leaves = [torch.full((ASSETS, n), at, dtype=torch.float64).requires_grad_() for at in (SPOT, VOLATILITY)]
        samples = basket_samples(w, *leaves)
        samples.sum().backward()
        sums.add(samples.detach().numpy(), *leaves[0].grad.numpy(), *leaves[1].grad.numpy())
    return sums.result()


def contender(
    task: str, paths: int, payoff: Payoff, at: tuple[float, ...], names: list[str], signs: tuple[int, ...]
) -> Contender:
    greeks = greeks_of(payoff, at, ["price", *names], signs)
    return Contender("PyTorch", "autograd", task, paths, greeks, price_of(payoff, at))


# No gamma for T1: autograd's second derivative of a kink is 0, silently, and so is left out.
CALL = (SPOT, VOLATILITY, RATE, MATURITY)
HESTON = (SPOT, KAPPA, THETA, XI, RHO, VARIANCE)
CONTENDERS = (
    contender("T1", 2**19, call, CALL, ["delta", "vega", "rho", "theta"], (1, 1, 1, -1)),
    Contender("PyTorch", "likelihood ratio by hand", "T2", 2**19, digital_greeks, digital_price),
    contender("T3", 2**14, asian, CALL[:3], ["delta", "vega", "rho"], (1, 1, 1)),
    contender("T4", 2**14, heston, HESTON, TASKS["T4"].greeks, (1,) * 6),
    Contender("PyTorch", "autograd", "T6", 2**16, basket_greeks, basket_price),
)
