"""What the library offers, in its own words: `greeks.explain` of every case with every estimator."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import greeks as gk
from greeks.estimators.mean import Mean
from tests.coverage.cases import Case, cases, greeks_of, order
from tests.coverage.estimators import Variant, variants


@dataclass(frozen=True)
class Offer:
    """The Greeks of a case that one estimator gives, and why not the others."""

    case: Case
    variant: Variant
    chosen: Mapping[str, str] = field(repr=False)  # Greek -> the estimator's own name
    refused: Mapping[str, str] = field(repr=False)  # Greek -> reason

    @property
    def greeks(self) -> list[str]:
        return list(self.chosen)

    def only(self, greeks: Collection[str]) -> Offer:
        """The same with these Greeks alone."""
        return replace(self, chosen={g: name for g, name in self.chosen.items() if g in greeks})

    def __str__(self) -> str:
        return f"{self.case}: {self.variant}"


@dataclass(frozen=True)
class Unpayable:
    """A payoff that a model cannot pay, or a way of watching it that is not offered, whatever the Greek."""

    case: Case
    reason: str


@cache
def offers(model: str) -> tuple[tuple[Offer, ...], tuple[Unpayable, ...]]:
    """What single estimators offer of one model, and the payoffs that it cannot pay. Nothing is simulated."""
    found: list[Offer] = []
    unpayable: list[Unpayable] = []
    for case in cases(model):
        of_case = offers_of(case)
        if isinstance(of_case, Unpayable):
            unpayable.append(of_case)
        else:
            found.extend(of_case)
    return tuple(found), tuple(unpayable)


def offers_of(case: Case) -> tuple[Offer, ...] | Unpayable:
    """What single estimators offer of one case."""
    try:
        gk.explain(case.model, case.payoff, [], scheme=case.scheme, estimator={"price": Mean()}, controls=())
    except gk.UnsupportedError as refusal:
        return Unpayable(case, str(refusal))
    return tuple(offered(case, variant) for variant in variants() if variant.single)


def offered(case: Case, variant: Variant) -> Offer:
    """What one estimator offers of one case; for "auto", `Blend` and controls that takes a pilot."""
    greeks = [g for g in greeks_of(case) if order(g) in variant.orders]
    settings: dict[str, Any] = {"estimator": variant.wanted(greeks), "controls": variant.controls}
    said = gk.explain(case.model, case.payoff, greeks, scheme=case.scheme, **settings)
    return Offer(case, variant, said.estimators, {g: _reason(why) for g, why in said.refused.items()})


def _reason(refusal: str) -> str:
    """The refusal without its remedy, which the page gives once for all."""
    return refusal.partition(". Remedy:")[0]
