"""Every case of the tables once more with the control variates that a default run finds for it."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.agreement.agree import Trade, assert_close, rows
from tests.agreement.record import tables

PATHS = 2**15


def trades(table: str) -> list[Trade]:
    """The default runs of a table; named estimators have no controls."""
    groups: dict[str, Sequence[Trade]] = getattr(
        importlib.import_module(f"tests.agreement.{tables()[table]}"), "TRADES", {}
    )
    return [t for of_kind in groups.values() for t in of_kind if t.estimator == "auto"]


@pytest.mark.slow
@pytest.mark.parametrize("table", [t for t in tables() if t != "controlled"])
def test_every_greek(table: str) -> None:
    found = (rows(replace(t, controls="auto"), PATHS, 31 + i) for i, t in enumerate(trades(table)))
    assert_close([row for of_trade in found for row in of_trade])
