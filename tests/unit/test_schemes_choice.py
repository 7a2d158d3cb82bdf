"""Which steps a model gets: exact ones recognised, Gaussian parts gathered, and refusals with their remedies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pytest

import greeks as gk
from greeks.engine.terms.contract import Contract
from greeks.expressions.node import symbol
from greeks.expressions.trace import parameters, traced
from greeks.schemes import transition
from greeks.schemes.defaults import default_scheme

CALL = gk.Call(100.0, 1.0)
HESTON = gk.Heston(100.0, 0.03, 0.05, kappa=2.0, theta=0.04, xi=0.25, rho=-0.6, dividend=0.01)


@dataclass(frozen=True)
class Own(gk.Model):
    """A state with constant rate and volatility, to be varied"""

    spot: gk.Scalar
    mu: gk.Scalar
    sigma: gk.Scalar
    state = ("spot",)

    def drift(self, t: Any, x: Any) -> Any:
        return (self.mu * x[0],)

    def diffusion(self, t: Any, x: Any) -> Any:
        return ((self.sigma * x[0],),)

    def discount(self, t: Any) -> Any:
        return gk.exp(-0.0 * t)


class Arithmetic(Own):
    """dX = mu dt + sigma dW"""

    def drift(self, t: Any, x: Any) -> Any:
        return (self.mu,)

    def diffusion(self, t: Any, x: Any) -> Any:
        return ((self.sigma,),)


class InTime(Own):
    """dS = mu t S dt + sigma S dW"""

    def drift(self, t: Any, x: Any) -> Any:
        return (self.mu * t * x[0],)


class Local(Own):
    """dS = mu S dt + sigma sqrt(S) S dW"""

    def diffusion(self, t: Any, x: Any) -> Any:
        return ((self.sigma * gk.sqrt(x[0]) * x[0],),)


class Reverting(Own):
    """dX = mu (100 - X) dt + sigma dW"""

    def drift(self, t: Any, x: Any) -> Any:
        return (self.mu * (100.0 - x[0]),)

    def diffusion(self, t: Any, x: Any) -> Any:
        return ((self.sigma,),)


@pytest.mark.parametrize("model", [Own, Arithmetic], ids=lambda m: m.__name__)
def test_constant_coefficients_are_stepped_exactly(model: type[Own]) -> None:
    assert default_scheme(model(100.0, 0.05, 0.2), CALL) == gk.Exact()


@pytest.mark.parametrize("model", [InTime, Local, Reverting], ids=lambda m: m.__name__)
def test_others_are_not_taken_for_exact(model: type[Own]) -> None:
    assert isinstance(default_scheme(model(100.0, 0.05, 0.2), CALL), gk.Euler)
    with pytest.raises(gk.UnsupportedError, match=r"has no exact step.*greeks\.Euler\(steps=64\).*transition"):
        gk.price(model(100.0, 0.05, 0.2), gk.Call(100.0, 1.0), scheme=gk.Exact(), paths=256)


def test_defaults_of_the_built_in_models() -> None:
    assert default_scheme(gk.BlackScholes(100.0, 0.0, 0.2), CALL) == gk.Exact()
    assert default_scheme(gk.Bachelier(100.0, 0.0, 20.0), CALL) == gk.Exact()
    assert isinstance(default_scheme(gk.CEV(100.0, 0.0, 2.0, 0.5), CALL), gk.Euler)
    assert isinstance(default_scheme(HESTON, CALL), gk.QE)


@pytest.mark.parametrize(("maturity", "years"), [(0.1, 1), (1.0, 1), (1.01, 2), (2.0, 2), (15.0, 15)])
def test_steps_are_as_many_for_every_year_begun(maturity: float, years: int) -> None:
    call = gk.Call(100.0, maturity)
    assert default_scheme(HESTON, call) == gk.QE(32 * years)
    assert default_scheme(gk.CEV(100.0, 0.0, 2.0, 0.5), call) == gk.Euler(64 * years)
    assert default_scheme(gk.BlackScholes(100.0, 0.0, 0.2), call) == gk.Exact()


def test_what_is_watched_all_the_time_has_steps_that_are_bridges() -> None:
    knock_out = gk.BarrierOption(90.0, 80.0, 1.0, dates=None)
    assert default_scheme(gk.BlackScholes(100.0, 0.05, 0.2), knock_out) == gk.Exact()
    assert default_scheme(gk.Bachelier(100.0, 0.05, 20.0), knock_out) == gk.Euler(64)
    assert default_scheme(gk.Bachelier(100.0, 0.05, 20.0), gk.BarrierOption(90.0, 80.0, 1.0, 12)) == gk.Exact()


def test_many_years_of_a_variance_that_touches_zero() -> None:
    """Andersen's second case (2008, table 1), 15 years: 32 steps in all were off by 0.016 in delta, 2.3 %."""
    model = gk.Heston(100.0, 0.0, 0.04, kappa=0.3, theta=0.04, xi=0.9, rho=-0.5)
    found = gk.sensitivities(model, gk.Call(100.0, 15.0), ["delta"], paths=2**15, seed=4)
    assert abs(found["delta"].z_score(0.7034)) < 4.0
    assert found["delta"].std_error < 0.0012
    assert abs(found["price"].z_score(16.6492)) < 4.0


