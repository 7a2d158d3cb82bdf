"""Which backends there are, and which of them this machine can use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, final

from greeks.errors import UnsupportedError

if TYPE_CHECKING:
    from .moments import Chunks, Moments

MODULES = {"cpu": "greeks.kernels.cpu", "cuda": "greeks.kernels.cuda"}
SWEEPERS = {"cpu": "greeks.kernels.sweeping", "cuda": "greeks.kernels.cuda_sweeping"}
IN_FLIGHT = 16  # calls that a device is given before the first is waited for


@dataclass(frozen=True)
class Availability:
    """Whether a backend can run here; if so on what, and why not if not."""

    name: str
    available: bool
    reason: str = ""
    hardware: tuple[str, ...] = ()

    def __str__(self) -> str:
        told = ", ".join(self.hardware) if self.available else f"not available: {self.reason}"
        return f"{self.name:<5} {told}"


@final
@dataclass(frozen=True, repr=False)
class Backends(Mapping[str, Availability]):
    """Every backend by name; prints as a list."""

    found: tuple[Availability, ...]

    def __getitem__(self, name: str) -> Availability:
        for backend in self.found:
            if backend.name == name:
                return backend
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(backend.name for backend in self.found)

    def __len__(self) -> int:
        return len(self.found)

    def __repr__(self) -> str:
        return "\n".join(map(str, self.found))


def module_of(name: str) -> Any:
    """The module of a backend: it has `run`, `rows`. Raises UnsupportedError for an unknown name."""
    if name not in MODULES:
        raise UnsupportedError(f"backend = {name!r}: expected one of {', '.join(map(repr, MODULES))}")
    return import_module(MODULES[name])


def runner(name: str) -> Callable[..., Moments]:
    """The `run` function of a backend."""
    run: Callable[..., Moments] = module_of(name).run
    return run


def sweeper(name: str) -> Callable[..., list[Chunks]]:
    """The `rows_of_all` function of a backend: many programs over the same paths."""
    sweep: Callable[..., list[Chunks]] = import_module(SWEEPERS[name]).rows_of_all
    return sweep


def rows_of_each(name: str, calls: Sequence[Callable[[Callable[..., Any]], Any]]) -> list[Chunks]:
    """What `rows` gives for each of several calls, in flight together where a backend can do that.

    Each call is handed the function to call: `rows`, or `submit`, of which the result is waited for later.
    """
    backend = module_of(name)
    submit = getattr(backend, "submit", None)
    if submit is None:
        return [call(backend.rows) for call in calls]
    found: list[Chunks] = []
    pending: list[Any] = []
    for call in calls:
        if len(pending) == IN_FLIGHT:
            found.append(pending.pop(0).result())
        pending.append(call(submit))
    return [*found, *(p.result() for p in pending)]


def backends() -> Backends:
    """Every backend, available or not.

    >>> backends()["cpu"].available
    True
    """
    from .cpu import available

    cores = available()
    cuda = module_of("cuda")
    reason = cuda.unavailable()
    on = () if reason is not None else cuda.hardware()
    cpu = Availability("cpu", True, hardware=(f"{cores} core{'s' * (cores > 1)}",))
    return Backends((cpu, Availability("cuda", reason is None, reason or "", on)))
