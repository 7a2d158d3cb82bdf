"""Runs in parts: gone on with, merged, saved and loaded, bit for bit what one run gives."""

from __future__ import annotations

import json
import math
import pickle
import zipfile
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import greeks as gk
from greeks.engine.sampling.tally import FAN, Rows, Tally
from greeks.kernels.chunks import CHUNK
from greeks.kernels.moments import Chunks, combine

MODEL = gk.BlackScholes(100.0, 0.05, 0.2, 0.02)
OTHER = gk.BlackScholes(101.0, 0.05, 0.3, 0.02)
ASIAN = gk.AsianCall(100.0, 1.0, 12)
SAMPLERS: dict[str, gk.Sampler] = {
    "Philox": gk.Philox(),
    "antithetic": gk.Antithetic(),
    "Sobol": gk.Sobol(scrambles=4),
    "Latin": gk.LatinHypercube(scrambles=4),
}
PART = 2**15
ESTIMATORS = {"delta": gk.LikelihoodRatio(), "vega": gk.Pathwise()}  # with controls from the pilot, and without
estimated = partial(gk.sensitivities, MODEL, ASIAN, ["delta", "vega"], estimator=ESTIMATORS, seed=3)


def assert_same(a: gk.Sensitivities, b: gk.Sensitivities) -> None:
    """All numbers, errors and diagnostics, to the last bit."""
    assert dict(a) == dict(b)
    assert np.array_equal(a.covariance, b.covariance)


@pytest.fixture(scope="module", params=SAMPLERS)
def sampler(request: pytest.FixtureRequest) -> gk.Sampler:
    return SAMPLERS[request.param]


def test_more_paths_give_what_one_run_gives(sampler: gk.Sampler) -> None:
    long = estimated(paths=2 * PART, sampler=sampler)
    assert_same(estimated(paths=PART, sampler=sampler).resume(paths=PART), long)


def test_a_run_of_less_than_a_chunk_goes_on_too(sampler: gk.Sampler) -> None:
    """Where there is nothing to choose: short runs choose for themselves, and keep to it."""
    plain = partial(estimated, controls=(), sampler=sampler, estimator=ESTIMATORS | {"price": gk.Pathwise()})
    few = plain(paths=1024).resume(paths=1024)
    assert_same(few.resume(paths=2 * PART - 2048, threads=1), plain(paths=2 * PART))


def test_a_short_run_keeps_to_its_choices() -> None:
    few = estimated(paths=1024)
    assert [e.reason for e in few.resume(paths=PART).values()] == [e.reason for e in few.values()]
    assert "controls" in estimated(paths=PART)["price"].reason


def test_ranges_of_paths_give_what_one_run_gives(sampler: gk.Sampler) -> None:
    long = estimated(paths=4 * PART, sampler=sampler)
    a, b, c = (estimated(paths=n * PART, first=f * PART, sampler=sampler) for f, n in ((0, 1), (1, 1), (2, 2)))
    assert_same(gk.merge([a, b, c]), long)
    assert_same(gk.merge([c, gk.merge([b, a])]), long)
    assert_same(gk.merge([a, b]).resume(paths=2 * PART), long)


def test_streams_give_the_same_in_any_order(sampler: gk.Sampler) -> None:
    parts = [estimated(paths=n * PART, stream=k, sampler=sampler) for k, n in ((0, 1), (7, 2), (3, 1))]
    whole = gk.merge(parts)
    for some in permutations(parts):
        assert_same(gk.merge(some), whole)
        assert_same(gk.merge([some[0], gk.merge(some[1:])]), whole)
    weights = (0.25, 0.5, 0.25)
    for greek in whole:
        assert whole[greek].value == pytest.approx(sum(w * r[greek].value for w, r in zip(weights, parts, strict=True)))
        error = math.sqrt(sum((w * r[greek].std_error) ** 2 for w, r in zip(weights, parts, strict=True)))
        assert whole[greek].std_error == pytest.approx(error, rel=0.02)
    assert whole["price"].paths == 4 * PART
    degrees = whole["price"].degrees
    assert degrees is None if sampler.design.families == 1 else degrees is not None and 3 <= degrees <= 9