class MyHeston(gk.Heston):
    """The same dynamics under another name, the rows written differently"""

    def diffusion(self, t: Any, x: Any) -> Any:
        root = gk.sqrt(x[1])
        return (
            (root * self.rho * x[0], gk.sqrt(1.0 - self.rho * self.rho) * root * x[0]),
            (self.xi * root, 0.0),
        )


def test_a_users_square_root_variance_is_recognised() -> None:
    mine = MyHeston(100.0, 0.03, 0.05, kappa=2.0, theta=0.04, xi=0.25, rho=-0.6, dividend=0.01)
    assert isinstance(default_scheme(mine, CALL), gk.QE)
    one, other = (gk.price(m, gk.Call(100.0, 1.0), paths=2**12, seed=3) for m in (mine, HESTON))
    assert one.value == pytest.approx(other.value, rel=1e-12)


@pytest.mark.parametrize(
    ("scheme", "model", "words"),
    [
        (gk.Milstein(steps=8), HESTON, r"Heston: Milstein needs commutative noise.*greeks\.Euler.*greeks\.QE"),
        (gk.QE(steps=8), gk.BlackScholes(100.0, 0.0, 0.2), r"BlackScholes.*square-root variance.*greeks\.Euler"),
        (gk.QE(steps=8), gk.CEV(100.0, 0.0, 2.0, 0.5), r"CEV.*square-root variance.*greeks\.Euler"),
        (gk.Exact(), gk.CEV(100.0, 0.0, 2.0, 0.5), r"CEV has no exact step.*greeks\.Euler"),
        (gk.Exact(), HESTON, r"Heston has no exact step.*greeks\.Euler"),
    ],
    ids=["Milstein of Heston", "QE of Black-Scholes", "QE of CEV", "Exact CEV", "Exact Heston"],
)
def test_refusals_have_reasons_and_remedies(scheme: gk.Scheme, model: gk.Model, words: str) -> None:
    with pytest.raises(gk.UnsupportedError, match=words):
        gk.price(model, gk.Call(100.0, 1.0), scheme=scheme, paths=256)


def test_milstein_has_no_likelihood_ratio_and_says_so() -> None:
    with pytest.raises(gk.UnsupportedError, match=r"no density.*Remedy"):
        gk.sensitivities(
            gk.CEV(100.0, 0.0, 2.0, 0.5), gk.DigitalCall(100.0, 1.0), ["delta"], scheme=gk.Milstein(steps=8), paths=256
        )


# gathering ----------------------------------------------------------------------------------------------------
class Seen(gk.Call):
    """A call that looks at the variance too, without using it: nothing may then be gathered"""

    def settle(self, stats: Any, x: Any) -> Any:
        return gk.maximum(x[0] - self.strike, 0.0) + 0.0 * x[0] + 1e-300 * x[1]


def step(model: Any, scheme: Any, observed: set[int]) -> transition.Transition:
    known = parameters(model)
    found: transition.Transition = scheme.transition(
        traced(model, {k: p.symbol for k, p in known.items()}), known, observed
    )
    return found


@pytest.mark.parametrize("scheme", [gk.Euler(steps=8), gk.QE(steps=8)], ids=repr)
def test_the_log_price_of_a_heston_is_gathered_into_one_normal_a_date(scheme: gk.Scheme) -> None:
    found = step(HESTON, scheme, {0})
    names = {str(c.symbol) for c in found.carries}
    assert {"mean_spot", "variance_of_spot"} <= names
    assert found.noise["arrive"] == (symbol("n_spot"),)
    assert len(found.noise["advance"]) == 1
    assert found.scoring is not None and found.scoring.at == "arrive"


def test_nothing_is_gathered_where_the_payoff_sees_the_variance() -> None:
    found = step(HESTON, gk.Euler(steps=8), {0, 1})
    assert found.noise["arrive"] == ()
    assert len(found.noise["advance"]) == 2


@pytest.mark.parametrize("scheme", [gk.Euler(steps=8), gk.QE(steps=8)], ids=repr)
def test_gathered_and_stepped_paths_have_one_law(scheme: gk.Scheme) -> None:
    for strike in (80.0, 100.0, 120.0):
        gathered = gk.price(HESTON, gk.Call(strike, 1.0), scheme=scheme, paths=2**17, seed=1)
        stepped = gk.price(HESTON, Seen(strike, 1.0), scheme=scheme, paths=2**17, seed=2)
        distance = gathered.value - stepped.value
        assert abs(distance) < 4.0 * math.hypot(gathered.std_error, stepped.std_error), strike
        assert gathered.std_error < 0.01 * max(gathered.value, 1.0)


def test_parameters_of_a_contract_keep_their_own_names() -> None:
    contract = Contract.of(HESTON, gk.Call(100.0, 1.0))
    assert set(contract.model_parameters) >= {"spot", "kappa", "theta", "rho"}
    assert set(contract.payoff_parameters) == {"strike", "maturity"}


def test_default_steps_have_a_bound() -> None:
    """A maturity given in days, or worse, must not run for hours."""
    heston = gk.Heston(spot=100.0, rate=0.03, variance=0.04, kappa=2.0, theta=0.04, xi=0.3, rho=-0.7)
    assert default_scheme(heston, gk.Call(100.0, 1e6)) == default_scheme(heston, gk.Call(100.0, 100.0)) == gk.QE(3200)
