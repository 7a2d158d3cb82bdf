"""The two pages in docs that the suite writes are what the code gives."""

from __future__ import annotations

import pytest

from tests.coverage import matrix, report
from tests.coverage.cases import MODELS

SLOW = {"Heston": pytest.mark.slow}  # its programs take a minute to write down


@pytest.mark.parametrize("model", [pytest.param(m, marks=SLOW.get(m, ())) for m in MODELS])
def test_capabilities_are_those_of_the_code(model: str) -> None:
    text = matrix.PAGE.read_text(encoding="utf-8")
    assert matrix.section(model) in text, "run python -m tests.coverage.matrix"


def test_report_is_that_of_the_outcomes_on_file() -> None:
    assert report.page(report.stored()) == report.PAGE.read_text(encoding="utf-8"), "run make coverage"


def test_no_interval_misses_without_a_reason() -> None:
    assert report.faults(report.stored()) == []
