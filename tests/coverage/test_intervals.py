"""The part of the coverage suite that is quick: two cheap cases of every unbiased estimator, 300 seeds each.

`make coverage` examines all cases.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import islice

import pytest

import greeks as gk
from tests.coverage.cases import cases
from tests.coverage.estimators import Variant, variants
from tests.coverage.intervals import Outcome, counted, examined
from tests.coverage.known import reason_for
from tests.coverage.offers import Offer, offered

CHEAP = ("BlackScholes", "Bachelier", "MultiBlackScholes")
EACH = 2


def _sample(variant: Variant) -> Iterator[Offer]:
    """Offers of one estimator on cheap models, in an order that is fixed but mixes models and payoffs."""
    every = [case for model in CHEAP for case in cases(model) if "continuous" not in case.terms]
    for case in sorted(every, key=lambda c: zlib.crc32(f"{variant} {c}".encode())):
        offer = offered(case, variant)
        if offer.greeks:
            yield offer


@pytest.mark.parametrize("variant", [v for v in variants() if v.unbiased], ids=str)
def test_intervals_hold_the_truth(variant: Variant) -> None:
    sample = list(islice(_sample(variant), EACH))
    assert len(sample) == EACH, f"{variant.says} is offered nowhere on {', '.join(CHEAP)}"
    found = [o for offer in sample for o in examined(offer)]
    missed = [o for o in found if not o.within and not reason_for(o)]
    assert not missed, "\n".join(map(str, missed))


def _digital() -> Offer:
    case = next(c for c in cases("BlackScholes") if c.payoff_name == "DigitalCall")
    return offered(case, next(v for v in variants() if v.code == "L"))


def _count(offer: Offer, seeds: range, paths: int = 8192) -> dict[str, Outcome]:
    return {o.greek: o for o in counted(offer, offer.greeks, seeds, paths)}


def test_an_interval_that_is_too_narrow_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = _count(_digital(), range(300))
    assert honest["delta"].within
    monkeypatch.setattr("tests.coverage.intervals.WIDTH", 1.5)
    assert not _count(_digital(), range(300))["delta"].within


def test_a_bias_of_one_standard_error_is_noticed() -> None:
    case = next(c for c in cases("BlackScholes") if c.payoff_name == "DigitalCall")
    wide = Variant("FD", gk.FiniteDifference(0.35), "a bump of 35 %", unbiased=False)
    found = _count(offered(case, wide), range(300))["delta"]
    assert abs(found.bias) > 1.0
    assert not found.within


def test_every_greek_on_offer_is_counted() -> None:
    offer = _digital()
    assert list(_count(offer, range(2), 256)) == ["price", *offer.greeks]
