"""Price and Greeks of many contracts at once, each bit for bit what it would be alone.

Contracts are grouped by kind: model and payoff of the same classes and structure. What is chosen, planned and
compiled for a kind serves all of it; which draws a contract has, and what is chosen for its numbers, depend on the
contract alone. Those that share a stream of draws have the same normals on the same path, so that their errors are
correlated, and cancel in a position that is long and short; `Group.batches` tells by how much.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from greeks.engine.estimates import read
from greeks.engine.reading import Reading
from greeks.engine.run import Task, nonsense_in, refusal_of
from greeks.engine.samples import Samples
from greeks.engine.settings import Settings
from greeks.engine.simulation import simulate
from greeks.errors import GreeksError, SchemaError, UnsupportedError
from greeks.models.base import Model
from greeks.payoffs.base import Payoff
from greeks.results import Estimate

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Group:
    """The n contracts of one kind and their m numbers.

    Attributes
    ----------
    at : (n,), positions in the list that was given.
    greeks : (m,), names, "price" first; a Greek in each of several assets is spread: "delta[0]", "delta[1]".
    values, std_errors : (n, m); NaN where a contract failed.
    batches : (n, B, m), means of the samples of each of B batches of paths; B is that of all groups of a call.
        With quantities q the variance of a net number over the contracts of one stream is that of
        sum_i q_i batches[i] over the batches, divided by B.
    paths : (n,), how many each contract took.
    readings : (n,) times (m,), how each number was estimated, and why so.
    warnings : position -> Greek -> what to know before trusting the number, where there is anything.
    refusals : Greek -> why this kind has none.
    failures : position -> why nothing could be estimated.
    degrees : degrees of freedom of the standard errors where these rest on few scrambles, else None.
    """

    at: Integers
    greeks: tuple[str, ...]
    values: Array
    std_errors: Array
    batches: Array
    paths: Integers
    readings: tuple[tuple[Reading, ...], ...]
    warnings: Mapping[int, Mapping[str, tuple[str, ...]]]
    refusals: Mapping[str, str]
    failures: Mapping[int, GreeksError]
    degrees: int | None = None

    def estimates(self, i: int) -> Mapping[str, Estimate]:
        """The numbers of the i-th contract of the group, as `sensitivities` reports them."""
        return {r.greek: self._estimate(i, j, r) for j, r in enumerate(self.readings[i])}

    def _estimate(self, i: int, j: int, r: Reading) -> Estimate:
        warnings = self.warnings.get(int(self.at[i]), {}).get(r.greek, ())
        numbers = float(self.values[i, j]), float(self.std_errors[i, j]), int(self.paths[i])
        return Estimate(r.greek, *numbers, r.estimator, r.reason, warnings, degrees=self.degrees)


@dataclass(frozen=True)
class _Result:
    """What one contract came to; `batches` (m, B)."""

    position: int
    task: Task
    estimates: Mapping[str, Estimate]
    batches: Array


def estimate_many(
    contracts: Sequence[tuple[Model, Payoff]],
    greeks: Sequence[str],
    settings: Settings,
    streams: Sequence[int] | None = None,
) -> tuple[Group, ...]:
    """Price and Greeks of every contract, by kinds; what cannot be had is said, not raised.

    streams : one for each contract, those that are to share draws the same; that of the settings by default.
    """
    started = time.perf_counter()
    results: list[_Result] = []
    failures: dict[int, GreeksError] = {}
    for position, (model, payoff) in enumerate(contracts):
        own = settings if streams is None else replace(settings, stream=streams[position])
        try:
            results.append(_alone(position, model, payoff, greeks, own, started))
        except GreeksError as error:
            failures[position] = error
    by_kind: dict[int, list[_Result]] = {}
    for result in results:
        by_kind.setdefault(id(result.task.menu), []).append(result)
    groups = [_group(of_kind) for of_kind in by_kind.values()]
    return (*groups, _failed(failures)) if failures else tuple(groups)


def _alone(
    position: int, model: Model, payoff: Payoff, greeks: Sequence[str], settings: Settings, started: float
) -> _Result:
    task = Task.of(model, payoff, greeks, settings, (UnsupportedError, SchemaError))
    result = _played(position, task, settings, started)
    other = task.instead(result.estimates, settings)
    if other is not None:
        result = _played(position, other, settings, started)
    bad = nonsense_in(result.estimates)
    if bad:
        raise refusal_of(bad, type(model).__name__)
    return result


def _played(position: int, task: Task, settings: Settings, started: float) -> _Result:
    samples = simulate(task.plan, task.readings, *task.table(), settings, started, batches=True)
    estimates, _ = read(task.readings, samples)
    return _Result(position, task, estimates, batch_means(task.readings, samples))


def batch_means(readings: Sequence[Reading], samples: Samples) -> Array:
    """(m, B), the numbers as each batch of samples alone gives them; of families of points, as each family does."""
    means = samples.batch_means()
    return np.stack([np.asarray(r.weights) @ means[list(r.columns)] for r in readings])


def _group(results: Sequence[_Result]) -> Group:
    first = results[0].task
    columns = [list(r.estimates.values()) for r in results]
    return Group(
        np.array([r.position for r in results]),
        tuple(reading.greek for reading in first.readings),
        np.array([[e.value for e in row] for row in columns]),
        np.array([[e.std_error for e in row] for row in columns]),
        np.stack([r.batches.T for r in results]),
        np.array([row[0].paths for row in columns]),
        tuple(r.task.readings for r in results),
        {r.position: found for r in results if (found := _warnings(r.estimates))},
        first.menu.refusals,
        {},
        columns[0][0].degrees,
    )


def _warnings(estimates: Mapping[str, Estimate]) -> dict[str, tuple[str, ...]]:
    return {name: e.warnings for name, e in estimates.items() if e.warnings}


def _failed(failures: Mapping[int, GreeksError]) -> Group:
    """The contracts of which nothing is known."""
    n = len(failures)
    none = np.empty((n, 0))
    return Group(
        np.array(list(failures)), (), none, none, np.empty((n, 0, 0)), np.zeros(n, dtype=np.int64), ((),) * n, {}, {},
        failures,
    )  # fmt: skip
