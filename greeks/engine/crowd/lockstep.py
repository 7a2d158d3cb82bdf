"""Many simulations side by side: what they ask for in one round is played in one sweep."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from greeks.engine.programs.host import Array
from greeks.engine.programs.noise import held
from greeks.engine.run import Task
from greeks.engine.sampling.clock import Clock
from greeks.engine.sampling.devices import loaded
from greeks.engine.sampling.samples import Samples
from greeks.engine.sampling.settings import Settings
from greeks.engine.sampling.simulation import Request, requests
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
    """Simulations that ask as one: what they ask for, until they have their samples or cannot go on.

    They are one contract's, or those of several that have plan and readings in common. Samples of several are side by
    side: where one has (k, m) numbers they have (k, n, m).
    """

    positions: Sequence[int]
    tasks: Sequence[Task]
    settings: Sequence[Settings]
    clock: Clock
    tables: Sequence[tuple[Array, Array]]
    samples: Samples | None = None
    error: GreeksError | None = None
    request: Request | None = None
    _asking: Generator[Request, Chunks, Samples] = field(init=False)

    def __post_init__(self) -> None:
        first = self.tasks[0]
        self._asking = requests(first.plan, first.readings, self.settings[0], self.clock)
        self._go_on(partial(next, self._asking))

    @property
    def alone(self) -> bool:
        return len(self.tasks) == 1

    def take(self, found: Sequence[Chunks]) -> None:
        """Take what was asked for, of every contract, and ask for more."""
        chunks = found[0] if self.alone else type(found[0]).side_by_side(found)
        self._go_on(partial(self._asking.send, chunks))

    def _go_on(self, answer: Callable[[], Request]) -> None:
        try:
            self.request = answer()
        except StopIteration as done:
            self.request, self.samples = None, done.value
        except GreeksError as error:
            self.request, self.error = None, error

    @property
    def program(self) -> Any:
        return loaded(self.tasks[0].plan.program, self.settings[0])

    def mixings(self) -> Sequence[Array | None]:
        """How the outputs of each contract are mixed into samples."""
        mixing = self.request.mixing if self.request else None
        return [mixing] if self.alone else [None] * len(self.tasks) if mixing is None else list(mixing)


def is_swept(task: Task) -> bool:
    """Whether many of its like are played in one sweep."""
    return isinstance(task.plan.sampler, Philox)


def play(jobs: Sequence[Job]) -> None:
    """Run all to their end."""
    while waiting := [job for job in jobs if job.request is not None]:
        rounds: dict[Any, list[Job]] = {}
        for job in waiting:
            assert job.request is not None
            rounds.setdefault(_range(job.request.range), []).append(job)
        for together in rounds.values():
            found = iter(_played(together))
            for job in together:
                job.take([*islice(found, len(job.tasks))])


def _range(of: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(of.items())


def _played(jobs: Sequence[Job]) -> Sequence[Chunks]:
    """The chunks of all contracts, for requests of one range."""
    first = jobs[0]
    if is_swept(first.tasks[0]):
        return _swept(jobs)
    from greeks.kernels import backends

    return backends.rows_of_each(first.settings[0].backend, [partial(_alone, job) for job in jobs])


def _swept(jobs: Sequence[Job]) -> Sequence[Chunks]:
    from greeks.kernels import backends, sweeping

    request, settings = jobs[0].request, jobs[0].settings[0]
    assert request is not None
    tasks = [
        sweeping.Task(program, *table, own.stream, mixing, task.plan.calls(task.grid))
        for job in jobs
        for program in (job.program,)
        for task, table, own, mixing in zip(job.tasks, job.tables, job.settings, job.mixings(), strict=True)
    ]
    span = {k: v for k, v in request.range.items() if k != "families"}
    return backends.sweeper(settings.backend)(tasks, seed=settings.seed, threads=settings.threads, **span)


def _alone(job: Job, rows: Callable[..., Any]) -> Any:
    """What `rows` makes of the request of a contract alone."""
    s, request, (table, grid) = job.settings[0], job.request, job.tables[0]
    assert request is not None
    draws: dict[str, Any] = {"seed": s.seed, "stream": s.stream, "threads": s.threads, "batches": True}
    draws |= {"normals": held(table, grid), **request.range}
    return rows(job.program, table, grid, mixing=request.mixing, **draws)
