"""Which of several valid estimators to take: the one that needs the least work for the same error.

Work is variance, as a pilot saw it, times the cost of a path, counted in operations (`engine.programs.cost`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from greeks.engine.choosing.contest import Contest, Works, group_of
from greeks.engine.choosing.menu import Entry, Menu, Picks
from greeks.engine.choosing.pilot import PATHS, Pilot, sampled, stages
from greeks.engine.choosing.plan import Kept, Sample, controls_of, plan_of
from greeks.engine.choosing.worth import unmeasured, worth_of
from greeks.engine.terms.contract import Contract
from greeks.engine.terms.grid import TimeGrid
from greeks.errors import EstimationError
from greeks.estimators.base import Estimator
from greeks.estimators.mean import Mean
from greeks.samplers import DriftShift

Array = npt.NDArray[np.float64]
KEPT = 4096
FOR_CLAIMS = 8  # times the paths of a pilot, where it checks means that somebody gave
CHEAP = 1.5  # times the work of the plain price that a smoother one may cost
BOUNDLESS = 1e9  # times the work of the best; what controls leave of a sample may be rounding
READING = 1e5  # nanoseconds, about, that it takes to read a pilot: shorter ones are not worth looking at in between
WORTHWHILE = 0.02  # weight in a blend below which an estimator is not worth its time


@dataclass(frozen=True)
class Decision:
    """For every entry of a menu the options taken, how much each counts, and why."""

    picks: Picks
    weights: tuple[tuple[float, ...], ...]
    reasons: tuple[str, ...]
    controls: Kept = ()
    bought: tuple[str, ...] = ()  # for every entry, what its controls are and did for a pilot of independent paths
    ratios: tuple[float, ...] = ()  # for every entry, its variance in that pilot without controls over that with
    shift: DriftShift | None = None  # of the law of the paths


@dataclass(frozen=True)
class _Taken:
    """The options taken for one entry."""

    options: tuple[int, ...]
    weights: tuple[float, ...]
    reason: str


def decide(menu: Menu, contract: Contract, grid: TimeGrid, paths: int = 2**16) -> Decision:
    """The options and controls of a menu to run for a contract; a pilot is run only where there is something to ask.

    paths : those of the run, at first. One so short that a pilot would be most of it takes what is simplest.
    """
    pilots = (PATHS,) if menu.insists else stages(paths)
    pilots = pilots if pilots and (menu.contested or menu.controlled) else ()
    key = (contract.numbers, grid.key, pilots) if pilots else grid.key
    known = menu.decisions.get(key)
    if known is None:
        known = menu.decisions[key] = _decided(menu, contract, grid, pilots)
        if len(menu.decisions) > KEPT:
            menu.decisions.popitem(last=False)
    return known


def _decided(menu: Menu, contract: Contract, grid: TimeGrid, pilots: Sequence[int]) -> Decision:
    if not pilots:
        unclear = {i: _simplest(e) for i, e in enumerate(menu.entries) if e.contested or e.leans}
        decision = _decision(menu, grid, unclear)
        return replace(decision, controls=unmeasured(menu, decision.picks, grid))
    if not menu.contested:
        return _with_controls(menu, contract, grid, pilots[-1], _decision(menu, grid, {}))
    contest = _contest(menu, contract)
    seen, works = _pilot(menu, contest, contract, grid, pilots)
    decision = _decision(menu, grid, _measured(menu, contest, seen, works))
    if not menu.controlled:
        return decision
    if _claims(menu):
        return _with_controls(menu, contract, grid, pilots[-1], decision)
    return _judged(menu, contest.samples_of(decision.picks), seen, grid, decision)


def on_shifted_paths(
    menu: Menu, contract: Contract, grid: TimeGrid, paths: int, decision: Decision, shift: DriftShift
) -> Decision:
    """The same options on shifted paths, with the controls that a pilot finds worth their time there."""
    alone = Decision(decision.picks, decision.weights, decision.reasons, shift=shift)
    return _with_controls(menu, contract, grid, PATHS, alone) if menu.controlled and stages(paths) else alone


def _contest(menu: Menu, contract: Contract) -> Contest:
    """All options of what only a measurement can decide, and of the price; of other numbers the one that is taken."""
    if not menu.contests:
        known = [_uncontested(e).options for e in menu.entries]
        everything = [tuple(range(len(e.options))) for e in menu.entries]
        open_ones = [e.contested or not e.greek.directions for e in menu.entries]
        picks = tuple(every if c else one for every, one, c in zip(everything, known, open_ones, strict=True))
        menu.contests.append(Contest.of(menu, contract, picks))
    return menu.contests[0]


def _pilot(
    menu: Menu, contest: Contest, contract: Contract, grid: TimeGrid, pilots: Sequence[int]
) -> tuple[Pilot, dict[str, Works]]:
    """A pilot of all candidates that is as long as it takes, and their work.

    Estimators are compared with their controls, which may leave of one nearly nothing and of another nearly all.
    """
    table = contest.plan.table(contract, grid)
    quick = pilots[-1] * contest.cost(menu, grid) < READING
    for paths in pilots[-1:] if quick else pilots:
        found = sampled(contest.plan, *table, paths)
        works = contest.works(menu, found, grid)
        if paths == pilots[-1] or contest.clear(found, works):
            break
    return found, works


def _simplest(e: Entry) -> _Taken:
    return _Taken((0,), (1.0,), _joined("the simplest: too few paths for a pilot", e, 0))


def _with_controls(menu: Menu, contract: Contract, grid: TimeGrid, paths: int, decision: Decision) -> Decision:
    """With the controls that a pilot of what is decided finds worth their time."""
    candidates = controls_of(menu, decision.picks)
    if not any(candidates):
        return decision
    plan = plan_of(menu, contract, decision.picks, controls=candidates, shift=decision.shift)
    claims = _claims(menu)
    table = plan.table(contract, grid, decision.shift)
    seen = sampled(plan, *table, PATHS * FOR_CLAIMS if claims else paths)
    _refuse_contradicted(claims.intersection(seen.contradicted))
    return _judged(menu, plan.samples, seen, grid, decision)


def _judged(
    menu: Menu, samples: Sequence[Sequence[Sample]], seen: Pilot, grid: TimeGrid, decision: Decision
) -> Decision:
    """With the controls that are worth their time, as a pilot saw the samples of what is decided."""
    unseen = seen.astray if decision.shift is None else seen.unseen
    worth = worth_of(menu, samples, seen, decision.picks, decision.weights, grid, unseen)
    bought = tuple(worth.told(i) for i in range(len(menu.entries)))
    return replace(decision, controls=worth.kept, bought=bought, ratios=worth.ratios)


def _claims(menu: Menu) -> frozenset[str]:
    """The controls whose means somebody gave."""
    options = [o for e in menu.entries for o in e.options] if menu.claims else []
    return frozenset(c.name for o in options for c in o.controls if c.claimed)


def _refuse_contradicted(claims: Collection[str]) -> None:
    """A control whose mean is not what it is said to be would carry the difference into every number."""
    if claims:
        raise EstimationError(
            f"control {min(claims)!r}: the mean over the paths is not the one that was given, beyond all chance. "
            "Remedy: check its price and Greeks; they must be those of this model under this scheme, steps included"
        )


def instead(menu: Menu, decision: Decision, names: Collection[str]) -> Decision | None:
    """Another decision for numbers whose estimator broke down: one that integrates a noise that is not there, say."""
    picks, weights, reasons = list(decision.picks), list(decision.weights), list(decision.reasons)
    for i, e in enumerate(menu.entries):
        others = [k for k in range(len(e.options)) if k not in picks[i]]
        if e.greek.name in names and others:
            broken = " and ".join(e.options[k].estimator.shown for k in picks[i])
            picks[i], weights[i], reasons[i] = (others[0],), (1.0,), f"{broken} came out as no number"
    changed = tuple(picks) != decision.picks
    return replace(decision, picks=tuple(picks), weights=tuple(weights), reasons=tuple(reasons)) if changed else None


def _decision(menu: Menu, grid: TimeGrid, measured: Mapping[int, _Taken]) -> Decision:
    taken = [measured.get(i) or _uncontested(e) for i, e in enumerate(menu.entries)]
    if 0 not in measured:
        taken[0] = _for_price(menu.entries[0], _used(menu.entries[1:], taken[1:]), grid)
    return Decision(tuple(t.options for t in taken), tuple(t.weights for t in taken), tuple(t.reason for t in taken))


def _used(entries: Sequence[Entry], taken: Sequence[_Taken]) -> set[Estimator]:
    return {e.options[k].estimator for e, t in zip(entries, taken, strict=True) for k in t.options}


def _for_price(e: Entry, used: Set[Estimator], grid: TimeGrid) -> _Taken:
    """Conditioning never adds variance: it is taken where it costs little, or is there for the Greeks anyway.

    Not by measurement, so that prices of two like contracts, a bump apart, are always estimated alike.
    """
    costs = [o.cost.of(grid) for o in e.options]
    if e.options[0].controls and e.best is None and not used & e.estimators:
        return _Taken((0,), (1.0,), _why_uncontested(e, 0))
    for k, o in enumerate(e.options):
        if len(e.options) == 1 or not o.cost.random or k == e.best:
            return _Taken((k,), (1.0,), _why_uncontested(e, k))
        if o.estimator in used:
            return _Taken((k,), (1.0,), "shares its path with the Greeks")
    cheap = min(
        range(len(costs)), key=lambda k: (costs[k] > CHEAP * min(costs), not e.options[k].estimator.changes_price)
    )
    return _Taken((cheap,), (1.0,), "discounted payoff" if cheap == 0 else "less variance for hardly more work")


def _uncontested(e: Entry) -> _Taken:
    """The only option, or the first that no path changes: it has no error at all."""
    k = next((k for k, o in enumerate(e.options) if not o.cost.random), e.best or 0)
    return _Taken((k,), (1.0,), _why_uncontested(e, k))


def _why_uncontested(e: Entry, taken: int) -> str:
    only = e.options[taken]
    if e.requested and (e.greek.directions or only.estimator.changes_price):
        return "requested"
    if not only.cost.random:
        return "integrated in closed form: no path differs from another"
    if isinstance(only.estimator, Mean):
        return "discounted payoff"
    if e.best is not None:
        noise = "the direction of the path that decides most" if only.fold.integrated else "the price's own noise"
        return _joined(f"{noise} integrated out", e, taken)
    return e.passed_over[taken] or "path and payoff are Lipschitz"


def _measured(menu: Menu, contest: Contest, found: Pilot, works: Mapping[str, Works]) -> dict[int, _Taken]:
    """What the contested entries are won by: elements of a vector, which decide together, by the same."""
    taken: dict[int, _Taken] = {}
    won: dict[str, _Taken] = {}
    for i, entry in enumerate(menu.entries):
        if entry.contested and entry.blended:
            columns = [s.column for s in contest.plan.samples[i]]
            taken[i] = _blend(entry, found.covariance[np.ix_(columns, columns)])
        elif entry.contested:
            group = group_of(entry)
            taken[i] = won[group] = won.get(group) or _winner(entry, works[group])
    return taken


def _winner(e: Entry, works: Works) -> _Taken:
    """The least work; where too few paths saw anything, the estimator that integrates most, else the simplest."""
    if not any(map(math.isfinite, works.least)):
        smoothing = [k for k, o in enumerate(e.options) if o.estimator.changes_price]
        blind = (smoothing or [0])[0]
        return _Taken((blind,), (1.0,), _joined("too few paths of the pilot saw what matters", e, blind))
    best = works.best
    others = [(o, work) for k, (o, work) in enumerate(zip(e.options, works.least, strict=True)) if k != best]
    losers = ", ".join(f"{o.estimator.shown} {_times(work, works.least[best])}" for o, work in others)
    won = "least work" if works.least[best] == min(works.least) else "steadiest of the least work"
    return _Taken((best,), (1.0,), _joined(f"{won} in a pilot ({losers})", e, best))


def _joined(reason: str, e: Entry, taken: int) -> str:
    return "; ".join(filter(None, (reason, e.passed_over[taken])))


def _times(work: float, best: float) -> str:
    """How many times the work, in two digits."""
    if not math.isfinite(work):
        return "not to be judged"
    ratio = work / best if best > 0.0 else math.inf
    return "beyond all bounds" if not ratio < BOUNDLESS else f"{float(f'{ratio:.2g}'):g}x"


def _blend(e: Entry, covariance: Array) -> _Taken:
    """Minimum-variance weights, without those that hardly count."""
    usable = [k for k in range(len(e.options)) if np.isfinite(covariance[k, k])]
    while True:
        weights = best_weights(covariance[np.ix_(usable, usable)])
        smallest = int(np.argmin(np.abs(weights)))
        if len(usable) == 1 or abs(weights[smallest]) >= WORTHWHILE:
            break
        del usable[smallest]
    shares = ", ".join(f"{w:.0%} {e.options[k].estimator.shown}" for k, w in zip(usable, weights, strict=True))
    return _Taken(tuple(usable), tuple(float(w) for w in weights), f"least variance in a pilot: {shares}")


def best_weights(covariance: Array) -> Array:
    """C^-1 1 / (1' C^-1 1); the pseudo-inverse where two estimators are the same number on every path."""
    raw = np.linalg.pinv(covariance, rcond=1e-10, hermitian=True).sum(axis=1)
    total = raw.sum()
    if not total > 0.0:
        return np.asarray(np.eye(len(covariance))[int(np.argmin(np.diag(covariance)))])
    return np.asarray(raw / total)
