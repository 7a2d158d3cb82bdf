"""QuantLib's options as ours, against QuantLib's own analytic prices and Greeks."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

import pytest

import greeks as gk
from greeks.interop.quantlib import from_quantlib
from greeks.interop.quantlib.payoffs import ASSET, CASH, PLAIN, Paid

needs_quantlib = pytest.mark.skipif(importlib.util.find_spec("QuantLib") is None, reason="QuantLib is not installed")
PATHS = 2**14


class Desk:
    """A QuantLib market of 15 May 2024: flat curves, a spot of 100."""

    def __init__(self, counter: str = "Actual365Fixed", rate: float = 0.05, dividend: float = 0.02) -> None:
        self.ql: Any = importlib.import_module("QuantLib")
        ql = self.ql
        self.today = ql.Date(15, 5, 2024)
        ql.Settings.instance().evaluationDate = self.today
        self.counter = getattr(ql, counter)()
        self.spot = ql.QuoteHandle(ql.SimpleQuote(100.0))
        self.rates = ql.YieldTermStructureHandle(ql.FlatForward(self.today, rate, self.counter))
        self.yields = ql.YieldTermStructureHandle(ql.FlatForward(self.today, dividend, self.counter))
        self.expiry = self.today + ql.Period(10, ql.Months)
        self.exercise = ql.EuropeanExercise(self.expiry)

    def process(self, volatility: float = 0.2, counter: Any = None) -> Any:
        ql = self.ql
        flat = ql.BlackConstantVol(self.today, ql.NullCalendar(), volatility, counter or self.counter)
        return ql.BlackScholesMertonProcess(self.spot, self.yields, self.rates, ql.BlackVolTermStructureHandle(flat))

    def plain(self, call: bool = True, strike: float = 105.0) -> Any:
        return self.ql.PlainVanillaPayoff(self.ql.Option.Call if call else self.ql.Option.Put, strike)

    def fixings(self, n: int = 10) -> list[Any]:
        return [self.today + self.ql.Period(i, self.ql.Months) for i in range(1, n + 1)]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def agree(option: Any, ours: gk.Sensitivities, names: dict[str, str]) -> None:
    """QuantLib's numbers by our names, each within four standard errors, which are small."""
    for name, theirs in names.items():
        truth = getattr(option, theirs)()
        estimate = ours[name]
        slack = 1e-9 * max(1.0, abs(truth))  # a closed form has no standard error worth the name
        assert abs(estimate.value - truth) < 4.0 * estimate.std_error + slack, (name, estimate, truth)
        assert estimate.std_error < 0.02 * max(1.0, abs(truth)), (name, estimate)


EUROPEAN = {
    "price": "NPV",
    "delta": "delta",
    "gamma": "gamma",
    "vega": "vega",
    "rho": "rho",
    "dividend_rho": "dividendRho",
    "theta": "theta",
}


@needs_quantlib
@pytest.mark.parametrize("counter", ["Actual365Fixed", "Actual360", "Thirty360"])
@pytest.mark.parametrize("kind", ["plain", "cash", "asset"])
@pytest.mark.parametrize("call", [True, False])
def test_european_options_have_quantlib_s_greeks(counter: str, kind: str, call: bool) -> None:
    desk = Desk() if counter != "Actual360" else Desk(counter)
    ql, side = desk.ql, 1 if call else -1
    if counter == "Thirty360":
        desk.counter = ql.Thirty360(ql.Thirty360.BondBasis)
        desk.rates = ql.YieldTermStructureHandle(ql.FlatForward(desk.today, 0.05, desk.counter))
        desk.yields = ql.YieldTermStructureHandle(ql.FlatForward(desk.today, 0.02, desk.counter))
    paid = {
        "plain": desk.plain(call),
        "cash": ql.CashOrNothingPayoff(side, 105.3, 7.25),
        "asset": ql.AssetOrNothingPayoff(side, 105.3),
    }[kind]
    option = ql.EuropeanOption(paid, desk.exercise)
    process = desk.process()
    option.setPricingEngine(ql.AnalyticEuropeanEngine(process))
    contract = from_quantlib(option, process)
    agree(option, contract.sensitivities(list(EUROPEAN)[1:], paths=PATHS, seed=3), EUROPEAN)


@needs_quantlib
def test_curves_that_are_not_flat_are_matched_at_expiry(desk: Desk) -> None:
    ql = desk.ql
    days = [desk.today, desk.today + 100, desk.today + 400]
    desk.rates = ql.YieldTermStructureHandle(ql.ZeroCurve(days, [0.01, 0.03, 0.06], ql.Actual360()))
    option = ql.VanillaOption(desk.plain(), desk.exercise)
    process = desk.process(counter=ql.Actual365Fixed())
    option.setPricingEngine(ql.AnalyticEuropeanEngine(process))
    result = from_quantlib(option, process).sensitivities(["delta", "gamma"], paths=PATHS)
    agree(option, result, {"price": "NPV", "delta": "delta", "gamma": "gamma"})
    barrier = ql.BarrierOption(ql.Barrier.DownOut, 90.0, 0.0, desk.plain(), desk.exercise)
    with pytest.raises(gk.UnsupportedError, match=r"riskFreeRate is .* expected a flat curve"):
        from_quantlib(barrier, process, barrier=90.0, barrier_type=ql.Barrier.DownOut)


