"""Controls with coefficients from a pilot: no bias, honest intervals, less variance, and nothing from rounding."""

from __future__ import annotations

import math

import numpy as np
import pytest

import greeks as gk
from greeks.engine.choosing.control import SCORE, Pairing, cross_fitted
from greeks.kernels.moments import Chunks, Moments
from greeks.kernels.shape import Shape

MODEL = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2, dividend=0.02)
DIGITAL = gk.DigitalCall(strike=100.0, maturity=1.0)
TRUTH = {"delta": 0.0189505788, "vega": -0.473764469}
SEEDS = 300


@pytest.mark.parametrize("paths", [2000, 4097, 12288])
def test_intervals_cover_and_the_mean_is_right(paths: int) -> None:
    """Own coefficient, two uneven chunks, and chunks after the pilot: 95 % of 300 seeds, within the 99.9 % band."""
    runs = [
        gk.sensitivities(MODEL, DIGITAL, list(TRUTH), estimator=gk.LikelihoodRatio(), paths=paths, seed=s)
        for s in range(SEEDS)
    ]
    for greek, truth in TRUTH.items():
        z = np.array([r[greek].z_score(truth) for r in runs])
        covered = int((np.abs(z) < 1.959964).sum())
        assert abs(covered - 0.95 * SEEDS) < 3.29 * math.sqrt(0.95 * 0.05 * SEEDS) + 1.0
        assert abs(z.mean()) < 4.0 / math.sqrt(SEEDS)


def _chunks(sample: np.ndarray, size: int) -> Chunks:
    parts = np.split(sample, range(size, len(sample), size))
    moments = [Moments.of(p) for p in parts]
    return Chunks(
        np.array([m.count for m in moments]),
        np.array([m.mean for m in moments]),
        np.array([m.comoment for m in moments]),
        np.array([Shape.of(p).higher for p in parts]),
    )


def test_each_half_of_the_pilot_takes_the_coefficient_of_the_other() -> None:
    rng = np.random.default_rng(4)
    control = rng.normal(size=8192)
    sample = np.column_stack([3.0 + 2.0 * control + rng.normal(size=8192), control])
    counts, means, comoments, higher, _ = cross_fitted(Pairing(((0,),), (SCORE,)), _chunks(sample, 4096))
    for here, there in ((0, 1), (1, 0)):
        other = sample[there * 4096 : (there + 1) * 4096]
        b = np.cov(other.T)[0, 1] / np.var(other[:, 1], ddof=1)
        own = sample[here * 4096 : (here + 1) * 4096]
        controlled = own[:, 0] - b * own[:, 1]
        assert means[here, 0] == pytest.approx(controlled.mean(), rel=1e-12)
        assert comoments[here, 0, 0] == pytest.approx(4095 * controlled.var(ddof=1), rel=1e-9)
    assert counts.tolist() == [4096, 4096]
    assert np.isnan(higher).all()  # fourth moments of differences cannot be had from covariances


def test_samples_without_control_keep_their_higher_moments() -> None:
    sample = np.random.default_rng(7).normal(size=(8192, 3))
    chunks = _chunks(sample, 4096)
    found = cross_fitted(Pairing(((), (0,)), (SCORE,)), chunks)
    np.testing.assert_array_equal(found.higher[:, 0], chunks.higher[:, 0])
    assert np.isnan(found.higher[:, 1]).all() and found.means.shape == (2, 2)


def test_a_control_that_is_only_rounding_is_left_out() -> None:
    rng = np.random.default_rng(5)
    noise = 1e-18 * (1.0 + rng.normal(size=8192))
    chunks = _chunks(np.column_stack([rng.normal(size=8192), noise]), 4096)
    pairing = Pairing(((0,),), (SCORE,))
    assert pairing.coefficients(chunks).tolist() == [[0.0]]
    assert pairing.suspects(chunks) == []


def test_a_control_with_a_mean_is_suspect() -> None:
    rng = np.random.default_rng(6)
    sample = rng.normal(size=(8192, 2)) + np.array([0.0, 0.5])
    assert Pairing(((0,),), (SCORE,)).suspects(_chunks(sample, 4096)) == [0]
