"""Point sets: numbers against scipy's, scramblings as permutations, lanes against single paths, strata."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.special import ndtr

from greeks.engine.programs.draws import Factors
from greeks.engine.programs.noise import section
from greeks.engine.terms.grid import TimeGrid
from greeks.kernels import net, noise
from greeks.kernels.antithetic import pair_of_side, single_of_side
from greeks.kernels.chunks import CHUNK
from greeks.kernels.compile import load
from greeks.kernels.cpu import rows
from greeks.kernels.lanes import LANES, ROW
from greeks.samplers import (
    AverageBridge,
    BrownianBridge,
    Incremental,
    LatinHypercube,
    Order,
    PointSet,
    PrincipalComponents,
    Sobol,
)
from greeks.samplers.sobol import direction_numbers

Array = NDArray[np.float64]
SHOWN = """\
LANES = 256
ROW = 264
OUTPUTS = 1
WORK = 1056
SAMPLES = 256
OUT = 0

@kernel
def block(theta, grid, seed, stream, path0, w, u):
    {draw}
    for r in range(int(grid[0, 0])):
        fetch(w, 0, {shown})
        for p in range(LANES):
            theta[int(grid[0, 1]) + r * LANES + p] = w[p + 0]
"""
ORDERS = [Incremental(), BrownianBridge(), AverageBridge(), PrincipalComponents()]


def section_of(sampler: PointSet, steps: int, factors: int = 1) -> Array:
    """Dates at uneven distances, without fine steps of their own."""
    ends = np.cumsum(np.linspace(1.0, 2.0, steps))
    grid = TimeGrid(ends, np.ones(steps, dtype=bool), np.ones(steps, dtype=np.int64), False)
    return section(sampler, grid, Factors(factors, 0))


def shown(draw: str, source: str, count: int, theta: Array, first: int, seed: int, held: int) -> Array:
    """Rows of lanes that a compiled block has made for the paths from `first` on, (count, 256)."""
    table = np.concatenate([theta, np.zeros(count * LANES)])
    program = load(SHOWN.format(draw=draw, shown=source))
    grid = np.array([[float(count), float(len(theta))]])
    rows(program, table, grid, seed=seed, first=first, paths=2, families=2 if first % CHUNK else 1, normals=held)
    return table[len(theta) :].reshape(count, LANES)


def filled(sampler: PointSet, steps: int, first: int = 0, seed: int = 3, factors: int = 1) -> Array:
    """The normals of 256 paths, (steps x factors, 256), by the compiled kernels."""
    theta = section_of(sampler, steps, factors)
    draw = "fill(u, theta, 0, path0, seed, stream)"
    return shown(draw, "u, r * ROW", steps * factors, theta, first, seed, int(theta[net.HELD]))


@pytest.mark.parametrize("dimensions", [1, 2, 5, 40, 1111])
def test_the_direction_numbers_make_scipys_points(dimensions: int) -> None:
    """In scipy's order point i is number i ^ (i >> 1); far out too, where only the recurrence knows them."""
    directions = direction_numbers(dimensions)
    engine = stats.qmc.Sobol(dimensions, scramble=False, bits=32)
    theirs = engine.random(2**10)
    engine.fast_forward(2**16 - 2**10 - 3)
    far = engine.random(6)
    for i, point in [*enumerate(theirs[:300]), *enumerate(far, 2**16 - 3)]:
        for k in {0, dimensions // 2, dimensions - 1}:
            ours = net.sobol_number(directions, k, i ^ (i >> 1))
            assert net.reversed_bits(ours) == int(point[k] * 2.0**32)


def test_the_recurrence_gives_direction_numbers_that_scipys_points_confirm() -> None:
    """Point 2^j + 2^(j-1) + 1 of scipy for a j beyond all that are read off: sums of three numbers."""
    directions = direction_numbers(300)
    engine = stats.qmc.Sobol(300, scramble=False, bits=32)
    at = 2**17 + 5
    engine.fast_forward(at)
    point = engine.random(1)[0]
    ours = [net.reversed_bits(net.sobol_number(directions, k, at ^ (at >> 1))) for k in range(300)]
    np.testing.assert_array_equal(ours, (point * 2.0**32).astype(np.int64))


@pytest.mark.parametrize(("add", "odd"), [(0, 1), (0x12345678, 0x9E3779B9), (0xFFFFFFFF, 0xFFFFFFFF)])
def test_a_scrambling_permutes_each_digit_given_those_before_it(add: int, odd: int) -> None:
    found = [net.scrambled(x, add, odd) for x in range(2**12)]
    for digits in range(1, 13):
        low = [x % 2**digits for x in found[: 2**digits]]
        assert sorted(low) == list(range(2**digits))
        assert [x % 2**digits for x in found] == low * 2 ** (12 - digits)


def test_a_scrambling_is_uniform_whatever_the_point() -> None:
    """Over 2^16 values of the word added: their lowest 16 digits are equidistributed exactly."""
    for x in (0, 1, 0xDEADBEEF):
        low = {net.scrambled(x, add, 0x9E3779B9) % 2**16 for add in range(2**16)}
        assert len(low) == 2**16


def test_indices_are_shuffled_within_powers_of_two() -> None:
    for a, b in pairwise([0, 64, 128, 192, 256]):
        block = sorted(net.shuffled(i, 0x12345678, 0x9E3779B9) for i in range(a, b))
        assert block == list(range(block[0], block[0] + 64)) and block[0] % 64 == 0


@pytest.mark.parametrize("order", ORDERS, ids=lambda o: type(o).__name__)
@pytest.mark.parametrize("kind", [Sobol, LatinHypercube])
def test_lanes_are_single_paths(kind: type[PointSet], order: Order) -> None:
    """Whole constructions, with dimensions beyond the net, another family, and an index past the first block."""
    sampler = kind(order=order, dimensions=5)
    theta = section_of(sampler, 7, 2)
    first = (6 << 32) + 3 * CHUNK
    lanes = filled(sampler, 7, first, seed=2**63 + 5, factors=2)
    u = np.zeros(int(theta[net.HELD]))
    for p in (0, 1, 77, 255):
        noise.fill_one(u, theta, 0, first + p, 2**63 + 5, 0)
        np.testing.assert_allclose(u[:14], lanes[:, p], rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("kind", [Sobol, LatinHypercube])
@pytest.mark.parametrize("first", [0, 5 << 32, CHUNK])
def test_every_coordinate_is_stratified(kind: type[PointSet], first: int) -> None:
    """256 points: one in each 256th of the unit interval, in every dimension, in every randomisation."""
    normals = filled(kind(order=Incremental()), 60, first)
    strata = np.sort((ndtr(normals) * 256).astype(int), axis=1)
    np.testing.assert_array_equal(strata, np.tile(np.arange(256), (60, 1)))


def test_sobol_points_are_stratified_in_two_dimensions_and_latin_ones_are_not() -> None:
    """The first two dimensions of 256 points: one in each of 16 x 16, 4 x 64, ... boxes of equal area."""
    for kind, even in ((Sobol, True), (LatinHypercube, False)):
        u = ndtr(filled(kind(order=Incremental()), 2))
        for k in range(9):
            boxes = (u[0] * 2**k).astype(int) * 2 ** (8 - k) + (u[1] * 2 ** (8 - k)).astype(int)
            if k not in (0, 8):
                assert (len(set(boxes)) == 256) is even


@pytest.mark.parametrize("kind", [Sobol, LatinHypercube])
def test_randomisations_are_independent(kind: type[PointSet]) -> None:
    """Means of exp(z) over 256 points in each of 400 families: those of neighbours, and of dimensions, uncorrelated."""
    means = np.array([np.exp(filled(kind(order=Incremental()), 4, f << 32)).mean(axis=1) for f in range(400)])
    pairs = np.column_stack([means[:-1], means[1:]])
    correlation = np.corrcoef(pairs.T) - np.eye(8)
    assert np.abs(correlation).max() < 4.0 / np.sqrt(399)
    assert len(np.unique(means)) == means.size


def test_seeds_and_streams_have_other_points() -> None:
    found = [filled(Sobol(), 3, seed=s) for s in (3, 4, 3 + 2**40)]
    assert len(np.unique(np.concatenate(found))) == 9 * LANES


@pytest.mark.parametrize("order", ORDERS, ids=lambda o: type(o).__name__)
@pytest.mark.parametrize("steps", [1, 2, 3, 7, 64])
def test_constructions_are_orthogonal(order: Order, steps: int) -> None:
    matrix = order.construction(np.linspace(1.0, 3.0, steps)).of(np.eye(steps))
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(steps), atol=1e-12)


def test_a_bridge_sets_the_end_first_then_the_middle() -> None:
    """W_T is a multiple of x_0 alone; W at the middle of x_0 and x_1 alone, with the bridge's variance."""
    variances = np.array([1.0, 2.0, 3.0, 1.0, 1.0, 4.0])
    z = BrownianBridge().construction(variances).of(np.eye(6))
    path = np.cumsum(np.sqrt(variances)[:, None] * z, axis=0)
    np.testing.assert_allclose(path[-1], [np.sqrt(12.0), 0, 0, 0, 0, 0], atol=1e-14)
    np.testing.assert_allclose(path[2, 2:], 0.0, atol=1e-14)
    np.testing.assert_allclose(abs(path[2, 1]), np.sqrt(6.0 * 6.0 / 12.0), rtol=1e-14)


def test_the_average_is_set_by_the_first_dimension_alone() -> None:
    """So it is at uneven dates, with the variance of the average; the others stay near those of the bridge."""
    variances = np.array([1.0, 2.0, 3.0, 1.0, 1.0, 4.0])
    z = AverageBridge().construction(variances).of(np.eye(6))
    average = np.cumsum(np.sqrt(variances)[:, None] * z, axis=0).mean(axis=0)
    times = np.cumsum(variances)
    np.testing.assert_allclose(average[1:], 0.0, atol=1e-14)
    np.testing.assert_allclose(average[0] ** 2, np.minimum.outer(times, times).mean(), rtol=1e-14)
    even = [o.construction(np.ones(256)).of(np.eye(256)) for o in (AverageBridge(), BrownianBridge())]
    alike = np.abs((even[0] * even[1]).sum(axis=0))
    assert alike.min() > 0.8 and alike[8:].min() > 0.99


def test_principal_components_are_in_the_order_of_their_variance() -> None:
    z = PrincipalComponents().construction(np.ones(50)).of(np.eye(50))
    share = (np.cumsum(z, axis=0) ** 2).sum(axis=0)
    assert (np.diff(share) < 0.0).all() and share[0] / share.sum() > 0.8


@pytest.mark.parametrize("order", ORDERS, ids=lambda o: type(o).__name__)
def test_kernels_build_what_the_construction_says(order: Order) -> None:
    """Two factors at uneven dates: each its own construction of the same rows of independent normals."""
    plain = filled(Sobol(order=Incremental()), 9, factors=2)
    built = filled(Sobol(order=order), 9, factors=2)
    c = order.construction(np.linspace(1.0, 2.0, 9))
    for factor in (0, 1):
        np.testing.assert_allclose(built[factor::2], c.of(plain[factor::2]), rtol=1e-12, atol=1e-13)


def test_mirrored_lanes_are_pairs() -> None:
    draw = "mirrored_normals(w, 264, path0, 7, seed, stream)"
    both = np.stack([shown(draw, f"w, {r}", 1, np.zeros(1), 2 * CHUNK, 9, 0)[0] for r in (ROW, 2 * ROW)])
    (alone,) = shown("mirrored_normal(w, 264, path0, 7, seed, stream)", f"w, {ROW}", 1, np.zeros(1), CHUNK, 9, 0)
    np.testing.assert_array_equal(both[:, 128:], -both[:, :128])
    np.testing.assert_array_equal(alone[128:], -alone[:128])
    for p in (0, 1, 63, 64, 127):
        np.testing.assert_allclose(both[:, p], pair_of_side(2 * CHUNK + p, 7, 9, 0, 1.0), rtol=1e-14)
        np.testing.assert_allclose(alone[p + 128], single_of_side(CHUNK + p, 7, 9, 0, -1.0), rtol=1e-14)
    assert len(set(alone)) == 256
