"""Diagnostics of every number: known laws, no false alarms, an alarm where a standard error is not to be trusted."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import greeks as gk
from greeks.engine.sampling.tails import REMEDIES, Tails, tails_of, warning
from greeks.kernels.moments import Chunks, Moments
from greeks.kernels.shape import Shape

BLACK_SCHOLES = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2, dividend=0.02)
CALL, DIGITAL = gk.Call(100.0, 1.0), gk.DigitalCall(100.0, 1.0)
ANDERSEN = {  # 2 kappa theta / xi^2 = 0.04, 0.18; Andersen (2008), table 1
    "I": gk.Heston(100.0, 0.0, 0.04, kappa=0.5, theta=0.04, xi=1.0, rho=-0.9),
    "III": gk.Heston(100.0, 0.0, 0.09, kappa=1.0, theta=0.09, xi=1.0, rho=-0.3),
}
EULER = gk.Euler(steps=50)
HEALTHY: dict[str, tuple[Any, Any, list[str], dict[str, Any]]] = {
    "call": (BLACK_SCHOLES, CALL, ["delta", "gamma", "vega", "rho", "theta"], {}),
    "far call": (BLACK_SCHOLES, gk.Call(150.0, 1.0), ["delta", "gamma", "vega"], {}),
    "digital": (BLACK_SCHOLES, DIGITAL, ["delta", "gamma", "vega"], {"estimator": gk.LikelihoodRatio()}),
    "Asian": (BLACK_SCHOLES, gk.AsianCall(100.0, 1.0, 12), ["delta", "vega", "gamma"], {}),
}


@pytest.mark.parametrize("name", ["call", "far call", "digital", pytest.param("Asian", marks=pytest.mark.slow)])
def test_no_false_alarm(name: str) -> None:
    model, payoff, greeks, settings = HEALTHY[name]
    for seed in range(200):
        r = gk.sensitivities(model, payoff, greeks, paths=2**16, seed=seed, **settings)
        assert not any(e.warnings for e in r.values()), (seed, r)


@pytest.mark.parametrize("set_", ANDERSEN)
def test_tangents_of_a_variance_near_0_raise_the_alarm(set_: str) -> None:
    """Pathwise Greeks in the variance's parameters, at every one of ten seeds, and not the delta."""
    greeks = ["d_variance", "d_theta", "d_xi", "delta"]
    for seed in range(10):
        r = gk.sensitivities(
            ANDERSEN[set_], CALL, greeks, paths=2**16, seed=seed, scheme=EULER, estimator=gk.Pathwise()
        )
        for greek in greeks[:3]:
            (text,) = r[greek].warnings
            share = r[greek].largest_share
            assert share is not None and f"heavy tails: one path makes {share:.1%} of the variance" in text
            assert "greeks.FiniteDifference()" in text
        assert not r["delta"].warnings


def test_the_remedy_helps() -> None:
    r = gk.sensitivities(
        ANDERSEN["I"], CALL, ["d_variance", "d_xi"], scheme=EULER, estimator=gk.FiniteDifference(), paths=2**16, seed=1
    )
    assert not any(e.warnings for e in r.values())


def test_a_weight_with_such_a_tangent_raises_the_alarm() -> None:
    r = gk.sensitivities(
        ANDERSEN["I"], DIGITAL, ["d_variance"], scheme=EULER, estimator=gk.LikelihoodRatio(), paths=2**16, seed=2
    )
    (text,) = r["d_variance"].warnings
    assert REMEDIES["likelihood ratio"] in text


@pytest.mark.parametrize("steps", [10, 1000])
def test_tiny_steps_make_a_score_noisy_but_its_error_stays_known(steps: int) -> None:
    """The score of many steps is nearly normal: its error is large, its kurtosis not far from 3."""
    model = gk.CEV(100.0, 0.05, 2.0, 0.5)
    plain: dict[str, Any] = {"scheme": gk.Euler(steps=steps), "estimator": gk.LikelihoodRatio(), "controls": ()}
    r = gk.sensitivities(model, DIGITAL, ["d_sigma"], **plain, paths=2**15, seed=1)
    kurtosis = r["d_sigma"].kurtosis
    assert kurtosis is not None and 2.0 < kurtosis < 20.0 and not r["d_sigma"].warnings


