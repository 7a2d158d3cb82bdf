"""The suite looks at everything that the library has, and its own parts work."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from scipy.stats import binom

import greeks as gk
from tests.coverage import estimators
from tests.coverage.cases import MODELS, Case, cases, greeks_of, missing
from tests.coverage.closed_forms import closed_form, formulas
from tests.coverage.intervals import SEEDS, Outcome, band
from tests.coverage.truths import FARTHEST, FORMULA, truths


def test_every_built_in_model_and_payoff_has_a_case() -> None:
    assert missing() == [], "add them to tests/coverage/cases.py"


def test_codes_of_estimators_differ() -> None:
    codes = [v.code for v in estimators.variants()]
    assert len(codes) == len(set(codes))


def test_every_public_estimator_is_tried() -> None:
    tried = {type(v.estimator).__name__ for v in estimators.variants()}
    assert {"Pathwise", "LikelihoodRatio", "Mixed", "Conditional", "FiniteDifference"} <= tried
    assert set(estimators.discovered()) <= tried


def test_a_new_estimator_is_tried_without_being_named(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True)
    class VeryNew(gk.Pathwise):
        pass

    monkeypatch.setattr(gk, "__all__", [*gk.__all__, "VeryNew"])
    monkeypatch.setattr(gk, "VeryNew", VeryNew, raising=False)
    assert [v.code for v in estimators.variants() if isinstance(v.estimator, VeryNew)] == ["VN"]


def test_a_new_estimator_with_arguments_asks_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True)
    class VeryNew(gk.Pathwise):
        width: float

    monkeypatch.setattr(gk, "__all__", [*gk.__all__, "VeryNew"])
    monkeypatch.setattr(gk, "VeryNew", VeryNew, raising=False)
    with pytest.raises(LookupError, match=r"VeryNew needs arguments .* add it to VARIANTS"):
        list(estimators.variants())


def test_every_parameter_of_a_case_is_differentiated() -> None:
    heston_digital = next(c for c in cases("Heston") if c.payoff_name == "DigitalCall")
    expected = ["delta", "rho", "d_variance", "d_kappa", "d_theta", "d_xi", "d_rho", "d_dividend", "theta"]
    assert greeks_of(heston_digital)[: len(expected)] == expected
    assert greeks_of(heston_digital)[-2:] == ["d_strike", "d_cash"]
    basket = next(iter(cases("MultiBlackScholes")))
    assert {"delta[1]", "vega[0]", "d_correlation[1,0]", "d_weights[1]"} <= set(greeks_of(basket))


def test_names_of_cases_differ() -> None:
    names = [str(case) for model in MODELS for case in cases(model)]
    assert len(names) == len(set(names)) > 100


def test_every_formula_belongs_to_a_case() -> None:
    assert formulas() <= {(model, case.payoff_name) for model in MODELS for case in cases(model)}


def test_formulas_give_every_greek_of_their_cases() -> None:
    exact = [c for model in MODELS for c in cases(model) if closed_form(c)]
    assert len(exact) == len(formulas())
    for case in exact:
        assert all(isinstance(_value(case, g), float) for g in ["price", *greeks_of(case)])


def _value(case: Case, greek: str) -> float:
    formula = closed_form(case)
    assert formula is not None
    return formula(greek)


def test_truths_are_confirmed_by_another_estimator() -> None:
    known = truths().values()
    assert len(known) > 500
    assert [t for t in known if not t.z < FARTHEST] == []
    assert [t for t in known if t.by == t.check_by and t.by != FORMULA] == []


def test_formulas_on_file_are_what_the_code_gives() -> None:
    exact = {(m, c.payoff_name): closed_form(c) for m in MODELS for c in cases(m)}
    for t in truths().values():
        formula = exact[t.model, t.payoff]
        if formula:
            assert t.value == pytest.approx(formula(t.greek), rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("trials", [20, SEEDS, 1200])
def test_band_is_the_narrowest_that_chance_keeps_to(trials: int) -> None:
    low, high = band(trials)
    below, above = binom.cdf(low - 1, trials, 0.95), binom.sf(high, trials, 0.95)
    assert max(below, above) <= 0.0005
    assert binom.cdf(low, trials, 0.95) > 0.0005
    assert binom.sf(high - 1, trials, 0.95) > 0.0005


def test_what_the_band_tells_apart() -> None:
    assert Outcome("m", "p", "e", "g", 285, 300).within
    assert not Outcome("m", "p", "e", "g", 265, 300).within
    assert not Outcome("m", "p", "e", "g", 300, 300).within, "an interval may not be too wide either"
    assert Outcome("m", "p", "e", "g", 300, 300, certain=True).within
    assert not Outcome("m", "p", "e", "g", 299, 300, certain=True).within
