"""Estimates from levels: sums of means, errors from all levels, the bias of the finest, apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from greeks.engine.bias import Bias
from greeks.engine.control import Array
from greeks.engine.estimates import ROUNDING
from greeks.engine.multilevel.ladder import Ladder
from greeks.engine.tails import Tails, tails_of, warning
from greeks.results import Estimate, with_error

SHORT = {
    "max_paths": "max_paths",
    "time_limit": "the time limit",
    "interrupted": "Ctrl-C",
    "levels": "the time-step bias needs more levels, or a scheme with more steps,",
}


def estimates_of(ladder: Ladder) -> tuple[dict[str, Estimate], Array]:
    """Every number, and the covariance of their sampling errors."""
    statistics = ladder.statistics
    values = np.sum([s.mean for s in statistics], axis=0)
    covariance = np.sum([s.covariance / s.count for s in statistics], axis=0)
    errors = np.maximum(np.sqrt(np.maximum(np.diag(covariance), 0.0)), ROUNDING * np.abs(values))
    still = np.diag(covariance) == 0.0
    covariance[np.diag_indices_from(covariance)] = errors**2
    tails, biases, names = _tails(ladder), ladder.biases, ladder.levels[0].readings
    estimates = {}
    for j, reading in enumerate(names):
        bias = biases[j] if len(statistics) > 1 else None
        told = (
            *warning(tails[j], reading.estimator, bool(still[j]) and reading.random),
            *_warnings(ladder, bias, errors[j]),
        )
        estimates[reading.greek] = Estimate(
            reading.greek,
            float(values[j]),
            float(errors[j]),
            ladder.paths,
            reading.estimator,
            "; ".join(
                [
                    reading.reason,
                    *_corrected(ladder, j),
                    _levels(ladder),
                    *([] if bias is None else [f"time-step {bias}"]),
                ]
            ),
            told,
            bias=None if bias is None else bias.value,
        )
    return estimates, covariance


def stopped(ladder: Ladder) -> str:
    """Why the run ended before its goal, in words; empty if it did not."""
    return f"{SHORT[ladder.short]} after {ladder.paths:,} paths" if ladder.short else ""


def _levels(ladder: Ladder) -> str:
    """How many levels, from how many steps to how many, and the paths of each."""
    levels, counts = (
        ladder.levels,
        [s.count * k.together for s, k in zip(ladder.statistics, ladder.levels, strict=True)],
    )
    shared = ", ".join(f"{n:,}" for n in counts)
    return f"{len(levels)} levels of {levels[0].steps} to {levels[-1].steps} steps with {shared} paths"


def _corrected(ladder: Ladder, j: int) -> list[str]:
    """The estimator of the corrections, where it is another one."""
    own = ladder.levels[0].readings[j].estimator
    others = dict.fromkeys(level.readings[j].estimator for level in ladder.levels[1:])
    return [f"corrections by {name}" for name in others if name != own]


def _warnings(ladder: Ladder, bias: Bias | None, error: float) -> Sequence[str]:
    if bias is None or ladder.settings.std_error is not None or abs(bias.value) <= max(error, 2.0 * bias.std_error):
        return ()
    return (
        f"time-step bias about {with_error(bias.value, bias.std_error)}, more than the standard error and not in it: "
        "take more levels, or give std_error=",
    )


def _tails(ladder: Ladder) -> list[Tails]:
    """How uncertain the standard errors are: a sum of variances is by the parts that each level has in it."""
    variances, doubts = [], []
    for level, found in zip(ladder.levels, ladder.found, strict=True):
        assert found is not None
        of_columns = tails_of(found, list(range(found.means.shape[1])), level.plan.sampler.design)
        doubts.append([r.tails(of_columns).error_of_error for r in level.readings])
    for s in ladder.statistics:
        variances.append(np.diag(s.covariance) / s.count)
    parts, doubt = np.array(variances), np.array(doubts)
    with np.errstate(invalid="ignore"):
        relative = np.nan_to_num(np.sqrt(((parts * doubt) ** 2).sum(axis=0)) / parts.sum(axis=0))
    return [Tails(ladder.paths, float(e)) for e in relative]
