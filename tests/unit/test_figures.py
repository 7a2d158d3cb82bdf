"""Numbers and errors as text: no digit that means nothing, none lost that does."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greeks.figures import DIGITS, IN_CELLS, cell, with_error
from greeks.notes import grouped

SIZES = st.floats(-1e8, 1e8).filter(lambda x: not 0.0 < abs(x) < 1e-300)
ERRORS = st.floats(1e-12, 1e6)


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.586851, 0.000412, "0.58685 ± 0.00041"),
        (-13.43217, 0.11632, "-13.43 ± 0.12"),
        (9.996, 0.0996, "10.00 ± 0.10"),
        (98765.4, 1234.0, "98800 ± 1200"),
        (0.0, 0.003, "0.0000 ± 0.0030"),
        (-0.00001, 0.3, "0.00 ± 0.30"),
        (1.9e-9, 2e-11, "1.900e-09 ± 2.0e-11"),
        (3.14159e12, 2e9, "3.1416e+12 ± 2.0e+09"),
        (357624.4958946, 1.9e-6, "357624.5 ± 1.9e-06"),
        (0.5868412345678, 8.5e-12, "0.5868412 ± 8.5e-12"),
        (1.23456789e-7, 1e-20, "1.234568e-07 ± 1.0e-20"),
        (1.5, 0.0, "1.5 ± 0"),
        (math.nan, 0.1, "nan ± 0.1"),
    ],
)
def test_digits_follow_the_error(value: float, error: float, text: str) -> None:
    assert with_error(value, error) == text


@given(st.floats(), st.floats(0.0, 1e300))
def test_every_pair_of_floats_can_be_printed(value: float, error: float) -> None:
    shown, _, margin = with_error(value, error).partition(" ± ")
    assert float(margin) == pytest.approx(error, rel=0.06, nan_ok=True)
    if math.isfinite(value) and 0.0 < error < math.inf:
        assert abs(float(shown) - value) <= 0.06 * error + 0.6 * 10.0 ** (1 - DIGITS) * abs(value) + 1e-17
    assert len(cell(value, error)) <= 26


@given(SIZES, ERRORS)
def test_cells_are_short_and_tell_the_error_they_show(value: float, error: float) -> None:
    shown, _, margin = cell(value, error).partition(" ±")
    mantissa = re.sub(r"e.*|[^0-9]", "", shown).lstrip("0")
    assert len(mantissa) <= 9  # whole numbers are not cut
    miss = abs(float(shown.replace(",", "")) - value)
    if margin == "0":
        assert error < abs(value) * 10.0 ** (1 - IN_CELLS) or error < 0.5
    else:
        last = len(margin.partition(".")[2]) if "e" not in margin else 300
        assert float(margin.replace(",", "")) == pytest.approx(error, rel=0.06, abs=0.51 * 10.0**-last)
    assert miss <= 0.06 * error + 0.51 * 10.0 ** -len(shown.partition("e")[0].partition(".")[2]) + 1e-15 * abs(value)


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.0, 0.0, "0 ±0"),
        (12.5, 0.0, "12.5 ±0"),
        (math.nan, math.nan, ""),
        (9.996, 0.0996, "10.00 ±0.10"),
        (-101056.9155539, 1e-7, "-101,057 ±0"),
        (-30.123456, 3e-11, "-30.1235 ±0"),
        (-15612.48633229, 0.0123, "-15,612.5 ±0"),
        (-1561.248633229, 0.0123, "-1,561.25 ±0.01"),
        (98765.4, 230.0, "98,770 ±230"),
        (123456789.4, 0.2, "123,456,789 ±0"),
        (-2e-7, 0.3, "0.00 ±0.30"),
        (5.1e-6, 2.2e-7, "5.10e-06 ±2.2e-07"),
    ],
)
def test_cells(value: float, error: float, text: str) -> None:
    assert cell(value, error) == text


def test_what_is_rounding_is_nothing() -> None:
    assert cell(5e-17, 4e-18, noise=1e-12) == "0"
    assert cell(5e-17, 0.2, noise=1e-12) == "0.00 ±0.20"


def test_what_several_numbers_share_is_told_once_and_at_its_worst() -> None:
    notes = {
        "price": ("heavy tails: one path makes 2.0%, uncertain by about 34%; more paths",),
        "delta": ("biased", "heavy tails: one path makes 11.0%, uncertain by about 9%; more paths"),
        "vega": ("heavy tails: one path makes 2.0%, uncertain by about 8%; other paths",),
    }
    assert grouped(notes) == [
        "price, delta: heavy tails: one path makes 11.0%, uncertain by about 9%; more paths",
        "delta: biased",
        "vega: heavy tails: one path makes 2.0%, uncertain by about 8%; other paths",
    ]
    assert grouped({}) == []
