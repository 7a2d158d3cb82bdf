"""Polynomials of the noise as controls: means of 0 on every grid, and what they take off corrections of levels."""

from __future__ import annotations

import math

import numpy as np
import pytest

import greeks as gk
from greeks.engine.choosing.menu import menu_for
from greeks.engine.choosing.plan import controls_of, plan_of
from greeks.engine.multilevel.ladder import Ladder
from greeks.engine.multilevel.run import climbed
from greeks.engine.sampling.clock import Clock
from greeks.engine.sampling.settings import Settings
from greeks.engine.terms.contract import Contract
from greeks.engine.terms.grid import time_grid
from greeks.kernels import cpu
from greeks.kernels.compile import load
from greeks.kernels.moments import combine
from tests.unit.test_multilevel import CALL, CEV, HESTON

NOISE = (gk.NoisePolynomials(), gk.RealisedVariance())
UNEVEN = gk.AsianCall(100.0, 1.0, dates=[0.1, 0.45, 1.0])


@pytest.mark.parametrize(
    ("model", "levels"),
    [(HESTON, gk.Multilevel(gk.QE(3))), (CEV, gk.Multilevel(gk.Euler(3), refine=3))],
    ids=["two noises, swapped", "one noise, refined by 3"],
)
@pytest.mark.parametrize("level", [0, 1])
def test_all_of_them_average_to_nothing(model: gk.Model, levels: gk.Multilevel, level: int) -> None:
    """On steps of unequal lengths, and between two such grids."""
    contract, scheme = Contract.of(model, UNEVEN), levels.on_level(level)
    grid = time_grid(UNEVEN, scheme)
    menu = menu_for(contract, scheme, grid.shape, [], gk.Pathwise(), controls=NOISE)
    plan = plan_of(menu, contract, ((0,),), controls=controls_of(menu, ((0,),)))
    found = combine(cpu.rows(load(plan.program.cpu), *plan.table(contract, grid), seed=11, paths=2**16))
    controls = range(len(plan.pairing.partners), len(found.mean))
    assert len(controls) == 9 * len(menu.priced.noise["advance"])
    for k in controls:
        deviation = math.sqrt(found.comoment[k, k] / found.count)
        assert deviation > 1e-3 and abs(found.mean[k]) < 4.0 * deviation / math.sqrt(found.count)


def ladder_of(scheme: gk.Multilevel, controls: str | tuple[gk.ControlVariate, ...], target: float) -> Ladder:
    settings = Settings(scheme=scheme, std_error=target, seed=5, controls=controls)
    return climbed(CEV, CALL, (), scheme, settings, Clock(0.0))


def test_they_take_most_of_what_eulers_corrections_vary_by() -> None:
    """Without them the twin leaves nearly all of it."""
    scheme = gk.Multilevel(gk.Euler(1), refine=4)
    alone, with_noise = (ladder_of(scheme, c, 0.02).variances[1:4, 0] for c in ((gk.LognormalTwin(),), "auto"))
    assert (with_noise < 0.3 * alone).all()


def test_coefficients_of_coarse_levels_hold_on_fine_ones() -> None:
    """Levels that have no pilot of their own have less variance by far than without controls."""
    scheme = gk.Multilevel(gk.Milstein(1))
    ladder, plain = (ladder_of(scheme, c, 1e-3) for c in ("auto", ()))
    untried = [level.number for level in ladder.levels if level.like is not None]
    fine = [k for k in untried if k < len(plain.levels) and ladder.rungs[k].samples >= 32]
    assert untried == list(range(untried[0], len(ladder.levels))) and len(fine) > 2
    assert (ladder.variances[fine, 0] < 0.1 * plain.variances[fine, 0]).all()


def test_pilots_have_a_part_of_what_the_run_needs() -> None:
    """Of a tighter target a larger one; under strong order one half none where the run is short."""
    milstein, euler = gk.Multilevel(gk.Milstein(1)), gk.Multilevel(gk.Euler(1))
    assert [milstein.pilot(3, n) for n in (100.0, 2_000.0, 2e4, 1e9)] == [0, 256, 625, 4096]
    assert [euler.pilot(3, n) for n in (100.0, 1e9)] == [1024, 4096]
    assert [milstein.pilot(k) for k in range(6)] == [4096, 2048, 1024, 512, 256, 256]


def test_single_levels_have_them_by_name() -> None:
    plain, noisy = (
        gk.price(HESTON, CALL, scheme=gk.QE(8), controls=c, paths=2**14, seed=3)
        for c in ("auto", (gk.Forward(), gk.LognormalTwin(), *NOISE))
    )
    assert noisy.std_error < 0.6 * plain.std_error
    assert abs(noisy.value - plain.value) < 4.0 * math.hypot(plain.std_error, noisy.std_error)
    assert "noise polynomials, realised variance" in noisy.reason
    assert np.isfinite(noisy.value)