@needs_quantlib
def test_a_smile_gives_its_volatility_at_the_strike_and_is_refused_along_the_path(desk: Desk) -> None:
    ql = desk.ql
    strikes, vols = [80.0, 100.0, 120.0], ql.Matrix(3, 1)
    for i, v in enumerate([0.25, 0.2, 0.17]):
        vols[i][0] = v
    surface = ql.BlackVarianceSurface(desk.today, ql.NullCalendar(), [desk.expiry], strikes, vols, desk.counter)
    surface.enableExtrapolation()
    process = ql.BlackScholesMertonProcess(desk.spot, desk.yields, desk.rates, ql.BlackVolTermStructureHandle(surface))
    option = ql.VanillaOption(desk.plain(strike=110.0), desk.exercise)
    option.setPricingEngine(ql.AnalyticEuropeanEngine(process))
    contract = from_quantlib(option, process)
    assert abs(contract.model.volatility - surface.blackVol(desk.expiry, 110.0)) < 1e-12  # type: ignore[attr-defined]
    agree(option, contract.sensitivities(["delta"], paths=PATHS), {"price": "NPV", "delta": "delta"})
    asian = ql.DiscreteAveragingAsianOption(ql.Average.Geometric, desk.fixings(), desk.plain(), desk.exercise)
    with pytest.raises(gk.UnsupportedError, match="expected one volatility"):
        from_quantlib(asian, process, average=ql.Average.Geometric, fixings=desk.fixings())


@needs_quantlib
@pytest.mark.parametrize(
    ("kind", "barrier", "call", "rebate"),
    [
        ("DownOut", 90.0, True, 0.0),
        ("UpOut", 125.0, True, 2.0),
        ("DownIn", 90.0, False, 1.5),
        ("UpIn", 120.0, True, 0.0),
        ("DownOut", 85.0, False, 3.0),
    ],
)
def test_barrier_options_have_quantlib_s_values(
    desk: Desk, kind: str, barrier: float, call: bool, rebate: float
) -> None:
    ql, process = desk.ql, desk.process()
    which = getattr(ql.Barrier, kind)
    option = ql.BarrierOption(which, barrier, rebate, desk.plain(call, 100.0), desk.exercise)
    option.setPricingEngine(ql.AnalyticBarrierEngine(process))
    contract = from_quantlib(option, process, barrier=barrier, barrier_type=which, rebate=rebate)
    result = contract.sensitivities(["delta"], paths=2**16, seed=5)
    agree(option, result, {"price": "NPV"})
    step = 0.01  # QuantLib's analytic barrier engine has no Greeks
    prices = []
    for spot in (100.0 - step, 100.0 + step):
        desk.spot = ql.QuoteHandle(ql.SimpleQuote(spot))
        option.setPricingEngine(ql.AnalyticBarrierEngine(desk.process()))
        prices.append(option.NPV())
    delta = (prices[1] - prices[0]) / (2.0 * step)
    assert abs(result["delta"].z_score(delta)) < 4.0 and result["delta"].std_error < 0.01


@needs_quantlib
def test_an_asian_option_has_quantlib_s_values(desk: Desk) -> None:
    ql, process = desk.ql, desk.process()
    fixings = [desk.today, *desk.fixings()]
    option = ql.DiscreteAveragingAsianOption(ql.Average.Geometric, fixings, desk.plain(), desk.exercise)
    option.setPricingEngine(ql.AnalyticDiscreteGeometricAveragePriceAsianEngine(process))
    contract = from_quantlib(option, process, average=ql.Average.Geometric, fixings=list(reversed(fixings)))
    assert contract.payoff.dates[0] == 0.0  # type: ignore[attr-defined]
    names = {"price": "NPV", "delta": "delta", "vega": "vega", "rho": "rho"}
    agree(option, contract.sensitivities(["delta", "vega", "rho"], paths=2**16, seed=1), names)


