"""Long runs: kept as they go, killed at any point, gone on with, and equal at the end."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import greeks as gk
from greeks.errors import SchemaError
from greeks.portfolio.jobs import desk
from greeks.portfolio.jobs import job as job_module

MARKET = {
    "DAX": gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2, dividend=0.02),
    "SMI": gk.BlackScholes(spot=90.0, rate=0.01, volatility=0.3),
}
SETTINGS: dict[str, Any] = {"estimator": gk.LikelihoodRatio(), "paths": 2**12, "threads": 1}


def book(trades: int = 20) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": [f"T{i}" for i in range(trades)],
            "underlying": [("DAX", "SMI")[i % 2] for i in range(trades)],
            "payoff": [("Call", "Put", "DigitalCall")[i % 3] for i in range(trades)],
            "quantity": [float(i % 7 - 3) for i in range(trades)],
            "strike": [90.0 + i % 20 for i in range(trades)],
            "maturity": 1.0,
            "trader": [("Ann", "Bob")[i % 2] for i in range(trades)],
        },
        index=[f"row {i}" for i in range(trades)],
    )


def run(out: Path | None, held: pd.DataFrame | None = None, greeks: Any = ("delta",), **settings: Any) -> Any:
    return gk.run(book() if held is None else held, MARKET, list(greeks), out=out, **(SETTINGS | settings))


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_module, "PIECE", 2)


@pytest.fixture(scope="module")
def plain() -> Any:
    return run(None)


def test_a_run_with_a_file_is_the_same_run(plain: Any, tmp_path: Path) -> None:
    for out in (tmp_path / "risk.parquet", tmp_path / "folder"):
        risk = run(out)
        pd.testing.assert_frame_equal(risk, plain, check_exact=True)
        again = run(out, resume=True)
        pd.testing.assert_frame_equal(again, plain, check_exact=True)
        pd.testing.assert_frame_equal(again.net("trader"), plain.net("trader"), check_exact=True)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["folder", "risk.parquet", "risk.parquet"]


def test_the_file_is_read_back_with_its_sums(plain: Any, tmp_path: Path) -> None:
    run(tmp_path / "risk.parquet")
    read = gk.read_risk(tmp_path / "risk.parquet")
    assert list(read.columns) == ["id", "underlying", "payoff", "quantity", *plain.columns]
    pd.testing.assert_frame_equal(read[list(plain.columns)], plain, check_exact=True)
    for by in ([], ["underlying"], ["trader", "payoff"]):
        pd.testing.assert_frame_equal(read.net(by), plain.net(by), check_exact=True)
    table = pd.read_parquet(tmp_path / "risk.parquet")
    assert list(table.columns) == [*read.columns, "batches"] and list(table.index) == list(plain.index)


class Killed(BaseException):
    """As a signal would: nothing is tidied up."""


def test_what_is_done_is_not_done_again(plain: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    price = desk.answer

    def counted(job: Any) -> Any:
        if len(done) in (3, 7, 8):
            done.append(-1)
            raise Killed
        done.extend(job.positions)
        return price(job)

    monkeypatch.setattr("greeks.portfolio.jobs.bench.answer", counted)
    while True:
        try:
            risk = run(tmp_path / "risk.parquet", resume=True)
            break
        except Killed:
            assert not (tmp_path / "risk.parquet").exists()
    assert done.count(-1) >= 1 and sorted(i for i in done if i >= 0) == list(range(20))
    pd.testing.assert_frame_equal(risk, plain, check_exact=True)


def test_an_unfinished_run_is_not_overwritten_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(tmp_path / "risk.parquet", monkeypatch)
    with pytest.raises(SchemaError, match=r"an unfinished run is in .*go on with resume=True, or delete it"):
        run(tmp_path / "risk.parquet")


def interrupted(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("greeks.portfolio.jobs.bench.answer", _killed)
        with pytest.raises(Killed):
            run(out)


def _killed(job: Any) -> Any:
    raise Killed


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"paths": 2**13}, "paths was 4096, is now 8192"),
        ({"greeks": ("delta", "gamma")}, r"greeks was \['delta'\], is now \['delta', 'gamma'\]"),
        ({"units": "desk"}, "units was None"),
        ({"held": book(22)}, "trade 'T20', 'T21' added"),
        ({"held": book(12)}, "trade 'T12', 'T13', 'T14', 'T15', 'T16' and 3 more gone"),
        ({"held": book().replace({"strike": {95.0: 95.5}})}, "trade 'T5' changed"),
        ({"held": book().iloc[::-1]}, "the rows are in another order"),
        ({"keep": ["quantity"]}, "columns was"),
    ],
)
def test_another_request_is_told_what_changed(
    change: Any, said: str, finished: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if finished:
        run(tmp_path / "risk")
    else:
        interrupted(tmp_path / "risk", monkeypatch)
    with pytest.raises(SchemaError, match=f"is of another request: .*{said}"):
        run(tmp_path / "risk", resume=True, **change)


def test_another_market_is_told(tmp_path: Path) -> None:
    run(tmp_path / "risk")
    market = MARKET | {"SMI": gk.BlackScholes(spot=91.0, rate=0.01, volatility=0.3)}
    with pytest.raises(SchemaError, match=r"model of 'SMI' changed\. Ask for the same, or take another path"):
        gk.run(book(), market, ["delta"], out=tmp_path / "risk", resume=True, **SETTINGS)


def test_threads_and_executors_are_no_part_of_a_request(tmp_path: Path) -> None:
    run(tmp_path / "risk")
    run(tmp_path / "risk", resume=True, threads=2)


def test_a_finished_file_is_replaced_by_a_new_run(tmp_path: Path) -> None:
    run(tmp_path / "risk.parquet")
    risk = run(tmp_path / "risk.parquet", seed=1)
    pd.testing.assert_frame_equal(gk.read_risk(tmp_path / "risk.parquet")[list(risk.columns)], risk, check_exact=True)


def test_a_second_writer_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def second(job: Any) -> Any:
        run(tmp_path / "risk", resume=True)

    monkeypatch.setattr("greeks.portfolio.jobs.bench.answer", second)
    with pytest.raises(SchemaError, match="another run is writing to"):
        run(tmp_path / "risk")


def test_failures_are_on_disk_too(tmp_path: Path) -> None:
    held = book().assign(maturity=[-1.0, *[1.0] * 19])
    risk = run(tmp_path / "risk", held, ["delta", "d_cash"], errors="coerce")
    again = run(tmp_path / "risk", held, ["delta", "d_cash"], errors="coerce", resume=True)
    pd.testing.assert_frame_equal(again, risk, check_exact=True)
    assert again["status"].iloc[0].startswith("bad input") and again["status"].iloc[1].startswith("refused: d_cash")
    with pytest.raises(gk.BookError) as caught:
        run(tmp_path / "priced", book(), ["delta", "d_cash"])
    assert gk.read_risk(tmp_path / "priced")["status"].tolist() == caught.value.partial["status"].tolist()


def test_targets_of_sums_go_on_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aim: dict[str, Any] = {"net_std_error": {"delta": 0.05}}
    interrupted_after(5, tmp_path / "risk", monkeypatch, **aim)
    risk = run(tmp_path / "risk", resume=True, **aim)
    pd.testing.assert_frame_equal(risk, run(None, **aim), check_exact=True)


def interrupted_after(jobs: int, out: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
    price, left = desk.answer, [jobs]

    def counted(job: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return price(job)

    with monkeypatch.context() as patch:
        patch.setattr("greeks.portfolio.jobs.bench.answer", counted)
        with pytest.raises(Killed):
            run(out, **settings)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "cannot be read"),
        (lambda path: path.write_text("no"), "is not parquet"),
        (lambda path: pd.DataFrame({"price": [1.0]}).to_parquet(path), "was not written by greeks.run"),
    ],
)
def test_files_of_others_are_refused(make: Any, said: str, tmp_path: Path) -> None:
    make(tmp_path / "risk.parquet")
    with pytest.raises(SchemaError, match=said):
        gk.read_risk(tmp_path / "risk.parquet")


def test_what_cannot_be_written_is_refused_at_the_start(tmp_path: Path) -> None:
    mixed: Any = [1, "Bob", object(), *[None] * 17]
    held = book().assign(trader=mixed)
    with pytest.raises(SchemaError, match="cannot be written to Parquet"):
        run(tmp_path / "risk", held)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_book_has_a_file_too(tmp_path: Path) -> None:
    run(tmp_path / "risk", book(0))
    assert len(gk.read_risk(tmp_path / "risk")) == 0 and gk.read_risk(tmp_path / "risk").net()["trades"].item() == 0


SCRIPT = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from greeks.portfolio.jobs import job
job.PIECE = 2
from tests.unit.test_portfolio_stream import book, run
print("ready", flush=True)
run(Path(sys.argv[1]), book({trades}), resume=True, paths=2**15)
"""


