"""What is compiled once serves every contract of its kind, and can be read."""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
import pytest

import greeks as gk
from greeks.engine.choosing import menu as menus
from greeks.engine.terms.grid import time_grid
from greeks.kernels import compile as compiler

MODEL = gk.BlackScholes(100.0, 0.05, 0.2, 0.02)


@pytest.fixture
def built() -> Any:
    """Counts the plans made and the programs compiled from here on."""
    menus._menus.clear()
    with (
        mock.patch.object(menus, "_build", wraps=menus._build) as plans_made,
        mock.patch.object(compiler, "build", wraps=compiler.build) as compiled,
    ):
        yield plans_made, compiled


def test_ten_thousand_strikes_are_one_plan(built: Any) -> None:
    strikes = np.linspace(50.0, 150.0, 10_000)
    prices = [gk.price(MODEL, gk.Call(k, 1.0), paths=256, seed=1).value for k in strikes]
    plans_made, compiled = built
    assert plans_made.call_count == 1
    assert compiled.call_count <= 1
    assert np.all(np.diff(prices) <= 0.0) and prices[0] > prices[-1] >= 0.0


def test_parameters_dates_and_seeds_share_a_plan(built: Any) -> None:
    for dates in (2, 5, (0.1, 0.4, 1.0)):
        for vol in (0.1, 0.3):
            model = gk.BlackScholes(90.0, 0.01, vol)
            gk.sensitivities(model, gk.AsianCall(95.0, 1.0, dates), ["delta"], paths=256, seed=len(str(dates)))
    assert built[0].call_count == 1


@pytest.mark.parametrize(
    "other",
    [
        (MODEL, gk.AsianCall(100.0, 1.0, 4, average="geometric"), ["delta"], {}),
        (MODEL, gk.AsianPut(100.0, 1.0, 4), ["delta"], {}),
        (MODEL, gk.AsianCall(100.0, 1.0, 4), ["vega"], {}),
        (MODEL, gk.AsianCall(100.0, 1.0, 4), ["delta"], {"scheme": gk.Euler(steps=8)}),
        (MODEL, gk.AsianCall(100.0, 1.0, 4), ["delta"], {"estimator": gk.LikelihoodRatio()}),
        (MODEL, gk.AsianCall(100.0, 1.0, (0.0, 0.5, 1.0)), ["delta"], {}),
        (MODEL, gk.AsianCall(100.0, 1.0, (0.2, 0.5)), ["delta"], {}),
    ],
    ids=["average", "payoff", "Greeks", "scheme", "estimator", "today observed", "maturity not observed"],
)
def test_what_shapes_the_program_is_a_plan_of_its_own(built: Any, other: tuple[Any, ...]) -> None:
    gk.sensitivities(MODEL, gk.AsianCall(100.0, 1.0, 4), ["delta"], paths=256)
    model, payoff, greeks, settings = other
    gk.sensitivities(model, payoff, greeks, paths=256, **settings)
    assert built[0].call_count == 2


def test_old_plans_make_room() -> None:
    menus._menus.clear()
    with mock.patch.object(menus, "_KEPT", 3), mock.patch.object(menus, "_build", side_effect=lambda *_: object()):
        from greeks.engine.terms.contract import Contract

        contract = Contract.of(MODEL, gk.Call(100.0, 1.0))
        grid = time_grid(contract.payoff, gk.Exact())
        for k in range(5):
            menus.menu_for(contract, gk.Exact(), grid.shape, [f"d_{k}"], "auto")
        assert len(menus._menus) == 3
    menus._menus.clear()


def test_the_source_can_be_read() -> None:
    source = gk.explain(MODEL, gk.AsianCall(101.0, 1.0, 4), ["delta", "vega"], estimator=gk.Pathwise()).source
    assert "def prepare(theta, fine, dates, grid, table):" in source
    assert "def block(theta, grid, seed, stream, path0, w, u):" in source
    for word in ("exp(", "maximum(", "log_spot"):
        assert word in source
    assert max(map(len, source.splitlines())) < 160
    assert len(source.splitlines()) < 200
    compile(source, "<source>", "exec")


def test_parameters_are_arguments_not_text() -> None:
    one = gk.explain(gk.BlackScholes(91.25, 0.0375, 0.2125), gk.Call(103.0, 0.75), ["delta"]).source
    other = gk.explain(gk.BlackScholes(17.5, 0.01, 0.4), gk.Call(20.0, 2.0), ["delta"]).source
    assert one == other
    assert "91.25" not in one and "0.2125" not in one
