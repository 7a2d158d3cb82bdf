"""Processes that share the demo's work: most of it, the first time, is compiling, one process on one core."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

MOST = 8


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def workers(count: int | None = None) -> Iterator[Executor | None]:
    """So many processes, one a core and `MOST` in all by default; None where one would be all."""
    wanted = min(cores(), MOST) if count is None else count
    if wanted < 2:
        yield None
        return
    with ProcessPoolExecutor(wanted, mp_context=get_context("spawn"), initializer=_end_at_ctrl_c) as pool:
        yield pool


def _end_at_ctrl_c() -> None:
    """At once, and without a traceback each: it is the first process that says what happened."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