def test_what_is_loaded_is_what_was_saved_and_goes_on(sampler: gk.Sampler, tmp_path: Path) -> None:
    r = estimated(paths=PART, sampler=sampler)
    r.save(tmp_path / "half")
    again = gk.load(tmp_path / "half")
    assert_same(again, r)
    assert repr(again) == repr(r)
    long = estimated(paths=2 * PART, sampler=sampler)
    assert_same(again.resume(paths=PART), long)
    assert_same(gk.merge([estimated(paths=PART, first=PART, sampler=sampler), again]), long)


def test_a_path_that_is_no_whole_chunk_is_no_matter() -> None:
    r = estimated(paths=50_001)
    assert_same(r.resume(paths=49_999), estimated(paths=100_000))


def test_pickles_go_on() -> None:
    r = pickle.loads(pickle.dumps(estimated(paths=PART)))
    assert_same(r.resume(paths=PART), estimated(paths=2 * PART))


def test_a_target_is_reached_from_where_the_run_is() -> None:
    r = estimated(paths=PART)
    target = r["price"].std_error / 1.5
    better = r.resume(std_error={"price": target})
    assert better.complete and target / 1.5 < better["price"].std_error <= target
    assert_same(better, estimated(paths=better["price"].paths))
    assert_same(better.resume(std_error={"price": 2.0 * target}), better)  # nothing to do
    limited = r.resume(std_error=1e-9, max_paths=2 * PART)
    assert limited["price"].paths == 2 * PART and not limited.complete


def test_time_is_used_up_and_no_target_is_missed_by_it() -> None:
    r = estimated(paths=PART).resume(time_limit=0.2)
    assert r.complete and r["price"].paths > PART
    assert_same(r, estimated(paths=r["price"].paths))


def test_a_run_that_ran_out_of_time_goes_on_to_where_it_was_going() -> None:
    r = estimated(paths=2**18, time_limit=1e-3)
    assert not r.complete
    assert_same(r.resume(), estimated(paths=2**18))
    assert_same(r.resume(time_limit=1e-3).resume(), estimated(paths=2**18))
    done = estimated(paths=PART)
    assert_same(done.resume(), done)


def test_merged_streams_go_on_with_the_first() -> None:
    a, b = (estimated(paths=PART, stream=k) for k in (1, 2))
    longer = gk.merge([a, b]).resume(paths=PART)
    assert_same(longer, gk.merge([a.resume(paths=PART), b]))


def test_verification_works_on_what_was_loaded(tmp_path: Path) -> None:
    estimated(paths=2**14).save(tmp_path / "r")
    check = gk.load(tmp_path / "r").verify()
    assert check.agrees and check["delta"].used.estimator == "likelihood ratio"


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (lambda: estimated(paths=PART), r"two runs have paths of stream 0 in common"),
        (lambda: estimated(paths=PART, first=8192), r"stream 0 in common; .* first="),
        (lambda: estimated(paths=PART, stream=1, seed=4), r"seed: 3 and 4"),
        (
            lambda: gk.sensitivities(OTHER, ASIAN, ["delta", "vega"], estimator=ESTIMATORS, stream=1, seed=3),
            r"model: spot=100.0, volatility=0.2 and spot=101.0, volatility=0.3$",
        ),
        (lambda: gk.sensitivities(MODEL, ASIAN, ["delta"], estimator=gk.Pathwise(), stream=1), r"greeks: .*vega"),
        (lambda: estimated(paths=PART, stream=1, sampler=gk.Antithetic()), r"sampler: .*Antithetic"),
        (lambda: gk.Sensitivities(dict(estimated(paths=PART)), np.eye(3)), r"holds numbers only"),
        (lambda: 3.0, r"a float that holds numbers only"),
    ],
)
def test_what_does_not_belong_together_is_not_merged(other: Any, words: str) -> None:
    with pytest.raises(gk.SchemaError, match=words):
        gk.merge([estimated(paths=PART), other()])


