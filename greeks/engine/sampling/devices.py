"""Where programs can run, and where a run is to: on a device only if there is one and the work is worth its while."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from greeks.engine.programs.program import Program
from greeks.engine.sampling.reading import Reading
from greeks.engine.sampling.settings import Settings
from greeks.engine.terms.grid import time_grid
from greeks.errors import DeviceError, UnsupportedError
from greeks.models.base import Model
from greeks.payoffs.base import Payoff
from greeks.schemes.defaults import default_scheme
from greeks.schemes.multilevel import Multilevel

if TYPE_CHECKING:
    from greeks.kernels.compile import CompiledProgram

AUTO = "auto"
WORTHWHILE = 2**27  # paths x steps x outputs for each core of the processor: about a tenth of a second of it
PRECISIONS = ("float64", "float32")


def available() -> Mapping[str, Any]:
    """Every backend by name; see `kernels.backends`."""
    from greeks.kernels.backends import backends

    return backends()


def settled(settings: Settings, model: Model, payoff: Payoff, greeks: Sequence[str]) -> Settings:
    """The settings with a backend of this machine in place of "auto", chosen before anything is simulated.

    A device is taken if there is one that can be used and paths x steps x numbers asked for is at least WORTHWHILE for
    each core, or single precision is asked for. Paths are those of a run without a target, else `max_paths` if given.
    """
    if settings.backend != AUTO:
        return settings
    if settings.precision != "float64":
        return replace(settings, backend="cuda" if available()["cuda"].available else "cpu")
    paths = settings.paths if settings.std_error is None else max(settings.paths, settings.max_paths or 0)
    work = paths * steps(settings, model, payoff) * (1 + len(greeks))
    return replace(settings, backend="cuda" if is_worthwhile(work) and available()["cuda"].available else "cpu")


def without_it(settings: Settings, asked: str, error: DeviceError) -> Settings:
    """The settings of a run that a device failed on, for the processor, if "auto" was asked for: it takes what works.

    Raises the error where a device was named, or single precision, which the processor does not offer.
    """
    if asked != AUTO or settings.precision != "float64":
        raise error
    warnings.warn(f"the run is done by the processor: {error}", RuntimeWarning, stacklevel=4)
    return replace(settings, backend="cpu")


def is_worthwhile(work: int) -> bool:
    """Whether so many paths x steps x outputs are worth a device, if there is one."""
    from greeks.kernels.cpu import available as cores

    return work >= WORTHWHILE * cores()


def steps(settings: Settings, model: Model, payoff: Payoff) -> int:
    """Steps of a path: at least one for each of its dates."""
    scheme = settings.scheme or default_scheme(model, payoff)
    if isinstance(scheme, Multilevel):
        return 1  # most of its paths are on coarse levels
    grid = time_grid(payoff, scheme)
    return max(len(grid.ends), int(grid.substeps.sum()))


def loaded(program: Program, settings: Settings) -> CompiledProgram:
    """The program compiled for the backend and in the precision of the settings."""
    from greeks.kernels.compile import load
    from greeks.kernels.cuda_single import single

    if settings.backend != "cuda":
        return load(program.cpu, settings.backend)
    return load(single(program.cuda) if settings.precision == "float32" else program.cuda, settings.backend)


def check_precision(settings: Settings, readings: Sequence[Reading] = ()) -> None:
    """Refuse single precision where it cannot be had, or would leave no digits.

    Raises UnsupportedError.
    """
    if settings.precision == "float64":
        return
    asked = f"precision = {settings.precision!r}: "
    if settings.precision not in PRECISIONS:
        raise UnsupportedError(f"{asked}expected one of {', '.join(map(repr, PRECISIONS))}")
    if settings.backend == "cpu":
        raise UnsupportedError(
            f"{asked}paths on the CPU are in double precision, which costs it little. Remedy: backend='cuda', or leave "
            "precision out"
        )
    if isinstance(settings.scheme, Multilevel):
        raise UnsupportedError(
            f"{asked}the corrections of multilevel Monte Carlo are differences below its rounding. Remedy: leave "
            "precision out, or name a scheme with one level such as greeks.Euler(steps=64)"
        )
    bumped = [r.greek for r in readings if "finite difference" in r.estimator]
    if bumped:
        raise UnsupportedError(
            f"{asked}{', '.join(bumped)} by finite differences, whose bumps leave few of its digits. Remedy: leave "
            "precision out, or name another estimator"
        )
