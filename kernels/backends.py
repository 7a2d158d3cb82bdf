"""Which backends there are, and which of them this machine can use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from greeks.errors import UnsupportedError

from .moments import Moments

MODULES = {"cpu": "greeks.kernels.cpu", "cuda": "greeks.kernels.cuda"}


@dataclass(frozen=True)
class Availability:
    """Whether a backend can run here, and why not."""

    name: str
    available: bool
    reason: str


def module_of(name: str) -> Any:
    """The module of a backend: it has `run`, `rows`. Raises UnsupportedError for an unknown name."""
    if name not in MODULES:
        raise UnsupportedError(f"backend = {name!r}: expected one of {', '.join(map(repr, MODULES))}")
    return import_module(MODULES[name])


def runner(name: str) -> Callable[..., Moments]:
    """The `run` function of a backend."""
    run: Callable[..., Moments] = module_of(name).run
    return run


def backends() -> dict[str, Availability]:
    """Every backend, available or not.

    >>> backends()["cpu"]
    Availability(name='cpu', available=True, reason='')
    """
    reason = module_of("cuda").unavailable()
    return {"cpu": Availability("cpu", True, ""), "cuda": Availability("cuda", reason is None, reason or "")}