def test_refusals() -> None:
    r = estimated(paths=PART)
    with pytest.raises(gk.SchemaError, match=r"expected at least one result"):
        gk.merge([])
    for wrong in (0, -1, 2.5, True):
        with pytest.raises(gk.SchemaError, match=r"paths = .*expected a whole number >= 1"):
            r.resume(paths=wrong)  # type: ignore[arg-type]
    with pytest.raises(gk.SchemaError, match=r"std_error = nan"):
        r.resume(std_error=math.nan)
    with pytest.raises(gk.SchemaError, match=r"gamma.*there are price, delta, vega"):
        r.resume(std_error={"gamma": 0.1})
    with pytest.raises(gk.SchemaError, match=r"power of two.*at least 32,768 paths"):
        estimated(paths=PART, sampler=gk.Sobol(scrambles=4)).resume(paths=1000)
    with pytest.raises(gk.SchemaError, match=r"resume\(\): this result holds numbers only"):
        gk.Sensitivities(dict(r), r.covariance).resume()
    with pytest.raises(gk.SchemaError, match=r"save\(\): this result holds numbers only"):
        gk.Sensitivities(dict(r), r.covariance).save("nowhere")


@dataclass(frozen=True)
class Mine(gk.Model):
    """dS = r S dt + sigma S dW, by a user."""

    spot: gk.Scalar
    rate: gk.Scalar
    sigma: gk.Scalar
    note: str = "mine"
    state = ("spot",)

    def drift(self, t: Any, x: Any) -> Any:
        return (self.rate * x[0],)

    def diffusion(self, t: Any, x: Any) -> Any:
        return ((self.sigma * x[0],),)

    def discount(self, t: Any) -> Any:
        return gk.exp(-self.rate * t)


def test_classes_of_the_user_are_made_only_if_they_are_passed(tmp_path: Path) -> None:
    r = gk.sensitivities(Mine(100.0, 0.05, 0.2), gk.Call(100.0, 1.0), ["delta"], paths=2**13, estimator=gk.Pathwise())
    r.save(tmp_path / "mine")
    assert_same(gk.load(tmp_path / "mine", types=[Mine]), r)
    with pytest.raises(gk.SchemaError, match=r"mine: it is of the class .*:Mine, .*types=\[Mine\]\); given: none"):
        gk.load(tmp_path / "mine")


def test_requests_come_back_as_they_were(tmp_path: Path) -> None:
    """NumPy's numbers and arrays, matrices, options of schemes, samplers and targets."""
    model = gk.MultiBlackScholes(np.array([100.0, 90.0]), 0.05, (0.2, 0.3), np.array([[1.0, 0.5], [0.5, 1.0]]), (0, 0))
    basket = gk.BasketCall(strike=np.float64(0.1 + 0.2) * 300.0, maturity=1.0, weights=np.array([0.5, 0.5]))
    r = gk.sensitivities(
        model, basket, ["delta"], paths=2**13, scheme=gk.Exact(), std_error={"delta": gk.Relative(0.5, floor=1e-3)}
    )
    r.save(tmp_path / "basket.npz")
    again = gk.load(tmp_path / "basket.npz")
    assert_same(again, r)
    assert_same(again.resume(paths=2**13), r.resume(paths=2**13))
    other = gk.sensitivities(model, basket, ["delta"], paths=2**13, scheme=gk.Exact(), stream=1)
    assert_same(gk.merge([again, other]), gk.merge([other, r]))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("saved") / "r"
    estimated(paths=2**13).save(path)
    return path.read_bytes()


def test_files_cut_short_are_refused(saved: bytes, tmp_path: Path) -> None:
    path = tmp_path / "cut"
    for size in (0, 1, 30, len(saved) // 2, len(saved) - 1):
        path.write_bytes(saved[:size])
        with pytest.raises(gk.SchemaError, match=r"cut: no whole result of greeks"):
            gk.load(path)


def test_damaged_files_are_refused(saved: bytes, tmp_path: Path) -> None:
    """One bit of every 97th byte at a time: refused, or not a bit of the result has changed."""
    path, honest = tmp_path / "damaged", estimated(paths=2**13)
    for at in range(0, len(saved), 97):
        path.write_bytes(saved[:at] + bytes([saved[at] ^ 4]) + saved[at + 1 :])
        try:
            found = gk.load(path)
        except gk.SchemaError:
            continue
        assert_same(found, honest)


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    with pytest.raises(FileNotFoundError):
        gk.load(path)
    np.savez(path, a=np.ones(3))
    with pytest.raises(gk.SchemaError, match=r"did not write"):
        gk.load(path)
    path.write_text("price,delta\n1,2\n")
    with pytest.raises(gk.SchemaError, match=r"no whole result"):
        gk.load(path)
    with pytest.raises(gk.SchemaError):
        gk.load(tmp_path)


def rewritten(saved: bytes, path: Path, **changes: Any) -> Path:
    """A saved file with another header."""
    path.write_bytes(saved)
    with np.load(path) as arrays:
        contents = {k: arrays[k] for k in arrays.files}
    header = json.loads(bytes(contents["header"])) | changes
    contents["header"] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **contents)
    return path


