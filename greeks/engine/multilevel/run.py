"""Price and Greeks by multilevel Monte Carlo."""

from __future__ import annotations

import time
from collections.abc import Sequence

from greeks.engine.keeping.resume import other_samples, refuse_others
from greeks.engine.multilevel.ladder import DEFAULT, Ladder
from greeks.engine.multilevel.level import Level
from greeks.engine.multilevel.origin import LadderOrigin
from greeks.engine.multilevel.rung import Rung
from greeks.engine.sampling.clock import Clock
from greeks.engine.sampling.progress import shown
from greeks.engine.sampling.settings import Settings
from greeks.engine.sampling.targets import targets_of
from greeks.engine.terms.contract import Contract
from greeks.errors import SchemaError, UnsupportedError
from greeks.expressions.trace import traced
from greeks.models.base import Model
from greeks.payoffs.base import Payoff
from greeks.results import Sensitivities
from greeks.samplers import Philox, Sampler
from greeks.schemes.exact import has_exact_step
from greeks.schemes.multilevel import Multilevel

SHORT = {
    "max_paths": "max_paths",
    "time_limit": "the time limit",
    "interrupted": "Ctrl-C",
    "levels": "the time-step bias needs more levels, or a scheme with more steps,",
}


def sensitivities(
    model: Model, payoff: Payoff, greeks: Sequence[str], scheme: Multilevel, settings: Settings
) -> Sensitivities:
    """Price and Greeks, with sampling errors in `std_error` and time-step biases in `bias`."""
    started = time.perf_counter()
    ladder = climbed(model, payoff, greeks, scheme, settings, Clock(started, settings.time_limit))
    return kept(ladder, model, payoff, greeks, time.perf_counter() - started).result()


def kept(ladder: Ladder, model: Model, payoff: Payoff, greeks: Sequence[str], elapsed: float) -> LadderOrigin:
    """What is kept of a run, for its result."""
    return LadderOrigin(model, payoff, tuple(greeks), ladder.settings, tuple(ladder.rungs), stopped(ladder), elapsed)


def climbed(
    model: Model,
    payoff: Payoff,
    greeks: Sequence[str],
    scheme: Multilevel,
    settings: Settings,
    clock: Clock,
    before: Sequence[Rung] = (),
) -> Ladder:
    """All levels that a request needs, with their samples; `before` is what there is of them."""
    contract = Contract.of(model, payoff)
    _refuse_exact(contract)
    _refuse_families(settings.sampler or Philox())
    _refuse_parts(settings)

    def level(number: int, tried: int, like: Level | None) -> Level:
        known = before[number] if number < len(before) else like
        decision = None if known is None else known.decision
        return Level.of(number, contract, scheme, greeks, settings, tried, like, decision)

    with shown(settings.progress) as progress:
        ladder = Ladder(level, scheme, settings, clock, progress)
        _go_on(ladder, before)
        if ladder.aims:
            ladder.until_interrupted(ladder.reach)
        else:
            levels, paths = scheme.levels or len(before) or DEFAULT, settings.paths
            _check_paths(paths, levels)
            ladder.until_interrupted(lambda: ladder.share_out(levels, min(paths, settings.max_paths or paths)))
    return ladder


def _go_on(ladder: Ladder, before: Sequence[Rung]) -> None:
    """With the samples that levels have; refused where this version of the library would sample other things."""
    try:
        ladder.extend(1)
        _refuse_smoothed(ladder.levels[0])
        ladder.aims = targets_of(ladder.levels[0].readings, ladder.settings.std_error)
        ladder.extend(len(before))
    except (IndexError, ValueError):
        raise other_samples() from None
    for new, old in zip(ladder.rungs, before, strict=False):
        refuse_others(new.chosen, new.readings, old.chosen, old.readings)
    ladder.go_on(before)


def stopped(ladder: Ladder) -> str:
    """Why the run ended before its goal, in words; empty if it did not."""
    return f"{SHORT[ladder.short]} after {ladder.paths:,} paths" if ladder.short else ""


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


def _refuse_parts(settings: Settings) -> None:
    if settings.first:
        raise UnsupportedError(
            f"Multilevel: first = {settings.first}: levels have paths of their own, and no range of them is a part of "
            "a longer run. Remedy: a stream= of its own for each run, or resume() on the result"
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
