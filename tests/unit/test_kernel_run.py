"""Running a program: moments against numpy, the same bits however the work is split, interrupts, refusals."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from greeks.errors import SchemaError, UnsupportedError
from greeks.kernels import backends, cpu
from greeks.kernels import compile as compiler
from greeks.kernels.chunks import CHUNK
from greeks.kernels.compile import CompiledProgram
from greeks.kernels.foundation import foundation
from greeks.kernels.lanes import SCRATCH
from greeks.kernels.moments import Chunks, Moments, combine, merge
from greeks.kernels.normal import normal_pair
from greeks.kernels.reduction import EVERY
from greeks.kernels.shape import Shape

Array = NDArray[np.float64]
PROGRAM = """\
LANES = 256
ROW = 264
OUTPUTS = {outputs}
WORK = 3168
SAMPLES = 256
OUT = 528

@kernel
def block(theta, grid, seed, stream, path0, w, u):
    normals(w, 0, path0, 7, seed, stream)
    for s in range(grid.shape[0]):
        for p in range(LANES):
            w[p + 0] = w[p + 0] * grid[s, 0]
    for p in range(LANES):
        x = w[p + 0]
        y = w[p + 264]
        w[p + 528] = x
        w[p + 792] = theta[0] + theta[1] * y
        w[p + 1056] = maximum(x, y)
        w[p + 1320] = x * y
        w[p + 1584] = 1.0 if x > y else 0.0
        w[p + 1848] = x
        w[p + 2112] = x * x
        w[p + 2376] = 3.0
        w[p + 2640] = exp(x)
