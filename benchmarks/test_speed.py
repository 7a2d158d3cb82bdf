"""The contenders under pytest-benchmark: `pytest benchmarks/test_speed.py --benchmark-group-by=group`."""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.contender import Contender, available, one_core

one_core()
CONTENDERS = list(available())


@pytest.mark.parametrize("contender", CONTENDERS, ids=lambda c: f"{c.task}, {c}")
def test_greeks(benchmark: BenchmarkFixture, contender: Contender) -> None:
    benchmark.group = contender.task
    benchmark.extra_info["paths"] = contender.paths
    result = benchmark(contender.greeks, contender.paths, 1)
    assert result["price"][1] > 0.0
