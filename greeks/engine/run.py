"""Run a plan, in batches where a target is to be met, and read estimates off the moments."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from greeks.engine.contract import Contract
from greeks.engine.plan import Plan, Sample, Wanted, grid_of, plan_for
from greeks.engine.tails import relative_error_of_error, warning
from greeks.errors import EstimationError, SchemaError
from greeks.models.base import Model
from greeks.payoffs.base import Payoff
from greeks.results import Estimate, Sensitivities
from greeks.samplers import Philox, Sampler
from greeks.schemes.base import Scheme
from greeks.schemes.defaults import default_scheme

if TYPE_CHECKING:
    from greeks.kernels.moments import Moments

Array = npt.NDArray[np.float64]
Chunks = tuple[npt.NDArray[np.int64], Array, Array]  # counts, means and co-moments of the chunks of paths
CONTROLLED_FROM = 256  # paths below which a regressed control would bias more than it helps
ROUNDING = 2.0**-48  # relative; the error of a number that no path changes
NEGLIGIBLE = 1e-8  # relative size of a control that is left out
GROWTH = 4  # a batch never multiplies the paths by more, since early errors of errors are large


@dataclass(frozen=True)
class Settings:
    """How to simulate: everything but the contract."""

    scheme: Scheme | None = None
    sampler: Sampler | None = None
    estimator: Wanted = "auto"
    paths: int = 2**16
    seed: int = 0
    std_error: float | Mapping[str, float] | None = None
    max_paths: int | None = None
    time_limit: float | None = None
    backend: str = "cpu"
    threads: int | None = None
    stream: int = 0


def estimate(model: Model, payoff: Payoff, greeks: Sequence[str], settings: Settings) -> Sensitivities:
    """Price and Greeks of one contract."""
    started = time.perf_counter()
    contract = Contract.of(model, payoff)
    scheme = settings.scheme or default_scheme(model)
    grid = grid_of(contract, scheme)
    plan = plan_for(contract, scheme, grid, greeks, settings.estimator)
    chunks = _simulate(plan, *plan.table(contract, grid), settings, started)
    estimates, covariance = read(plan.samples, chunks)
    result = Sensitivities(
        estimates,
        covariance,
        model=type(model).__name__,
        payoff=type(payoff).__name__,
        scheme=repr(scheme),
        sampler=(settings.sampler or Philox()).name,
        backend=settings.backend,
        seed=settings.seed,
        elapsed=time.perf_counter() - started,
    )
    _refuse_nonsense(result)
    return result


def _simulate(plan: Plan, table: Array, rows: Array, settings: Settings, started: float) -> Chunks:
    from greeks.kernels import backends
    from greeks.kernels.chunks import CHUNK
    from greeks.kernels.compile import load

    rows_of = backends.module_of(settings.backend).rows
    program = load(plan.program.cuda if settings.backend == "cuda" else plan.program.cpu, settings.backend)
    target = _targets(plan.samples, settings.std_error)
    paths = settings.paths if not target else -(-settings.paths // CHUNK) * CHUNK
    limit = settings.max_paths or (2**40 if target else paths)
    parts: list[Chunks] = []
    done, size = 0, min(paths, limit)
    while True:
        parts.append(
            rows_of(program, table, rows, seed=settings.seed, stream=settings.stream, first=done, paths=size,
                    threads=settings.threads)
        )  # fmt: skip
        done += size
        found = _joined(parts)
        size = _next_batch(plan.samples, found, target, done, limit, CHUNK)
        late = settings.time_limit is not None and time.perf_counter() - started > settings.time_limit
        if size <= 0 or late:
            return found


def _joined(parts: Sequence[Chunks]) -> Chunks:
    """The chunks of successive batches as those of one run."""
    counts, means, comoments = (np.concatenate(p) for p in zip(*parts, strict=True))
    return counts, means, comoments


def _targets(samples: Sequence[Sample], wanted: float | Mapping[str, float] | None) -> dict[str, float]:
    if wanted is None:
        return {}
    names = [s.greek for s in samples]
    target = dict(wanted) if isinstance(wanted, Mapping) else dict.fromkeys(names, float(wanted))
    for name, value in target.items():
        if name not in names:
            raise SchemaError(f"std_error names {name!r}, which is not estimated; there are {', '.join(names)}")
        if not (math.isfinite(value) and value > 0.0):
            raise SchemaError(f"std_error[{name!r}] = {value!r}: expected a finite number > 0")
    return target


def _next_batch(
    samples: Sequence[Sample], found: Chunks, target: Mapping[str, float], done: int, limit: int, chunk: int
) -> int:
    """Paths still needed, in whole chunks; 0 when every target holds or the limit is reached."""
    if not target or done >= limit:
        return 0
    estimates = read(samples, found)[0]
    ratio = max((estimates[k].std_error / t for k, t in target.items()), default=0.0)
    if not math.isfinite(ratio) or ratio <= 1.0:
        return 0
    needed = math.ceil(done * min(ratio * ratio * 1.05, GROWTH)) - done
    return min(-(-needed // chunk) * chunk, limit - done)


def read(samples: Sequence[Sample], chunks: Chunks) -> tuple[dict[str, Estimate], Array]:
    """Estimates and the covariance of their errors; a sample with a control is regressed on it."""
    from greeks.kernels.moments import combine

    moments = combine(*chunks)
    n = moments.count
    comoment = np.asarray(moments.comoment)
    weights = np.zeros((len(samples), len(moments.mean)))
    lost = np.ones(len(samples))
    for i, s in enumerate(samples):
        weights[i, s.column] = 1.0
        if s.control is not None and n >= CONTROLLED_FROM and _matters(s, moments):
            weights[i, s.control] -= comoment[s.column, s.control] / comoment[s.control, s.control]
            lost[i] = 2.0
    mean = np.asarray(moments.mean)
    broken = ~np.isfinite(mean) | ~np.isfinite(np.diag(comoment))
    whole = np.where(broken[:, None] | broken[None, :], 0.0, comoment)
    values = weights @ np.where(broken, 0.0, mean)
    spread = weights @ whole @ weights.T
    spoiled = (weights != 0.0) @ broken  # a NaN spoils only the numbers that use it
    values[spoiled] = spread[spoiled] = spread[:, spoiled] = np.nan
    freedom = np.sqrt(np.outer(n - lost, n - lost))
    covariance = spread / freedom / n
    errors = np.maximum(np.sqrt(np.maximum(np.diag(covariance), 0.0)), ROUNDING * np.abs(values))
    doubts = relative_error_of_error(weights, chunks[0], np.where(np.isfinite(chunks[2]), chunks[2], 0.0))
    estimates = {
        s.greek: Estimate(s.greek, float(v), float(e), n, s.estimator, s.reason, warning(float(doubt)))
        for s, v, e, doubt in zip(samples, values, errors, doubts, strict=True)
    }
    return estimates, covariance


def _matters(s: Sample, moments: Moments) -> bool:
    """Whether a control is more than rounding: times a typical payoff it must show beside the sample itself.

    A control that vanishes identically is computed as noise of 1e-16 whose mean is not 0; regressed on, it would bias.
    """
    spread = np.sqrt(np.diag(moments.comoment) / moments.count)
    payoff = abs(moments.mean[0]) + spread[0]
    return bool(spread[s.control] * payoff > NEGLIGIBLE * spread[s.column])


def _refuse_nonsense(result: Sensitivities) -> None:
    bad = [e for e in result.values() if not (math.isfinite(e.value) and math.isfinite(e.std_error))]
    if bad:
        names = ", ".join(f'"{e.greek}" ({e.estimator})' for e in bad)
        error = EstimationError(
            f"{names} came out as {bad[0].value!r} +- {bad[0].std_error!r} under {result.model}: a degenerate path, "
            "such as one with zero volatility where a density is needed, or numbers beyond double precision. Remedy: "
            f"check the parameters, or use estimator=greeks.FiniteDifference() for {bad[0].greek!r}"
        )
        error.partial = result  # type: ignore[attr-defined]
        raise error
