"""Field constraints: what they accept, what they refuse, and what they say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greeks import fields
from greeks.errors import SchemaError


@dataclass(frozen=True)
class Flat:
    spot: Any = fields.positive()
    rate: Any = fields.real()
    volatility: Any = fields.non_negative()
    rho: Any = fields.between(-1, 1, default=0.0)


@dataclass(frozen=True)
class Contract:
    maturity: Any = fields.positive()
    dates: Any = fields.date_grid()
    strike: Any = fields.positive(default=None)
    direction: Any = fields.choice("down", "up", default="down")
    call: Any = fields.flag(default=True)
    steps: Any = fields.whole(1, default=1)


@dataclass(frozen=True)
class Assets:
    spots: Any = fields.positive_vector()
    volatilities: Any = fields.non_negative_vector(length_of="spots")
    correlation: Any = fields.correlation_matrix(length_of="spots")
    dividends: Any = fields.vector(default=None, length_of="spots")


@dataclass(frozen=True)
class Users:
    level: float
    maturity: float
    label: str = "mine"
    dates: int | Sequence[float] | None = 4


NOT_NUMBERS = [
    None,
    "1.0",
    True,
    1j,
    math.nan,
    math.inf,
    -math.inf,
    [1.0],
    np.array([1.0]),
    np.bool_(True),
    object(),
]
ONES = [1, 1.0, Fraction(1), np.float32(1), np.int64(1), np.array(1.0), np.array(1)]
HALF = [[1.0, 0.5], [0.5, 1.0]]


@pytest.mark.parametrize("value", ONES, ids=repr)
def test_every_spelling_of_one_is_a_number(value: object) -> None:
    assert fields.as_float(value) == 1.0
    assert fields.problems(Flat(value, value, value, value)) == []


@pytest.mark.parametrize("value", NOT_NUMBERS, ids=lambda value: type(value).__name__)
def test_what_is_no_finite_number_is_refused_by_every_scalar_field(value: object) -> None:
    found = fields.problems(Flat(value, value, value, value))
    assert [line.split(" = ")[0] for line in found] == [
        "Flat.spot",
        "Flat.rate",
        "Flat.volatility",
        "Flat.rho",
    ]


def test_the_message_names_field_value_expectation_and_remedy() -> None:
    with pytest.raises(SchemaError) as caught:
        fields.check(Flat(100.0, 0.05, -0.2))
    assert str(caught.value) == (
        "Flat.volatility = -0.2: expected a finite number >= 0; "
        "give the volatility per square root of a year, 0.2 for 20 %"
    )


def test_all_complaints_come_in_one_error() -> None:
    with pytest.raises(SchemaError) as caught:
        fields.check(Flat(0.0, math.nan, -1.0, 1.5))
    assert len(str(caught.value).splitlines()) == 4


def test_bounds_are_where_they_are_said_to_be() -> None:
    assert fields.problems(Flat(1e-300, -5.0, 0.0, -1.0)) == []
    assert len(fields.problems(Flat(0.0, 0.0, -1e-300, np.nextafter(1.0, 2.0)))) == 3


def test_open_ends_leave_the_bounds_out() -> None:
    @dataclass
    class Open:
        rho: Any = fields.between(-1, 1, open_ends=True)

    assert fields.problems(Open(0.999)) == []
    assert "in (-1, 1)" in fields.problems(Open(1.0))[0]


def test_fields_without_default_stay_required() -> None:
    with pytest.raises(TypeError, match="volatility"):
        Flat(100.0, 0.05)


def test_a_huge_integer_is_not_finite_rather_than_a_traceback() -> None:
    assert "10000" in fields.problems(Flat(10**400, 0.0, 0.2))[0]


@pytest.mark.parametrize(
    "dates", [1, 252, np.int64(12), (0.5,), (0.0, 1.0), [0.25, 0.5, 1.0], np.array([0.1, 1.0])], ids=repr
)
def test_date_grids_accepted(dates: object) -> None:
    assert fields.problems(Contract(1.0, dates)) == []


@pytest.mark.parametrize(
    ("dates", "said"),
    [
        (0, "whole number >= 1"),
        (-3, "whole number >= 1"),
        (2.0, "whole number >= 1"),
        (True, "whole number >= 1"),
        ("12", "whole number >= 1"),
        (None, "whole number >= 1"),
        ((), "it is empty"),
        ((-0.1, 0.5), r"entry \[0\] is -0.1"),
        ((0.0, 0.0), r"entry \[1\] is 0.0"),
        ((0.5, 0.5), r"entry \[1\] is 0.5"),
        ((0.5, math.nan), r"entry \[1\] is nan"),
        ((0.5, "x"), r"entry \[1\] is 'x'"),
        ((0.5, 1.5), "the last not after the maturity 1"),
    ],
)
def test_date_grids_refused(dates: object, said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        fields.check(Contract(1.0, dates))


def test_a_bad_maturity_does_not_hide_behind_its_dates() -> None:
    assert [line.split(" = ")[0] for line in fields.problems(Contract("soon", (0.5, 1.5)))] == ["Contract.maturity"]


def test_choices_flags_and_counts() -> None:
    found = fields.problems(Contract(1.0, 1, direction="Up", call=1, steps=0))
    assert [line.split(";")[0] for line in found] == [
        "Contract.direction = 'Up': expected one of 'down', 'up'",
        "Contract.call = 1: expected True or False",
        "Contract.steps = 0: expected a whole number >= 1",
    ]
    assert fields.problems(Contract(1.0, 1, direction="up", call=np.bool_(False), steps=np.int32(2))) == []


def test_a_default_of_none_makes_none_legal_and_says_so() -> None:
    assert fields.problems(Contract(1.0, 1, strike=None)) == []
    assert "> 0 or None" in fields.problems(Contract(1.0, 1, strike=-1.0))[0]


def test_vectors_accepted_as_tuples_lists_and_arrays() -> None:
    assert fields.problems(Assets((1.0, 2), [0.2, 0.0], HALF)) == []
    assert fields.problems(Assets(np.ones(2), np.zeros(2), np.array(HALF), np.zeros(2))) == []


@pytest.mark.parametrize(
    ("correlation", "said"),
    [
        ([[1.0, 0.5], [0.4, 1.0]], r"symmetric \(\[0\]\[1\] is 0.5, \[1\]\[0\] is 0.4\)"),
        ([[1.0, 0.5], [0.5, 0.9]], r"unit diagonal \(entry \[1\]\[1\] is 0.9\)"),
        ([[1.0, 1.0], [1.0, 1.0]], "positive definite"),
        ([[1.0, 1.2], [1.2, 1.0]], "positive definite"),
        ([[1.0, math.nan], [math.nan, 1.0]], r"finite numbers \(entry \[0\]\[1\] is nan\)"),
        ([[1.0]], "of 2 rows"),
        ([[1.0, 0.5], [0.5]], "the rows have 2, 1 entries"),
        ([], "the rows have no entries"),
        (0.5, "a square of finite numbers"),
        ("ab", "a square of finite numbers"),
        (None, "a square of finite numbers"),
    ],
)
def test_correlations_refused(correlation: object, said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        fields.check(Assets((1.0, 2.0), (0.2, 0.2), correlation))


@pytest.mark.parametrize(
    ("vols", "said"),
    [
        ((0.2,), r"a sequence of 2 finite numbers >= 0, one for each of spots \(it has 1\)"),
        ((0.2, -0.1), r"entry \[1\] is -0.1"),
        ((0.2, None), r"entry \[1\] is None"),
        ("ab", "a sequence of 2"),
        (0.2, "a sequence of 2"),
        ({0.2, 0.3}, "a sequence of 2"),
    ],
)
def test_vectors_refused(vols: object, said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        fields.check(Assets((1.0, 2.0), vols, HALF))


@given(st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_every_sample_correlation_passes_and_a_broken_one_does_not(n: int, seed: int) -> None:
    factor = np.random.default_rng(seed).standard_normal((n, 2 * n))
    factor /= np.linalg.norm(factor, axis=1, keepdims=True)
    matrix = np.einsum("ik,jk->ij", factor, factor)
    np.fill_diagonal(matrix, 1.0)
    assert fields.problems(Assets(np.ones(n), np.ones(n), matrix)) == []
    matrix[0, 1] = matrix[1, 0] = 1.01
    assert "positive definite" in fields.problems(Assets(np.ones(n), np.ones(n), matrix))[0]


def test_plain_fields_need_only_hold_finite_numbers_where_they_hold_numbers() -> None:
    assert fields.problems(Users(-3.0, 1.0, dates=None)) == []
    assert len(fields.problems(Users(math.nan, 1.0))) == 1
    assert len(fields.problems(Users(1j, 1.0))) == 1  # type: ignore[arg-type]


def test_plain_maturity_and_dates_are_held_to_what_the_engine_reads() -> None:
    found = fields.problems(Users(1.0, -1.0, dates=(0.5, 0.25)))
    assert [line.split(" = ")[0] for line in found] == ["Users.maturity", "Users.dates"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(st.text(), inner, max_size=2),
)


@given(anything, anything, anything, anything)
def test_nothing_makes_the_checker_fail(a: Any, b: Any, c: Any, d: Any) -> None:
    for obj in (Flat(a, b, c, d), Contract(a, b, c, d), Assets(a, b, c, d), Users(a, b, c, d)):
        assert all(" = " in line and ": expected " in line for line in fields.problems(obj))


def test_an_object_that_refuses_to_be_shown_is_complained_about_all_the_same() -> None:
    class Shy:
        dtype = "odd"

        def __repr__(self) -> str:
            raise RuntimeError

    assert "Shy" in fields.problems(Flat(Shy(), 0.0, 0.1))[0]


def test_conversions() -> None:
    assert fields.as_vector(np.array([1, 2])) == (1.0, 2.0)
    assert fields.as_matrix(np.eye(2)) == ((1.0, 0.0), (0.0, 1.0))
    assert fields.as_bool(np.bool_(True)) is True
    for convert, value in [(fields.as_bool, 1), (fields.as_vector, "ab"), (fields.as_matrix, [1.0])]:
        with pytest.raises(TypeError):
            convert(value)
