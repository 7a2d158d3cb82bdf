"""Many simulations side by side: what they ask for in one round is played in one sweep."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from greeks.engine.clock import Clock
from greeks.engine.devices import loaded
from greeks.engine.host import Array
from greeks.engine.noise import held
from greeks.engine.run import Task
from greeks.engine.samples import Samples
from greeks.engine.settings import Settings
from greeks.engine.simulation import Request, requests
from greeks.errors import GreeksError
from greeks.samplers import Philox

if TYPE_CHECKING:
    from greeks.kernels.moments import Chunks


PIECE = 2**20  # paths between two looks at the clock


@dataclass
class SharedClock(Clock):
    """The clock of many runs: they take pieces of one size, so that they stay in step."""

    def share(self) -> int:
        return PIECE


@dataclass(eq=False)
class Job:
    """One contract's simulation: what it asks for, until it has its samples or cannot go on."""

    position: int
    task: Task
    settings: Settings
    clock: Clock
    table: Array
    rows: Array
    samples: Samples | None = None
    error: GreeksError | None = None
    request: Request | None = None
    _asking: Generator[Request, Chunks, Samples] = field(init=False)

    def __post_init__(self) -> None:
        self._asking = requests(self.task.plan, self.task.readings, self.settings, self.clock)
        self.go_on(None)

    def go_on(self, found: Chunks | None) -> None:
        """Take what was asked for, and ask for more."""
        try:
            self.request = next(self._asking) if found is None else self._asking.send(found)
        except StopIteration as done:
            self.request, self.samples = None, done.value
        except GreeksError as error:
            self.request, self.error = None, error

    @property
    def program(self) -> Any:
        return loaded(self.task.plan.program, self.settings)


def play(jobs: Sequence[Job]) -> None:
    """Run all to their end."""
    while waiting := [job for job in jobs if job.request is not None]:
        rounds: dict[Any, list[Job]] = {}
        for job in waiting:
            assert job.request is not None
            rounds.setdefault(_range(job.request.range), []).append(job)
        for together in rounds.values():
            for job, found in zip(together, _played(together), strict=True):
                job.go_on(found)


def _range(of: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(of.items())


def _played(jobs: Sequence[Job]) -> list[Chunks]:
    """The chunks for requests of one range."""
    first = jobs[0]
    if first.settings.backend == "cpu" and isinstance(first.task.plan.sampler, Philox):
        return _swept(jobs)
    from greeks.kernels import backends

    return backends.rows_of_each(first.settings.backend, [partial(_alone, job) for job in jobs])


def _swept(jobs: Sequence[Job]) -> list[Chunks]:
    from greeks.kernels import sweeping

    first = jobs[0]
    assert first.request is not None
    tasks = [
        sweeping.Task(
            job.program, job.table, job.rows, job.settings.stream, _mixing(job), job.task.plan.calls(job.task.grid)
        )
        for job in jobs
    ]
    span = {k: v for k, v in first.request.range.items() if k != "families"}
    return sweeping.rows_of_all(tasks, seed=first.settings.seed, threads=first.settings.threads, **span)


def _mixing(job: Job) -> Array | None:
    return job.request.mixing if job.request else None


def _alone(job: Job, rows: Callable[..., Any]) -> Any:
    """What `rows` makes of a job's request."""
    s, request = job.settings, job.request
    assert request is not None
    draws: dict[str, Any] = {"seed": s.seed, "stream": s.stream, "threads": s.threads, "batches": True}
    draws |= {"normals": held(job.table, job.rows), **request.range}
    return rows(job.program, job.table, job.rows, mixing=request.mixing, **draws)
