"""Going on with a run, and putting runs together."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import Any

from greeks.engine.keeping.origin import Origin, chosen
from greeks.engine.keeping.saving import Request, encoded
from greeks.engine.multilevel.origin import LadderOrigin
from greeks.engine.run import Task
from greeks.engine.sampling.reading import Reading
from greeks.engine.sampling.samples import Strand
from greeks.engine.sampling.settings import Settings
from greeks.engine.sampling.simulation import MOST, simulate
from greeks.engine.sampling.targets import Wanted, check_targets
from greeks.errors import SchemaError
from greeks.estimators.base import Estimator
from greeks.models.base import Model
from greeks.payoffs.base import Payoff
from greeks.results import Sensitivities

FREE = {"paths", "std_error", "max_paths", "time_limit", "backend", "threads", "stream", "progress", "first"}
SAME = tuple(f.name for f in fields(Settings) if f.name not in FREE)  # what runs to be merged have in common


def resumed(
    origin: Origin,
    paths: int | None,
    std_error: Wanted | None,
    max_paths: int | None,
    time_limit: float | None,
    threads: int | None,
    progress: bool,
) -> Sensitivities:
    """See `Sensitivities.resume`."""
    started = time.perf_counter()
    settings = replace(
        goal(origin.settings, origin.samples.paths, origin.samples.stopped, paths, std_error, max_paths, time_limit),
        time_limit=time_limit,
        threads=threads or origin.settings.threads,
        progress=progress,
        stream=min(origin.samples.strands),
    )
    _check_doubling(origin, paths, settings.paths)
    task = _task(origin)
    samples = simulate(task.plan, origin.readings, *task.table(), settings, started, before=origin.samples)
    if settings.paths == MOST and samples.stopped.startswith("time limit"):
        samples = replace(samples, stopped="")  # as long as there was time: that was the wish
    elapsed = origin.elapsed + time.perf_counter() - started
    return replace(origin, settings=settings, samples=samples, elapsed=elapsed).result()


def goal(
    s: Settings,
    done: int,
    stopped: str,
    paths: int | None,
    std_error: Wanted | None,
    max_paths: int | None,
    time_limit: float | None,
) -> Settings:
    """So many paths more, or a target, or to where the run was going, or as long as there is time."""
    if paths is not None:
        _check_whole("paths", paths)
        return replace(s, paths=done + paths, std_error=std_error, max_paths=max_paths)
    if std_error is not None:
        check_targets(std_error)
        return replace(s, paths=min(s.paths, done), std_error=std_error, max_paths=max_paths)
    if time_limit is not None and not stopped:
        return replace(s, paths=MOST, std_error=None, max_paths=max_paths)
    return replace(s, max_paths=max_paths or s.max_paths)


def _check_whole(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SchemaError(f"{name} = {value!r}: expected a whole number >= 1, how many to add")


def _check_doubling(origin: Origin, paths: int | None, total: int) -> None:
    """A point set goes on by whole doublings: fewer paths cannot be added."""
    families = origin.samples.design.families
    points = origin.samples.paths // families
    needed = families * (1 << points.bit_length())
    if paths is not None and families > 1 and total < needed:
        raise SchemaError(
            f"paths = {paths}: the points of a scramble are a power of two, so that at least "
            f"{needed - origin.samples.paths:,} paths can be added to these {origin.samples.paths:,}"
        )


def _task(origin: Origin) -> Task:
    """What to do to sample more of the same; refused where this version of the library would sample other things."""
    try:
        task = Task.of(origin.model, origin.payoff, origin.greeks, origin.settings, decision=origin.decision)
        words = chosen(task.menu, origin.decision)
    except (IndexError, ValueError):
        raise other_samples() from None
    refuse_others(words, task.readings, origin.chosen, origin.readings)
    return task


def refuse_others(
    chosen: Sequence[Sequence[str]],
    readings: Sequence[Reading],
    chosen_before: Sequence[Sequence[str]],
    readings_before: Sequence[Reading],
) -> None:
    """Refuse to go on where numbers would be read off other samples than before."""
    if chosen != chosen_before or [_columns(r) for r in readings] != [_columns(r) for r in readings_before]:
        raise other_samples()


def other_samples() -> SchemaError:
    """What to tell of a result of which no more samples can be had."""
    return SchemaError(
        "this version of greeks estimates the request by other samples than those of the result, so that no more of "
        "them can be had; run it anew, or go on with the version that made it"
    )


def _columns(reading: Reading) -> tuple[Any, ...]:
    return reading.greek, reading.columns, reading.weights, reading.bias


def estimators_of(origin: Origin) -> dict[str, Estimator]:
    """The estimator of every number; of a blend the first part."""
    entries = zip(_task(origin).menu.entries, origin.decision.picks, strict=True)
    return {entry.greek.name: entry.options[which[0]].estimator for entry, which in entries}


def merge(results: Iterable[Sensitivities]) -> Sensitivities:
    """The result of several runs of one request together: of disjoint streams, or disjoint ranges of paths.

    V = sum_k n_k V_k / n over runs of n_k paths each. Parts of one stream give, bit for bit, what one run over all its
    paths gives; and parts give the same in any order, merged at once or one after the other.

    Parameters
    ----------
    results : what `sensitivities`, `resume` or `load` returned: same model, payoff, Greeks, scheme, sampler, estimator
        and seed. Runs of one seed differ in `stream=`, or in the range of paths, which `first=` begins.

    Raises
    ------
    SchemaError : the runs do not belong together, or have paths in common; the message says which.

    Examples
    --------
    >>> import greeks as gk
    >>> model, payoff = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2), gk.AsianCall(100.0, 1.0, 12)
    >>> a, b = (gk.sensitivities(model, payoff, ["delta"], paths=2**15, first=k * 2**15) for k in range(2))
    >>> gk.merge([b, a])["delta"] == gk.sensitivities(model, payoff, ["delta"], paths=2**16)["delta"]
    True
    """
    origins = [_origin_of(r) for r in results]
    if not origins:
        raise SchemaError("merge([]): expected at least one result")
    ladders = [o for o in origins if isinstance(o, LadderOrigin)]
    parts = [o for o in origins if isinstance(o, Origin)]
    if ladders and parts:
        raise different(differences(parts[0], ladders[0], SAME))
    if ladders:
        from greeks.engine.multilevel.merge import merged

        return merged(ladders).result()
    parts.sort(key=lambda o: min((stream, strand.first) for stream, strand in o.samples.strands.items()))
    for other in parts[1:]:
        _check_alike(parts[0], other)
    strands: dict[int, Strand] = {}
    for part in parts:
        for stream, strand in part.samples.strands.items():
            strands[stream] = _united(stream, strands[stream], strand) if stream in strands else strand
    stopped = "; ".join(dict.fromkeys(o.samples.stopped for o in parts if o.samples.stopped))
    samples = replace(parts[0].samples, strands=dict(sorted(strands.items())), stopped=stopped)
    return replace(parts[0], samples=samples, elapsed=sum(o.elapsed for o in parts)).result()


def _origin_of(result: object) -> Origin | LadderOrigin:
    origin = result.origin if isinstance(result, Sensitivities) else None
    if not isinstance(origin, (Origin, LadderOrigin)):
        raise SchemaError(
            f"merge: a {type(result).__name__} that holds numbers only; expected what greeks.sensitivities, resume or "
            "greeks.load returned"
        )
    return origin


def _check_alike(a: Origin, b: Origin) -> None:
    """Refuse runs of different requests, saying what differs."""
    found = differences(a, b, SAME)
    if not found and (a.chosen, a.decision.weights) != (b.chosen, b.decision.weights):
        found = [("estimators chosen", str(a.chosen), str(b.chosen))]
    if not found and a.decision.shift != b.decision.shift:
        found = [("shift of the paths", str(a.decision.shift), str(b.decision.shift))]
    if found:
        raise different(found)


def differences(a: Request, b: Request, names: Sequence[str]) -> list[tuple[str, str, str]]:
    """What differs between two requests, and how; of the settings only some."""
    pairs = [("model", a.model, b.model), ("payoff", a.payoff, b.payoff), ("greeks", a.greeks, b.greeks)]
    pairs += [(name, getattr(a.settings, name), getattr(b.settings, name)) for name in names]
    return [(name, *_shown(x, y)) for name, x, y in pairs if encoded(x) != encoded(y)]


def different(found: Sequence[tuple[str, str, str]]) -> SchemaError:
    """What to tell of runs that do not belong together."""
    told = "; ".join(f"{name}: {x} and {y}" for name, x, y in found)
    return SchemaError(f"merge: the runs are of different requests: {told}")


def _shown(x: Any, y: Any) -> tuple[str, str]:
    """Two values; of two models or payoffs of one class only the fields that differ."""
    if type(x) is not type(y) or not isinstance(x, (Model, Payoff)):
        return repr(x), repr(y)
    names = [f.name for f in fields(x) if encoded(getattr(x, f.name)) != encoded(getattr(y, f.name))]
    one, other = (", ".join(f"{n}={getattr(of, n)!r}" for n in names) for of in (x, y))
    return one, other


def _united(stream: int, a: Strand, b: Strand) -> Strand:
    if a.tally.overlaps(b.tally):
        raise SchemaError(
            f"merge: two runs have paths of stream {stream} in common; give each run a stream= of its own, or a range "
            "of paths that begins with first="
        )
    ordered = sorted((a, b), key=lambda s: s.first)
    mixing = next((s.mixing for s in ordered if s.mixing is not None), None)
    return Strand(ordered[0].first, a.tally.plus(b.tally), mixing)
