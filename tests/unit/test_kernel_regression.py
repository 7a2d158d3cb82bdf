"""Sums of squares that regressions leave: against least squares on the samples, as Python and as machine code."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from greeks.kernels import regression
from greeks.kernels.foundation import foundation
from greeks.kernels.moments import Array, Moments

EXACT = 1e-8  # relative: the ridge of 1e-11 on correlations, by how nearly controls say the same
RNG = np.random.default_rng(5)
MIXED = RNG.normal(size=(2000, 6)) @ RNG.normal(size=(6, 6)) + 3.0
ROUNDING = 1e-12 * MIXED[:, :1]
SAMPLE = np.column_stack([MIXED, ROUNDING, np.full(len(MIXED), np.nan)])  # outputs 6 and 7 are of no use
TASKS = np.array([(0, 0, 0, 0), (1, 0, 0, 3), (2, 1, 3, 8), (3, 0, 0, 3), (3, 1, 3, 8), (4, 7, 0, 3)])
SHARES = np.array([1.0, 1.0, 1.0, 0.25, -2.0, 1.0])
CONTROLS = np.array([2, 3, 4, 6, 7, 5, 4, 2])


def measured(function: Callable[..., None], most: int) -> Array:
    comoment, found = Moments.of(SAMPLE).comoment, np.empty(5)
    room = np.empty((5, 6)), np.empty(5, dtype=np.int64), np.zeros(len(comoment))
    function(comoment, TASKS, SHARES, CONTROLS, most, np.ones(1), *room, found)
    return found


def left(sample: int, controls: list[int]) -> Array:
    centred = SAMPLE - SAMPLE.mean(axis=0)
    b = np.linalg.lstsq(centred[:, controls], centred[:, sample], rcond=None)[0]
    return np.asarray(centred[:, sample] - centred[:, controls] @ b)


@pytest.mark.parametrize("most", [16, 2, 0])
def test_what_is_left_is_what_least_squares_leave(most: int) -> None:
    """Of controls that are rounding or no numbers none counts; of a broken sample nothing is known."""
    expected = [
        left(0, []), left(0, [2, 3, 4][:most]), left(1, [5, 4, 2][:most]),
        0.25 * left(0, [2, 3, 4][:most]) - 2.0 * left(1, [5, 4, 2][:most]),
    ]  # fmt: skip
    squares = [*(e @ e for e in expected), np.nan]
    assert measured(regression.residuals, most) == pytest.approx(squares, rel=EXACT, nan_ok=True)
    assert measured(foundation().residuals, most) == pytest.approx(squares, rel=EXACT, nan_ok=True)


def test_rows_are_exchanged_where_a_pivot_is_small() -> None:
    system = np.array([[1e-20, 1.0, 1.0], [1.0, 1.0, 2.0]])
    regression.solve(system, 2)
    assert system[:, 2] == pytest.approx([1.0, 1.0], rel=1e-15)
