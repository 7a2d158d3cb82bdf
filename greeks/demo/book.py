"""The demo's book: what an index-options desk might hold on the DAX, and the models that price it.

Every quote of the surface that a trade uses is an underlying of its own, "DAX 345d 4400": Black-Scholes at
the volatility quoted for that expiry and strike and at the zero rate of that expiry, as a desk would price
vanillas. Exotics under Black-Scholes take the quote at their strike. "DAX Heston 345d" is the fitted Heston
model at the zero rate of that expiry (`docs/heston-fit.md`). Quantities are contracts on one index;
negative is short.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from greeks.demo import fit
from greeks.demo.surface import Surface, load

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
COLUMNS = (
    *("id", "underlying", "payoff", "quantity", "strike", "maturity", "cash", "barrier"),
    *("direction", "knock", "call", "rebate", "dates", "average"),
)
HESTON = "Heston"

# payoff, strike, quantity at each of DAYS: short the puts that hedgers buy, long the calls that clients write
DAYS = (41, 75, 165, 345, 703)
VANILLAS = (
    ("Put", 3800, (-300, -250, -200, -150, -80)),
    ("Put", 4200, (-150, -120, -200, -100, -60)),
    ("Put", 4500, (120, 100, 80, 60, 40)),
    ("Call", 4500, (100, 140, 90, 80, 50)),
    ("Call", 4800, (250, 200, 160, 120, 90)),
    ("Call", 5200, (300, 240, 200, 150, -100)),
)
# payoff, days, strike, quantity, cash
DIGITALS = (
    ("DigitalCall", 75, 4800, -60, 1000.0),
    ("DigitalCall", 165, 4600, 40, 1000.0),
    ("DigitalCall", 345, 5000, -50, 1000.0),
    ("DigitalPut", 75, 4200, 30, 1000.0),
    ("DigitalPut", 165, 4000, -45, 1000.0),
    ("DigitalPut", 345, 3800, 35, 1000.0),
)
# payoff, days, strike, quantity, average
ASIANS = (
    ("AsianCall", 165, 4500, -120, "arithmetic"),
    ("AsianCall", 345, 4400, -100, "arithmetic"),
    ("AsianCall", 345, 4800, 150, "arithmetic"),
    ("AsianPut", 345, 4400, 90, "arithmetic"),
    ("AsianPut", 703, 4200, -60, "arithmetic"),
    ("AsianPut", 165, 4500, 50, "arithmetic"),
)
# days, strike, quantity, barrier, direction, knock, call, rebate
BARRIERS = (
    (165, 4500, 80, 3800.0, "down", "out", True, 25.0),
    (345, 4400, -120, 3600.0, "down", "out", True, 100.0),
    (345, 4800, 100, 3800.0, "down", "out", True, 50.0),
    (345, 4400, -90, 5600.0, "up", "out", True, 0.0),
    (165, 4400, -70, 5400.0, "up", "out", True, 0.0),
    (75, 4500, 110, 4000.0, "down", "out", True, 20.0),
    (345, 4200, -130, 3400.0, "down", "out", True, 75.0),
    (703, 4400, -60, 5900.0, "up", "out", True, 0.0),
)
# payoff, days, quantity
LOOKBACKS = (
    ("LookbackCall", 75, -30),
    ("LookbackCall", 165, 20),
    ("LookbackCall", 345, -20),
    ("LookbackPut", 75, 20),
    ("LookbackPut", 165, -25),
    ("LookbackPut", 345, 15),
)
# under Heston fewer kinds: each is compiled once, a few seconds, when the demo runs for the first time
HESTON_DAYS = (165, 345)
HESTON_VANILLAS = (
    ("Put", 4000, (-200, -150)),
    ("Call", 4500, (180, 160)),
    ("Call", 5000, (250, 200)),
)
HESTON_DIGITALS = (
    ("DigitalCall", 345, 4800, -40, 1000.0),
    ("DigitalCall", 345, 4400, 25, 1000.0),
    ("DigitalCall", 165, 4500, 30, 1000.0),
    ("DigitalCall", 165, 4800, -35, 1000.0),
)
HESTON_BARRIERS = (
    (345, 4400, -60, 3600.0, "down", "out", True, 0.0),
    (345, 4800, 50, 3800.0, "down", "out", True, 0.0),
    (165, 4500, -70, 3800.0, "down", "out", True, 0.0),
    (165, 4200, 40, 3600.0, "down", "out", True, 0.0),
)


def demo_book(surface: Surface | None = None) -> pd.DataFrame:
    """The trades: one row each, columns as `gk.run` expects them, blank where a payoff has no such parameter.

    Examples
    --------
    >>> book = demo_book()
    >>> len(book), book["id"].is_unique, list(book["payoff"].unique())[:4]
    (70, True, ['Put', 'Call', 'DigitalCall', 'DigitalPut'])
    """
    import pandas as pd

    quotes = surface or load()
    trades = [*_trades(quotes, heston=False), *_trades(quotes, heston=True)]
    book = pd.DataFrame([{"id": f"T{i:03d}"} | trade for i, trade in enumerate(trades, 1)], columns=COLUMNS)
    return book.astype({"dates": "Int64", "quantity": "float64", "call": "boolean"})


def demo_market(book: pd.DataFrame, surface: Surface | None = None) -> dict[str, Any]:
    """The model of every underlying in the book.

    Examples
    --------
    >>> market = demo_market(demo_book())
    >>> market["DAX 345d 4400"].volatility, round(market["DAX Heston 345d"].kappa, 2)
    (0.2722, 6.39)
    """
    quotes = surface or load()
    names = sorted(set(book["underlying"]))
    return {name: _model(name, quotes) for name in names}


def _model(name: str, surface: Surface) -> Any:
    from greeks.models import BlackScholes, Heston

    *_, first, second = name.split()
    if first == HESTON:
        quotes = surface.at(int(second.removesuffix("d")))
        return Heston(spot=surface.spot, rate=quotes.rate, **asdict(fit.saved()))
    quotes = surface.at(int(first.removesuffix("d")))
    return BlackScholes(spot=surface.spot, rate=quotes.rate, volatility=quotes.volatility(float(second)))


def _trades(surface: Surface, heston: bool) -> Iterator[Row]:
    """All contracts under one kind of model."""
    days = HESTON_DAYS if heston else DAYS
    yield from _vanillas(surface, days, HESTON_VANILLAS if heston else VANILLAS, heston)
    yield from _digitals(surface, HESTON_DIGITALS if heston else DIGITALS, heston)
    yield from _barriers(surface, HESTON_BARRIERS if heston else BARRIERS, heston)
    if not heston:
        yield from _asians(surface, ASIANS)
        yield from _lookbacks(surface, LOOKBACKS)


def _trade(surface: Surface, heston: bool, days: int, strike: float | None, **terms: Any) -> Row:
    """A floating strike takes the at-the-money quote."""
    quote = f"{days}d {4500 if strike is None else strike:g}"
    underlying = f"DAX {HESTON} {days}d" if heston else f"DAX {quote}"
    price = None if strike is None else float(strike)
    return {"underlying": underlying, "strike": price, "maturity": surface.at(days).maturity} | terms


def _vanillas(surface: Surface, days: Iterable[int], table: Iterable[Any], heston: bool) -> Iterator[Row]:
    for payoff, strike, quantities in table:
        for expiry, quantity in zip(days, quantities, strict=True):
            yield _trade(surface, heston, expiry, strike, payoff=payoff, quantity=quantity)


def _digitals(surface: Surface, table: Iterable[Any], heston: bool) -> Iterator[Row]:
    for payoff, days, strike, quantity, cash in table:
        yield _trade(surface, heston, days, strike, payoff=payoff, quantity=quantity, cash=cash)


def _asians(surface: Surface, table: Iterable[Any]) -> Iterator[Row]:
    for payoff, days, strike, quantity, average in table:
        terms = {"payoff": payoff, "quantity": quantity, "average": average, "dates": _monthly(days)}
        yield _trade(surface, False, days, strike, **terms)


def _barriers(surface: Surface, table: Iterable[Any], heston: bool) -> Iterator[Row]:
    for days, strike, quantity, barrier, direction, knock, call, rebate in table:
        terms = {"barrier": barrier, "direction": direction, "knock": knock, "call": call, "rebate": rebate}
        terms |= {"payoff": "BarrierOption", "quantity": quantity, "dates": _weekly(days)}
        yield _trade(surface, heston, days, strike, **terms)


def _lookbacks(surface: Surface, table: Iterable[Any]) -> Iterator[Row]:
    """With floating strikes."""
    for payoff, days, quantity in table:
        yield _trade(surface, False, days, None, payoff=payoff, quantity=quantity, dates=_weekly(days))


def _monthly(days: int) -> int:
    return round(days * 12 / 365)


def _weekly(days: int) -> int:
    return round(days / 7)
