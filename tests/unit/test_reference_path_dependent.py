"""Closed forms of path-dependent contracts against multiprecision values, all Greeks."""

from __future__ import annotations

from typing import Any

import pytest

from greeks.errors import SchemaError
from greeks.reference import barrier, black_scholes, geometric_asian, greeks, lookback
from tests.oracle import Case, cases

RIGHTS = ("call", "put")
GEOMETRIC = [f"asian_geometric_discrete_{right}" for right in (*RIGHTS, "cash_call")]
BARRIERS = [f"barrier_continuous_{d}_{k}_{r}" for d in ("down", "up") for k in ("in", "out") for r in RIGHTS]
TOUCHES = [f"{d}_{kind}" for d in ("down", "up") for kind in ("one_touch_hit", "one_touch_expiry", "no_touch")]
LOOKBACKS = [f"lookback_continuous_{kind}_{right}" for kind in ("fixed", "floating") for right in RIGHTS]
INCEPTION = [f"lookback_continuous_inception_floating_{right}" for right in RIGHTS]
BASE = {"spot": 100.0, "rate": 0.05, "volatility": 0.25, "dividend": 0.02, "maturity": 0.75}


def parameters(case: Case, **others: str) -> dict[str, Any]:
    common = {
        "S0": "spot",
        "r": "rate",
        "sigma": "volatility",
        "q": "dividend",
        "T": "maturity",
        "K": "strike",
    }
    names = common | others
    return {names[name]: value for name, value in case.params.items()}


def assert_agrees(case: Case, found: Any) -> None:
    """Within ten times the accuracy of the reference plus the rounding of double precision."""
    wrong = {}
    for quantity, (value, accuracy) in case.values.items():
        got = found["dividend_rho" if quantity == "rho_q" else quantity]
        if not abs(got - value) <= 10.0 * (accuracy + 1e-13 * (1.0 + abs(value))):
            wrong[quantity] = (got, value, accuracy)
    assert not wrong


@pytest.mark.parametrize("case", cases("B1", GEOMETRIC), ids=str)
def test_geometric_asian(case: Case) -> None:
    arguments = parameters(case, n="dates")
    arguments["dates"] = int(arguments["dates"])
    price = getattr(geometric_asian, case.payoff.removeprefix("asian_geometric_discrete_"))
    assert_agrees(case, greeks(price, **arguments))


@pytest.mark.parametrize("case", cases("B1", BARRIERS), ids=str)
def test_barrier(case: Case) -> None:
    _, _, direction, knock, kind = case.payoff.split("_")
    arguments = parameters(case, H="barrier", rebate="rebate")
    found = greeks(barrier.price, direction=direction, knock=knock, call=kind == "call", **arguments)
    assert_agrees(case, found)


@pytest.mark.parametrize("case", cases("B1", TOUCHES), ids=str)
def test_touch(case: Case) -> None:
    direction, *words = case.payoff.split("_")
    arguments = parameters(case, H="barrier", cash="cash")
    assert arguments.pop("cash") == 1.0
    if "no" in words:
        assert_agrees(case, greeks(barrier.no_touch, direction=direction, **arguments))
    else:
        assert_agrees(case, greeks(barrier.one_touch, direction=direction, pays=words[-1], **arguments))


@pytest.mark.parametrize("case", cases("B1", LOOKBACKS + INCEPTION), ids=str)
def test_lookback(case: Case) -> None:
    kind, right = case.payoff.split("_")[-2:]
    price = getattr(lookback, f"{kind}_{right}")
    extremum = "minimum" if price is lookback.floating_call else "maximum"
    assert_agrees(case, greeks(price, **parameters(case, M=extremum)))


def test_geometric_asian_dates_as_a_count_and_as_years_agree() -> None:
    years = [0.25 * 0.75, 0.5 * 0.75, 0.75 * 0.75, 0.75]
    by_count = geometric_asian.call(**BASE, strike=95.0, dates=4)
    assert geometric_asian.call(**BASE, strike=95.0, dates=years) == pytest.approx(by_count, rel=1e-14)


