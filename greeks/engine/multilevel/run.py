"""Price and Greeks by multilevel Monte Carlo."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from greeks.engine.clock import Clock
from greeks.engine.contract import Contract
from greeks.engine.multilevel.ladder import DEFAULT, Ladder
from greeks.engine.multilevel.level import Level
from greeks.engine.multilevel.report import estimates_of, stopped
from greeks.engine.settings import Settings
from greeks.engine.targets import allowed, targets_of
from greeks.errors import SchemaError, UnsupportedError
from greeks.expressions.trace import traced
from greeks.models.base import Model
from greeks.payoffs.base import Payoff
from greeks.results import Sensitivities
from greeks.samplers import Philox, Sampler
from greeks.schemes.exact import has_exact_step
from greeks.schemes.multilevel import Multilevel


def sensitivities(
    model: Model, payoff: Payoff, greeks: Sequence[str], scheme: Multilevel, settings: Settings
) -> Sensitivities:
    """Price and Greeks, with sampling errors in `std_error` and time-step biases in `bias`."""
    started = time.perf_counter()
    ladder = climbed(model, payoff, greeks, scheme, settings, Clock(started, settings.time_limit))
    estimates, covariance = estimates_of(ladder)
    return Sensitivities(
        estimates,
        covariance,
        model=type(model).__name__,
        payoff=type(payoff).__name__,
        scheme=repr(scheme),
        sampler=ladder.levels[0].plan.sampler.name,
        backend=settings.backend,
        seed=settings.seed,
        elapsed=time.perf_counter() - started,
        stopped=stopped(ladder),
    )


def climbed(
    model: Model, payoff: Payoff, greeks: Sequence[str], scheme: Multilevel, settings: Settings, clock: Clock
) -> Ladder:
    """All levels that a request needs, with their samples."""
    contract = Contract.of(model, payoff)
    _refuse_exact(contract)
    _refuse_families(settings.sampler or Philox())
    ladder = Ladder(lambda number: Level.of(number, contract, scheme, greeks, settings), scheme, settings, clock)
    ladder.extend(1)
    _refuse_smoothed(ladder.levels[0])
    readings = ladder.levels[0].readings
    targets = targets_of(readings, settings.std_error)
    if targets:
        names = [r.greek for r in readings]
        ladder.reach(
            lambda values: np.array(
                [allowed(targets[k], v) if k in targets else np.inf for k, v in zip(names, values, strict=True)]
            )
        )
    else:
        ladder.extend(scheme.levels or DEFAULT)
        _check_paths(settings.paths, len(ladder.levels))
        ladder.share_out(min(settings.paths, settings.max_paths or settings.paths))
    return ladder


def _refuse_exact(contract: Contract) -> None:
    known = contract.model_parameters
    if has_exact_step(traced(contract.model, {k: p.symbol for k, p in known.items()}), known):
        name = type(contract.model).__name__
        raise UnsupportedError(
            f"Multilevel: {name} has an exact step, so there is no time-step bias to remove and nothing to gain; use "
            "scheme=greeks.Exact(), which is the default"
        )


def _refuse_families(sampler: Sampler) -> None:
    if sampler.design.families > 1:
        raise UnsupportedError(
            f"Multilevel: {sampler.name} gives errors from few randomisations of a point set, and how many points each "
            "level needs cannot be told from their variance. Remedy: sampler=greeks.Philox() or greeks.Antithetic(), "
            f"or {sampler.name} with the scheme inside alone"
        )


def _refuse_smoothed(level: Level) -> None:
    smoothed = [r.greek for r in level.readings if r.bias is not None]
    if smoothed:
        raise UnsupportedError(
            f'Multilevel: the estimator of "{smoothed[0]}" has a bias of its own beside that of the time steps, and '
            'the levels would hide it. Remedy: estimator="auto"'
        )


def _check_paths(paths: int, levels: int) -> None:
    least = 4 * levels
    if paths < least:
        raise SchemaError(f"paths = {paths}: expected at least {least}, four for each of {levels} levels")
