"""Jobs to where they are done: here, on threads and processes, or on the machines of a Dask cluster."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, as_completed
from dataclasses import dataclass
from time import monotonic
from typing import Any, Generic, TypeVar

from greeks.errors import SchemaError
from greeks.fields import shown
from greeks.portfolio.jobs.job import Job

RETRIES = 3
"""How often Dask gives a job whose worker was lost to another one."""
A = TypeVar("A")


@dataclass(frozen=True)
class Craft(Generic[A]):
    """How a job is done, a function that any process can import, and what to say of one that nobody could do."""

    do: Callable[[Job], A]
    failed: Callable[[Job, BaseException], A]


def answers(jobs: Sequence[Job], craft: Craft[A], executor: Any, seconds: float | None) -> Iterator[tuple[Job, A]]:
    """Every job with its answer, as they come; the numbers are the same wherever they come from.

    seconds : for all the jobs together, shared evenly among the trades to come.
    """
    pool = pool_of(executor)
    return _here(jobs, craft, seconds) if pool is None else _away(jobs, craft, pool, seconds)


def pool_of(executor: Any) -> Executor | None:
    """Any `concurrent.futures.Executor`, or that of a `dask.distributed.Client`."""
    if executor is None or isinstance(executor, Executor):
        return executor
    if hasattr(executor, "get_executor"):
        pool: Executor = executor.get_executor(pure=False, retries=RETRIES)
        return pool
    raise SchemaError(
        f"executor = {shown(executor)}: expected a concurrent.futures.Executor, such as ProcessPoolExecutor(), or a "
        "dask.distributed.Client"
    )


def _here(jobs: Sequence[Job], craft: Craft[A], seconds: float | None) -> Iterator[tuple[Job, A]]:
    started, left = monotonic(), sum(map(len, jobs))
    for job in jobs:
        share = None if seconds is None else _share(seconds - (monotonic() - started), len(job), left)
        yield job, craft.do(job.within(share))
        left -= len(job)


def _away(jobs: Sequence[Job], craft: Craft[A], pool: Executor, seconds: float | None) -> Iterator[tuple[Job, A]]:
    """A worker is given whole jobs, so it needs no threads of its own."""
    left = sum(map(len, jobs))
    futures: dict[Future[A], Job] = {}
    try:
        for job in jobs:
            share = None if seconds is None else _share(seconds, len(job), left)
            futures[_submitted(pool, craft, _single(job.within(share)))] = job
        for future in as_completed(futures):
            yield futures[future], _result(future, craft, futures[future])
    finally:
        for future in futures:
            future.cancel()


def _submitted(pool: Executor, craft: Craft[A], job: Job) -> Future[A]:
    try:
        return pool.submit(craft.do, job)
    except BrokenExecutor as error:
        broken: Future[A] = Future()
        broken.set_exception(error)
        return broken


def _single(job: Job) -> Job:
    if job.settings.threads is not None:
        return job
    return dataclasses.replace(job, settings=dataclasses.replace(job.settings, threads=1))


def _result(future: Future[A], craft: Craft[A], job: Job) -> A:
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, BrokenExecutor):
        warnings.warn(
            f"the executor broke, since a worker of its died ({error}); what it left is done in this process",
            RuntimeWarning,
            stacklevel=2,
        )
        return craft.do(job)
    return craft.failed(job, error)


def _share(seconds: float, trades: int, left: int) -> float:
    return max(seconds * trades / max(left, 1), 1e-3)  # late trades still get their first batch