def test_nothing_in_a_file_runs(saved: bytes, tmp_path: Path) -> None:
    for name in ("os:system", "subprocess:Popen", "Exception", "print"):
        path = rewritten(saved, tmp_path / "evil", model={"is": name, "args": "touch x"})
        with pytest.raises(gk.SchemaError, match=r"none of greeks"):
            gk.load(path)
    with zipfile.ZipFile(tmp_path / "pickled", "w") as archive, archive.open("header.npy", "w") as file:
        np.lib.format.write_array(file, np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(gk.SchemaError):
        gk.load(tmp_path / "pickled")


def test_newer_files_and_other_choices_are_told(saved: bytes, tmp_path: Path) -> None:
    with pytest.raises(gk.SchemaError, match=r"version 9 of the format; .* update greeks"):
        gk.load(rewritten(saved, tmp_path / "newer", version=9))
    other = gk.load(rewritten(saved, tmp_path / "chosen", chosen=[["price by Other()"], ["x"], ["y"]]))
    with pytest.raises(gk.SchemaError, match=r"this version of greeks estimates the request by other samples"):
        other.resume(paths=2**13)


def test_a_failed_save_leaves_the_file_of_before(saved: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r"
    path.write_bytes(saved)

    def full(file: Any, **arrays: Any) -> None:
        file.write(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="no space"):
        estimated(paths=2**13).save(path)
    assert path.read_bytes() == saved and list(tmp_path.iterdir()) == [path]


def chunks(k: int, m: int, last: int = CHUNK) -> Chunks:
    """Moments of k chunks of normal samples, made up."""
    rng = np.random.default_rng(k)
    counts = np.full(k, CHUNK)
    counts[-1] = last
    factor = rng.normal(size=(k, m, m))
    higher = np.abs(rng.normal(size=(k, m, 4)))
    higher[np.arange(k) % 4 > 0, :, :2] = np.nan
    return Chunks(counts, rng.normal(size=(k, m)), factor @ factor.transpose(0, 2, 1), higher)


@pytest.mark.parametrize("m", [1, 3])
def test_a_tree_does_not_depend_on_who_brought_the_chunks(m: int) -> None:
    k = FAN * FAN + 3 * FAN + 5
    found = chunks(k, m, last=100)
    whole = Tally.of(found)
    merged = whole.rows.merged(len(whole.rows.counts))
    direct = combine(found)
    np.testing.assert_allclose(merged.means[0, 0], direct.mean, rtol=1e-12)
    np.testing.assert_allclose(merged.comoments[0, 0], direct.comoment, rtol=1e-12)
    shape = found.shape(range(m))
    np.testing.assert_allclose(merged.shape.kurtosis, shape.kurtosis, rtol=1e-9)
    np.testing.assert_allclose(merged.shape.largest_share, shape.largest_share, rtol=1e-9)
    rng = np.random.default_rng(1)
    for pieces in (2, 7, 100):
        cuts = [0, *sorted(rng.choice(k - 1, pieces, replace=False) + 1), k]
        parts = [Tally.of(found.part(a, b), a) for a, b in pairwise(cuts)]
        again = Tally()
        for i in rng.permutation(len(parts)):
            assert not again.overlaps(parts[i])
            again = again.plus(parts[i])
            assert again.overlaps(parts[i])
        rows: Rows = again.rows.merged(len(again.rows.counts))
        for a, b in zip(merged, rows, strict=True):
            assert np.array_equal(a, b)


def test_a_long_run_needs_little_memory() -> None:
    tally = Tally()
    for first in range(0, 200_000, 10_000):
        tally = tally.plus(Tally.of(chunks(10_000, 2), first))
    assert tally.samples == 200_000 * CHUNK
    assert all(len(at) < FAN for at, _ in tally.levels[:-1]) and len(tally.rows.counts) < 4 * FAN
