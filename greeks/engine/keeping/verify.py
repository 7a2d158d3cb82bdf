"""A second opinion: every number again by another estimator, on the same paths."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

from greeks.engine.choosing.menu import menu_for
from greeks.engine.choosing.plan import plan_of
from greeks.engine.sampling.estimates import read
from greeks.engine.sampling.reading import Reading
from greeks.engine.sampling.settings import Settings
from greeks.engine.sampling.simulation import simulate
from greeks.engine.terms.contract import Contract
from greeks.engine.terms.grid import time_grid
from greeks.estimators.base import Estimator
from greeks.estimators.selection import Against
from greeks.models.base import Model
from greeks.payoffs.base import Payoff
from greeks.results import Estimate
from greeks.samplers import DriftShift
from greeks.schemes.defaults import default_scheme
from greeks.verification import Check, Verification


def verification(
    model: Model,
    payoff: Payoff,
    used: Mapping[str, Estimator],
    settings: Settings,
    paths: int,
    shift: DriftShift | None = None,
) -> Verification:
    """Each number by the estimator used and by another, and their difference with its own standard error."""
    contract = Contract.of(model, payoff)
    scheme = settings.scheme or default_scheme(model, payoff)
    grid = time_grid(payoff, scheme)
    again = replace(settings, paths=paths, std_error=None, max_paths=None, time_limit=None)
    wanted = {name: Against(estimator) for name, estimator in used.items()}
    greeks = [name for name in used if name != "price"]
    menu = menu_for(contract, scheme, grid.shape, greeks, wanted, controls=settings.controls)
    every = tuple(tuple(range(len(e.options))) for e in menu.entries)
    plan = plan_of(menu, contract, every, sampler=settings.sampler, shift=shift)
    readings: list[Reading] = []
    for entry, samples in zip(menu.entries, plan.samples, strict=True):
        for option, sample in zip(entry.options, samples, strict=True):
            name = f"{entry.greek.name} by {option.estimator.shown}"
            by = option.estimator.name
            readings.append(Reading(name, (sample.column,), (1.0,), sample.random, by, "", sample.bias))
        if len(samples) > 1:
            columns = (samples[0].column, samples[1].column)
            readings.append(Reading(entry.greek.name, columns, (1.0, -1.0), True, "difference", ""))
    run = simulate(plan, readings, *plan.table(contract, grid, shift), again, time.perf_counter())
    if run.stopped:
        raise KeyboardInterrupt
    found, _ = read(readings, run)
    return Verification(tuple(_check(e.greek.name, [o.estimator for o in e.options], found) for e in menu.entries))


def _check(name: str, estimators: list[Estimator], found: Mapping[str, Estimate]) -> Check:
    numbers = [found[f"{name} by {e.shown}"] for e in estimators]
    if len(numbers) < 2:
        return Check(name, numbers[0], None, None)
    return Check(name, numbers[0], numbers[1], found[name])
