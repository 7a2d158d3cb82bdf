"""The garbage collector is left as it was found."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from greeks.rubbish import MADE, seldom_collected


@pytest.fixture(autouse=True)
def usual() -> Iterator[tuple[int, int, int]]:
    before = gc.get_threshold()
    gc.set_threshold(500, 7, 9)
    yield 500, 7, 9
    gc.set_threshold(*before)


def test_it_collects_less_often_until_the_last_leaves(usual: tuple[int, int, int]) -> None:
    first, second = ExitStack(), ExitStack()
    first.enter_context(seldom_collected())
    second.enter_context(seldom_collected())
    first.close()  # who came first may leave first
    assert gc.get_threshold() == (MADE, 7, 9)
    second.close()
    assert gc.get_threshold() == usual


def test_an_error_changes_nothing(usual: tuple[int, int, int]) -> None:
    with pytest.raises(ZeroDivisionError), seldom_collected():
        raise ZeroDivisionError
    assert gc.get_threshold() == usual


def test_a_collector_that_is_off_stays_off() -> None:
    gc.set_threshold(0, 7, 9)
    with seldom_collected():
        assert gc.get_threshold() == (0, 7, 9)
    assert gc.get_threshold() == (0, 7, 9)
