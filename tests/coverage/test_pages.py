"""The two pages in docs that the suite writes are what the code gives."""

from __future__ import annotations

import zlib

import pytest

import greeks as gk
from tests.coverage import matrix, report
from tests.coverage.cases import MODELS, Case, cases, greeks_of_model
from tests.coverage.estimators import variants
from tests.coverage.offers import offered

# A row a model, as all of them take minutes; a new payoff may move the choice, and then has to be on the page.
SAMPLE = [min(cases(model), key=lambda c: zlib.crc32(str(c).encode())) for model in MODELS]


@pytest.mark.parametrize("case", SAMPLE, ids=str)
def test_a_row_of_every_table_is_that_of_the_code(case: Case) -> None:
    written = matrix.written(case.model_name)[case.payoff_name]
    if not written:
        with pytest.raises(gk.UnsupportedError):
            gk.price(case.model, case.payoff, scheme=case.scheme)
        return
    row = matrix.Row(case, [offered(case, variant) for variant in variants() if variant.single])
    now = {greek: row.cell(greek) for greek in greeks_of_model(case)} | {matrix.OWN: row.own()}
    assert written == now, "run make capabilities"


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_capabilities_are_those_of_the_code(model: str) -> None:
    text = matrix.PAGE.read_text(encoding="utf-8")
    assert matrix.section(model) in text, "run make capabilities"


def test_report_is_that_of_the_outcomes_on_file() -> None:
    assert report.page(report.stored()) == report.PAGE.read_text(encoding="utf-8"), "run make coverage"


def test_no_interval_misses_without_a_reason() -> None:
    assert report.faults(report.stored()) == []
