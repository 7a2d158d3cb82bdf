"""The 252-date Asian call with delta, vega and rho on a device, as a good user of each library would write it.

Pathwise derivatives by hand, in double precision, so many paths at a time that the device is full and no more than
one step of all of them is in memory.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from math import exp, sqrt
from typing import Any

from benchmarks.contender import Result
from benchmarks.rivals.sums import from_sums
from benchmarks.tasks import DATES, DIVIDEND, MATURITY, RATE, SPOT, STRIKE, VOLATILITY

CHUNK = 2**20
NAMES = ["price", "delta", "vega", "rho"]
DT = MATURITY / DATES
DRIFT = (RATE - DIVIDEND - 0.5 * VOLATILITY**2) * DT
SCALE = VOLATILITY * sqrt(DT)
DISCOUNT = exp(-RATE * MATURITY)


def step(carry: Any, z: Any, t: Any, exponential: Callable[[Any], Any]) -> Any:
    """One date: log-return, Brownian motion, and the sums of spot, d spot / d volatility, d spot / d rate."""
    x, w, s, v, r = carry
    x, w = x + (DRIFT + SCALE * z), w + z
    spot = SPOT * exponential(x)
    return x, w, s + spot, v + spot * (w * sqrt(DT) - VOLATILITY * t), r + spot * t


def samples(carry: Any, where: Callable[[Any, Any, Any], Any]) -> list[Any]:
    """Price, delta, vega, rho of every path."""
    _, _, s, v, r = carry
    gain = s / DATES - STRIKE
    paid = where(gain > 0.0, DISCOUNT, 0.0)
    price = paid * gain
    return [price, paid * s / (DATES * SPOT), paid * v / DATES, paid * r / DATES - MATURITY * price]


def with_torch(paths: int, seed: int) -> Result:
    """PyTorch, eager."""
    torch: Any = importlib.import_module("torch")
    generator = torch.Generator("cuda").manual_seed(seed)
    total = torch.zeros(2, len(NAMES), dtype=torch.float64, device="cuda")
    for _ in range(paths // CHUNK):
        carry = tuple(torch.zeros(CHUNK, dtype=torch.float64, device="cuda") for _ in range(5))
        for k in range(1, DATES + 1):
            z = torch.randn(CHUNK, dtype=torch.float64, device="cuda", generator=generator)
            carry = step(carry, z, k * DT, torch.exp)
        found = torch.stack(samples(carry, torch.where))
        total += torch.stack([found.sum(dim=1), (found * found).sum(dim=1)])
    first, second = total.cpu().numpy()
    return from_sums(NAMES, first, second, paths)


def with_cupy(paths: int, seed: int) -> Result:
    """CuPy, each step fused into one kernel."""
    cupy: Any = importlib.import_module("cupy")
    fused = cupy.fuse()(lambda x, w, s, v, r, z, t: step((x, w, s, v, r), z, t, cupy.exp))
    draw = cupy.random.Generator(cupy.random.Philox4x3210(seed))
    total = cupy.zeros((2, len(NAMES)))
    for _ in range(paths // CHUNK):
        carry = tuple(cupy.zeros(CHUNK) for _ in range(5))
        for k in range(1, DATES + 1):
            carry = fused(*carry, draw.standard_normal(CHUNK), k * DT)
        found = cupy.stack(samples(carry, cupy.where))
        total += cupy.stack([found.sum(axis=1), (found * found).sum(axis=1)])
    first, second = cupy.asnumpy(total)
    return from_sums(NAMES, first, second, paths)


def with_jax(paths: int, seed: int) -> Result:
    """JAX, everything jitted: a loop over dates inside a loop over chunks."""
    jax: Any = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    jnp, key = jax.numpy, jax.random.key(seed)

    def chunk(index: Any, total: Any) -> Any:
        own = jax.random.fold_in(key, index)

        def date(k: Any, carry: Any) -> Any:
            z = jax.random.normal(jax.random.fold_in(own, k), (CHUNK,), dtype=jnp.float64)
            return step(carry, z, (k + 1) * DT, jnp.exp)

        carry = jax.lax.fori_loop(0, DATES, date, tuple(jnp.zeros(CHUNK) for _ in range(5)))
        found = jnp.stack(samples(carry, jnp.where))
        return total + jnp.stack([found.sum(axis=1), (found * found).sum(axis=1)])

    run = _jitted.setdefault("jax", jax.jit(lambda n: jax.lax.fori_loop(0, n, chunk, jnp.zeros((2, len(NAMES))))))
    first, second = jax.device_get(run(paths // CHUNK))
    return from_sums(NAMES, first, second, paths)


_jitted: dict[str, Any] = {}
RIVALS = {"torch": ("PyTorch", with_torch), "cupy": ("CuPy", with_cupy), "jax": ("JAX", with_jax)}


def on_device() -> dict[str, Callable[[int, int], Result]]:
    """Those that are installed and see a device."""
    return {name: run for module, (name, run) in RIVALS.items() if sees_a_device(module)}


def sees_a_device(module: str) -> bool:
    """Whether a library is there and would compute on a device."""
    try:
        library: Any = importlib.import_module(module)
        if module == "torch":
            return bool(library.cuda.is_available())
        if module == "cupy":
            return int(library.cuda.runtime.getDeviceCount()) > 0
        return any(device.platform == "gpu" for device in library.devices())
    except Exception:  # a driver that is missing or too old: every library has its own way to say so
        return False
