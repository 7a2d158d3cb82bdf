"""The moments of the noise as controls: means of 0, and all that moment matching would buy."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

import greeks as gk
from greeks.engine.choosing.menu import menu_for
from greeks.engine.choosing.plan import controls_of, plan_of
from greeks.engine.terms.contract import Contract
from greeks.engine.terms.grid import time_grid
from greeks.kernels import cpu
from greeks.kernels.compile import load
from greeks.kernels.moments import combine
from greeks.reference import geometric_asian

MODEL = gk.BlackScholes(spot=100.0, rate=0.03, volatility=0.2)
ASIAN = gk.AsianCall(100.0, 1.0, 4, average="geometric")
HESTON = gk.Heston(100.0, 0.03, 0.05, kappa=2.0, theta=0.04, xi=0.3, rho=-0.7)
MOMENTS = (gk.NoiseMoments(),)
Array = npt.NDArray[np.float64]


@pytest.mark.parametrize(("model", "scheme"), [(MODEL, gk.Exact()), (HESTON, gk.QE(8))], ids=["exact", "QE"])
def test_all_of_them_average_to_nothing(model: gk.Model, scheme: gk.Scheme) -> None:
    contract = Contract.of(model, ASIAN)
    grid = time_grid(ASIAN, scheme)
    menu = menu_for(contract, scheme, grid.shape, [], gk.Pathwise(), controls=MOMENTS)
    picks = ((0,),)
    plan = plan_of(menu, contract, picks, controls=controls_of(menu, picks))
    found = combine(cpu.rows(load(plan.program.cpu), *plan.table(contract, grid), seed=11, paths=2**16))
    controls = range(len(plan.pairing.partners), len(found.mean))
    assert len(controls) == 4 * sum(map(len, menu.priced.noise.values()))
    for k in controls:
        deviation = math.sqrt(found.comoment[k, k] / found.count)
        assert deviation > 0.5 and abs(found.mean[k]) < 4.0 * deviation / math.sqrt(found.count)


def test_prices_and_greeks_are_right_with_less_error() -> None:
    settings = {"estimator": gk.Pathwise(), "paths": 2**15, "seed": 4}
    plain, found = (gk.sensitivities(MODEL, ASIAN, ["delta"], controls=c, **settings) for c in ((), MOMENTS))  # type: ignore[arg-type]

    def call(spot: float) -> float:
        return geometric_asian.call(spot, 0.03, 0.2, 0.0, 100.0, 1.0, dates=4)

    truth = {"price": call(100.0), "delta": (call(100.001) - call(99.999)) / 0.002}
    for name, gain in (("price", 30.0), ("delta", 3.0)):
        assert abs(found[name].z_score(truth[name])) < 4.0
        assert (plain[name].std_error / found[name].std_error) ** 2 > gain
        assert "noise moments (variance / " in found[name].reason


def test_matched_moments_buy_no_more_than_controls() -> None:
    """Batches of 512 paths whose normals are standardised date by date, as moment matching does, against plain ones."""
    rng, batches, paths, dates = np.random.default_rng(5), 400, 512, 4
    normals = rng.standard_normal((batches, paths, dates))
    centred = normals - normals.mean(axis=1, keepdims=True)
    matched = centred / centred.std(axis=1, keepdims=True)
    plain, better = (_asian(z).mean(axis=1) for z in (normals, matched))
    by_matching = float(plain.var() / better.var())
    settings = {"estimator": gk.Pathwise(), "paths": 2**15, "seed": 4}
    alone, found = (gk.price(MODEL, ASIAN, controls=c, **settings) for c in ((), MOMENTS))
    assert 3.0 < by_matching < 10.0 < (alone.std_error / found.std_error) ** 2


def _asian(z: Array) -> Array:
    """Discounted payoffs of `ASIAN`."""
    steps = (0.03 - 0.02) * 0.25 + 0.2 * 0.5 * z
    average = 100.0 * np.exp(np.cumsum(steps, axis=-1).mean(axis=-1))
    return np.asarray(math.exp(-0.03) * np.maximum(average - 100.0, 0.0))
