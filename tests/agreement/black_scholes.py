"""The Black-Scholes model of a case, and what the oracle calls our Greeks."""

from __future__ import annotations

from collections.abc import Mapping

import greeks as gk
from tests.oracle import Case

NAMES = {"rho_q": "dividend_rho", "dS_dr": "d2_spot_rate"}


def black_scholes(case: Case) -> gk.BlackScholes:
    p = case.params
    return gk.BlackScholes(p.get("S0", 100.0), p["r"], p["sigma"], p["q"])


def dates_from_start(p: Mapping[str, float], count: str = "n") -> list[float]:
    """0 and the dates i T / n, i = 1..n."""
    n = int(p[count])
    return [p["T"] * i / n for i in range(n + 1)]
