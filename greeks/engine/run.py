"""Price and Greeks of one contract: choose, simulate, read."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from greeks.engine.contract import Contract
from greeks.engine.decision import Decision, decide, instead
from greeks.engine.estimates import read
from greeks.engine.grid import TimeGrid, time_grid
from greeks.engine.menu import Menu, menu_for
from greeks.engine.plan import plan_of
from greeks.engine.reading import readings_of
from greeks.engine.settings import Settings
from greeks.engine.simulation import simulate
from greeks.errors import EstimationError
from greeks.estimators.base import Estimator
from greeks.models.base import Model
from greeks.payoffs.base import Payoff
from greeks.results import Estimate, Sensitivities
from greeks.schemes.base import Scheme
from greeks.schemes.defaults import default_scheme
from greeks.verification import Verification


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
