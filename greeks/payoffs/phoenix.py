"""Notes with a conditional coupon that redeem early."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from greeks.expressions.functions import Scalar, where
from greeks.fields import date_grid, positive, real
from greeks.payoffs.base import Exits, Payoff, Stats


@dataclass(frozen=True)
class PhoenixAutocallable(Payoff):
    """On a date the note pays notional * coupon if S >= coupon_barrier, and ends with its notional if S >= trigger.

    Coupons that were missed are not paid later. If the note is never redeemed, it pays at maturity the notional if
    S_T >= protection, else notional S_T / reference.

    Parameters
    ----------
    trigger : level of the price that redeems the note.
    coupon : paid on each date, as a fraction of the notional.
    coupon_barrier : level of the price from which a coupon is paid.
    protection : level of the price below which capital is lost.
    reference : price at which capital is whole, usually that on the day of issue.
    maturity : T > 0, years.
    dates : count n (t_i = i T / n) or increasing year fractions.
    notional : amount invested.
    """

    trigger: Scalar = positive()
    coupon: Scalar = real()
    coupon_barrier: Scalar = positive()
    protection: Scalar = positive()
    reference: Scalar = positive()
    maturity: Scalar = positive()
    dates: int | Sequence[float] = date_grid()
    notional: Scalar = real(default=1.0)

    def pay(self, stats: Stats, t: Scalar, x: Stats) -> Scalar:
        return where(x[0] >= self.coupon_barrier, self.notional * self.coupon, 0.0)

    def exits(self, stats: Stats, t: Scalar, x: Stats) -> Exits:
        return ((x[0] >= self.trigger, self.notional),)

    def settle(self, stats: Stats, x: Stats) -> Scalar:
        return self.notional * where(x[0] >= self.protection, 1.0, x[0] / self.reference)
