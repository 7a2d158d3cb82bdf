"""Multilevel runs of several streams put together, level by level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from greeks.engine.keeping.resume import SAME, differences, different
from greeks.engine.multilevel.origin import LadderOrigin
from greeks.engine.multilevel.rung import Rung
from greeks.errors import SchemaError


def merged(parts: Sequence[LadderOrigin]) -> LadderOrigin:
    """All samples of every level; levels that only some runs have are theirs.

    Sums over levels telescope whatever samples each level has, so runs need not have their levels or paths in common.
    """
    ordered = sorted(parts, key=lambda part: min(part.rungs[0].tallies))
    first = ordered[0]
    for other in ordered[1:]:
        if found := differences(first, other, SAME):
            raise different(found)
    levels = max(len(part.rungs) for part in ordered)
    rungs = tuple(_united([p.rungs[k] for p in ordered if k < len(p.rungs)]) for k in range(levels))
    stopped = "; ".join(dict.fromkeys(part.stopped for part in ordered if part.stopped))
    return replace(first, rungs=rungs, stopped=stopped, elapsed=sum(part.elapsed for part in ordered))


def _united(rungs: Sequence[Rung]) -> Rung:
    """One level of several runs."""
    first, tallies = rungs[0], dict(rungs[0].tallies)
    for rung in rungs[1:]:
        if (rung.chosen, rung.decision.weights) != (first.chosen, first.decision.weights):
            raise different([("estimators chosen", str(first.chosen), str(rung.chosen))])
        common = tallies.keys() & rung.tallies.keys()
        if common:
            raise SchemaError(
                f"merge: two multilevel runs have stream {min(common)} in common, and so paths; give each a stream= of "
                "its own"
            )
        tallies |= rung.tallies
    return replace(first, tallies=dict(sorted(tallies.items())))