"""
THETA, GRID = np.array([2.0, 0.5]), np.ones((1, 1))


def program(outputs: int = 9) -> CompiledProgram:
    return compiler.load(PROGRAM.format(outputs=outputs))


def outputs_of(x: Any, y: Any) -> Array:
    columns = (x, 2.0 + 0.5 * y, np.maximum(x, y), x * y, x > y, x, x * x, 3.0 + 0.0 * x, np.exp(x))
    return np.stack([np.asarray(column, dtype=float) for column in columns], axis=1)


@pytest.fixture(scope="module")
def sample() -> Array:
    return outputs_of(*np.array([normal_pair(path, 7, 99, 1) for path in range(CHUNK + 517)]).T)


@pytest.mark.parametrize("paths", [1, 2, 255, 256, 257, CHUNK - 1, CHUNK, CHUNK + 517])
@pytest.mark.parametrize("outputs", [1, 4, 5, 9])
def test_moments_are_those_of_the_sample(sample: Array, outputs: int, paths: int) -> None:
    found = cpu.run(program(outputs), THETA, GRID, seed=99, stream=1, paths=paths)
    expected = sample[:paths, :outputs]
    centred = expected - expected.mean(axis=0)
    scale = np.sqrt(np.outer((centred**2).sum(axis=0), (centred**2).sum(axis=0))) + 1e-15
    assert found.count == paths
    np.testing.assert_allclose(found.mean, expected.mean(axis=0), rtol=1e-13, atol=1e-15)
    assert np.abs((found.comoment - centred.T @ centred) / scale).max() < 1e-12
    np.testing.assert_array_equal(found.comoment, found.comoment.T)


@pytest.mark.parametrize("paths", [1, 2, 257, CHUNK, CHUNK + 517])
@pytest.mark.parametrize("outputs", [1, 4, 6, 9])
def test_higher_moments_are_those_of_the_sample(sample: Array, outputs: int, paths: int) -> None:
    """Powers of one chunk in EVERY, extremes of all."""
    found = cpu.rows(program(outputs), THETA, GRID, seed=99, stream=1, paths=paths)
    shape, whole = found.shape(range(outputs)), sample[:paths, :outputs]
    assert_same_shape(found.part(0, 1).shape(range(outputs)), whole[:CHUNK])
    d = whole - whole.mean(axis=0)
    np.testing.assert_array_equal(shape.count, min(paths, CHUNK))
    np.testing.assert_array_equal(shape.seen, paths)
    np.testing.assert_allclose(shape.total, (d * d).sum(axis=0), rtol=1e-11, atol=1e-20)
    np.testing.assert_allclose(shape.higher[:, 2:], np.stack([d.max(axis=0), -d.min(axis=0)], axis=1), atol=1e-11)


def test_one_chunk_in_so_many_has_its_powers_summed() -> None:
    """Counted from path 0, wherever the run began."""
    found = cpu.rows(program(5), THETA, GRID, seed=3, first=3 * CHUNK, paths=6 * CHUNK)
    expected = [k % EVERY == 0 for k in range(3, 9)]
    assert [bool(k) for k in np.isfinite(found.higher[:, 4, 1])] == expected
    assert np.isfinite(found.higher[..., 2:]).all()


def test_shapes_of_many_chunks_unite_exactly(sample: Array) -> None:
    cuts = [0, 700, 1500, 1501, 4000]
    parts = [sample[a:b] for a, b in pairwise(cuts)]
    moments = [Moments.of(p) for p in parts]
    means, seconds = np.stack([m.mean for m in moments]), np.stack([np.diag(m.comoment) for m in moments])
    higher = np.stack([Shape.of(p).higher for p in parts])
    assert_same_shape(Shape.united(np.diff(cuts), means, seconds, higher), sample[:4000])


def assert_same_shape(found: Shape, sample: Array) -> None:
    """Against numpy on the paths themselves, relative to the moments of a normal law as wide."""
    n, d = len(sample), sample - sample.mean(axis=0)
    width = np.sqrt((d * d).mean(axis=0)) + 1e-15
    assert (found.count == n).all()
    np.testing.assert_allclose(found.mean, sample.mean(axis=0), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(found.second / n / width**2, (d**2).mean(axis=0) / width**2, atol=1e-12)
    np.testing.assert_allclose(found.higher[:, 0] / n / width**3, (d**3).mean(axis=0) / width**3, atol=1e-10)
    np.testing.assert_allclose(found.higher[:, 1] / n / width**4, (d**4).mean(axis=0) / width**4, rtol=1e-10)
    np.testing.assert_allclose(found.higher[:, 2] / width, d.max(axis=0) / width, atol=1e-12)
    np.testing.assert_allclose(found.higher[:, 3] / width, -d.min(axis=0) / width, atol=1e-12)


def test_kurtosis_and_the_largest_path(sample: Array) -> None:
    """Of a normal x with deviation 1/4: 3, of x^2: 15, of exp(x): Johnson and Kotz (1970); of a digital; a constant."""
    n = 256 * CHUNK
    shape = cpu.rows(program(), np.array([0.0, 1.0]), 0.25 * GRID, seed=11, paths=n).shape(range(9))
    normal, square, digital, constant, exponential = shape.kurtosis[[0, 6, 4, 7, 8]]
    w = np.exp(1.0 / 16.0)
    assert normal == pytest.approx(3.0, abs=4.0 * np.sqrt(24.0 * EVERY / n))
    assert square == pytest.approx(15.0, abs=0.5)
    assert digital == pytest.approx(1.0, abs=1e-4)
    assert exponential == pytest.approx(w**4 + 2.0 * w**3 + 3.0 * w**2 - 3.0, rel=0.05)
    assert np.isnan(constant) and np.isnan(shape.largest_share[7])
    first = cpu.rows(program(), THETA, GRID, seed=99, stream=1, paths=CHUNK).shape(range(9))
    d = sample[:CHUNK] - sample[:CHUNK].mean(axis=0)
    share = (d * d).max(axis=0)[[0, 3, 8]] / (d * d).sum(axis=0)[[0, 3, 8]]
    np.testing.assert_allclose(first.largest_share[[0, 3, 8]], share, rtol=1e-11)


def test_a_far_first_path_costs_no_digits_that_matter() -> None:
    """The shift of the chunk is the worst sample there can be: all others sit together, 64 deviations away."""
    theta = np.zeros(264 * 16)
    theta.reshape(16, 264)[:, :256] = 1.0 + 1e-3 * np.random.default_rng(3).normal(size=(16, 256))
    theta[0] = -1e3
    sample = theta.reshape(16, 264)[:, :256].reshape(-1, 1)
    found = replayed(theta, np.empty((0, 2)))
    assert found.shape([0]).kurtosis[0] == pytest.approx(Shape.of(sample).kurtosis[0], rel=1e-9)
    assert found.shape([0]).largest_share[0] == pytest.approx(1.0 - 1.0 / CHUNK, rel=1e-6)


def test_higher_moments_are_those_after_mixing() -> None:
    theta = np.random.default_rng(8).normal(size=16 * 2 * 264)
    x, y = theta.reshape(16, 2, 264)[:, :, :256].transpose(1, 0, 2).reshape(2, -1)
    found = replayed(theta, np.array([[0.75]]))
    assert_same_shape(found.shape([0]), (x - 0.75 * y)[:, None])


def replayed(lanes: Array, mixing: Array) -> Chunks:
    """One chunk of outputs that are given: rows of lanes, block after block."""
    m, rows, base = len(mixing) or 1, len(lanes) // 16 // 264, foundation()
    chunk = Chunks.unfilled(np.array([CHUNK]), m)
    starts, counts = cpu.ranges(0, CHUNK)
    w, u, sums = cpu.aligned(rows * 264 + SCRATCH), cpu.aligned(1), np.empty(m)
    where = np.array([[float(rows), 0.0]])
    base.simulate(
        base.shared("replay").address, 0, 256, lanes, where, 0, 0, starts, counts, mixing, w, u, sums, *chunk[1:]
    )
    return chunk


def test_chunks_of_unknown_shape_are_left_out(sample: Array) -> None:
    parts = [Moments.of(sample[a:b]) for a, b in ((0, 1000), (1000, 2500), (2500, 4000))]
    higher = np.stack([Shape.of(sample[a:b]).higher for a, b in ((0, 1000), (1000, 2500), (2500, 4000))])
    higher[0, 3] = np.nan
    chunks = Chunks(
        np.array([p.count for p in parts]),
        np.stack([p.mean for p in parts]),
        np.stack([p.comoment for p in parts]),
        higher,
    )
    found = chunks.shape([3, 4])
    np.testing.assert_array_equal(found.count, [3000, 4000])
    expected = Shape.of(sample[1000:4000, 3:4]).kurtosis[0], Shape.of(sample[:4000, 4:5]).kurtosis[0]
    np.testing.assert_allclose(found.kurtosis, expected, rtol=1e-11)
    nothing = chunks._replace(higher=np.full_like(higher, np.nan)).shape([0])
    assert nothing.count[0] == 0 and np.isnan(nothing.kurtosis[0]) and np.isnan(nothing.largest_share[0])


def test_standard_error_and_covariance(sample: Array) -> None:
    found = cpu.run(program(), THETA, GRID, seed=99, stream=1, paths=len(sample))
    np.testing.assert_allclose(found.covariance, np.cov(sample.T), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(found.std_error, sample.std(axis=0, ddof=1) / np.sqrt(len(sample)), rtol=1e-12)
    assert np.isinf(Moments.of(sample[:1]).std_error).all()


def test_a_large_mean_does_not_drown_a_small_deviation() -> None:
    found = cpu.run(program(2), np.array([1e6, 1e-3]), GRID, seed=5, paths=3 * CHUNK + 5)
    small = cpu.run(program(2), np.array([0.0, 1.0]), GRID, seed=5, paths=3 * CHUNK + 5)
    assert found.std_error[1] == pytest.approx(1e-3 * small.std_error[1], rel=1e-6)
    assert found.mean[1] - 1e6 == pytest.approx(1e-3 * small.mean[1], abs=1e-9)


@pytest.mark.parametrize("size", [40, 256, CHUNK + 500])
def test_batches_are_means_of_every_sixty_fourth_sample(sample: Array, size: int) -> None:
    found = cpu.rows(program(), THETA, GRID, seed=99, stream=1, paths=size, batches=True)
    for k in (0, 39, 63):
        own = [sample[:size][c * CHUNK : (c + 1) * CHUNK][k::64] for c in range(len(found.counts))]
        expected = np.stack([s.mean(axis=0) if len(s) else np.full(sample.shape[1], np.nan) for s in own])
        np.testing.assert_allclose(found.batches[:, :, k], expected, rtol=1e-11)
    plain = cpu.rows(program(), THETA, GRID, seed=99, stream=1, paths=size)
    assert same(plain[:4], found[:4]) and plain.batches.size == 0


def same(a: Any, b: Any) -> bool:
    return all(np.array_equal(x, y, equal_nan=True) for x, y in zip(a, b, strict=True))


def test_bits_do_not_depend_on_threads() -> None:
    paths = 37 * CHUNK + 11
    runs = [cpu.rows(program(), THETA, GRID, seed=3, paths=paths, threads=n) for n in (1, 2, 3, 7, None)]
    assert all(same(runs[0], other) for other in runs)


@pytest.mark.parametrize("cut", [1, 5, 8])
def test_bits_do_not_depend_on_how_the_range_is_split(cut: int) -> None:
    paths = 9 * CHUNK + 100
    whole = cpu.rows(program(), THETA, GRID, seed=3, paths=paths)
    first = cpu.rows(program(), THETA, GRID, seed=3, paths=cut * CHUNK)
    second = cpu.rows(program(), THETA, GRID, seed=3, first=cut * CHUNK, paths=paths - cut * CHUNK)
    joined = Chunks(*(np.concatenate(pair) for pair in zip(first, second, strict=True)))
    assert same(whole, joined)
    a, b = combine(whole), merge(combine(first), combine(second))
    assert a.count == b.count == paths
    np.testing.assert_allclose(a.comoment, b.comoment, rtol=1e-11, atol=1e-9)


def test_draws_differ_by_seed_stream_and_path() -> None:
    means = [
        cpu.run(program(1), THETA, GRID, paths=CHUNK, **where).mean[0]
        for where in (
            {"seed": 1},
            {"seed": 2},
            {"seed": 1 + 2**32},
            {"seed": 1, "stream": 1},
            {"seed": 1, "first": CHUNK},
        )
    ]
    assert len(set(means)) == len(means)


def test_normals_have_the_moments_of_normals() -> None:
    n = 512 * CHUNK
    found = cpu.run(program(4), np.array([0.0, 1.0]), GRID, seed=11, paths=n)
    expected = np.array([0.0, 0.0, 1.0 / np.sqrt(np.pi), 0.0])
    assert (np.abs((found.mean - expected) / found.std_error) < 4.0).all()
    assert np.abs(np.diag(found.covariance)[:2] - 1.0).max() < 4.0 * np.sqrt(2.0 / n)


def test_no_paths_and_merging_with_nothing() -> None:
    none = cpu.run(program(2), THETA, GRID, seed=1, paths=0)
    some = cpu.run(program(2), THETA, GRID, seed=1, paths=100)
    assert none.count == 0 and merge(none, some) is some and merge(some, none) is some


def test_an_infinite_output_is_passed_on_not_hidden() -> None:
    found = cpu.run(program(2), np.array([np.inf, 1.0]), GRID, seed=1, paths=2 * CHUNK)
    assert not np.isfinite(found.mean[1]) and np.isfinite(found.mean[0])


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"first": 100}, "first = 100: expected a multiple of 4096"),
        ({"first": -CHUNK}, "first = -4096"),
        ({"paths": -1}, "paths = -1"),
        ({"stream": 2**32}, "stream = 4294967296"),
        ({"seed": 2**64}, "seed = 18446744073709551616"),
        ({"threads": 0}, "threads = 0: expected at least 1"),
    ],
)
def test_bad_ranges_are_refused(where: dict[str, int], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        cpu.run(program(2), THETA, GRID, **{"seed": 1, "paths": 10, **where})


def test_unknown_backends_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="backend = 'tpu': expected one of 'cpu', 'cuda'"):
        backends.runner("tpu")
    with pytest.raises(UnsupportedError, match="backend = 'tpu'"):
        compiler.load("", "tpu")
    assert backends.runner("cpu") is cpu.run and backends.backends()["cpu"].available


FOREVER = """
import numpy as np, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # what starts in the background may begin without
import test_kernel_run as here
program = here.program(2)
print("ready", flush=True)
here.cpu.run(program, here.THETA, np.ones((1000, 1)), seed=1, paths=2**40 // 1000, threads=int(sys.argv[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupt_stops_at_once(threads: int, request: pytest.FixtureRequest) -> None:
    program(2)
    process = subprocess.Popen(
        [sys.executable, "-c", FOREVER, str(threads)],
        cwd=request.path.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        sent = time.monotonic()
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert time.monotonic() - sent < 5.0
    assert process.returncode != 0 and errors.rstrip().endswith(b"KeyboardInterrupt")
