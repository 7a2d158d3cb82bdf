"""The Heston model of a case, its payoff, and what the oracle calls our Greeks."""

from __future__ import annotations

from collections.abc import Callable

import greeks as gk
from tests.agreement.agree import Trade, quantities
from tests.oracle import Case, cases

PAYOFFS: dict[str, Callable[..., gk.Payoff]] = {
    "european_call": gk.Call,
    "european_put": gk.Put,
    "european_digital_cash_or_nothing_call": gk.DigitalCall,
}
# The oracle's `theta` and `rho` are time decay and d/drate, as ours are; `d_theta` and `d_rho` the parameters.
NAMES = {"rho_q": "dividend_rho", "d_v0": "d_variance", "d2_v0": "d2_variance", "d2_S_v0": "d2_spot_variance"}


def heston(case: Case) -> gk.Heston:
    p = case.params
    return gk.Heston(p["S0"], p["r"], p["v0"], p["kappa"], p["theta"], p["xi"], p["rho"], p["q"])


def trade(case: Case, omit: tuple[str, ...] = (), scheme: gk.Scheme | None = None) -> Trade:
    payoff = PAYOFFS[case.payoff](strike=case.params["K"], maturity=case.params["T"])
    return Trade(case, heston(case), payoff, quantities(case, NAMES, omit), scheme)


def feller_ratio(case: Case) -> float:
    """2 kappa theta / xi^2: above 1 the variance never touches 0."""
    p = case.params
    return 2.0 * p["kappa"] * p["theta"] / p["xi"] ** 2


def friendly(payoff: str) -> list[Case]:
    """Variance that never touches 0: square roots are smooth along the path, and their tangents have finite moments."""
    return [case for case in cases("D", payoff) if feller_ratio(case) > 1.0]


def unfriendly(payoff: str) -> list[Case]:
    return [case for case in cases("D", payoff) if feller_ratio(case) <= 1.0]
