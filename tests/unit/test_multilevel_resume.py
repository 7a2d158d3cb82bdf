"""Multilevel results go on, in memory and from files, and are verified."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import greeks as gk
from greeks.engine.sampling.clock import INSIST, Clock
from greeks.kernels import cpu
from tests.unit.test_multilevel import CALL, CEV, EULER, MILSTEIN, TRUTH, total

NAMES = ["delta", "vega"]


@cache
def short() -> gk.Sensitivities:
    return gk.sensitivities(CEV, CALL, NAMES, scheme=EULER, paths=2**14, seed=9)


def same(a: gk.Sensitivities, b: gk.Sensitivities) -> bool:
    """Bit for bit: values, errors, biases, words, covariance."""
    return dict(a) == dict(b) and np.array_equal(a.covariance, b.covariance)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    short().save(tmp_path / "levels.npz")
    return tmp_path / "levels.npz"


def rewritten(file: Path, **header: Any) -> Path:
    """The file with other entries in its header."""
    with np.load(file) as arrays:
        found = {name: arrays[name] for name in arrays.files}
    text = json.loads(bytes(found.pop("header"))) | header
    to = file.with_name("rewritten.npz")
    np.savez(to, allow_pickle=False, header=np.frombuffer(json.dumps(text).encode(), dtype=np.uint8), **found)
    return to


def test_more_paths_give_the_bits_of_one_run() -> None:
    """In one step and in two: of all levels the paths that one run over all of them has."""
    long = gk.sensitivities(CEV, CALL, NAMES, scheme=EULER, paths=2**16, seed=9)
    assert same(short().resume(paths=3 * 2**14), long)
    assert same(short().resume(paths=5_000).resume(paths=3 * 2**14 - 5_000), long)


def test_a_file_is_read_bit_for_bit_and_gone_on_with(saved: Path) -> None:
    again = gk.load(saved)
    assert same(again, short())
    assert repr(again).splitlines()[2:] == repr(short()).splitlines()[2:]
    assert same(again.resume(paths=2**13), short().resume(paths=2**13))
    assert saved.stat().st_size < 50_000


def test_a_closer_target_adds_paths_and_levels() -> None:
    target = 0.01
    better = short().resume(std_error={"price": target})
    assert better.complete and total(better["price"]) <= target
    assert better["price"].paths > short()["price"].paths
    assert abs(better["price"].value - TRUTH["price"]) < 3.0 * target
    assert same(better.resume(std_error={"price": target}), better)  # which holds already


def test_a_closer_target_takes_as_many_levels_as_from_nothing() -> None:
    asked: dict[str, Any] = {"scheme": MILSTEIN, "seed": 3}
    near = gk.sensitivities(CEV, CALL, std_error=5e-3, **asked)
    far, fresh = near.resume(std_error=1e-3)["price"], gk.price(CEV, CALL, std_error=1e-3, **asked)
    assert "10 levels of 2 to" in fresh.reason and "10 levels of 2 to" in far.reason
    assert far.paths < 1.2 * fresh.paths


def test_levels_that_are_given_are_not_added_to() -> None:
    e = gk.price(CEV, CALL, scheme=gk.Multilevel(gk.Milstein(2), levels=1), std_error=0.02, seed=3)
    assert e.std_error <= 0.02 and e.bias is None


def test_paths_are_added_to_what_a_target_took() -> None:
    """Levels then have the first of their samples, whole chunks of them."""
    near = gk.sensitivities(CEV, CALL, scheme=MILSTEIN, std_error=2e-3, seed=3)
    more = near.resume(paths=2**16)
    assert more["price"].paths == pytest.approx(near["price"].paths + 2**16, rel=1e-3)
    assert abs(more["price"].value - near["price"].value) < 4.0 * near["price"].std_error


def test_a_run_that_was_cut_short_goes_on_to_its_target() -> None:
    cut = gk.sensitivities(CEV, CALL, scheme=MILSTEIN, std_error=1e-3, time_limit=1e-9, seed=3)
    assert not cut.complete and "time limit" in cut.stopped
    whole = cut.resume()
    assert whole.complete and total(whole["price"]) <= 1e-3
    assert whole["price"].paths > cut["price"].paths
    assert abs(whole["price"].value - TRUTH["price"]) < 3.0 * 1e-3


@pytest.mark.parametrize("call", [10, 11, 12])
def test_ctrl_c_leaves_the_levels_that_there_are(call: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever it comes, once the first levels have samples: 10 is the pilot of a further one, 11 its samples."""
    asked: dict[str, Any] = {"scheme": EULER, "std_error": 0.02, "seed": 1}
    rows, count = cpu.rows, iter(range(1_000_000))

    def interrupted(*args: Any, **settings: Any) -> Any:
        if next(count) == call:
            raise KeyboardInterrupt
        return rows(*args, **settings)

    whole = gk.sensitivities(CEV, CALL, **asked)
    monkeypatch.setattr(cpu, "rows", interrupted)
    monkeypatch.setattr(Clock, "_interrupted", -INSIST)
    cut = gk.sensitivities(CEV, CALL, **asked)
    monkeypatch.undo()
    assert "Ctrl-C" in cut.stopped and 0 < cut["price"].paths < whole["price"].paths
    assert abs(cut["price"].value - TRUTH["price"]) < 4.0 * (cut["price"].std_error + abs(cut["price"].bias or 0.0))
    assert total(cut.resume()["price"]) <= 0.02


def test_ctrl_c_before_there_is_anything_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: Any, **settings: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(cpu, "rows", interrupted)
    with pytest.raises(KeyboardInterrupt):
        gk.sensitivities(CEV, CALL, scheme=MILSTEIN, std_error=5e-3, seed=3)