def killed_at_random(kills: int, out: Path, trades: int, seed: int) -> int:
    """Run in a process of its own, killed so often at random moments; how often it was still alive."""
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", SCRIPT.format(root=root, trades=trades), str(out)]
    whole = _seconds(command)
    rng, alive = random.Random(seed), 0
    for _ in range(kills):
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(rng.uniform(0.0, whole / kills * 2.0))
        alive += process.poll() is None
        process.kill()
        process.wait()
        process.stdout.close()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return alive


def _seconds(command: list[str]) -> float:
    """How long an uninterrupted run takes once it is ready, to a place beside."""
    process = subprocess.Popen([*command[:-1], command[-1] + " whole"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    started = time.monotonic()
    assert process.wait() == 0
    process.stdout.close()
    return time.monotonic() - started


@pytest.mark.parametrize(("kills", "trades", "seed"), [(2, 30, 3), pytest.param(50, 600, 50, marks=pytest.mark.slow)])
def test_a_run_killed_again_and_again_ends_with_the_same_bytes(
    kills: int, trades: int, seed: int, tmp_path: Path
) -> None:
    """The two moments of the short test, 0.24 and 0.54 of a run, are well before its end on any machine."""
    alive = killed_at_random(kills, tmp_path / "risk", trades, seed)
    assert alive >= 0.5 * kills
    whole, pieced = ((tmp_path / name / "risk.parquet").read_bytes() for name in ("risk whole", "risk"))
    assert pieced == whole
