"""Going on with a multilevel run: levels from the samples that they have, and further levels for a closer target."""

from __future__ import annotations

import time
from dataclasses import replace

from greeks.engine.keeping.resume import goal
from greeks.engine.multilevel.ladder import MOST
from greeks.engine.multilevel.origin import LadderOrigin
from greeks.engine.multilevel.run import climbed, kept
from greeks.engine.sampling.clock import Clock
from greeks.engine.sampling.targets import Wanted
from greeks.results import Sensitivities


def resumed(
    origin: LadderOrigin,
    paths: int | None,
    std_error: Wanted | None,
    max_paths: int | None,
    time_limit: float | None,
    threads: int | None,
    progress: bool,
) -> Sensitivities:
    """See `Sensitivities.resume`.

    Paths that are added to a whole number of them are shared out as if all had been asked for at once, which gives the
    bits of that run. A target is gone on to from what there is, by way of other numbers of paths than from nothing.
    """
    started = time.perf_counter()
    whole = origin.settings.std_error is None and not origin.stopped and len(origin.streams) == 1
    done = origin.settings.paths if whole else origin.paths
    wanted = goal(origin.settings, done, origin.stopped, paths, std_error, max_paths, time_limit)
    settings = replace(wanted, time_limit=time_limit, threads=threads or origin.settings.threads, progress=progress)
    clock = Clock(started, time_limit)
    ladder = climbed(origin.model, origin.payoff, origin.greeks, origin.scheme, settings, clock, origin.rungs)
    if settings.paths == MOST and ladder.short == "time_limit":
        ladder.short = ""  # as long as there was time: that was the wish
    elapsed = origin.elapsed + time.perf_counter() - started
    return kept(ladder, origin.model, origin.payoff, origin.greeks, elapsed).result()
