"""What is computed before a run: the same bits as Python and as machine code, compiled only when it pays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from greeks.kernels import prepare
from greeks.kernels.prepare import COMPILED, Preparation, load_prepare, scalar_function

Array = NDArray[np.float64]
Arguments = tuple[Array, Array, Array, Array, Array]
TEXT = """\
def prepare(theta, fine, dates, grid, table):
    k = zeros(3)
    x = theta[0]
    for i in range(3):
        k[i] = exprel(i, -x * fine[0, i])
    for j in range(grid.shape[0]):
        y = dates[j, 0] * x
        table[6 * j + 3] = exp(y) + log(y) + power(y, 0.3) + tanh(y) + k[0]
        table[6 * j + 4] = fma(y, y, -y * y) + maximum(y, k[1]) - minimum(y, k[2])
        table[6 * j + 5] = normal_cdf(y) * normal_pdf(y) + absolute(sin(-y)) + cos(y)
        table[6 * j + 6] = normal_quantile(0.001 + 0.9 * k[0] / (1.0 + k[0]))
        table[6 * j + 7] = sqrt(y) if y < 1.0 else y / 3.0
        table[6 * j + 8] = y / theta[1]
"""
RNG = np.random.default_rng(7)


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing that an earlier process compiled, but for the scalar functions."""
    for name in COMPILED:
        scalar_function(name)
    monkeypatch.setenv("GREEKS_CACHE_DIR", str(tmp_path))


def arguments(second: float = 0.7) -> Arguments:
    table = np.zeros(3 + 6 * 50)
    table[:2] = 0.37, second
    return table, RNG.uniform(0.1, 2.0, (1, 3)), RNG.uniform(0.05, 6.0, (50, 1)), np.ones((50, 1)), table


def filled(play: Any, given: Arguments) -> Array:
    table = given[0].copy()
    play(table, *given[1:4], table)
    return table


def test_both_forms_give_the_same_bits() -> None:
    given = arguments()
    first = Preparation(TEXT)
    played = filled(first, given)
    assert not first.compiled
    first.compile()
    np.testing.assert_array_equal(filled(first, given), played)
    assert first.compiled and np.isfinite(played).all() and np.unique(played).size > 250


@pytest.mark.parametrize("compiled", [False, True])
def test_rows_of_a_matrix_are_filled_as_each_alone(compiled: bool) -> None:
    given, one = arguments(), Preparation(TEXT)
    if compiled:
        one.compile()
    tables = np.zeros((4, len(given[0])))
    tables[:, :2] = RNG.uniform(0.3, 0.9, (4, 2))
    alone = [filled(one, (table, *given[1:])) for table in tables]
    one.fill(tables, *given[1:4])
    np.testing.assert_array_equal(tables, alone)
    one.fill(tables[:0], *given[1:4])
    assert one.compiled == compiled


def test_it_is_compiled_for_many_rows_that_are_slow_and_not_for_one_that_had_to_wait() -> None:
    given, one = arguments(), Preparation(TEXT)
    filled(one, given)
    one.quickest = 1e-5
    one.expect(100)
    assert not one.compiled
    filled(one, given)
    assert one.quickest == 1e-5
    one.quickest = 1.0
    one.expect(1)
    assert one.compiled


def test_it_knows_every_function_of_the_library() -> None:
    assert all(f"{name}(" in TEXT for name in COMPILED)


def test_it_is_compiled_once_python_has_cost_as_much() -> None:
    given, one = arguments(), Preparation(TEXT)
    before = [filled(one, given) for _ in range(3)]
    assert not one.compiled
    one.spent = prepare.COMPILING + 1.0
    np.testing.assert_array_equal(filled(one, given), before[0])
    assert one.compiled
    later = Preparation(TEXT)
    assert later.compiled, "what an earlier process compiled is linked"
    np.testing.assert_array_equal(filled(later, given), before[0])


@pytest.mark.filterwarnings("error")
def test_division_by_zero_is_infinite_in_both_forms() -> None:
    text = "def prepare(theta, fine, dates, grid, table):\n    table[2] = {} / theta[1]\n    table[3] = 1.0 / exp({})"
    arrays = Preparation(text.format("theta[0]", "1.0"))
    given = arguments(second=0.0)
    assert filled(arrays, given)[2] == np.inf and not arrays.compiled
    floats = Preparation(text.format("1.0", "-1e300"))
    assert filled(floats, given)[3] == np.inf and floats.compiled


def test_one_text_is_one_preparation() -> None:
    assert load_prepare(TEXT) is load_prepare(TEXT)
