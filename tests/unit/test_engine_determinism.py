"""Same seed, same bits: whatever the threads, the blocks and the batches; different streams are independent."""

from __future__ import annotations

import math
import subprocess
import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import greeks as gk
from greeks.engine.choosing.control import joined
from greeks.engine.choosing.decision import decide
from greeks.engine.choosing.menu import menu_for
from greeks.engine.choosing.plan import plan_of
from greeks.engine.terms.contract import Contract
from greeks.engine.terms.grid import time_grid
from greeks.kernels import cpu, moments
from greeks.kernels.chunks import CHUNK
from greeks.kernels.compile import load
from greeks.schemes.defaults import default_scheme

BLACK_SCHOLES = gk.BlackScholes(100.0, 0.05, 0.2, 0.02)
HESTON = gk.Heston(100.0, 0.03, 0.05, kappa=2.0, theta=0.04, xi=0.25, rho=-0.6, dividend=0.01)
CASES: dict[str, tuple[gk.Model, gk.Payoff, list[str]]] = {
    "Asian": (BLACK_SCHOLES, gk.AsianCall(101.0, 1.0, 4), ["delta", "gamma", "vega"]),
    "barrier": (BLACK_SCHOLES, gk.BarrierOption(101.0, 90.0, 1.0, 3), ["delta", "theta"]),
    "Heston": (HESTON, gk.Call(101.0, 1.0), ["delta", "d_xi"]),
}


def bits(result: gk.Sensitivities) -> list[str]:
    return [f"{e.value.hex()} {e.std_error.hex()}" for e in result.values()]


@pytest.mark.parametrize("name", CASES)
def test_bits_do_not_depend_on_the_number_of_threads(name: str) -> None:
    model, payoff, greeks = CASES[name]
    for paths in (3 * CHUNK + 77, 1000):
        first, *others = (
            bits(gk.sensitivities(model, payoff, greeks, paths=paths, seed=8, threads=t)) for t in (1, 2, 3, None)
        )
        assert all(found == first for found in others)


@pytest.mark.parametrize("name", CASES)
def test_bits_do_not_depend_on_how_the_paths_are_split(name: str) -> None:
    model, payoff, greeks = CASES[name]
    contract = Contract.of(model, payoff)
    scheme = default_scheme(model, payoff)
    grid = time_grid(payoff, scheme)
    menu = menu_for(contract, scheme, grid.shape, greeks, "auto")
    plan = plan_of(menu, contract, decide(menu, contract, grid).picks)
    program, (table, rows) = load(plan.program.cpu, "cpu"), plan.table(contract, grid)

    def part(first: int, paths: int) -> moments.Chunks:
        return cpu.rows(program, table, rows, seed=8, first=first, paths=paths)

    total = 4 * CHUNK + 300
    whole = moments.combine(part(0, total))
    for cuts in ([CHUNK], [2 * CHUNK, 3 * CHUNK], [CHUNK, 2 * CHUNK, 3 * CHUNK, 4 * CHUNK]):
        ends = [0, *cuts, total]
        pieces = [part(a, b - a) for a, b in pairwise(ends)]
        again = moments.combine(joined(pieces))
        assert again.count == whole.count == total
        assert np.array_equal(again.mean, whole.mean)
        assert np.array_equal(again.comoment, whole.comoment)


def test_the_same_seed_gives_the_same_numbers_again_and_in_another_process() -> None:
    model, payoff, greeks = CASES["Asian"]
    here = bits(gk.sensitivities(model, payoff, greeks, paths=1000, seed=8))
    assert bits(gk.sensitivities(model, payoff, greeks, paths=1000, seed=8)) == here
    code = (
        "import greeks as gk\n"
        "r = gk.sensitivities(gk.BlackScholes(100.0, 0.05, 0.2, 0.02), gk.AsianCall(101.0, 1.0, 4), "
        "['delta', 'gamma', 'vega'], paths=1000, seed=8)\n"
        "print([f'{e.value.hex()} {e.std_error.hex()}' for e in r.values()])"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert there.stdout.strip() == str(here)


def test_numbers_do_not_depend_on_what_else_is_asked() -> None:
    """The same draws whatever rides along: Greeks asked alone are those asked together, prices estimated alike too."""
    model, payoff, greeks = CASES["Asian"]
    together = gk.sensitivities(model, payoff, greeks, paths=5000, seed=8)
    alike = 0
    for g in greeks:
        alone = gk.sensitivities(model, payoff, [g], paths=5000, seed=8)
        assert alone[g].value == pytest.approx(together[g].value, rel=1e-12), g
        if alone["price"].estimator == together["price"].estimator:
            assert alone["price"].value == pytest.approx(together["price"].value, rel=1e-12), g
            alike += 1
    assert alike


def test_more_paths_extend_the_same_sample() -> None:
    """The first n paths of a longer run are those of the shorter: their difference is the rest alone."""
    model, payoff, _ = CASES["Asian"]
    short, long = (gk.price(model, payoff, paths=n, seed=8) for n in (CHUNK, 2 * CHUNK))
    rest = 2.0 * long.value - short.value
    assert abs(rest - short.value) < 5.0 * math.sqrt(2.0) * short.std_error
    assert rest != short.value


@pytest.mark.parametrize("seeds", [((0, 0), (0, 1)), ((0, 0), (1, 0)), ((5, 3), (5, 4)), ((2**63, 0), (1, 0))])
def test_seeds_and_streams_are_independent(seeds: tuple[tuple[int, int], tuple[int, int]]) -> None:
    """Prices of many small runs in two families of draws are uncorrelated, and never the same."""
    model, payoff = BLACK_SCHOLES, gk.AsianCall(101.0, 1.0, 2)

    def family(seed: int, stream: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.array(
            [gk.price(model, payoff, paths=256, seed=seed + 1000 * k, stream=stream).value for k in range(200)]
        )

    one, other = (family(*s) for s in seeds)
    assert not np.any(one == other)
    assert abs(np.corrcoef(one, other)[0, 1]) < 4.0 / math.sqrt(len(one))


def test_standard_errors_are_those_of_repeated_runs() -> None:
    """The spread of 400 independent runs is what each says of itself, within the noise of a variance."""
    model, payoff = BLACK_SCHOLES, gk.AsianCall(101.0, 1.0, 4)
    runs = [gk.sensitivities(model, payoff, ["delta", "gamma", "vega"], paths=1024, seed=k) for k in range(400)]
    for name in ("price", "delta", "gamma", "vega"):
        spread = np.std([r[name].value for r in runs], ddof=1)
        said = math.sqrt(np.mean([r[name].std_error ** 2 for r in runs]))
        assert spread / said == pytest.approx(1.0, abs=4.0 / math.sqrt(2.0 * 400)), name


def test_one_interval_and_many_give_one_law() -> None:
    """A call seen once, and the same call on a grid of dates that it does not look at."""

    class Watched(gk.AsianCall):
        def settle(self, stats: Any, x: Any) -> Any:
            return gk.maximum(x[0] - self.strike, 0.0)

    plain = gk.price(BLACK_SCHOLES, gk.Call(101.0, 1.0), paths=2**17, seed=1)
    dated = gk.price(BLACK_SCHOLES, Watched(101.0, 1.0, (0.0, 0.2, 0.9)), paths=2**17, seed=2)
    assert abs(plain.value - dated.value) < 4.0 * math.hypot(plain.std_error, dated.std_error)
