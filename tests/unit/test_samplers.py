"""Samplers in whole runs: less noise, honest intervals, the same bits for any threads, refusals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import stats

import greeks as gk
from greeks.engine.sampling.batches import Batches
from greeks.kernels.chunks import CHUNK
from greeks.reference import geometric_asian
from greeks.samplers import Design

MODEL = gk.BlackScholes(100.0, 0.05, 0.2, 0.02)
HESTON = gk.Heston(100.0, 0.03, 0.05, kappa=2.0, theta=0.04, xi=0.25, rho=-0.6, dividend=0.01)
ASIAN = gk.AsianCall(101.0, 1.0, 4, average="geometric")
YEAR = gk.AsianCall(100.0, 1.0, 252)
SAMPLERS: dict[str, gk.Sampler] = {
    "pairs": gk.Antithetic(),
    "Sobol": gk.Sobol(),
    "Sobol, few dimensions": gk.Sobol(scrambles=5, order=gk.Incremental(), dimensions=2),
    "principal components": gk.Sobol(scrambles=8, order=gk.PrincipalComponents()),
    "average bridge": gk.Sobol(order=gk.AverageBridge()),
    "Latin hypercube": gk.LatinHypercube(),
    "strata of the end": gk.LatinHypercube(scrambles=8, dimensions=1),
}


@dataclass(frozen=True)
class Linear(gk.Payoff):
    """S_T - K: linear in the noise of a Bachelier model."""

    strike: gk.Scalar
    maturity: gk.Scalar

    def settle(self, stats: tuple[gk.Scalar, ...], x: tuple[gk.Scalar, ...]) -> gk.Scalar:
        return x[0] - self.strike


@dataclass(frozen=True)
class Even(Linear):
    """(S_T - K)^2: even in the noise where K is the forward."""

    def settle(self, stats: tuple[gk.Scalar, ...], x: tuple[gk.Scalar, ...]) -> gk.Scalar:
        return (x[0] - self.strike) * (x[0] - self.strike)


def bits(result: gk.Sensitivities) -> list[str]:
    return [f"{e.value.hex()} {e.std_error.hex()}" for e in result.values()]


def four_sigma(e: gk.Estimate) -> float:
    """What Student's t exceeds as rarely as a normal number exceeds 4."""
    return 4.0 if e.degrees is None else float(stats.t(e.degrees).isf(stats.norm.sf(4.0)))


def truth(spot: float = 100.0) -> float:
    return geometric_asian.call(spot, 0.05, 0.2, 0.02, 101.0, 1.0, dates=4)


TRUTHS = {"price": truth(), "delta": (truth(100.001) - truth(99.999)) / 0.002}


@pytest.mark.parametrize("name", SAMPLERS)
def test_numbers_are_right_and_their_errors_small(name: str) -> None:
    plain = gk.sensitivities(MODEL, ASIAN, ["delta"], paths=2**15, seed=3, estimator=gk.Pathwise())
    found = gk.sensitivities(
        MODEL, ASIAN, ["delta"], paths=2**15, seed=3, estimator=gk.Pathwise(), sampler=SAMPLERS[name]
    )
    assert found.sampler == SAMPLERS[name].name and found["price"].paths <= 2**15
    for greek, value in TRUTHS.items():
        assert abs(found[greek].z_score(value)) < four_sigma(found[greek])
        assert found[greek].std_error < 0.8 * plain[greek].std_error


@pytest.mark.parametrize("name", SAMPLERS)
def test_intervals_cover_and_means_are_unbiased(name: str) -> None:
    """300 seeds: 95 % intervals cover within the binomial 99.9 % band, and errors average to 0."""
    runs = [
        gk.sensitivities(
            MODEL, ASIAN, ["delta"], paths=2**9, seed=s, sampler=SAMPLERS[name], estimator=gk.Pathwise(), threads=1
        )
        for s in range(300)
    ]
    low, high = stats.binom(300, 0.95).interval(0.999)
    for greek, value in TRUTHS.items():
        intervals = [r[greek].interval(0.95) for r in runs]
        assert low <= sum(a <= value <= b for a, b in intervals) <= high
        errors = np.array([r[greek].value - value for r in runs])
        assert abs(errors.mean()) < 4.0 * errors.std() / math.sqrt(300)
        claimed = math.sqrt(np.mean([r[greek].std_error ** 2 for r in runs]))
        assert claimed == pytest.approx(errors.std(), rel=0.2)


