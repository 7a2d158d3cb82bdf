"""Run a plan, in batches where a target is to be met, and read estimates off the moments."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from greeks.engine.batches import Batches, independent
from greeks.engine.bias import Bias
from greeks.engine.contract import Contract
from greeks.engine.control import PILOT, Array, cross_fitted, joined
from greeks.engine.decision import Decision, decide, instead
from greeks.engine.grid import TimeGrid, time_grid
from greeks.engine.menu import Menu, Wanted, menu_for
from greeks.engine.noise import held
from greeks.engine.plan import Plan, plan_of
from greeks.engine.reading import Reading, mixed, readings_of
from greeks.engine.tails import Tails, known, tails_of, warning
from greeks.errors import EstimationError, SchemaError
from greeks.estimators.base import Estimator
from greeks.models.base import Model
from greeks.payoffs.base import Payoff
from greeks.results import Estimate, Sensitivities
from greeks.samplers import INDEPENDENT, Design, Sampler
from greeks.schemes.base import Scheme
from greeks.schemes.defaults import default_scheme
from greeks.verification import Verification

if TYPE_CHECKING:
    from greeks.kernels.moments import Chunks

ROUNDING = 2.0**-36  # relative; the error of a number that no path changes, after cancellations near expiry
BETWEEN_LOOKS = 64  # chunks of paths between two looks at the clock, where there is a time limit
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
    """Price and Greeks of one contract; a choice that proves to be no number gives way to the next."""
    started = time.perf_counter()
    contract = Contract.of(model, payoff)
    scheme = settings.scheme or default_scheme(model)
    grid = time_grid(payoff, scheme)
    menu = menu_for(contract, scheme, grid.shape, greeks, settings.estimator)
    decision = decide(menu, contract, grid, settings.backend)
    result = _run(menu, decision, contract, grid, scheme, settings, started)
    other = instead(menu, decision, {e.greek for e in _nonsense(result)})
    if other is not None:
        result = _run(menu, other, contract, grid, scheme, settings, started)
    _refuse_nonsense(result)
    return result


def _run(
    menu: Menu,
    decision: Decision,
    contract: Contract,
    grid: TimeGrid,
    scheme: Scheme,
    settings: Settings,
    started: float,
) -> Sensitivities:
    """The numbers that a decision gives, whatever they are."""
    plan = plan_of(menu, contract, decision.picks, sampler=settings.sampler)
    readings = readings_of(menu, decision, plan)
    chunks = simulate(plan, readings, *plan.table(contract, grid), settings, started)
    estimates, covariance = read(readings, chunks, plan.sampler.design)
    return Sensitivities(
        estimates,
        covariance,
        model=type(contract.model).__name__,
        payoff=type(contract.payoff).__name__,
        scheme=repr(scheme),
        sampler=plan.sampler.name,
        backend=settings.backend,
        seed=settings.seed,
        elapsed=time.perf_counter() - started,
        verifier=_verifier(contract.model, contract.payoff, menu, decision, settings),
    )


def _verifier(
    model: Model, payoff: Payoff, menu: Menu, decision: Decision, settings: Settings
) -> Callable[[int], Verification]:
    """What checks the result when asked to: the request and the choices, nothing simulated."""
    used = {
        entry.greek.name: entry.options[which[0]].estimator
        for entry, which in zip(menu.entries, decision.picks, strict=True)
    }
    return partial(_verify, model, payoff, used, settings)


def _verify(
    model: Model, payoff: Payoff, used: Mapping[str, Estimator], settings: Settings, paths: int
) -> Verification:
    from greeks.engine.verify import verification

    return verification(model, payoff, used, settings, paths)


def simulate(
    plan: Plan, readings: Sequence[Reading], table: Array, rows: Array, settings: Settings, started: float
) -> Chunks:
    """Chunks of controlled samples: a pilot of all outputs, then batches of the samples alone.

    Of independent paths the pilot's count too; where a family of points is one sample, the pilot is a family apart.
    """
    from greeks.kernels import backends
    from greeks.kernels.chunks import CHUNK
    from greeks.kernels.compile import load
    from greeks.kernels.lanes import LANES

    rows_of = backends.module_of(settings.backend).rows
    program = load(plan.program.cuda if settings.backend == "cuda" else plan.program.cpu, settings.backend)
    draws = {"seed": settings.seed, "stream": settings.stream, "threads": settings.threads}
    draws["normals"] = held(table, rows)
    batches = Batches(plan.sampler.design, CHUNK, LANES)
    target = _targets(readings, settings.std_error)
    paths = batches.first(settings.paths, bool(target))
    limit = settings.max_paths or (2**40 if target else paths)
    size = min(paths, batches.first(limit, False))
    done = min(batches.part(PILOT), size) if batches.design.families == 1 else 0
    pilot: Chunks = rows_of(program, table, rows, **(batches.range(0, done) if done else batches.apart(PILOT)), **draws)
    _refuse_wrong_scores(plan, readings, pilot)
    mixing = plan.pairing.mixing(plan.pairing.coefficients(pilot))
    parts, pending = [cross_fitted(plan.pairing, pilot)] if done else [], size - done
    while not parts or settings.time_limit is None or time.perf_counter() - started < settings.time_limit:
        size = pending if settings.time_limit is None else min(pending, batches.part(BETWEEN_LOOKS))
        if size > 0:
            parts.append(rows_of(program, table, rows, **batches.range(done, size), mixing=mixing, **draws))
        done, pending = done + size, pending - size
        if pending <= 0:
            pending = _next_batch(readings, joined(parts), target, done, limit, batches)
        if pending <= 0:
            break
    return joined(parts)


def _targets(readings: Sequence[Reading], wanted: float | Mapping[str, float] | None) -> dict[str, float]:
    if wanted is None:
        return {}
    names = [r.greek for r in readings]
    target = dict(wanted) if isinstance(wanted, Mapping) else dict.fromkeys(names, float(wanted))
    for name in target:
        if name not in names:
            raise SchemaError(f"std_error names {name!r}, which is not estimated; there are {', '.join(names)}")
    return target


def _next_batch(
    readings: Sequence[Reading], found: Chunks, target: Mapping[str, float], done: int, limit: int, batches: Batches
) -> int:
    """Paths still needed, in whole batches; 0 when every target holds or the limit is reached."""
    if not target or done >= limit:
        return 0
    estimates = read(readings, found, batches.design)[0]
    ratio = max((estimates[k].std_error / t for k, t in target.items()), default=0.0)
    if not math.isfinite(ratio) or ratio <= 1.0:
        return 0
    return batches.following(done, math.ceil(done * min(ratio * ratio * 1.05, GROWTH)), limit)


def read(
    readings: Sequence[Reading], chunks: Chunks, design: Design = INDEPENDENT
) -> tuple[dict[str, Estimate], Array]:
    """Estimates and the covariance of their errors, from chunks of samples."""
    moments = independent(chunks, design)
    n = moments.count
    values = np.array([r.mean(moments.mean) for r in readings])
    covariance = mixed(readings, np.asarray(moments.comoment)) / (n - 1) / n
    errors = np.maximum(np.sqrt(np.maximum(np.diag(covariance), 0.0)), ROUNDING * np.abs(values))
    still = np.diag(covariance) == 0.0
    with np.errstate(over="ignore"):
        covariance[np.diag_indices_from(covariance)] = errors**2
    of_columns = tails_of(chunks, list(range(len(moments.mean))), design)
    estimates = {
        r.greek: _estimate(r, float(v), float(e), r.tails(of_columns), bool(same), Bias.of(r.bias, moments))
        for r, v, e, same in zip(readings, values, errors, still, strict=True)
    }
    return estimates, covariance


def _estimate(r: Reading, value: float, error: float, tails: Tails, still: bool, bias: Bias | None) -> Estimate:
    return Estimate(
        r.greek,
        value,
        error,
        tails.paths,
        r.estimator,
        "; ".join(filter(None, (r.reason, str(bias or "")))),
        warning(tails, r.estimator, r.random and still) + (bias.warning(error) if bias else ()),
        known(tails.kurtosis),
        known(tails.largest_share),
        None if bias is None else bias.value,
        tails.degrees,
    )


def _refuse_wrong_scores(plan: Plan, readings: Sequence[Reading], pilot: Chunks) -> None:
    """The net under all likelihood ratios: a score that does not average to 0 is no score of the path's law."""
    wrong = set(plan.pairing.suspects(pilot))
    names = [r.greek for r in readings if not wrong.isdisjoint(r.columns)]
    if names:
        raise EstimationError(
            f"{', '.join(names)}: the score of the path does not average to 0, so its law has a bound that moves with "
            "the parameter, or a step bends back. Remedy: estimator=greeks.FiniteDifference(), or correct the model"
        )


def _nonsense(result: Sensitivities) -> list[Estimate]:
    return [e for e in result.values() if not (math.isfinite(e.value) and math.isfinite(e.std_error))]


def _refuse_nonsense(result: Sensitivities) -> None:
    bad = _nonsense(result)
    if bad:
        names = ", ".join(f'"{e.greek}" ({e.estimator})' for e in bad)
        error = EstimationError(
            f"{names} came out as {bad[0].value!r} +- {bad[0].std_error!r} under {result.model}: a degenerate path, "
            "such as one with zero volatility where a density is needed, or numbers beyond double precision. Remedy: "
            f"check the parameters, or use estimator=greeks.FiniteDifference() for {bad[0].greek!r}"
        )
        error.partial = result  # type: ignore[attr-defined]
        raise error
