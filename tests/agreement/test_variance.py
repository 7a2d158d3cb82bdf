"""The variance of one sample, not only its mean, against exact identities (Black-Scholes, one exact draw).

Pathwise samples and LR of pathwise must have the variances of the reference to sampling error. Likelihood-ratio samples
are regressed on the score, whose mean is 0: their variance must be that of the sample less its projection on the score,
which is found here by quadrature, and never more than the plain one of the reference.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

import greeks as gk
from tests.agreement.black_scholes import black_scholes
from tests.oracle import Case, cases

Array = npt.NDArray[np.float64]
PATHS = 2**19
POINTS = 400_000  # of the quadrature: a digital, the least smooth, to 3e-5
TOLERANCE = 0.04  # four standard errors of a sample variance whose kurtosis is 50
PAYOFFS: dict[str, Callable[..., gk.Payoff]] = {"call": gk.Call, "put": gk.Put, "digital": gk.DigitalCall}
CONTINUOUS = [*cases("H", "call", model="black_scholes"), *cases("H", "put", model="black_scholes")]
ALL = [*CONTINUOUS, *cases("H", "digital", model="black_scholes")]


@dataclass(frozen=True)
class Draw:
    """A fine grid of the standard normal z with its weights, and what a case makes of it."""

    case: Case
    z: Array
    weight: Array

    @classmethod
    def of(cls, case: Case) -> Draw:
        z = (np.arange(POINTS) + 0.5) / POINTS * 24.0 - 12.0
        density = np.exp(-0.5 * z * z)
        return cls(case, z, density / density.sum())

    @property
    def terminal(self) -> Array:
        p = self.case.params
        drift = p["r"] - p["q"] - 0.5 * p["sigma"] ** 2
        return np.asarray(p["S0"] * np.exp(drift * p["T"] + p["sigma"] * np.sqrt(p["T"]) * self.z))

    @property
    def paid(self) -> Array:
        """The discounted payoff."""
        p = self.case.params
        gain = self.terminal - p["K"]
        kind = {"call": np.maximum(gain, 0.0), "put": np.maximum(-gain, 0.0), "digital": 1.0 * (gain > 0.0)}
        return np.asarray(np.exp(-p["r"] * p["T"]) * kind[self.case.payoff])

    @property
    def slope(self) -> Array:
        """e^-rT f'(S_T) S_T / S_0, the pathwise delta."""
        p = self.case.params
        side = 1.0 * (self.terminal > p["K"]) if self.case.payoff == "call" else -1.0 * (self.terminal < p["K"])
        return np.asarray(np.exp(-p["r"] * p["T"]) * side * self.terminal / p["S0"])

    def variance(self, sample: Array) -> float:
        return self.covariance(sample, sample)

    def rest(self, sample: Array, control: Array) -> Array:
        """What regression on the control leaves of a sample."""
        return sample - control * (self.covariance(sample, control) / self.covariance(control, control))

    def tolerance(self, sample: Array) -> float:
        """Four standard errors of the sample variance of so many paths: 4 sqrt((m4 - m2^2) / n)."""
        centred = sample - self.weight @ sample
        return 4.0 * math.sqrt(self.covariance(centred**2, centred**2) / PATHS)

    def covariance(self, a: Array, b: Array) -> float:
        return float(self.weight @ (a * b) - (self.weight @ a) * (self.weight @ b))


def score_delta(d: Draw) -> Array:
    p = d.case.params
    return np.asarray(d.z / (p["S0"] * p["sigma"] * np.sqrt(p["T"])))


def score_vega(d: Draw) -> Array:
    p = d.case.params
    return np.asarray((d.z**2 - 1.0) / p["sigma"] - d.z * np.sqrt(p["T"]))


def score_rho(d: Draw) -> Array:
    p = d.case.params
    return np.asarray(d.z * np.sqrt(p["T"]) / p["sigma"])


def score_gamma(d: Draw) -> Array:
    p = d.case.params
    s = p["sigma"] * np.sqrt(p["T"])
    return np.asarray((d.z**2 - d.z * s - 1.0) / (p["S0"] * s) ** 2)


SCORES: dict[str, Callable[[Draw], Array]] = {
    "delta": score_delta,
    "vega": score_vega,
    "rho": score_rho,
    "gamma": score_gamma,
}


def variances(case: Case, estimator: gk.Estimator, greeks: list[str]) -> dict[str, float]:
    """Variance of one sample by Greek, as the library reports it."""
    p = case.params
    payoff = PAYOFFS[case.payoff](strike=p["K"], maturity=p["T"])
    found = gk.sensitivities(black_scholes(case), payoff, greeks, estimator=estimator, paths=PATHS, seed=11)
    return {g: found[g].std_error ** 2 * found[g].paths for g in greeks}


@pytest.mark.parametrize("case", ALL, ids=str)
def test_price(case: Case) -> None:
    found = variances(case, gk.LikelihoodRatio(), ["delta", "price"])
    assert found["price"] == pytest.approx(case.values["var_price"][0], rel=TOLERANCE)


@pytest.mark.parametrize("case", CONTINUOUS, ids=str)
def test_pathwise(case: Case) -> None:
    for greek, found in variances(case, gk.Pathwise(), ["delta", "vega", "rho"]).items():
        assert found == pytest.approx(case.values[f"var_pw_{greek}"][0], rel=TOLERANCE), greek


@pytest.mark.parametrize("case", ALL, ids=str)
def test_likelihood_ratio_regressed_on_its_score(case: Case) -> None:
    d = Draw.of(case)
    for greek, found in variances(case, gk.LikelihoodRatio(), list(SCORES)).items():
        score = SCORES[greek](d)
        sample = d.paid * (score - (case.params["T"] if greek == "rho" else 0.0))
        plain = case.values[f"var_lr_{greek}"][0]
        assert d.variance(sample) == pytest.approx(plain, rel=1e-4), greek
        rest = d.rest(sample, score)
        assert found == pytest.approx(d.variance(rest), abs=d.tolerance(rest)), greek
        assert found <= plain * (1.0 + TOLERANCE), greek


@pytest.mark.parametrize("case", CONTINUOUS, ids=str)
def test_likelihood_ratio_of_the_pathwise_delta(case: Case) -> None:
    found = variances(case, gk.Mixed(first="pathwise"), ["gamma"])["gamma"]
    assert found == pytest.approx(case.values["var_pwlr_gamma"][0], rel=TOLERANCE)


@pytest.mark.parametrize("case", CONTINUOUS, ids=str)
def test_pathwise_of_the_likelihood_ratio_delta(case: Case) -> None:
    """f' X' score + f score', regressed on score' = -score / S_0."""
    d, plain = Draw.of(case), case.values["var_lrpw_gamma"][0]
    score = score_delta(d)
    sample = score * (d.slope - d.paid / case.params["S0"])
    found = variances(case, gk.Mixed(), ["gamma"])["gamma"]
    assert d.variance(sample) == pytest.approx(plain, rel=1e-4)
    rest = d.rest(sample, score)
    assert found == pytest.approx(d.variance(rest), abs=d.tolerance(rest))
    assert found <= plain * (1.0 + TOLERANCE)
