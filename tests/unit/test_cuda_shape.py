"""How large a launch is: what the scarcest resource allows, within memory; and the buffers of launches in flight."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greeks.errors import EstimationError
from greeks.kernels.cuda_reduction import TILE, add_tile, clear_work, conclude_chunk, join_strands, pairs_of
from greeks.kernels.cuda_reduction import numbers_for as numbers
from greeks.kernels.cuda_shape import MOST, STEPS, Launch, Room
from greeks.kernels.moments import Chunks
from greeks.kernels.reduction import BATCHES
from greeks.kernels.shape import Shape

DEVICE = Room(resident=396, free=2**36)


class Kernel:
    """One that has been compiled: the driver says how many of its blocks a device holds."""

    def __init__(self, resident: int) -> None:
        self.overloads, self.resident = {"signature": self}, resident

    def max_cooperative_grid_blocks(self, threads: int) -> int:
        assert threads == 128
        return self.resident


@pytest.mark.parametrize(("driver", "blocks"), [(396, 396), (0, 1)])
def test_the_driver_says_how_many_blocks_run_side_by_side(
    monkeypatch: pytest.MonkeyPatch, driver: int, blocks: int
) -> None:
    import numba

    context = SimpleNamespace(get_memory_info=lambda: (2**30, 2**36))
    monkeypatch.setattr(numba, "cuda", SimpleNamespace(current_context=lambda: context), raising=False)
    assert Room.on_current_device(Kernel(driver)) == Room(blocks, 2**30)


def test_no_more_blocks_than_chunks_or_than_run_side_by_side() -> None:
    assert Launch.fitted(DEVICE, 4800, 500, 10, 4096) == Launch(10, 128, 10)
    assert Launch.fitted(DEVICE, 4800, 500, 5000, 4096) == Launch(396, 128, 5000)


@given(
    free=st.integers(2**20, 2**40),
    resident=st.integers(1, 5000),
    work=st.integers(1, 2**17),
    row=st.integers(1, 2**16),
    chunks=st.integers(1, 2**20),
    steps=st.integers(1, 2**34),
)
def test_a_launch_stays_within_its_memory_and_time(
    free: int, resident: int, work: int, row: int, chunks: int, steps: int
) -> None:
    launch = Launch.fitted(Room(resident, free), work, row, chunks, steps)
    assert launch.chunks * steps <= max(STEPS, launch.blocks * steps)
    assert 1 <= launch.blocks <= min(chunks, resident) and 1 <= launch.chunks <= chunks
    assert launch.blocks * work + launch.chunks * row <= min(free // 2, MOST)


def test_too_little_memory_is_told() -> None:
    with pytest.raises(EstimationError, match=r"0\.5 MiB free, of which a run may take 0\.2: .* Remedy: free memory"):
        Launch.fitted(Room(396, 2**19), 2**20, 100, 5, 4096)


def test_pairs_cover_every_unordered_pair() -> None:
    for m in range(1, 12):
        found = {tuple(sorted((k % m, (k % m + k // m) % m))) for k in range(pairs_of(m))}
        assert found == {(i, j) for i in range(m) for j in range(i, m)}


def reduced(sample: np.ndarray, threads: int) -> Chunks:
    """A chunk as a CUDA block of so many threads reduces it: each phase thread after thread, last one first."""
    n, m = sample.shape
    found = Chunks.unfilled(np.array([n]), m, batches=True)
    mean, cross, higher, dealt = (part[0] for part in found[1:])
    work = np.full(numbers(m), np.nan)
    order = range(threads - 1, -1, -1)
    for thread in order:
        clear_work(work, thread, threads)
    mean[:] = sample[0]
    for begin in range(0, n, TILE):
        tile = sample[begin : begin + TILE]
        x = np.full(m * TILE, np.nan)
        for i in range(m):
            x[i * TILE : i * TILE + len(tile)] = tile[:, i]
        for thread in order:
            add_tile(x, len(tile), 1, mean, work, thread, threads)
    for thread in order:
        join_strands(n, mean, work, cross, higher, dealt, thread, threads)
    conclude_chunk(n, 1, mean, work, cross, higher)
    return found


@pytest.mark.parametrize("m", [1, 2, 5])
def test_a_block_reduces_to_the_moments_of_its_samples(m: int) -> None:
    rng = np.random.default_rng(m)
    sample = 1e3 + rng.normal(size=(300, m)) @ rng.normal(size=(m, m))
    found = reduced(sample, 7)
    centred = sample - sample.mean(axis=0)
    np.testing.assert_allclose(found.means[0], sample.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(found.comoments[0], centred.T @ centred, rtol=1e-11, atol=1e-9)
    of = Shape.of(sample)
    np.testing.assert_allclose(found.higher[0], of.higher, rtol=1e-9, atol=1e-6)
    means = [sample[k::BATCHES].mean(axis=0) for k in range(BATCHES)]
    np.testing.assert_allclose(found.batches[0].T, means, rtol=1e-13)


def test_the_bits_do_not_depend_on_the_number_of_threads() -> None:
    sample = np.random.default_rng(0).standard_cauchy(size=(270, 3))
    one = reduced(sample, 1)
    for threads in (2, 5, 128, 1024):
        for a, b in zip(one, reduced(sample, threads), strict=True):
            assert a.tobytes() == b.tobytes()


def test_batches_without_samples_are_no_numbers_and_a_bad_sample_shows() -> None:
    few = reduced(np.arange(10.0)[:, None], 3)
    assert np.isnan(few.batches[0, 0, 10:]).all() and np.isfinite(few.batches[0, 0, :10]).all()
    bad = reduced(np.array([[1.0], [np.nan], [2.0]]), 2)
    assert np.isnan(bad.means).all() and np.isnan(bad.comoments).all() and np.isnan(bad.higher[0, 0, 2:]).all()
