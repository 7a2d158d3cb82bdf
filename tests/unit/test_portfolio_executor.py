"""Books on threads, processes and a Dask cluster: the same numbers, and workers may die."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import greeks as gk
from greeks.portfolio.jobs import job as job_module
from tests.unit.test_portfolio_stream import MARKET, SETTINGS, book


def run(held: pd.DataFrame, executor: Any = None, **settings: Any) -> Any:
    return gk.run(held, MARKET, ["delta"], executor=executor, **(SETTINGS | settings))


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_module, "PIECE", 2)


@pytest.fixture(scope="module")
def plain() -> Any:
    return run(book(24))


def test_threads(plain: Any) -> None:
    with ThreadPoolExecutor(3) as pool:
        pd.testing.assert_frame_equal(run(book(24), pool), plain, check_exact=True)


def test_processes(plain: Any, tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        pd.testing.assert_frame_equal(run(book(24), pool), plain, check_exact=True)
        written = run(book(24), pool, out=tmp_path)
    pd.testing.assert_frame_equal(written, plain, check_exact=True)


def test_what_a_broken_pool_leaves_is_done_here(plain: Any) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        (process,) = _processes(pool)
        os.kill(process, signal.SIGKILL)
        with pytest.warns(RuntimeWarning, match="the executor broke"):
            pd.testing.assert_frame_equal(run(book(24), pool), plain, check_exact=True)


def _processes(pool: ProcessPoolExecutor) -> list[int]:
    return [pool.submit(os.getpid).result()]


def test_an_executor_that_fails_a_job_fails_its_trades_only() -> None:
    class Clumsy(ThreadPoolExecutor):
        """Drops every second job."""

        dropped = 0

        def submit(self, fn: Any, /, *arguments: Any, **more: Any) -> Future[Any]:
            self.dropped += 1
            if self.dropped % 2:
                return super().submit(fn, *arguments, **more)
            future: Future[Any] = Future()
            future.set_exception(OSError("disk full"))
            return future

    with Clumsy(1) as pool:
        risk = run(book(12), pool, errors="coerce")
    dropped = risk["status"] == "failed: OSError: disk full"
    assert dropped.sum() in range(4, 9) and risk["status"][~dropped].str.startswith("ok").all()
    assert risk["price"].isna().equals(dropped)


@dataclass(frozen=True)
class Poisonous(gk.Payoff):
    """A payoff whose formula has a bug."""

    strike: gk.Scalar
    maturity: gk.Scalar

    def settle(self, stats: Any, x: Any) -> Any:
        return x[0] + dict[str, float]()["key"]


def test_a_bug_in_one_payoff_costs_its_trades_only(plain: Any) -> None:
    held = pd.concat([book(24), book(2).assign(id=["x", "y"], payoff="Poisonous")])
    with ThreadPoolExecutor(2) as pool:
        risk = run(held, pool, errors="coerce", payoffs={"Poisonous": Poisonous})
        with pytest.raises(gk.BookError, match=r"trades x, y: failed: .*'key'"):
            run(held, pool, payoffs={"Poisonous": Poisonous})
    pd.testing.assert_frame_equal(risk.iloc[:24], plain, check_exact=True)


@contextmanager
def cluster(workers: int) -> Iterator[Any]:
    """A Dask cluster of processes on this machine."""
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": workers, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**options) as local, distributed.Client(local) as client:
        yield client


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of Dask's own, on what it forks and where it serves
def test_a_dask_cluster_and_a_worker_lost(plain: Any) -> None:
    with cluster(2) as client:
        pd.testing.assert_frame_equal(run(book(24), client), plain, check_exact=True)
        held, long = book(200), {"paths": 2**17}
        whole = run(held, **long)
        victims = client.run(os.getpid)
        with ThreadPoolExecutor(1) as aside:
            risk = aside.submit(run, held, client, **long)
            _when_half_way(client)
            os.kill(next(iter(victims.values())), signal.SIGKILL)
            pd.testing.assert_frame_equal(risk.result(timeout=300), whole, check_exact=True)
        assert set(client.run(os.getpid, on_error="ignore").values()) != set(victims.values())


def _when_half_way(client: Any) -> None:
    """Wait until some of the jobs are done and some are not."""
    for _ in range(3000):
        done = client.run_on_scheduler(lambda dask_scheduler: [t.state for t in dask_scheduler.tasks.values()])
        if "memory" in done and "processing" in done:
            return
        time.sleep(0.01)
    raise AssertionError("the cluster never was half way")
