"""Which estimator each Greek gets, and why, and what controls and sampler buy, from no more than pilots."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace

from greeks.engine.choosing.pilot import SEED, STREAM
from greeks.engine.run import Task
from greeks.engine.sampling.estimates import read
from greeks.engine.sampling.settings import Settings
from greeks.engine.sampling.simulation import simulate
from greeks.errors import UnsupportedError
from greeks.models.base import Model
from greeks.payoffs.base import Payoff
from greeks.results import Explanation
from greeks.samplers import Philox
from greeks.schemes.defaults import default_scheme
from greeks.schemes.multilevel import Multilevel

PROBE = 2**14  # paths by which samplers are compared, at most


def explanation(model: Model, payoff: Payoff, greeks: tuple[str, ...], settings: Settings) -> Explanation:
    """The choices for a request, and what they buy; of several levels those of the coarsest."""
    scheme = settings.scheme or default_scheme(model, payoff)
    alone = replace(settings, scheme=scheme.inner if isinstance(scheme, Multilevel) else scheme)
    task = Task.of(model, payoff, greeks, alone, (UnsupportedError,))
    asked = [r for r in task.readings if r.greek in greeks or r.greek != "price"]
    decision, by_sampler = task.decision, _by_sampler(task, greeks, alone)
    return Explanation(
        {r.greek: r.estimator for r in asked},
        {r.greek: "; ".join(filter(None, (r.reason, _told(settings, by_sampler.get(r.greek))))) for r in asked},
        task.menu.refusals,
        repr(scheme),
        task.plan.source,
        repr(settings.sampler or Philox()),
        {r.greek: kept for r, kept in zip(task.readings, decision.controls, strict=False) if kept},
        {r.greek: ratio for r, ratio in zip(task.readings, decision.ratios, strict=False) if r.controlled},
        by_sampler,
    )


def _by_sampler(task: Task, greeks: tuple[str, ...], settings: Settings) -> Mapping[str, float]:
    """The variance of independent paths over that of as many of the sampler's, for every number that has one."""
    if isinstance(settings.sampler or Philox(), Philox):
        return {}
    contract, independent = task.contract, replace(settings, sampler=None)
    plain = Task.of(contract.model, contract.payoff, greeks, independent, (UnsupportedError,))
    with_it, without = _variances(task, settings), _variances(plain, independent)
    random = [r.greek for r in task.readings if r.random and with_it[r.greek] > 0.0]
    ratios = {name: without[name] / with_it[name] for name in random}
    return {name: ratio for name, ratio in ratios.items() if 0.0 < ratio < math.inf}


def _variances(task: Task, settings: Settings) -> Mapping[str, float]:
    """Of every number, for each path of a pilot."""
    pilot = replace(settings, paths=min(settings.paths, PROBE), seed=SEED, stream=STREAM)
    samples = simulate(task.plan, task.readings, *task.table(), pilot, time.perf_counter())
    return {name: e.std_error**2 * e.paths for name, e in read(task.readings, samples)[0].items()}


def _told(settings: Settings, ratio: float | None) -> str:
    """What to say of the sampler's share in the variance of a number."""
    if ratio is None or settings.sampler is None:
        return ""
    change = f"/ {float(f'{ratio:.2g}'):,g}" if ratio >= 1.0 else f"x {float(f'{1.0 / ratio:.2g}'):g}"
    return f"{settings.sampler.name}: variance {change} against {min(settings.paths, PROBE):,} independent paths"
