"""Where a result comes from: the request, the choices made for it and what was sampled, so that it can go on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greeks.engine.choosing.decision import Decision
from greeks.engine.choosing.menu import Menu
from greeks.engine.sampling.estimates import read
from greeks.engine.sampling.reading import Reading
from greeks.engine.sampling.samples import Samples
from greeks.engine.sampling.settings import Settings
from greeks.engine.sampling.targets import Wanted
from greeks.models.base import Model
from greeks.payoffs.base import Payoff
from greeks.results import Sensitivities
from greeks.samplers import Philox
from greeks.schemes.defaults import default_scheme

if TYPE_CHECKING:
    from greeks.verification import Verification


@dataclass(frozen=True, eq=False)
class Origin:
    """A request, what was chosen for it, and its samples; the methods are those of its result, `Sensitivities`.

    chosen : for every number, in words, the samples that it is read off.
    """

    model: Model
    payoff: Payoff
    greeks: tuple[str, ...]
    settings: Settings
    decision: Decision
    chosen: tuple[tuple[str, ...], ...]
    readings: tuple[Reading, ...]
    samples: Samples
    elapsed: float

    def result(self) -> Sensitivities:
        """The numbers."""
        estimates, covariance = read(self.readings, self.samples)
        return Sensitivities(
            estimates,
            covariance,
            model=type(self.model).__name__,
            payoff=type(self.payoff).__name__,
            scheme=repr(self.settings.scheme or default_scheme(self.model, self.payoff)),
            sampler=(self.settings.sampler or Philox()).name,
            backend=self.settings.backend,
            seed=self.settings.seed,
            elapsed=self.elapsed,
            stopped=self.samples.stopped,
            origin=self,
        )

    def verify(self, paths: int) -> Verification:
        """The numbers again by other estimators."""
        from greeks.engine.keeping.resume import estimators_of
        from greeks.engine.keeping.verify import verification

        return verification(self.model, self.payoff, estimators_of(self), self.settings, paths, self.decision.shift)

    def resume(
        self,
        paths: int | None,
        std_error: Wanted | None,
        max_paths: int | None,
        time_limit: float | None,
        threads: int | None,
        progress: bool,
    ) -> Sensitivities:
        """More samples."""
        from greeks.engine.keeping.resume import resumed

        return resumed(self, paths, std_error, max_paths, time_limit, threads, progress)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Everything into a file."""
        from greeks.engine.keeping.saving import save

        save(self, path)


def chosen(menu: Menu, decision: Decision) -> tuple[tuple[str, ...], ...]:
    """The samples that a decision takes for every number of a menu, in words."""
    picked = zip(menu.entries, decision.picks, strict=True)
    return tuple(tuple(e.options[k].label for k in which) for e, which in picked)