def test_what_an_estimate_knows() -> None:
    """A digital that pays with probability p: kurtosis 1/(p (1-p)) - 3, the farthest path at max(p, 1-p)."""
    r = gk.sensitivities(
        BLACK_SCHOLES, gk.DigitalCall(150.0, 1.0), ["delta"], paths=2**16, seed=3, estimator=gk.LikelihoodRatio()
    )
    price = r["price"]
    p = price.value * math.exp(0.05)
    assert price.kurtosis == pytest.approx(1.0 / (p * (1.0 - p)) - 3.0, rel=0.1)  # of a fourth of the paths
    assert price.largest_share == pytest.approx((1.0 - p) / p / 2**16, rel=1e-9)
    assert price.kurtosis is not None and price.effective_paths == 2**16 / price.kurtosis
    frame = r.to_frame()
    assert frame.loc["price", "kurtosis"] == price.kurtosis
    assert frame.loc["price", "effective_paths"] == price.effective_paths
    assert "kurtosis" not in repr(r)
    both = r.combination({"price": 1.0, "delta": -1.0})
    assert both.kurtosis is None and both.largest_share is None and both.effective_paths is None


def test_unknown_is_none() -> None:
    """All paths went into the coefficient of the control, or no path differs from another."""
    r = gk.sensitivities(BLACK_SCHOLES, DIGITAL, ["delta"], estimator=gk.LikelihoodRatio(), paths=8192, seed=3)
    assert r["delta"].kurtosis is None and r["price"].kurtosis is not None
    sure = gk.price(BLACK_SCHOLES, gk.DigitalCall(1e-3, 1.0), paths=4096, seed=1, estimator=gk.LikelihoodRatio())
    assert sure.kurtosis is None and sure.warnings
    assert r.to_frame()["effective_paths"].isna().tolist() == [False, True]


def chunks_of(sample: np.ndarray) -> Chunks:
    parts = np.split(sample, len(sample) // 4096)
    moments = [Moments.of(p) for p in parts]
    return Chunks(
        np.array([m.count for m in moments]),
        np.stack([m.mean for m in moments]),
        np.stack([m.comoment for m in moments]),
        np.stack([Shape.of(p).higher for p in parts]),
    )


def test_the_error_of_an_error_is_what_it_says() -> None:
    """Against the scatter of standard errors over 400 samples of an exponential law, kurtosis 9."""
    rng = np.random.default_rng(12)
    samples = rng.exponential(size=(400, 4 * 4096))
    scatter = samples.std(axis=1, ddof=1)
    said = np.mean([tails_of(chunks_of(s[:, None]), [0])[0].error_of_error for s in samples])
    assert said == pytest.approx(scatter.std(ddof=1) / scatter.mean(), rel=4.0 / math.sqrt(800))
    assert said == pytest.approx(0.5 * math.sqrt(8.0 / samples.shape[1]), rel=0.05)


def test_one_path_in_a_chunk_without_powers_is_seen() -> None:
    """Its extreme is known, and the kurtosis is no less than what it amounts to alone."""
    sample = np.random.default_rng(1).normal(size=(8 * 4096, 1))
    sample[5000] = 200.0
    chunks = chunks_of(sample)
    chunks.higher[1:, :, :2] = np.nan
    (found,) = tails_of(chunks, [0])
    assert found.largest_share == pytest.approx(Shape.of(sample).largest_share[0], rel=1e-9)
    assert found.kurtosis == pytest.approx(Shape.of(sample).kurtosis[0], rel=1e-3)
    assert found.heavy()


def test_one_path_hidden_in_the_pilot_is_seen_in_the_scatter() -> None:
    sample = np.random.default_rng(1).normal(size=(16 * 4096, 1))
    sample[5000] = 1000.0
    chunks = chunks_of(sample)
    chunks.higher[:2] = np.nan
    (found,) = tails_of(chunks, [0])
    assert found.kurtosis == pytest.approx(3.0, abs=0.2) and found.error_of_error > 0.3
    assert warning(found, "likelihood ratio", unmoved=False)


def test_few_paths_are_not_heavy_tails() -> None:
    assert not Tails(500, error_of_error=0.11, kurtosis=25.0, largest_share=0.05).heavy()
    assert warning(Tails(500), "pathwise", unmoved=False) == ()
    assert "every path gave the same number" in warning(Tails(500), "pathwise", unmoved=True)[0]
