"""The Asian, Heston and barrier tasks as a careful user would write them for arrays.

A path goes step by step, and its derivatives by hand, in whatever library's functions; no more than one step of all
paths is in memory.

A carry is a tuple of arrays, one number a path each; `step` takes the draws of a step and the time at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, log, pi, sqrt
from typing import Any

from benchmarks.tasks import (
    BARRIER,
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
Carry = tuple[Any, ...]


@dataclass(frozen=True)
class Functions:
    """A library's functions of arrays: of the normal law, `cdf` and `quantile`."""

    exp: Callable[[Any], Any]
    sqrt: Callable[[Any], Any]
    where: Callable[[Any, Any, Any], Any]
    cdf: Callable[[Any], Any]
    quantile: Callable[[Any], Any]


@dataclass(frozen=True)
class Problem:
    """A task: what a path starts with, what it draws a step, its step, and what is paid and its derivatives."""

    task: str
    steps: int
    start: tuple[float, ...]
    normals: int
    uniforms: int
    step: Callable[[Carry, Sequence[Any], Any, Functions], Carry]
    samples: Callable[[Carry, Functions], list[Any]]

    @property
    def names(self) -> list[str]:
        return list(TASKS[self.task].truth)

    @property
    def dt(self) -> float:
        return MATURITY / self.steps


DT = MATURITY / DATES
ROOT = sqrt(DT)
DRIFT = (RATE - DIVIDEND - 0.5 * VOLATILITY**2) * DT
SCALE = VOLATILITY * ROOT


def asian_step(carry: Carry, draws: Sequence[Any], t: Any, f: Functions) -> Carry:
    """Log-return, Brownian motion, and the sums of spot, d spot / d volatility, d spot / d rate."""
    (z,), (x, w, s, v, r) = draws, carry
    x, w = x + (DRIFT + SCALE * z), w + z
    spot = SPOT * f.exp(x)
    return x, w, s + spot, v + spot * (w * ROOT - VOLATILITY * t), r + spot * t


def asian_samples(carry: Carry, f: Functions) -> list[Any]:
    _, _, s, v, r = carry
    gain = s / DATES - STRIKE
    paid = f.where(gain > 0.0, DISCOUNT, 0.0)
    price = paid * gain
    return [price, paid * s / (DATES * SPOT), paid * v / DATES, paid * r / DATES - MATURITY * price]


H = MATURITY / HESTON_STEPS
OTHER = sqrt(1.0 - RHO**2)


def heston_step(carry: Carry, draws: Sequence[Any], t: Any, f: Functions) -> Carry:
    """Full-truncation Euler: log-price, variance, and both by kappa, theta, xi, rho and the first variance."""
    (z, free), (x, v, *tangents) = draws, carry
    alive = f.where(v > 0.0, 1.0, 0.0)
    positive = alive * v
    root = f.sqrt(positive * H)
    slope = f.where(v > 0.0, 0.5 * H / f.where(v > 0.0, root, 1.0), 0.0)  # d root / d v
    w = RHO * z + OTHER * free
    of_x, of_v = slope * z - 0.5 * H * alive, 1.0 - KAPPA * H * alive + XI * slope * w
    own = (H * (THETA - positive), KAPPA * H, root * w, XI * root * (z - RHO / OTHER * free), 0.0)
    by_x = [a + of_x * b for a, b in zip(tangents[:5], tangents[5:], strict=True)]
    by_v = [of_v * b + c for b, c in zip(tangents[5:], own, strict=True)]
    x = x + ((RATE - DIVIDEND) * H - 0.5 * H * positive) + root * z
    return x, v + KAPPA * H * (THETA - positive) + XI * root * w, *by_x, *by_v


def heston_samples(carry: Carry, f: Functions) -> list[Any]:
    x, _, *tangents = carry
    spot = SPOT * f.exp(x)
    paid = f.where(spot > STRIKE, DISCOUNT, 0.0)
    return [paid * (spot - STRIKE), paid * spot / SPOT, *(paid * spot * a for a in tangents[:5])]


def barrier_step(carry: Carry, draws: Sequence[Any], t: Any, f: Functions) -> Carry:
    """One-step survival: log of spot over barrier and weight, both by spot and by volatility.

    Source: Glasserman and Staum (2001), Operations Research 49, section 2; derivatives of every line by hand.
    """
    (u,), (y, weight, y_s, w_s, y_v, w_v) = draws, carry
    d = (y + DRIFT) / SCALE
    survival = f.cdf(d)
    n = f.quantile(u * survival)
    # d is normal's density at 0 times exp(-d^2 / 2) by d; n by survival is u over the density at n.
    density, turn = f.exp(-0.5 * d * d) / sqrt(2.0 * pi), u * f.exp(0.5 * (n * n - d * d))
    found = []
    for y_p, w_p, drift, scale in ((y_s, w_s, 0.0, 0.0), (y_v, w_v, -VOLATILITY * DT, ROOT)):
        d_p = (y_p + drift - d * scale) / SCALE
        found += [y_p + drift - scale * n - SCALE * turn * d_p, w_p * survival + weight * density * d_p]
    return y + DRIFT - SCALE * n, weight * survival, *found


def barrier_samples(carry: Carry, f: Functions) -> list[Any]:
    y, weight, y_s, w_s, y_v, w_v = carry
    spot = BARRIER * f.exp(y)
    paid = f.where(spot > STRIKE, DISCOUNT, 0.0)
    gain = spot - STRIKE
    return [
        paid * weight * gain,
        paid * (w_s * gain + weight * spot * y_s),
        paid * (w_v * gain + weight * spot * y_v),
    ]


PROBLEMS = {
    p.task: p
    for p in (
        Problem("T3", DATES, (0.0,) * 5, 1, 0, asian_step, asian_samples),
        Problem("T4", HESTON_STEPS, (0.0, VARIANCE, *(0.0,) * 9, 1.0), 2, 0, heston_step, heston_samples),
        Problem(
            "T5",
            DATES,
            (log(SPOT / BARRIER), 1.0, 1.0 / SPOT, 0.0, 0.0, 0.0),
            0,
            1,
            barrier_step,
            barrier_samples,
        ),
    )
}
