"""Knock-outs written as statistics are the contracts that `exits` would have said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

import greeks as gk
from greeks.payoffs.base import Stats

MODEL = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2, dividend=0.02)
TERMS: dict[str, Any] = {"strike": 95.0, "barrier": 115.0, "maturity": 1.0, "dates": 4}
OUT = gk.BarrierOption(**TERMS, direction="up")
IN = gk.BarrierOption(**TERMS, direction="up", knock="in")


@dataclass(frozen=True)
class _Terms(gk.Payoff):
    strike: gk.Scalar
    barrier: gk.Scalar
    maturity: gk.Scalar
    dates: int = 4

    def start(self) -> Stats:
        return (1.0,)

    def settle(self, stats: Stats, x: Stats) -> gk.Scalar:
        return stats[0] * gk.maximum(x[0] - self.strike, 0.0)


@dataclass(frozen=True)
class Flag(_Terms):
    def observe(self, stats: Stats, t: gk.Scalar, x: Stats) -> Stats:
        return (gk.where(x[0] < self.barrier, stats[0], 0.0),)


@dataclass(frozen=True)
class Product(_Terms):
    def observe(self, stats: Stats, t: gk.Scalar, x: Stats) -> Stats:
        return (stats[0] * gk.where(x[0] >= self.barrier, 0.0, 1.0),)


@dataclass(frozen=True)
class Touched(_Terms):
    """A flag that rises: the contract that comes alive."""

    def start(self) -> Stats:
        return (0.0,)

    def observe(self, stats: Stats, t: gk.Scalar, x: Stats) -> Stats:
        return (gk.where(x[0] >= self.barrier, 1.0, stats[0]),)


@dataclass(frozen=True)
class Highest(_Terms):
    """The knock-out by a running maximum."""

    def start(self) -> Stats:
        return (0.0,)

    def observe(self, stats: Stats, t: gk.Scalar, x: Stats) -> Stats:
        return (gk.maximum(stats[0], x[0]),)

    def settle(self, stats: Stats, x: Stats) -> gk.Scalar:
        return gk.where(stats[0] < self.barrier, gk.maximum(x[0] - self.strike, 0.0), 0.0)


@dataclass(frozen=True)
class Redeemed(Flag):
    """A flag that may be raised again: nothing is absorbed."""

    def observe(self, stats: Stats, t: gk.Scalar, x: Stats) -> Stats:
        return (gk.where(x[0] < self.barrier, 1.0, 0.5 * stats[0]),)


@dataclass(frozen=True)
class Surviving(Flag):
    """A coupon that is paid to the dead too: an exit could not say so."""

    def pay(self, stats: Stats, t: gk.Scalar, x: Stats) -> gk.Scalar:
        return 2.0 - stats[0]


@pytest.mark.parametrize(
    ("written", "said"),
    [(Flag, OUT), (Product, OUT), (Highest, OUT), (Touched, IN)],
    ids=lambda p: getattr(p, "__name__", ""),
)
def test_a_knock_out_written_as_a_statistic_has_the_numbers_of_the_exit(written: Any, said: gk.Payoff) -> None:
    ours, theirs = (gk.sensitivities(MODEL, p, ["delta"], paths=2**13, seed=3) for p in (written(**TERMS), said))
    for name, e in theirs.items():
        assert (ours[name].value, ours[name].std_error) == pytest.approx((e.value, e.std_error), rel=1e-12)
    assert ours["delta"].estimator == "conditional"


def test_a_level_that_the_extreme_starts_beyond_means_that_it_is_over_at_once() -> None:
    dead = gk.sensitivities(MODEL, Highest(**{**TERMS, "barrier": -1.0}), ["delta"], paths=2**13)
    assert dead["price"].value == 0.0 and dead["delta"].value == 0.0


@pytest.mark.parametrize("payoff", [Redeemed, Surviving])
def test_what_is_not_absorbed_stays_a_statistic(payoff: type[_Terms]) -> None:
    explained = gk.explain(MODEL, payoff(**TERMS), ["delta"])
    assert explained.estimators["delta"] == "likelihood ratio"


def test_a_coupon_to_the_dead_is_paid_to_them() -> None:
    both = gk.price(MODEL, Surviving(**TERMS), paths=2**13, seed=3).value
    plain = gk.sensitivities(MODEL, OUT, [], paths=2**13, seed=3, estimator=gk.FiniteDifference())["price"].value
    assert both - plain > 4.0 * 0.95  # four coupons of 1 or 2, discounted at 5 % at most
