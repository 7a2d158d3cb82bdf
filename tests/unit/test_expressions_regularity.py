"""How smooth an expression is judged to be: never smoother than it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

import greeks as gk
from greeks.expressions.node import Expr, symbol
from greeks.expressions.regularity import Regularity, jumps, regularity

X, Y, K, V = symbol("x"), symbol("y"), symbol("k"), symbol("v", 3)
MOVING = {X: Regularity.SMOOTH, V: Regularity.SMOOTH}


def of(e: Expr) -> Regularity:
    return regularity(e, MOVING)


CASES: dict[str, tuple[Expr, Regularity]] = {
    "what does not move": (gk.where(Y < K, Y, gk.maximum(K, 0.0)), Regularity.STILL),
    "arithmetic": ((X * X + K) / (1.0 + X * X) - gk.exp(X), Regularity.SMOOTH),
    "a call": (gk.maximum(X - K, 0.0), Regularity.LIPSCHITZ),
    "a cap": (gk.minimum(X, K), Regularity.LIPSCHITZ),
    "absolute value": (gk.absolute(X - K), Regularity.LIPSCHITZ),
    "largest of a vector": (gk.largest(V), Regularity.LIPSCHITZ),
    "smallest of a vector": (gk.smallest(V) * K, Regularity.LIPSCHITZ),
    "a digital": (gk.where(X > K, 1.0, 0.0), Regularity.DISCONTINUOUS),
    "asset or nothing": (gk.where(X > K, X, 0.0), Regularity.DISCONTINUOUS),
    "a switch that does not move": (gk.where(Y > K, X, 2.0 * X), Regularity.SMOOTH),
    "a kink behind a switch that does not move": (gk.where(Y > K, X, gk.maximum(X, 0.0)), Regularity.LIPSCHITZ),
    "a call written with where": (gk.where(X > K, X - K, 0.0), Regularity.LIPSCHITZ),
    "a put written with where": (gk.where(X <= K, K - X, 0.0), Regularity.LIPSCHITZ),
    "a cap written with where": (gk.where(X < K, X, K), Regularity.LIPSCHITZ),
    "slopes that differ": (gk.where(X < K, 2.0 * (X - K), 3.0 * (X - K)), Regularity.LIPSCHITZ),
    "a call off its strike": (gk.where(X > K + 1.0, X - K, 0.0), Regularity.DISCONTINUOUS),
    "agreement at one of two switches": (gk.where((X > K) & (X < 2.0 * K), X - K, 0.0), Regularity.DISCONTINUOUS),
    "declared continuous": (
        gk.where(X * X > K, gk.sqrt(X * X) - gk.sqrt(K), 0.0, continuous=True),
        Regularity.LIPSCHITZ,
    ),
    "declared continuous, of a jump": (
        gk.where(X > K, gk.where(X > Y, 1.0, 0.0), 0.0, continuous=True),
        Regularity.DISCONTINUOUS,
    ),
    "square of a positive part": (gk.maximum(X - K, 0.0) * gk.maximum(X - K, 0.0), Regularity.C1),
    "the same as a power": (gk.maximum(X - K, 0.0) ** 2.0, Regularity.C1),
    "square of a call on a call": (gk.maximum(gk.maximum(X - K, 0.0) - Y, 0.0) ** 2.0, Regularity.LIPSCHITZ),
    "square of a kink that is not at zero": (gk.maximum(X, K) ** 2.0, Regularity.LIPSCHITZ),
    "product of two different positive parts": (gk.maximum(X, 0.0) * gk.maximum(X - K, 0.0), Regularity.LIPSCHITZ),
    "a smooth function of a digital": (gk.exp(gk.where(X > K, 1.0, 0.0)), Regularity.DISCONTINUOUS),
    "a digital times zero at its jump is still taken for a jump": (
        (X - K) * gk.where(X > K, 1.0, 0.0),
        Regularity.DISCONTINUOUS,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_class(name: str) -> None:
    e, expected = CASES[name]
    assert of(e) == expected


STEPS: dict[str, Expr] = {
    "over its absolute value": (X - K) / gk.absolute(X - K),
    "absolute value over it": gk.absolute(X - K) / (X - K),
    "positive part over it": gk.maximum(X - K, 0.0) / (X - K),
    "over the root of its square": (X - K) / gk.sqrt((X - K) * (X - K)),
    "over parts of both signs": gk.maximum(X - K, 0.0) / (gk.maximum(X - K, 0.0) + gk.maximum(K - X, 0.0)),
    "a quotient that cancels": gk.where(X < K, 0.0, (X - K) / (2.0 * (X - K))),
    "a quotient by its own size": gk.where(X < K, 0.0, (X - K) / gk.absolute(X - K)),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_written_as_a_quotient_is_a_jump(name: str) -> None:
    assert of(STEPS[name]) == Regularity.DISCONTINUOUS


@dataclass(frozen=True)
class SignDigital(gk.Payoff):
    """1 if S_T > K, else 0, written without `where`."""

    strike: gk.Scalar
    maturity: gk.Scalar

    def settle(self, stats: Any, x: Any) -> Any:
        u = x[0] - self.strike
        return 0.5 + 0.5 * u / gk.absolute(u)


def test_a_digital_in_disguise_has_no_silent_zero() -> None:
    model = gk.BlackScholes(100.0, 0.05, 0.2, 0.02)
    truth = gk.sensitivities(model, gk.DigitalCall(100.0, 1.0), ["delta"], paths=2**14, seed=1)
    try:
        found = gk.sensitivities(model, SignDigital(100.0, 1.0), ["delta"], paths=2**14, seed=1)
    except gk.UnsupportedError:
        return
    assert abs(found["delta"].z_score(truth["delta"].value)) < 4.0
    assert found["delta"].std_error < 0.01 * truth["delta"].value


def test_jumps_are_named_for_the_message() -> None:
    e = gk.where(X > K, 1.0, 0.0) + gk.where(X < Y, X, 0.0) + gk.where(X < K, X, K) + gk.where(Y < K, 1.0, 2.0)
    found = set(jumps(e, MOVING))
    assert found == {X > K, X < Y}


def test_a_class_given_for_a_symbol_is_kept() -> None:
    moving = {X: Regularity.DISCONTINUOUS}
    assert regularity(X + 1.0, moving) == Regularity.DISCONTINUOUS
    assert regularity(Y + 1.0, moving) == Regularity.STILL
