"""Estimates from levels: sums of means, errors from all levels, the bias of the finest, apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from greeks.engine.choosing.control import Array
from greeks.engine.multilevel.rung import Rung
from greeks.engine.multilevel.statistics import biases, covariance, values
from greeks.engine.sampling.bias import Bias
from greeks.engine.sampling.estimates import std_errors
from greeks.engine.sampling.tails import Tails, warning
from greeks.figures import with_error
from greeks.results import Estimate


def estimates_of(rungs: Sequence[Rung], refine: int, targeted: bool) -> tuple[dict[str, Estimate], Array]:
    """Every number, and the covariance of their sampling errors; `targeted` where bias and error met a target."""
    statistics = [rung.statistics for rung in rungs]
    value, joint, paths = values(statistics), covariance(statistics), sum(rung.paths for rung in rungs)
    variances = np.diag(joint).copy()
    error = std_errors(value, variances)
    np.fill_diagonal(joint, error**2)
    remaining, tails, estimates = biases(statistics, refine), _tails(rungs, paths), {}
    for j, reading in enumerate(rungs[0].readings):
        bias = remaining[j] if len(rungs) > 1 else None
        estimates[reading.greek] = Estimate(
            reading.greek,
            float(value[j]),
            float(error[j]),
            paths,
            reading.estimator,
            "; ".join([reading.reason, *_told(rungs, j), *([] if bias is None else [f"time-step {bias}"])]),
            warning(tails[j], reading.estimator, variances[j] == 0.0 and reading.random)
            + (() if targeted or bias is None else _warning(bias, float(error[j]))),
            bias=None if bias is None else bias.value,
        )
    return estimates, joint


def _told(rungs: Sequence[Rung], j: int) -> list[str]:
    """The estimator of the corrections where it is another one; how many levels, their steps, the paths of each."""
    own = rungs[0].readings[j].estimator
    others = dict.fromkeys(rung.readings[j].estimator for rung in rungs[1:])
    paths = ", ".join(f"{rung.paths:,}" for rung in rungs)
    levels = f"{len(rungs)} levels of {rungs[0].steps} to {rungs[-1].steps} steps with {paths} paths"
    return [*(f"corrections by {name}" for name in others if name != own), levels]


def _warning(bias: Bias, error: float) -> tuple[str, ...]:
    if abs(bias.value) <= max(error, 2.0 * bias.std_error):
        return ()
    return (
        f"time-step bias about {with_error(bias.value, bias.std_error)}, more than the standard error and not in it: "
        "take more levels, or give std_error=",
    )


def _tails(rungs: Sequence[Rung], paths: int) -> list[Tails]:
    """How uncertain the standard errors are: a sum of variances is by the parts that each level has in it."""
    parts = np.array([np.diag(rung.statistics.covariance) / rung.statistics.count for rung in rungs])
    doubts = np.array([rung.doubts for rung in rungs])
    with np.errstate(invalid="ignore"):
        relative = np.nan_to_num(np.sqrt(((parts * doubts) ** 2).sum(axis=0)) / parts.sum(axis=0))
    return [Tails(paths, float(e)) for e in relative]