@pytest.mark.parametrize("name", SAMPLERS)
def test_joint_errors_are_those_of_repeated_runs(name: str) -> None:
    runs = [
        gk.sensitivities(
            MODEL, ASIAN, ["delta"], paths=2**9, seed=s, sampler=SAMPLERS[name], estimator=gk.Pathwise(), threads=1
        )
        for s in range(200)
    ]
    values = np.array([[e.value for e in r.values()] for r in runs])
    seen = np.corrcoef(values.T)[0, 1]
    claimed = np.mean([r.covariance for r in runs], axis=0)
    assert claimed[0, 1] / math.sqrt(claimed[0, 0] * claimed[1, 1]) == pytest.approx(seen, abs=4.0 / math.sqrt(200))


@pytest.mark.parametrize("name", SAMPLERS)
def test_bits_do_not_depend_on_the_number_of_threads(name: str) -> None:
    for model, payoff, greeks in ((MODEL, ASIAN, ["delta"]), (HESTON, gk.DigitalCall(101.0, 1.0), ["delta"])):
        first, *others = (
            bits(gk.sensitivities(model, payoff, greeks, paths=50_000, seed=8, threads=t, sampler=SAMPLERS[name]))
            for t in (1, 2, 3)
        )
        assert all(found == first for found in others)


def test_pairs_integrate_what_is_linear_and_double_the_variance_of_what_is_even() -> None:
    bachelier, forward = gk.Bachelier(100.0, 0.03, 18.0, 0.01), 100.0 * math.exp(0.02)
    settings: dict[str, Any] = {"paths": 2**14, "estimator": gk.Pathwise()}
    linear = gk.price(bachelier, Linear(50.0, 1.0), sampler=gk.Antithetic(), **settings)
    assert linear.std_error < 1e-9
    assert linear.value == pytest.approx(math.exp(-0.03) * (forward - 50.0), rel=1e-12)
    even, plain = (gk.price(bachelier, Even(forward, 1.0), sampler=s, **settings) for s in (gk.Antithetic(), None))
    assert even.std_error / plain.std_error == pytest.approx(math.sqrt(2.0), rel=0.05)
    assert abs(even.z_score(math.exp(-0.03) * 18.0**2 * (math.exp(0.04) - 1.0) / 0.04)) < 4.0


