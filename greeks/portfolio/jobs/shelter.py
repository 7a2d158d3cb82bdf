"""A job done so that a broken trade costs itself alone, and what is said of its error."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from typing import TypeVar

from greeks.errors import EstimationError
from greeks.portfolio.jobs.job import Job

A = TypeVar("A")


def sheltered(job: Job, do: Callable[[Job], A], failed: Callable[[Job, BaseException], A]) -> Iterator[A]:
    """What a job comes to: in one piece, or trade by trade if that raises.

    Payoffs and models are other people's code, which may raise anything. What it raises becomes the answer for its
    trade, with the type and the text of the error, and the error itself travels with it: `run` raises from it.
    Ctrl-C and what else is no `Exception` passes.
    """
    try:
        found = do(job)
    except Exception as error:
        if len(job) == 1:
            yield failed(job, error)
            return
    else:
        yield found
        return
    for i in range(len(job)):
        yield from sheltered(job.part([i]), do, failed)


def told(error: BaseException) -> str:
    """An error's type and text in one line."""
    return f"{type(error).__name__}: {one_line(str(error)) or 'no reason given'}"


def one_line(text: str) -> str:
    """Lines with semicolons between them."""
    return "; ".join(text.splitlines())


def portable(error: BaseException) -> Exception | None:
    """The exception, or one that can travel between processes and says the same; None if it is none of a program's."""
    if not isinstance(error, Exception):
        return None
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever an exception's own pickling raises
        return EstimationError(told(error))
    return error
