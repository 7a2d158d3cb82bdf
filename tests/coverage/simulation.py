"""One run of an offer, public functions only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import greeks as gk
from tests.coverage.offers import Offer


def simulated(offer: Offer, paths: int, seed: int, threads: int | None = None) -> Mapping[str, gk.Estimate]:
    """The price and every Greek on offer, but those for which the library finds out while it runs that they fail."""
    try:
        return _run(offer, offer.greeks, paths, seed, threads)
    except gk.EstimationError:
        return _one_by_one(offer, paths, seed, threads)


def _one_by_one(offer: Offer, paths: int, seed: int, threads: int | None) -> Mapping[str, gk.Estimate]:
    found = dict(_run(offer, [], paths, seed, threads))
    for greek in offer.greeks:
        try:
            found |= _run(offer, [greek], paths, seed, threads)
        except gk.EstimationError:
            continue
    return found


def _run(offer: Offer, greeks: list[str], paths: int, seed: int, threads: int | None) -> Mapping[str, gk.Estimate]:
    case, variant = offer.case, offer.variant
    settings: dict[str, Any] = {"estimator": variant.wanted(greeks), "controls": variant.controls}
    settings |= {"sampler": variant.sampler}
    settings |= {"scheme": case.scheme, "paths": paths, "seed": seed, "threads": threads}
    return gk.sensitivities(case.model, case.payoff, greeks, **settings)
