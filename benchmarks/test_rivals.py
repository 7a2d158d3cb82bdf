"""A rival must be right before it may be fast: every contender against the trusted values.

Not part of `make test`, for few machines have the rivals: `pytest benchmarks/test_rivals.py`.
"""

from __future__ import annotations

import pytest

from benchmarks.contender import Contender, available
from benchmarks.side_by_side import TRUSTED
from benchmarks.tasks import TASKS

SEED = 2024

CONTENDERS = list(available())


@pytest.mark.parametrize("contender", CONTENDERS, ids=lambda c: f"{c.task}, {c}")
def test_agrees_with_the_trusted_values(contender: Contender) -> None:
    task = TASKS[contender.task]
    found = contender.greeks(contender.paths, SEED)
    assert found.keys() <= task.truth.keys()
    if task.focus not in contender.silent_zeros:
        assert found[task.focus][1] < 0.15 * abs(task.truth[task.focus])
    for greek, (value, error) in found.items():
        if greek in contender.silent_zeros:
            assert (value, error) == (0.0, 0.0), f"{greek} is no silent zero any more: say so in the table"
        else:
            assert error > 0.0, greek
            assert abs(value - task.truth[greek]) < 4 * error + TRUSTED * abs(value), greek


@pytest.mark.parametrize("contender", CONTENDERS, ids=lambda c: f"{c.task}, {c}")
def test_the_price_alone_is_the_same_contract(contender: Contender) -> None:
    ((value, error),) = contender.price(8 * contender.paths, SEED).values()
    assert 0.0 < error < 0.03 * value
    assert abs(value - TASKS[contender.task].truth["price"]) < 4 * error + TRUSTED * value
