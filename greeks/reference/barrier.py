"""Single-barrier options on a lognormal asset, monitored continuously.

With mu = (r - q - sigma^2 / 2) / sigma^2, lambda = sqrt(mu^2 + 2 r / sigma^2), phi = +1 for a call and -1
for a put, eta = +1 for a lower barrier and -1 for an upper one, all eight prices are sums of the terms A to
F of Reiner and Rubinstein: A and B vanilla above or below strike and barrier, C and D their reflections, E
and F the rebates.

A knock-out pays its rebate at the hit, a knock-in at maturity if it was never hit. A spot at or beyond the
barrier means that the barrier has been hit.

The rebates alone are the touches: F pays at the hit, E at maturity if there was none.

Source: Merton (1973); Reiner and Rubinstein (1991a), Breaking down the barriers, and (1991b), Unscrambling the binary
code; Haug (2007), sections 4.17.1 and 4.19.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from greeks.errors import SchemaError
from greeks.reference import black_scholes
from greeks.reference.jet import exp, log, normal_cdf, sqrt

Direction = Literal["down", "up"]
Knock = Literal["in", "out"]
Pays = Literal["hit", "expiry"]


def price(
    spot: float,
    rate: float,
    volatility: float,
    dividend: float,
    strike: float,
    barrier: float,
    maturity: float,
    direction: Direction = "down",
    knock: Knock = "out",
    call: bool = True,
    rebate: float = 0.0,
) -> float:
    """The sum of Reiner-Rubinstein terms that belongs to the contract.

    Parameters
    ----------
    spot, strike, barrier, rebate : float
        In currency.
    rate, dividend, volatility : float
        Per year, continuously compounded; per square root of a year.
    maturity : float
        In years.
    direction : {"down", "up"}
        Whether the barrier lies below or above the spot.
    knock : {"in", "out"}
        Whether the option begins or ends to exist at the barrier.
    call : bool
        Call or put.

    Raises
    ------
    SchemaError
        If `direction` or `knock` is another word.

    Examples
    --------
    >>> round(price(100.0, 0.05, 0.2, 0.0, 100.0, 90.0, 1.0, "down", "out"), 10)
    8.6654716582

    Source: Reiner and Rubinstein (1991a); Haug (2007), section 4.17.1.
    """
    _check("knock", knock, ("in", "out"))
    if _is_hit(spot, barrier, direction):
        vanilla = black_scholes.call if call else black_scholes.put
        return rebate if knock == "out" else vanilla(spot, rate, volatility, dividend, strike, maturity)
    eta, phi = (1.0 if direction == "down" else -1.0), (1.0 if call else -1.0)
    terms = _Terms(spot, rate, volatility, dividend, strike, barrier, maturity, eta, phi)
    knocked_in = _knock_in(terms, call == (direction == "down"), float(strike) > float(barrier))
    if knock == "in":
        return knocked_in + rebate * terms.e
    return terms.a - knocked_in + rebate * terms.f


def one_touch(
    spot: float,
    rate: float,
    volatility: float,
    dividend: float,
    barrier: float,
    maturity: float,
    direction: Direction = "up",
    pays: Pays = "hit",
) -> float:
    """1 if the barrier is reached: F when that happens, or exp(-r T) - E at maturity; arguments as of `price`.

    Parameters
    ----------
    pays : {"hit", "expiry"}
        When the cash is paid.

    Raises
    ------
    SchemaError
        If `direction` or `pays` is another word.

    Examples
    --------
    >>> round(one_touch(100.0, 0.05, 0.2, 0.0, 120.0, 1.0), 10), round(one_touch(100.0, 0.0, 0.2, 0.0, 100.0, 1.0), 10)
    (0.4026624533, 1.0)

    Source: Reiner and Rubinstein (1991b); Haug (2007), section 4.19.5.
    """
    _check("pays", pays, ("hit", "expiry"))
    if pays == "expiry":
        return exp(-rate * maturity) - no_touch(spot, rate, volatility, dividend, barrier, maturity, direction)
    if _is_hit(spot, barrier, direction):
        return 1.0
    return _touching(spot, rate, volatility, dividend, barrier, maturity, direction).f


def no_touch(
    spot: float,
    rate: float,
    volatility: float,
    dividend: float,
    barrier: float,
    maturity: float,
    direction: Direction = "up",
) -> float:
    """E, 1 at maturity unless the barrier is reached; arguments and errors as of `one_touch`.

    Examples
    --------
    >>> never = no_touch(100.0, 0.05, 0.2, 0.0, 120.0, 1.0)
    >>> round(never + one_touch(100.0, 0.05, 0.2, 0.0, 120.0, 1.0, pays="expiry"), 10)  # exp(-r T)
    0.9512294245

    Source: Reiner and Rubinstein (1991b); Haug (2007), section 4.19.5.
    """
    if _is_hit(spot, barrier, direction):
        return 0.0
    return _touching(spot, rate, volatility, dividend, barrier, maturity, direction).e


def _touching(
    spot: float, rate: float, volatility: float, dividend: float, barrier: float, maturity: float, direction: Direction
) -> _Terms:
    """Terms E and F, into which no strike enters."""
    eta = 1.0 if direction == "down" else -1.0
    return _Terms(spot, rate, volatility, dividend, barrier, barrier, maturity, eta, 1.0)


def _is_hit(spot: float, barrier: float, direction: Direction) -> bool:
    _check("direction", direction, ("down", "up"))
    gap = float(spot) - float(barrier)
    return gap <= 0.0 if direction == "down" else gap >= 0.0


def _knock_in(terms: _Terms, call_down_or_put_up: bool, strike_above: bool) -> float:
    """Without rebate; reflections alone where the payoff needs the spot back on the far side."""
    far_side = strike_above == (terms.eta > 0.0)
    if call_down_or_put_up:
        return terms.c if far_side else terms.a - terms.b + terms.d
    return terms.b - terms.c + terms.d if far_side else terms.a


@dataclass(frozen=True)
class _Terms:
    """A to F; every one a property, so that a contract computes only its own."""

    spot: float
    rate: float
    volatility: float
    dividend: float
    strike: float
    barrier: float
    maturity: float
    eta: float
    phi: float

    @property
    def a(self) -> float:
        return self._vanilla(self.spot / self.strike)

    @property
    def b(self) -> float:
        return self._vanilla(self.spot / self.barrier)

    @property
    def c(self) -> float:
        return self._reflected(self.barrier * self.barrier / (self.spot * self.strike))

    @property
    def d(self) -> float:
        return self._reflected(self.barrier / self.spot)

    @property
    def e(self) -> float:
        """1 at maturity if the barrier was never hit."""
        x, y = self._argument(self.spot / self.barrier), self._argument(self.barrier / self.spot)
        hit = self._power(2.0 * self._mu) * normal_cdf(self.eta * (y - self._spread))
        return self._discount * (normal_cdf(self.eta * (x - self._spread)) - hit)

    @property
    def f(self) -> float:
        """1 at the hit, if it comes before maturity."""
        root = sqrt(self._mu * self._mu + 2.0 * self.rate / (self.volatility * self.volatility))
        z = log(self.barrier / self.spot) / self._spread + root * self._spread
        near = self._power(self._mu + root) * normal_cdf(self.eta * z)
        return near + self._power(self._mu - root) * normal_cdf(self.eta * (z - 2.0 * root * self._spread))

    @property
    def _mu(self) -> float:
        return (self.rate - self.dividend) / (self.volatility * self.volatility) - 0.5

    @property
    def _spread(self) -> float:
        return self.volatility * sqrt(self.maturity)

    @property
    def _discount(self) -> float:
        return exp(-self.rate * self.maturity)

    def _argument(self, ratio: float) -> float:
        return log(ratio) / self._spread + (1.0 + self._mu) * self._spread

    def _power(self, exponent: float) -> float:
        """(H / S)^exponent."""
        return exp(exponent * log(self.barrier / self.spot))

    def _vanilla(self, ratio: float) -> float:
        x = self._argument(ratio)
        asset = self.spot * exp(-self.dividend * self.maturity) * normal_cdf(self.phi * x)
        cash = self.strike * self._discount * normal_cdf(self.phi * (x - self._spread))
        return self.phi * (asset - cash)

    def _reflected(self, ratio: float) -> float:
        y = self._argument(ratio)
        carried = self.spot * exp(-self.dividend * self.maturity) * self._power(2.0 * self._mu + 2.0)
        cash = self.strike * self._discount * self._power(2.0 * self._mu)
        return self.phi * (carried * normal_cdf(self.eta * y) - cash * normal_cdf(self.eta * (y - self._spread)))


def _check(field: str, value: str, expected: tuple[str, str]) -> None:
    if value not in expected:
        raise SchemaError(f"{field}={value!r} of a barrier option: expected one of {expected}")
