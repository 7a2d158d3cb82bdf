"""European options by samples of the price at maturity, where `auto` would integrate in closed form.

Calls and puts along the path, to second order mixed; digitals by the density of the path.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

import greeks as gk
from tests.agreement import test_european as european
from tests.agreement.agree import Trade, assert_agreement

SECOND = {"gamma", "vanna", "volga", "charm", "veta", "d2_spot_rate", "dual_gamma"}
STRIKE = {"dual_delta", "dual_gamma"}  # of a jump, and twice of a kink: no path has a sample of them


def sampled(trade: Trade) -> Trade:
    """The same trade without what only an integral gives, by the estimators named above."""
    digital = trade.case.payoff in european.DIGITALS
    refused = STRIKE if digital else {"dual_gamma"}
    kept = {q: weights for q, weights in trade.quantities.items() if not refused & set(weights)}
    greeks = {g for weights in kept.values() for g in weights if g != "price"}
    weighted: dict[str, gk.Estimator] = dict.fromkeys(greeks, gk.LikelihoodRatio())
    along = {g: gk.Mixed() if g in SECOND else gk.Pathwise() for g in greeks}
    return replace(trade, quantities=kept, estimator=(weighted if digital else along) | {"price": gk.Pathwise()})


TRADES = {name: [sampled(trade) for trade in trades] for name, trades in european.TRADES.items()}


@pytest.mark.parametrize("name", TRADES)
def test_every_greek(name: str) -> None:
    assert_agreement("sampled", TRADES[name])
