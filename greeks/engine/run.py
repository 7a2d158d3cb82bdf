"""Price and Greeks of one contract: choose, simulate, read."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from greeks.engine.choosing.decision import KEPT, Decision, instead
from greeks.engine.choosing.importance import choose, refuse
from greeks.engine.choosing.menu import Menu, Noted, menu_for
from greeks.engine.choosing.plan import Plan, plan_of
from greeks.engine.keeping.origin import Origin, chosen
from greeks.engine.programs.host import Array
from greeks.engine.sampling.reading import Reading, readings_of
from greeks.engine.sampling.settings import Settings
from greeks.engine.sampling.simulation import simulate
from greeks.engine.terms.contract import Contract
from greeks.engine.terms.grid import TimeGrid, time_grid
from greeks.errors import EstimationError
from greeks.models.base import Model
from greeks.payoffs.base import Payoff
from greeks.results import Estimate, Sensitivities
from greeks.samplers import ImportanceSampling
from greeks.schemes.base import Scheme
from greeks.schemes.defaults import default_scheme
from greeks.schemes.multilevel import Multilevel


@dataclass(frozen=True)
class Task:
    """One contract, and everything that is decided before a path of it is simulated."""

    contract: Contract
    scheme: Scheme
    grid: TimeGrid
    menu: Menu
    decision: Decision
    plan: Plan
    readings: tuple[Reading, ...]

    @classmethod
    def of(
        cls,
        model: Model,
        payoff: Payoff,
        greeks: Sequence[str],
        settings: Settings,
        noted: Noted = (),
        decision: Decision | None = None,
        like: tuple[Model, Payoff] | None = None,
    ) -> Task:
        """What to do for a request, as was decided before, as for another contract of the kind, or as is decided now.

        See `menu_for` on Greeks that cannot be had.
        """
        contract, scheme, grid, menu = _offered(model, payoff, greeks, settings, noted)
        decided, on = contract, grid
        if like is not None and decision is None:
            other, _, grid_of_other, menu_of_other = _offered(*like, greeks, settings, noted)
            decided, on = (other, grid_of_other) if menu_of_other is menu else (contract, grid)
        decision = decision or choose(menu, decided, on, settings.paths, settings.sampler)
        return cls.decided(contract, scheme, grid, menu, decision, settings)

    @classmethod
    def decided(
        cls, contract: Contract, scheme: Scheme, grid: TimeGrid, menu: Menu, decision: Decision, settings: Settings
    ) -> Task:
        """The task that a decision makes of a request."""
        key = decision, settings.sampler
        made = menu.chosen.get(key)
        if made is None:
            if len(menu.chosen) >= KEPT:
                menu.chosen.clear()
            shift = decision.shift if isinstance(settings.sampler, ImportanceSampling) else None
            plan = plan_of(menu, contract, decision.picks, False, settings.sampler, decision.controls, shift)
            made = menu.chosen[key] = plan, readings_of(menu, decision, plan)
            menu.archived()
        return cls(contract, scheme, grid, menu, decision, *made)

    def instead(self, estimates: Mapping[str, Estimate], settings: Settings) -> Task | None:
        """The task with other estimators for what came out as no number, if there are any."""
        other = instead(self.menu, self.decision, {e.greek for e in nonsense_in(estimates)})
        if other is None:
            return None
        return Task.decided(self.contract, self.scheme, self.grid, self.menu, other, settings)

    def table(self) -> tuple[Array, Array]:
        """What the kernels are given; see `Plan.table`."""
        pilot = self.menu.contests[0].plan if self.menu.contests else None
        return self.plan.table(self.contract, self.grid, self.decision.shift, pilot)


def _offered(
    model: Model, payoff: Payoff, greeks: Sequence[str], settings: Settings, noted: Noted
) -> tuple[Contract, Scheme, TimeGrid, Menu]:
    """A contract, its time steps, and what it may be answered with."""
    contract = Contract.of(model, payoff)
    scheme = settings.scheme or default_scheme(model, payoff)
    grid = time_grid(payoff, scheme)
    menu = menu_for(contract, scheme, grid.shape, greeks, settings.estimator, noted, settings.controls)
    return contract, scheme, grid, menu


def estimate(model: Model, payoff: Payoff, greeks: Sequence[str], settings: Settings) -> Sensitivities:
    """Price and Greeks of one contract; refused if they come out as no numbers."""
    if isinstance(settings.scheme, Multilevel):
        from greeks.engine.multilevel.run import sensitivities as of_levels  # its rooms are opened when needed

        refuse(settings.sampler, "a shift that serves the price need not serve the differences between levels")
        result = of_levels(model, payoff, greeks, settings.scheme, settings)
    else:
        result = _estimated(model, payoff, greeks, settings)
    bad = nonsense_in(result)
    if bad:
        error = refusal_of(bad, result.model)
        error.partial = result  # type: ignore[attr-defined]
        raise error
    return result


def _estimated(model: Model, payoff: Payoff, greeks: Sequence[str], settings: Settings) -> Sensitivities:
    """From one simulation; a choice that proves to be no number gives way to the next."""
    started = time.perf_counter()
    task = Task.of(model, payoff, greeks, settings)
    result = _run(task, greeks, settings, started)
    other = task.instead(result, settings)
    return result if other is None else _run(other, greeks, settings, started)


def _run(task: Task, greeks: Sequence[str], settings: Settings, started: float) -> Sensitivities:
    """The numbers that a task gives, whatever they are."""
    samples = simulate(task.plan, task.readings, *task.table(), settings, started)
    return Origin(
        task.contract.model,
        task.contract.payoff,
        tuple(greeks),
        replace(settings, scheme=task.scheme),  # so that to go on means the same steps whatever the default is then
        task.decision,
        chosen(task.menu, task.decision),
        task.readings,
        samples,
        time.perf_counter() - started,
    ).result()


def nonsense_in(estimates: Mapping[str, Estimate]) -> list[Estimate]:
    """Those that are no number, or have no error."""
    return [e for e in estimates.values() if not (math.isfinite(e.value) and math.isfinite(e.std_error))]


def refusal_of(bad: Sequence[Estimate], model: str) -> EstimationError:
    """What to tell about numbers that came out as none."""
    names = ", ".join(f'"{e.greek}" ({e.estimator})' for e in bad)
    return EstimationError(
        f"{names} came out as {bad[0].value!r} +- {bad[0].std_error!r} under {model}: a degenerate path, "
        "such as one with zero volatility where a density is needed, or numbers beyond double precision. Remedy: "
        f"check the parameters, or use estimator=greeks.FiniteDifference() for {bad[0].greek!r}"
    )