def test_a_run_shows_its_line_and_gives_the_same_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    asked: dict[str, Any] = {"scheme": MILSTEIN, "std_error": 5e-3, "seed": 3}
    told = gk.sensitivities(CEV, CALL, progress=True, **asked)
    captured = capsys.readouterr()
    assert captured.out == "" and "price 10." in captured.err and "(to 0.005)" in captured.err
    assert same(told, gk.sensitivities(CEV, CALL, **asked))


def test_paths_that_were_cut_short_come_to_the_bits_of_one_run() -> None:
    cut = gk.sensitivities(CEV, CALL, NAMES, scheme=EULER, paths=2**14, seed=9, time_limit=1e-9)
    assert not cut.complete and cut["price"].paths < short()["price"].paths
    assert same(cut.resume(), short())


def test_a_complete_run_takes_as_much_time_as_it_is_given() -> None:
    longer = short().resume(time_limit=0.2)
    assert longer.complete and longer["price"].paths > short()["price"].paths
    assert abs(longer["price"].value - short()["price"].value) < 4.0 * short()["price"].std_error


def test_max_paths_counts_those_that_are_there() -> None:
    limited = short().resume(std_error={"price": 1e-4}, max_paths=2**15)
    assert "max_paths" in limited.stopped
    assert short()["price"].paths < limited["price"].paths <= 2**15


@cache
def milstein(stream: int) -> gk.Sensitivities:
    """Each stream has its own target, and so its own levels."""
    return gk.sensitivities(CEV, CALL, scheme=MILSTEIN, std_error=0.01 * 2**-stream, seed=4, stream=stream)


def test_streams_are_put_together_level_by_level(tmp_path: Path) -> None:
    """In any order, at once or nested; with the paths of all, and the errors that so many paths have."""
    a, b, c = map(milstein, range(3))
    both = gk.merge([a, b, c])
    assert same(gk.merge([c, gk.merge([b, a])]), both)
    e, singles = both["price"], [r["price"] for r in (a, b, c)]
    assert e.paths == sum(s.paths for s in singles)
    assert abs(e.value - (e.bias or 0.0) - TRUTH["price"]) < 4.0 * e.std_error + 5e-3
    assert e.std_error < min(s.std_error for s in singles)
    both.save(tmp_path / "both.npz")
    again = gk.load(tmp_path / "both.npz")
    assert same(again, both)
    assert total(again.resume(std_error=2e-3)["price"]) <= 2e-3


def test_a_level_of_two_streams_has_the_mean_of_their_samples() -> None:
    scheme = gk.Multilevel(gk.Milstein(2), levels=1)
    a, b = (gk.price(CEV, CALL, scheme=scheme, paths=2**14, seed=4, stream=k, controls=()) for k in (0, 1))
    runs = [gk.sensitivities(CEV, CALL, scheme=scheme, paths=2**14, seed=4, stream=k, controls=()) for k in (0, 1)]
    whole = gk.merge(runs)
    e = whole["price"]
    assert whole.resume(paths=2**14)["price"].paths == 3 * 2**14
    assert e.value == pytest.approx(0.5 * (a.value + b.value), rel=1e-14)
    assert e.std_error == pytest.approx(0.5 * np.hypot(a.std_error, b.std_error), rel=1e-3)


def test_every_level_is_verified_by_another_estimator() -> None:
    r = gk.sensitivities(CEV, CALL, scheme=EULER, paths=2**15, seed=5, controls=())
    check = r.verify()["price"]
    assert check.other is not None and check.difference is not None
    assert check.used.value == pytest.approx(r["price"].value, rel=1e-12)
    assert check.used.estimator != check.other.estimator
    assert check.difference.value == pytest.approx(check.used.value - check.other.value, abs=1e-12)
    assert check.agrees and check.difference.std_error < check.used.std_error  # the paths are common


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda _: gk.merge([short(), short()]), gk.SchemaError, "have stream 0 in common, and so paths"),
        (lambda _: gk.merge([short(), milstein(1)]), gk.SchemaError, "greeks: .*; scheme: .*Euler.*Milstein"),
        (lambda _: gk.price(CEV, CALL, scheme=MILSTEIN, first=8192), gk.UnsupportedError, "first = 8192: .* stream="),
        (lambda f: gk.load(rewritten(f, version=9)), gk.SchemaError, "version 9 of the format; .* update greeks"),
        (lambda f: gk.load(rewritten(f, levels=[{}])), gk.SchemaError, "that greeks did not write"),
        (lambda _: short().resume(paths=0), gk.SchemaError, "paths = 0: expected a whole number >= 1"),
    ],
    ids=["merge", "others", "part", "newer", "damaged", "no paths"],
)
def test_what_cannot_be_done_is_refused(saved: Path, make: Any, kind: type[gk.GreeksError], words: str) -> None:
    with pytest.raises(kind, match=words):
        make(saved)


@pytest.mark.parametrize("level", [0, 1])
def test_a_choice_that_is_no_longer_offered_is_refused(level: int, saved: Path) -> None:
    with np.load(saved) as arrays:
        levels = json.loads(bytes(arrays["header"]))["levels"]
    levels[level]["decision"]["picks"][0] = [99]
    with pytest.raises(gk.SchemaError, match="by other samples than those of the result"):
        gk.load(rewritten(saved, levels=levels)).resume(paths=2**12)


def test_a_level_that_would_sample_other_things_is_refused(saved: Path) -> None:
    with np.load(saved) as arrays:
        levels = json.loads(bytes(arrays["header"]))["levels"]
    levels[1]["chosen"][0] = ["price by something else"]
    changed = gk.load(rewritten(saved, levels=levels))
    assert changed["price"] == short()["price"]
    with pytest.raises(gk.SchemaError, match="by other samples than those of the result"):
        changed.resume(paths=2**12)
