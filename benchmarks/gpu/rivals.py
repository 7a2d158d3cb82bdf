"""The tasks of problems.py in PyTorch, CuPy and JAX on a device, as a good user of each would run them.

Double precision, so many paths at a time that the device is full, each library's way to make one kernel of a step.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any

from benchmarks.contender import Result, Simulation
from benchmarks.gpu.problems import PROBLEMS, Functions, Problem
from benchmarks.rivals.sums import from_sums

CHUNK = 2**20
LEAST = 1e-16  # of a uniform: its quantile is to be finite


def with_torch(problem: Problem, device: str = "cuda", chunk: int = CHUNK, compiled: bool = True) -> Simulation:
    """PyTorch: a compiled step, or one kernel an operation."""
    torch: Any = importlib.import_module("torch")
    f = Functions(torch.exp, torch.sqrt, torch.where, torch.special.ndtr, torch.special.ndtri)
    here: dict[str, Any] = {"dtype": torch.float64, "device": device}

    def step(carry: Any, draws: Any, t: Any) -> Any:
        return problem.step(carry, draws, t, f)

    stepped = torch.compile(step) if compiled else step

    def run(paths: int, seed: int) -> Result:
        generator = torch.Generator(device).manual_seed(seed)
        total = torch.zeros(2, len(problem.names), **here)
        times = torch.arange(1, problem.steps + 1, **here) * problem.dt
        for _ in range(paths // chunk):
            carry = tuple(torch.full((chunk,), at, **here) for at in problem.start)
            for t in times:
                draws = [torch.randn(chunk, generator=generator, **here) for _ in range(problem.normals)]
                uniforms = [torch.rand(chunk, generator=generator, **here) for _ in range(problem.uniforms)]
                carry = stepped(carry, [*draws, *(u.clamp_min(LEAST) for u in uniforms)], t)
            found = torch.stack(problem.samples(carry, f))
            total += torch.stack([found.sum(dim=1), (found * found).sum(dim=1)])
        first, second = total.cpu().numpy()
        return from_sums(problem.names, first, second, paths // chunk * chunk)

    return run


def with_cupy(problem: Problem, cupy: Any = None, special: Any = None, chunk: int = CHUNK) -> Simulation:
    """CuPy: a step fused into one kernel."""
    cupy = cupy or importlib.import_module("cupy")
    special = special or importlib.import_module("cupyx.scipy.special")
    f = Functions(cupy.exp, cupy.sqrt, cupy.where, special.ndtr, special.ndtri)
    many = len(problem.start)

    @cupy.fuse()  # type: ignore[untyped-decorator]
    def step(*arguments: Any) -> Any:
        return problem.step(arguments[:many], arguments[many:-1], arguments[-1], f)

    def run(paths: int, seed: int) -> Result:
        draw = cupy.random.Generator(cupy.random.Philox4x3210(seed))
        total = cupy.zeros((2, len(problem.names)))
        for _ in range(paths // chunk):
            carry = tuple(cupy.full(chunk, at) for at in problem.start)
            for k in range(1, problem.steps + 1):
                draws = [draw.standard_normal(chunk) for _ in range(problem.normals)]
                draws += [cupy.maximum(draw.random(chunk), LEAST) for _ in range(problem.uniforms)]
                carry = step(*carry, *draws, k * problem.dt)
            found = cupy.stack(problem.samples(carry, f))
            total += cupy.stack([found.sum(axis=1), (found * found).sum(axis=1)])
        first, second = cupy.asnumpy(total)
        return from_sums(problem.names, first, second, paths // chunk * chunk)

    return run


def with_jax(problem: Problem, chunk: int = CHUNK) -> Simulation:
    """JAX: everything jitted, a loop over dates inside a loop over chunks."""
    jax: Any = importlib.import_module("jax")
    special: Any = importlib.import_module("jax.scipy.special")
    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    f = Functions(jnp.exp, jnp.sqrt, jnp.where, special.ndtr, special.ndtri)

    def sums(chunks: Any, seed: Any) -> Any:
        key = jax.random.key(seed)

        def date(own: Any, k: Any, carry: Any) -> Any:
            keys = [jax.random.fold_in(own, 2 * k + i) for i in range(2)]
            draws = [jax.random.normal(of, (chunk,), dtype=jnp.float64) for of in keys[: problem.normals]]
            draws += [
                jax.random.uniform(of, (chunk,), dtype=jnp.float64, minval=LEAST) for of in keys[: problem.uniforms]
            ]
            return problem.step(carry, draws, (k + 1) * problem.dt, f)

        def play(index: Any, total: Any) -> Any:
            own, carry = jax.random.fold_in(key, index), tuple(jnp.full(chunk, at) for at in problem.start)
            carry = jax.lax.fori_loop(0, problem.steps, lambda k, c: date(own, k, c), carry)
            found = jnp.stack(problem.samples(carry, f))
            return total + jnp.stack([found.sum(axis=1), (found * found).sum(axis=1)])

        return jax.lax.fori_loop(0, chunks, play, jnp.zeros((2, len(problem.names))))

    jitted = jax.jit(sums)

    def run(paths: int, seed: int) -> Result:
        first, second = jax.device_get(jitted(paths // chunk, seed))
        return from_sums(problem.names, first, second, paths // chunk * chunk)

    return run


def eager_torch(problem: Problem) -> Simulation:
    """PyTorch without its compiler."""
    return with_torch(problem, compiled=False)


RIVALS: dict[str, tuple[str, Callable[[Problem], Simulation]]] = {
    "PyTorch, compiled step": ("torch", with_torch),
    "PyTorch, eager": ("torch", eager_torch),
    "CuPy, fused step": ("cupy", with_cupy),
    "JAX, jitted": ("jax", with_jax),
}


def on_device(task: str) -> dict[str, Simulation]:
    """Those that are installed and see a device."""
    return {name: made(name, task) for name, (module, _) in RIVALS.items() if sees_a_device(module)}


def made(name: str, task: str) -> Simulation:
    """A rival at a task, set up at its first call, where it may fail without harm to the others."""
    setup = cache(lambda: RIVALS[name][1](PROBLEMS[task]))
    return lambda paths, seed: setup()(paths, seed)


@cache
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