def test_theta_of_a_geometric_asian_keeps_the_contract_dates() -> None:
    """A bump of the calendar by hand: every date and the maturity a little nearer."""
    dates, h = [0.2, 0.4, 0.75], 1e-5

    def value(shift: float) -> float:
        moved = [date - shift for date in dates]
        return geometric_asian.call(**BASE | {"maturity": 0.75 - shift}, strike=95.0, dates=moved)

    found = greeks(geometric_asian.call, **BASE, strike=95.0, dates=dates, elapsed=0.0)
    assert found["theta"] == pytest.approx((value(h) - value(-h)) / (2.0 * h), rel=1e-8)


def test_one_date_makes_the_geometric_asian_a_european() -> None:
    asian = greeks(geometric_asian.call, **BASE, strike=95.0, dates=1)
    european = greeks(black_scholes.call, **BASE, strike=95.0)
    for greek in ("price", "delta", "gamma", "vega", "rho", "theta", "volga"):
        assert asian[greek] == pytest.approx(european[greek], rel=1e-11)


@pytest.mark.parametrize("right", RIGHTS)
@pytest.mark.parametrize(("direction", "level"), [("down", 80.0), ("up", 120.0)])
@pytest.mark.parametrize("strike", [75.0, 100.0, 130.0])
def test_knock_in_and_knock_out_make_the_vanilla(right: str, direction: Any, level: float, strike: float) -> None:
    contract = BASE | {"strike": strike, "barrier": level, "direction": direction, "call": right == "call"}
    both = barrier.price(**contract, knock="in") + barrier.price(**contract, knock="out")
    assert both == pytest.approx(getattr(black_scholes, right)(**BASE, strike=strike), rel=1e-12)


@pytest.mark.parametrize(("direction", "level"), [("down", 100.0), ("down", 110.0), ("up", 100.0), ("up", 90.0)])
def test_a_spent_barrier_pays_its_rebate_or_is_the_vanilla(direction: Any, level: float) -> None:
    contract = BASE | {"strike": 100.0, "barrier": level, "direction": direction, "rebate": 3.0}
    assert greeks(barrier.price, **contract, knock="out")["price"] == 3.0
    vanilla = black_scholes.call(**BASE, strike=100.0)
    assert barrier.price(**contract, knock="in") == vanilla


def test_barrier_refuses_other_words() -> None:
    with pytest.raises(SchemaError, match=r"knock='off'.*'in', 'out'"):
        barrier.price(**BASE, strike=100.0, barrier=90.0, knock="off")  # type: ignore[arg-type]
    with pytest.raises(SchemaError, match="direction='left'"):
        barrier.price(**BASE, strike=100.0, barrier=90.0, direction="left")  # type: ignore[arg-type]


@pytest.mark.parametrize("price", [lookback.floating_call, lookback.floating_put], ids=lambda p: p.__name__)
def test_lookback_without_carry_is_the_limit(price: Any) -> None:
    """At b = 0 the formula is 0/0: values and rate Greeks are the mean of those at both sides."""
    step = 0.02
    base = BASE | {"dividend": 0.05}
    here = greeks(price, **base)
    sides = [greeks(price, **base | {"rate": 0.05 + s * step}) for s in (-2, -1, 1, 2)]
    for greek in ("price", "delta", "vega", "rho", "dividend_rho", "theta"):
        outer, inner = sides[0][greek] + sides[3][greek], sides[1][greek] + sides[2][greek]
        assert here[greek] == pytest.approx((4.0 * inner - outer) / 6.0, rel=1e-4)


def test_lookback_polynomial_meets_the_formula() -> None:
    """Just inside and outside the polynomial's range, second derivatives to the carry included."""
    edge = 0.05 * 0.25 / 0.75**0.5
    found = [
        greeks(lookback.fixed_call, **BASE | {"dividend": 0.05 - edge + shift}, strike=105.0) for shift in (-1e-9, 1e-9)
    ]
    for greek in ("price", "delta", "gamma", "rho", "vega", "d2_rate", "d2_rate_volatility"):
        assert found[0][greek] == pytest.approx(found[1][greek], rel=1e-6)
