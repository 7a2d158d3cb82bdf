"""How many paths each underlying gets, so that the errors of the book's sums come below a target with least work.

With s_u the variance of one path of the part of a sum that underlying u has, and c_u its cost, sum_u s_u / n_u comes
below t^2 with least sum_u c_u n_u for n_u = sqrt(s_u / c_u) sum_v sqrt(s_v c_v) / t^2. Of several sums each underlying
gets the most that one of them asks for. What s_u is, is learnt from the paths so far, at first the same number of all;
their own standard errors play no part, for hedges may cancel them.

Source: Neyman (1934), "On the two different aspects of the representative method", section III; costs as in Cochran
(1977), "Sampling Techniques", section 5.5.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from greeks.portfolio.jobs.bench import Bench
from greeks.portfolio.jobs.job import jobs_of
from greeks.portfolio.jobs.settings import Settings
from greeks.portfolio.numbers.joint import Array, Joint
from greeks.portfolio.numbers.outcome import Outcome
from greeks.portfolio.rows.book import Trade
from greeks.samplers import PointSet

CHUNK = 4096
GROWTH = 4
"""Times the paths of an underlying in one round at most: a first round's variances are not to be trusted far."""
MARGIN = 1.05
MOST = 2**32

Together = Callable[[Mapping[int, Outcome]], Joint]


def priced(
    trades: Sequence[Trade], greeks: Sequence[str], settings: Settings, bench: Bench, together: Together
) -> dict[int, Outcome]:
    """The outcomes of all trades, with paths added by underlying until the targets of the sums hold.

    together : the joint numbers of the book from the outcomes so far, in the units of the targets.
    """
    engine = settings.of_one()
    outcomes = bench.outcomes(jobs_of(trades, greeks, engine, size=bench.size))
    paths = dict.fromkeys((trade.underlying for trade in trades), settings.paths)
    while settings.net_targets() and not bench.late():
        wanted = _wanted(trades, outcomes, together(outcomes), paths, settings)
        again = [trade for trade in trades if wanted[trade.underlying] > paths[trade.underlying]]
        if not again:
            break
        paths = wanted
        outcomes |= bench.outcomes(jobs_of(again, greeks, engine, paths, size=bench.size))
    return outcomes


def _wanted(
    trades: Sequence[Trade],
    outcomes: Mapping[int, Outcome],
    joint: Joint,
    paths: Mapping[str, int],
    settings: Settings,
) -> dict[str, int]:
    """Paths of each underlying for the next round; those it has where the targets hold."""
    names = list(paths)
    done = np.array([paths[name] for name in names], dtype=float)
    cost = np.array([_cost(name, trades, outcomes) for name in names])
    ideal = done.copy()
    for rows in _sums(trades):
        variances = _variances(joint, names, trades, rows)
        for name, target in _targets(settings, joint).items():
            v = np.nan_to_num(variances[:, joint.greeks.index(name)])
            if math.sqrt(v.sum()) > target:
                s = v * done
                with np.errstate(over="ignore"):  # a target beyond reach is infinitely many paths, up to the limit
                    shares = np.sqrt(s / cost) / target * (np.sqrt(s * cost).sum() / target)
                ideal = np.maximum(ideal, shares * MARGIN)
    limit = min(settings.max_paths or MOST, MOST)
    return {
        name: max(paths[name], min(_rounded(min(n, GROWTH * paths[name]), paths[name], settings), limit))
        for name, n in zip(names, ideal, strict=True)
    }


def _rounded(wanted: float, done: int, settings: Settings) -> int:
    """Whole chunks; of points that fill a space the number doubles."""
    if wanted <= done:
        return done
    if isinstance(settings.sampler, PointSet):
        return done << math.ceil(math.log2(wanted / done))
    return -(-math.ceil(wanted) // CHUNK) * CHUNK


def _targets(settings: Settings, joint: Joint) -> dict[str, float]:
    """By number; a target for all is one for each."""
    targets = settings.net_targets()
    return {
        name: targets.get(name, targets.get(name.partition("[")[0], targets.get("", math.inf))) for name in joint.greeks
    }


def _sums(trades: Sequence[Trade]) -> list[list[Trade]]:
    """What is summed: all trades of one currency."""
    by_currency: dict[str, list[Trade]] = {}
    for trade in trades:
        by_currency.setdefault(trade.currency, []).append(trade)
    return list(by_currency.values())


def _variances(joint: Joint, names: Sequence[str], trades: Sequence[Trade], rows: Sequence[Trade]) -> Array:
    """(underlyings, numbers): the variance that each underlying adds to a sum."""
    at: dict[str, list[int]] = {name: [] for name in names}
    for trade in rows:
        if not np.isnan(joint.values[trade.position]).any():
            at[trade.underlying].append(trade.position)
    return np.array([joint.net(np.array(own, dtype=np.int64), np.ones(len(own))).variances for own in at.values()])


def _cost(underlying: str, trades: Sequence[Trade], outcomes: Mapping[int, Outcome]) -> float:
    """Steps of a path of all trades whose numbers depend on it."""
    steps = [
        _steps(trade.payoff)
        for trade in trades
        if trade.underlying == underlying and (np.ptp(outcomes[trade.position].batches, axis=1) > 0.0).any()
    ]
    return float(max(sum(steps), 1))


def _steps(payoff: object) -> int:
    dates = getattr(payoff, "dates", None) or 1
    return dates if isinstance(dates, int) else len(dates)
