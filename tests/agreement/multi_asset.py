"""Several assets: the model of a case, and its quantities as sums of our Greeks."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import greeks as gk
from tests.agreement.agree import Weights
from tests.oracle import Case

INDEXED = re.compile(r"(?P<word>delta|gamma|vega|vanna)(?P<first>10|\d)_?(?P<second>10|\d)?")
NAMED: dict[str, Weights] = {"price": {"price": 1.0}, "theta": {"theta": 1.0}}
NAMED |= {name: {"rho": 1.0} for name in ("rho_r", "d_r")}
NAMED |= {"d_rho": {"d_correlation[1,0]": 1.0}, "dual_delta": {"dual_delta": 1.0}, "digital_price": {"price": 1.0}}


def several(case: Case) -> gk.MultiBlackScholes:
    p = case.params
    n = count(p)
    numbers = range(1, n + 1)
    common = p.get("q", 0.0)
    return gk.MultiBlackScholes(
        spots=tuple(p[f"S{i}"] for i in numbers),
        rate=p["r"],
        volatilities=volatilities(p),
        correlation=correlation(p),
        dividends=tuple(p.get(f"q{i}", common) for i in numbers),
    )


def count(p: Mapping[str, float]) -> int:
    return sum(re.fullmatch(r"S\d+", name) is not None for name in p)


def volatilities(p: Mapping[str, float]) -> tuple[float, ...]:
    """sigma_i, or in a one-factor model sqrt(c^2 + s_i^2)."""
    numbers = range(1, count(p) + 1)
    if "c" in p:
        return tuple(math.hypot(p["c"], p[f"s_idio{i}"]) for i in numbers)
    return tuple(p[f"sigma{i}"] for i in numbers)


def correlation(p: Mapping[str, float]) -> tuple[tuple[float, ...], ...]:
    """rho off the diagonal, or in a one-factor model c^2 / (sigma_i sigma_j)."""
    s = volatilities(p)
    places = range(len(s))
    shared = [[p["c"] ** 2 / (s[i] * s[j]) if "c" in p else p["rho"] for j in places] for i in places]
    return tuple(tuple(1.0 if i == j else shared[i][j] for j in places) for i in places)


def weights(case: Case, quantity: str) -> Weights:
    """A quantity of the oracle; derivatives in a factor by the chain rule through volatilities and correlations."""
    if quantity in NAMED:
        return NAMED[quantity]
    if quantity == "d_rho_common":
        return {f"d_correlation[{i},{j}]": 1.0 for i in range(count(case.params)) for j in range(i)}
    if quantity == "d_common_loading":
        return loading(case.params)
    if quantity == "d_idio1":
        return own_factor(case.params)
    found = INDEXED.fullmatch(quantity)
    assert found is not None, quantity
    places = [str(int(k) - 1) for k in (found["first"], found["second"]) if k]
    return {f"{found['word']}[{','.join(places)}]": 1.0}


def loading(p: Mapping[str, float]) -> Weights:
    """d/dc: dsigma_i = c / sigma_i, drho_ij = rho_ij (2 / c - c / sigma_i^2 - c / sigma_j^2)."""
    c, s, rho = p["c"], volatilities(p), correlation(p)
    found = {f"vega[{i}]": c / s[i] for i in range(len(s))}
    for i in range(len(s)):
        for j in range(i):
            found[f"d_correlation[{i},{j}]"] = rho[i][j] * (2.0 / c - c / s[i] ** 2 - c / s[j] ** 2)
    return found


def own_factor(p: Mapping[str, float]) -> Weights:
    """d/ds_1: dsigma_1 = s_1 / sigma_1, drho_1j = -rho_1j s_1 / sigma_1^2."""
    s, rho, own = volatilities(p), correlation(p), p["s_idio1"]
    found = {"vega[0]": own / s[0]}
    return found | {f"d_correlation[{j},0]": -rho[j][0] * own / s[0] ** 2 for j in range(1, len(s))}