def test_a_pair_is_one_sample_with_half_the_draws() -> None:
    """By hand: the normals of Philox and their negatives."""
    from greeks.kernels.antithetic import pair_of_side

    paths, variance = 2000, 18.0**2 * (math.exp(0.04) - 1.0) / 0.04
    z = np.array([[pair_of_side(k, 0, 5, 0, side)[0] for side in (1.0, -1.0)] for k in range(paths // 2)])
    state = 100.0 * math.exp(0.02) + math.sqrt(variance) * z
    sample = (math.exp(-0.03) * np.maximum(state - 102.0, 0.0)).mean(axis=1)
    found = gk.price(
        gk.Bachelier(100.0, 0.03, 18.0, 0.01),
        gk.Call(102.0, 1.0),
        paths=paths + 1,
        seed=5,
        sampler=gk.Antithetic(),
        estimator=gk.Pathwise(),
    )
    assert found.paths == paths
    assert found.value == pytest.approx(sample.mean(), rel=1e-10)
    assert found.std_error == pytest.approx(sample.std(ddof=1) / math.sqrt(len(sample)), rel=1e-10)


def test_a_point_set_is_as_many_samples_as_scrambles() -> None:
    found = gk.sensitivities(MODEL, ASIAN, ["delta"], paths=10_000, sampler=gk.Sobol(scrambles=7))["delta"]
    assert found.paths == 7 * 1024 and found.degrees == 6
    assert found.kurtosis is None and not found.warnings
    low, high = found.interval(0.9)
    assert (high - low) / 2 == pytest.approx(stats.t(6).ppf(0.95) * found.std_error, rel=1e-12)


def test_sums_keep_the_degrees_of_freedom() -> None:
    found = gk.sensitivities(MODEL, ASIAN, ["delta"], paths=2**12, sampler=gk.Sobol())
    assert found.combination({"price": 1.0, "delta": -100.0}).degrees == 15


@pytest.mark.parametrize("name", ["pairs", "Sobol", "Latin hypercube"])
def test_targets_are_met_in_whole_batches(name: str) -> None:
    found = gk.price(
        MODEL, YEAR, paths=2**12, std_error=4e-3, max_paths=2**22, sampler=SAMPLERS[name], estimator=gk.Pathwise()
    )
    assert 0.0 < found.std_error <= 4e-3
    if found.degrees is not None:
        assert math.log2(found.paths / (found.degrees + 1)).is_integer()


def test_a_batch_continues_the_points_of_the_one_before() -> None:
    """2^13 points a scramble at once, or doubled from 2^12 until the limit: the same estimate."""
    at_once = gk.price(MODEL, ASIAN, paths=2**17, seed=4, sampler=gk.Sobol(), estimator=gk.Pathwise())
    grown = gk.price(
        MODEL,
        ASIAN,
        paths=2**16,
        std_error=1e-9,
        max_paths=2**17 + 5,
        seed=4,
        sampler=gk.Sobol(),
        estimator=gk.Pathwise(),
    )
    assert grown.paths == at_once.paths == 2**17
    assert grown.value == pytest.approx(at_once.value, rel=1e-14)
    assert grown.std_error == pytest.approx(at_once.std_error, rel=1e-8)


def test_a_time_limit_leaves_every_scramble_with_as_many_points() -> None:
    found = gk.price(MODEL, YEAR, paths=2**24, time_limit=0.05, sampler=gk.Sobol(scrambles=3), threads=1)
    assert 0 < found.paths < 2**24 and found.paths % 3 == 0 and found.degrees == 2


def test_controls_take_their_coefficients_from_a_family_apart() -> None:
    """Likelihood ratios have the score as control: unbiased, and with less noise than without points."""
    settings: dict[str, Any] = {"paths": 2**14, "estimator": gk.LikelihoodRatio()}
    payoff = gk.DigitalCall(100.0, 1.0)
    plain = gk.sensitivities(MODEL, payoff, ["delta"], **settings)["delta"]
    found = gk.sensitivities(MODEL, payoff, ["delta"], sampler=gk.Sobol(), **settings)["delta"]
    d2 = (0.05 - 0.02 - 0.02) / 0.2
    exact = math.exp(-0.05) * stats.norm.pdf(d2) / (100.0 * 0.2)
    assert abs(found.z_score(exact)) < 4.0 and found.std_error < 0.1 * plain.std_error


def test_results_verify_themselves_on_the_same_points() -> None:
    found = gk.sensitivities(
        HESTON, gk.DigitalCall(101.0, 1.0), ["delta"], paths=2**14, sampler=gk.Sobol(), estimator=gk.Conditional()
    )
    check = found.verify()["delta"]
    assert check.agrees and check.used.degrees == 15


def slope(model: gk.Model, payoff: gk.Payoff, greeks: list[str], sampler: gk.Sampler, exponents: range) -> list[float]:
    """The exponents of n in the errors of the mean of n points, over 128 scrambles."""
    runs = [
        gk.sensitivities(model, payoff, greeks, paths=128 * 2**k, seed=7, sampler=sampler, estimator=gk.Conditional())
        if greeks
        else gk.sensitivities(model, payoff, paths=128 * 2**k, seed=7, sampler=sampler, estimator=gk.Pathwise())
        for k in exponents
    ]
    errors = np.log2([[e.std_error for e in r.values()] for r in runs])
    return [float(s) for s in np.polyfit(exponents, errors, 1)[0]]


def test_the_error_of_a_year_of_dates_falls_faster_with_points() -> None:
    """From 2^8 to 2^16 paths in 16 scrambles: 2^4 to 2^12 points each."""
    (bridge,) = slope(MODEL, YEAR, [], gk.Sobol(scrambles=128), range(4, 13, 2))
    (average,) = slope(MODEL, YEAR, [], gk.Sobol(scrambles=128, order=gk.AverageBridge()), range(4, 13, 2))
    (philox,) = slope(MODEL, YEAR, [], gk.Philox(), range(2, 9, 2))
    assert bridge <= -0.85 and average <= -1.0
    assert philox == pytest.approx(-0.5, abs=0.03)


def test_the_error_of_a_conditional_digital_falls_nearly_as_one_over_points() -> None:
    found = slope(HESTON, gk.DigitalCall(100.0, 1.0), ["delta"], gk.Sobol(scrambles=128), range(4, 11, 2))
    assert max(found) <= -0.85


@pytest.mark.slow
def test_errors_keep_falling_with_many_points() -> None:
    """To 2^16 points, where the kink at the strike is felt, unless it lies across the first dimension."""
    bridge, average, components = (
        slope(MODEL, YEAR, [], gk.Sobol(scrambles=128, order=o), range(6, 17, 2))[0]
        for o in (gk.BrownianBridge(), gk.AverageBridge(), gk.PrincipalComponents())
    )
    assert bridge <= -0.8 and average <= -0.95 and components <= -0.95


def test_a_bridge_beats_steps_and_both_beat_chance() -> None:
    errors = [
        gk.price(MODEL, YEAR, paths=2**14, sampler=s, estimator=gk.Pathwise()).std_error
        for s in (gk.Sobol(), gk.Sobol(order=gk.Incremental()), gk.Philox())
    ]
    assert 4.0 * errors[0] < errors[1] and 2.0 * errors[1] < errors[2]


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: gk.Antithetic(gk.Sobol()), gk.UnsupportedError, "balanced already"),
        (lambda: gk.Antithetic(gk.Antithetic()), gk.SchemaError, "expected greeks.Philox"),
        (lambda: gk.Antithetic(3), gk.SchemaError, "Antithetic.base = 3"),  # type: ignore[arg-type]
        (lambda: gk.Sobol(scrambles=1), gk.SchemaError, "Sobol.scrambles = 1: expected a whole number from 2"),
        (lambda: gk.Sobol(scrambles=True), gk.SchemaError, "Sobol.scrambles"),
        (lambda: gk.Sobol(dimensions=21_202), gk.SchemaError, "from 1 to 21201"),
        (lambda: gk.Sobol(order="bridge"), gk.SchemaError, "greeks.BrownianBridge"),  # type: ignore[arg-type]
        (lambda: gk.LatinHypercube(dimensions=0), gk.SchemaError, "LatinHypercube.dimensions = 0"),
        (lambda: gk.price(MODEL, ASIAN, paths=15, sampler=gk.Sobol()), gk.SchemaError, "paths = 15: .* at least 16"),
        (lambda: gk.price(MODEL, ASIAN, paths=3, sampler=gk.Antithetic()), gk.SchemaError, "paths = 3: .* at least 4"),
        (lambda: gk.price(MODEL, ASIAN, sampler=gk.Sobol), gk.SchemaError, "sampler = "),
    ],
)
def test_refusals(make: object, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()  # type: ignore[operator]


def test_batches_are_whole() -> None:
    pairs, points = (Batches(d, CHUNK, 256) for d in (Design(together=2), Design(families=3)))
    assert pairs.first(9, False) == 8 and pairs.first(9, True) == 2 * CHUNK
    assert points.first(3 * 9, False) == 3 * 8 and points.first(3 * 9, True) == 3 * 256
    assert points.following(100, 101, 200) == 100 and points.following(100, 101, 199) == 0
    assert pairs.following(2 * CHUNK, 3 * CHUNK, 2**40) == 2 * CHUNK
    assert points.range(768, 1536) == {"first": 256, "paths": 512, "families": 3}
    assert points.part(64) == 3 * 21 * CHUNK


@dataclass(frozen=True)
class Bond(gk.Payoff):
    """1 at maturity: no path differs from another."""

    maturity: gk.Scalar
    dates: int = 3

    def settle(self, stats: tuple[gk.Scalar, ...], x: tuple[gk.Scalar, ...]) -> gk.Scalar:
        return 1.0


@pytest.mark.parametrize("name", SAMPLERS)
def test_what_has_no_noise_needs_none(name: str) -> None:
    bond = gk.price(MODEL, Bond(1.0), sampler=SAMPLERS[name])
    assert bond.value == pytest.approx(math.exp(-0.05), rel=1e-13) and bond.std_error < 1e-10
    call = gk.price(MODEL, gk.Call(100.0, 1.0), sampler=SAMPLERS[name])
    assert call.value == pytest.approx(9.227005508, abs=5.0 * call.std_error + 1e-6)