@needs_quantlib
def test_heston_s_parameters_are_read_back(desk: Desk) -> None:
    ql = desk.ql
    process = ql.HestonProcess(desk.rates, desk.yields, desk.spot, 0.04, 2.0, 0.05, 0.3, -0.7)
    option = ql.VanillaOption(desk.plain(strike=100.0), desk.exercise)
    option.setPricingEngine(ql.AnalyticHestonEngine(ql.HestonModel(process)))
    contract = from_quantlib(option, process)
    model = gk.Heston(100.0, 0.05, 0.04, 2.0, 0.05, 0.3, -0.7, 0.02)
    for name in ("spot", "rate", "variance", "kappa", "theta", "xi", "rho", "dividend"):
        assert abs(getattr(contract.model, name) - getattr(model, name)) < 1e-12, name
    price = contract.sensitivities(paths=2**16, seed=2)["price"]
    assert abs(price.z_score(option.NPV())) < 4.0 and price.std_error < 0.003 * option.NPV()


@needs_quantlib
def test_what_quantlib_does_not_tell_is_asked_for(desk: Desk) -> None:
    ql, process = desk.ql, desk.process()
    barrier = ql.BarrierOption(ql.Barrier.DownOut, 90.0, 0.0, desk.plain(), desk.exercise)
    asian = ql.DiscreteAveragingAsianOption(ql.Average.Arithmetic, desk.fixings(), desk.plain(), desk.exercise)
    cases: list[tuple[Any, dict[str, Any], str]] = [
        (barrier, {}, "barrier = None: expected the level"),
        (barrier, {"barrier": 90.0}, "barrier_type = None: expected one of"),
        (asian, {}, "fixings = None: expected the dates"),
        (asian, {"fixings": desk.fixings()}, "average = None: expected ql.Average.Arithmetic"),
        (asian, {"fixings": [desk.expiry + 1], "average": 0}, "expected no date after the expiry"),
    ]
    for option, told, missing in cases:
        with pytest.raises(gk.SchemaError, match=missing):
            from_quantlib(option, process, **told)


@needs_quantlib
def test_what_has_no_counterpart_is_refused(desk: Desk) -> None:
    ql, process = desk.ql, desk.process()
    american = ql.VanillaOption(desk.plain(), ql.AmericanExercise(desk.today, desk.expiry))
    gap = ql.VanillaOption(ql.GapPayoff(ql.Option.Call, 100.0, 90.0), desk.exercise)
    european = ql.VanillaOption(desk.plain(), desk.exercise)
    double = ql.DoubleBarrierOption(ql.DoubleBarrier.KnockOut, 80.0, 120.0, 0.0, desk.plain(), desk.exercise)
    bates = ql.BatesProcess(desk.rates, desk.yields, desk.spot, 0.04, 2.0, 0.05, 0.3, -0.7, 0.1, -0.1, 0.2)
    expired = ql.VanillaOption(desk.plain(), ql.EuropeanExercise(desk.today))
    asian = ql.DiscreteAveragingAsianOption(ql.Average.Arithmetic, desk.fixings(), desk.plain(), desk.exercise)
    past = {"average": ql.Average.Arithmetic, "fixings": [desk.today - 30, *desk.fixings()]}
    for option, dynamics, told, why in [
        (american, process, {}, "exercised early"),
        (gap, process, {}, "neither plain vanilla nor"),
        (double, process, {}, "option is a DoubleBarrierOption"),
        (european, bates, {}, "process is a BatesProcess"),
        (european, None, {}, "process is a NoneType"),
        (42, process, {}, "option is a int"),
        (expired, process, {}, "expected a time to expiry > 0"),
        (asian, process, past, "1 of 11 dates before the reference date"),
    ]:
        with pytest.raises(gk.GreeksError, match=why):
            from_quantlib(option, dynamics, **told)


@pytest.mark.parametrize(
    ("paid", "amounts"),
    [
        (Paid(PLAIN, 100.0, True), [0.0, 0.0, 10.0]),
        (Paid(PLAIN, 100.0, False), [10.0, 0.0, 0.0]),
        (Paid(CASH, 100.0, True, 7.0), [0.0, 0.0, 7.0]),
        (Paid(ASSET, 100.0, False), [90.0, 0.0, 0.0]),
    ],
)
def test_what_is_paid(paid: Paid, amounts: list[float]) -> None:
    assert [paid.amount(price) for price in (90.0, 100.0, 110.0)] == amounts


def test_without_quantlib_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr("greeks.interop.quantlib.library.import_module", absent)
    with pytest.raises(gk.UnsupportedError, match=r"pip install 'pathgreeks\[quantlib\]'"):
        from_quantlib(object(), object())


@needs_quantlib
def test_the_example_in_the_docs_runs() -> None:
    page = (Path(__file__).parents[2] / "docs" / "from-quantlib.md").read_text(encoding="utf-8")
    block = page.split("```py\n")[1].split("```")[0]
    namespace: dict[str, Any] = {}
    exec(block, namespace)
    namespace["option"].setPricingEngine(namespace["ql"].AnalyticBarrierEngine(namespace["process"]))
    assert abs(namespace["result"]["price"].z_score(namespace["option"].NPV())) < 4.0
