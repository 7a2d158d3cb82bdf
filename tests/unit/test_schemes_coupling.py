"""Chains on several grids in one program: each is the chain that it would be alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import greeks as gk
from greeks.engine.terms.contract import Contract, pricing_fold
from greeks.engine.terms.grid import time_grid
from greeks.estimators import Estimator, LikelihoodRatio, Malliavin, Pathwise, Vibrato
from greeks.estimators.direction import Direction, of_parameter, of_valuation
from greeks.expressions.fold import GRID_FINE, Fold
from greeks.expressions.node import Expr, symbol
from greeks.schemes.coupling import side_by_side, swapped
from tests.property.trees import evaluate

Values = dict[Expr, Any]


@dataclass(frozen=True)
class LocalVolatility(gk.Model):
    """dS = r S dt + sigma (1 + t - 0.2 log(S / 100)) S dW"""

    spot: gk.Scalar
    rate: gk.Scalar
    sigma: gk.Scalar
    state = ("spot",)

    def drift(self, t: Any, x: Any) -> Any:
        return (self.rate * x[0],)

    def diffusion(self, t: Any, x: Any) -> Any:
        return ((self.sigma * (1.0 + t - 0.2 * gk.log(x[0] / 100.0)) * x[0],),)

    def discount(self, t: Any) -> Any:
        return gk.exp(-self.rate * t)


MODEL = LocalVolatility(100.0, 0.05, 0.2)
CONTRACT = Contract.of(MODEL, gk.Call(strike=100.0, maturity=1.0))
NUMBERS: Values = {p.symbol: p.values[0] for p in CONTRACT.packed}
SIGMA = of_parameter(CONTRACT.parameters["sigma"])
STEPS = 3  # of the coarsest grid


def steps_of(times: int) -> list[Values]:
    """What the grid supplies in each of STEPS * times steps."""
    rows = time_grid(CONTRACT.payoff, gk.Euler(STEPS * times)).fine
    return [dict(zip(GRID_FINE, row, strict=True)) for row in rows]


def played(fold: Fold, values: Values, grid: list[Values], noises: list[float]) -> Values:
    """The carries after steps of their own grid, one after the other."""
    (drawn,) = fold.noise["advance"]
    for row, z in zip(grid, noises, strict=True):
        at = {**NUMBERS, **values, **row, drawn: z}
        values = {c.symbol: evaluate(c.advance, at) for c in fold.carries}
    return values


@pytest.mark.parametrize("direction", [of_valuation(), SIGMA], ids=["theta", "sigma"])
@pytest.mark.parametrize("estimator", [Pathwise(), LikelihoodRatio(), Malliavin(), Vibrato()])
def test_every_chain_takes_the_steps_of_its_own_grid(estimator: Estimator, direction: Direction) -> None:
    """Tangents, weights, what is left to the next date and how the grid moves with time included."""
    fold = estimator.apply(pricing_fold(CONTRACT, gk.Euler(STEPS), True, False), (direction,)).pruned()
    together = side_by_side(fold, refine=2, depth=2)
    rng = np.random.default_rng(7)
    normals = list(rng.standard_normal(4))
    for k, coarse in enumerate(steps_of(1)):
        begin: Mapping[Expr, float] = {c.symbol: float(rng.uniform(0.2, 4.0)) for c in fold.carries}
        for level, times in enumerate((1, 2, 4)):
            mark = "" if level == 2 else f"~{2 - level}"
            names = {s: symbol(f"{s}{mark}") for s in begin}
            at: Values = {**NUMBERS, **coarse, **{names[s]: v for s, v in begin.items()}}
            at |= {z: x for z, x in zip(together.fold.noise["advance"], normals, strict=True)}
            known = {c.symbol: c for c in together.fold.carries}
            sums = [float(np.sum(z)) / len(z) ** 0.5 for z in np.split(np.array(normals), times)]
            expected = played(fold, dict(begin), steps_of(times)[k * times : (k + 1) * times], sums)
            for s, value in expected.items():
                if names[s] in known:
                    assert evaluate(known[names[s]].advance, at) == pytest.approx(value, rel=1e-12)
                else:  # what no step moves is shared
                    assert value == begin[s]


def test_what_no_step_moves_is_one_carry_for_all() -> None:
    fold = pricing_fold(Contract.of(MODEL, gk.AsianCall(100.0, 1.0, 4)), gk.Euler(8), True, False)
    together = side_by_side(fold, refine=2, depth=1)
    names = sorted(str(c.symbol) for c in together.fold.carries)
    assert names == ["log_spot", "log_spot~1", "stat_0", "stat_0~1", "stat_1"]  # the sum sees the price, the count not
    assert [str(z) for z in together.fold.noise["advance"]] == ["z_0~0", "z_0~1"]


def test_swapped_noise_drives_a_chain_of_its_own_with_the_sums_of_the_other() -> None:
    fold = Pathwise().apply(pricing_fold(CONTRACT, gk.Euler(STEPS), True, False), (SIGMA,)).pruned()
    together = swapped(fold, refine=3)
    rng = np.random.default_rng(9)
    normals, begin = list(rng.standard_normal(3)), {c.symbol: float(rng.uniform(0.2, 4.0)) for c in fold.carries}
    row, fine = steps_of(1)[0], steps_of(3)[:3]
    expected = {
        "~1": played(fold, dict(begin), [row], [sum(normals) / 3**0.5]),
        "": played(fold, dict(begin), fine, normals),
        "~swapped": played(fold, dict(begin), fine, normals[::-1]),
    }
    carries = {str(c.symbol): c for c in together.fold.carries}
    noise = dict(zip(together.fold.noise["advance"], normals, strict=True))
    for mark, values in expected.items():
        for s, value in values.items():
            carry = carries.get(f"{s}{mark}", carries[str(s)])
            starts = {symbol(f"{k}{m}"): v for k, v in begin.items() for m in expected}
            assert evaluate(carry.advance, {**NUMBERS, **row, **starts, **noise}) == pytest.approx(value, rel=1e-12)
