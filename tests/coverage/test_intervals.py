"""The part of the coverage suite that is quick: a smooth and a broken payoff for every unbiased estimator.

What costs time is compiling, so that the programs are small ones and have some of the Greeks only; 300 seeds each.
`make coverage` examines all cases and all Greeks.
"""

from __future__ import annotations

from typing import Any

import pytest

import greeks as gk
from tests.coverage.cases import Case, cases
from tests.coverage.estimators import Variant, variants
from tests.coverage.intervals import Outcome, counted, examined
from tests.coverage.known import reason_for
from tests.coverage.offers import Offer, offered

MODELS = ("BlackScholes", "Schwartz")  # exact steps, and fine ones for estimators that are only for those
PAYOFFS = ("AsianPut, arithmetic", "DigitalCall")
EVERY = 3  # of the Greeks on offer, those of a model and of a payoff, of first and second order, follow one another


def _offer(variant: Variant, payoff: str) -> Offer | None:
    """What an estimator offers of a payoff on the first model on which it offers anything."""
    found = (offered(_case(model, payoff), variant) for model in MODELS)
    return next((offer.only(offer.greeks[::EVERY]) for offer in found if offer.greeks), None)


def _case(model: str, payoff: str) -> Case:
    return next(c for c in cases(model) if c.payoff_name == payoff)


LONG = ("blend", "default", "sobol")  # to compile


def _param(variant: Variant) -> Any:
    return pytest.param(variant, marks=pytest.mark.slow) if variant.code in LONG else variant


@pytest.mark.parametrize("variant", [_param(v) for v in variants() if v.unbiased], ids=str)
def test_intervals_hold_the_truth(variant: Variant) -> None:
    offers = [offer for payoff in PAYOFFS if (offer := _offer(variant, payoff))]
    assert offers, f"{variant.says} gives no Greek of {' or '.join(PAYOFFS)} on {' or '.join(MODELS)}"
    found = [o for offer in offers for o in examined(offer)]
    missed = [o for o in found if not o.within and not reason_for(o)]
    assert not missed, "\n".join(map(str, missed))


def _digital() -> Offer:
    return offered(_case("BlackScholes", "DigitalCall"), next(v for v in variants() if v.code == "L"))


def _count(offer: Offer, seeds: range, paths: int = 8192) -> dict[str, Outcome]:
    return {o.greek: o for o in counted(offer, offer.greeks, seeds, paths)}


def test_an_interval_that_is_too_narrow_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = _count(_digital(), range(300))
    assert honest["delta"].within
    monkeypatch.setattr("tests.coverage.intervals.half_width", lambda e: 1.5 * e.std_error)
    assert not _count(_digital(), range(300))["delta"].within


def test_a_bias_of_one_standard_error_is_noticed() -> None:
    wide = Variant("FD", gk.FiniteDifference(0.35), "a bump of 35 %", unbiased=False)
    found = _count(offered(_case("BlackScholes", "DigitalCall"), wide), range(300))["delta"]
    assert abs(found.bias) > 1.0
    assert not found.within


def test_every_greek_on_offer_is_counted() -> None:
    offer = _digital()
    assert list(_count(offer, range(2), 256)) == ["price", *offer.greeks]
