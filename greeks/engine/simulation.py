"""Simulate a plan, in batches where a target is to be met or a clock to be watched."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greeks.engine.batches import Batches
from greeks.engine.control import PILOT, Array, cross_fitted, joined
from greeks.engine.estimates import read
from greeks.engine.noise import held
from greeks.engine.plan import Plan
from greeks.engine.reading import Reading
from greeks.engine.settings import Settings
from greeks.errors import EstimationError, SchemaError

if TYPE_CHECKING:
    from greeks.kernels.moments import Chunks

BETWEEN_LOOKS = 64  # chunks of paths between two looks at the clock, where there is a time limit
GROWTH = 4  # a batch never multiplies the paths by more, since early errors of errors are large


@dataclass(frozen=True)
class Request:
    """What a simulation asks for next: a range of paths, and how outputs are mixed into samples (not at all: None)."""

    range: Mapping[str, int]
    mixing: Array | None = None


def simulate(
    plan: Plan,
    readings: Sequence[Reading],
    table: Array,
    rows: Array,
    settings: Settings,
    started: float,
    batches: bool = False,
) -> Chunks:
    """Chunks of controlled samples, with the means of batches where wanted, simulated as they are asked for."""
    from greeks.kernels import backends
    from greeks.kernels.compile import load

    rows_of = backends.module_of(settings.backend).rows
    program = load(plan.program.cuda if settings.backend == "cuda" else plan.program.cpu, settings.backend)
    draws: dict[str, Any] = {"seed": settings.seed, "stream": settings.stream, "threads": settings.threads}
    draws |= {"normals": held(table, rows), "batches": batches}
    asking = requests(plan, readings, settings, started)
    request = next(asking)
    while True:
        found: Chunks = rows_of(program, table, rows, **request.range, mixing=request.mixing, **draws)
        try:
            request = asking.send(found)
        except StopIteration as done:
            chunks: Chunks = done.value
            return chunks


def requests(
    plan: Plan, readings: Sequence[Reading], settings: Settings, started: float
) -> Generator[Request, Chunks, Chunks]:
    """What to simulate, one range after the other, each given what the last one gave; returns the samples.

    A pilot of all outputs, then batches of the samples alone. Of independent paths the pilot's count too; where a
    family of points is one sample, the pilot is a family apart.
    """
    from greeks.kernels.chunks import CHUNK
    from greeks.kernels.lanes import LANES

    batches = Batches(plan.sampler.design, CHUNK, LANES)
    target = targets_of(readings, settings.std_error)
    paths = batches.first(settings.paths, bool(target))
    limit = settings.max_paths or (2**40 if target else paths)
    size = min(paths, batches.first(limit, False))
    done = min(batches.part(PILOT), size) if batches.design.families == 1 else 0
    pilot = yield Request(batches.range(0, done) if done else batches.apart(PILOT))
    refuse_wrong_scores(plan, readings, pilot)
    mixing = plan.pairing.mixing(plan.pairing.coefficients(pilot))
    parts, pending = [cross_fitted(plan.pairing, pilot)] if done else [], size - done
    while not parts or settings.time_limit is None or time.perf_counter() - started < settings.time_limit:
        size = pending if settings.time_limit is None else min(pending, batches.part(BETWEEN_LOOKS))
        if size > 0:
            parts.append((yield Request(batches.range(done, size), mixing)))
        done, pending = done + size, pending - size
        if pending <= 0:
            pending = _next_batch(readings, joined(parts), target, done, limit, batches)
        if pending <= 0:
            break
    return joined(parts)


def targets_of(readings: Sequence[Reading], wanted: float | Mapping[str, float] | None) -> dict[str, float]:
    if wanted is None:
        return {}
    names = [r.greek for r in readings]
    target = dict(wanted) if isinstance(wanted, Mapping) else dict.fromkeys(names, float(wanted))
    for name in target:
        if name not in names:
            raise SchemaError(f"std_error names {name!r}, which is not estimated; there are {', '.join(names)}")
    return target


def _next_batch(
    readings: Sequence[Reading], found: Chunks, target: Mapping[str, float], done: int, limit: int, batches: Batches
) -> int:
    """Paths still needed, in whole batches; 0 when every target holds or the limit is reached."""
    if not target or done >= limit:
        return 0
    estimates = read(readings, found, batches.design)[0]
    ratio = max((estimates[k].std_error / t for k, t in target.items()), default=0.0)
    if not math.isfinite(ratio) or ratio <= 1.0:
        return 0
    return batches.following(done, math.ceil(done * min(ratio * ratio * 1.05, GROWTH)), limit)


def refuse_wrong_scores(plan: Plan, readings: Sequence[Reading], pilot: Chunks) -> None:
    """The net under all likelihood ratios: a score that does not average to 0 is no score of the path's law."""
    wrong = set(plan.pairing.suspects(pilot))
    names = [r.greek for r in readings if not wrong.isdisjoint(r.columns)]
    if names:
        raise EstimationError(
            f"{', '.join(names)}: the score of the path does not average to 0, so its law has a bound that moves with "
            "the parameter, or a step bends back. Remedy: estimator=greeks.FiniteDifference(), or correct the model"
        )
