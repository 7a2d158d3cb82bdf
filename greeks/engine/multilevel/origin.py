"""Where a multilevel result comes from: the request, and what was chosen and sampled for it on every level."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greeks.engine.multilevel.report import estimates_of
from greeks.engine.multilevel.rung import Rung
from greeks.engine.sampling.settings import Settings
from greeks.engine.sampling.targets import Wanted
from greeks.models.base import Model
from greeks.payoffs.base import Payoff
from greeks.results import Sensitivities
from greeks.samplers import Philox
from greeks.schemes.multilevel import Multilevel

if TYPE_CHECKING:
    from greeks.verification import Verification


@dataclass(frozen=True, eq=False)
class LadderOrigin:
    """A request and its levels; the methods are those of its result, `Sensitivities`."""

    model: Model
    payoff: Payoff
    greeks: tuple[str, ...]
    settings: Settings
    rungs: tuple[Rung, ...]
    stopped: str
    elapsed: float

    @property
    def scheme(self) -> Multilevel:
        """How levels are made."""
        scheme = self.settings.scheme
        assert isinstance(scheme, Multilevel)
        return scheme

    @property
    def paths(self) -> int:
        """Paths simulated on all levels."""
        return sum(rung.paths for rung in self.rungs)

    @property
    def streams(self) -> frozenset[int]:
        """Those that were sampled."""
        return frozenset(stream for rung in self.rungs for stream in rung.tallies)

    def result(self) -> Sensitivities:
        """The numbers, with sampling errors in `std_error` and time-step biases in `bias`."""
        targeted = self.settings.std_error is not None
        estimates, covariance = estimates_of(self.rungs, self.scheme.refine, targeted)
        return Sensitivities(
            estimates,
            covariance,
            model=type(self.model).__name__,
            payoff=type(self.payoff).__name__,
            scheme=repr(self.scheme),
            sampler=(self.settings.sampler or Philox()).name,
            backend=self.settings.backend,
            seed=self.settings.seed,
            elapsed=self.elapsed,
            stopped=self.stopped,
            origin=self,
        )

    def verify(self, paths: int) -> Verification:
        """The numbers again by other estimators."""
        from greeks.engine.multilevel.verify import verification

        return verification(self, paths)

    def resume(
        self,
        paths: int | None,
        std_error: Wanted | None,
        max_paths: int | None,
        time_limit: float | None,
        threads: int | None,
        progress: bool,
    ) -> Sensitivities:
        """More samples, and more levels where a target needs them."""
        from greeks.engine.multilevel.resume import resumed

        return resumed(self, paths, std_error, max_paths, time_limit, threads, progress)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Everything into a file."""
        from greeks.engine.multilevel.saving import save

        save(self, path)
