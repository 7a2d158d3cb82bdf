"""Writes `deviations/*.csv`: the standard deviation of one sample of every quantity of every trade.

python -m tests.agreement.record [TABLE ...]
"""

from __future__ import annotations

import csv
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.agreement.agree import DEVIATIONS, ROUNDING, Trade, rows

SEED = 7  # not the tests' own, so that a bound does not echo the run it bounds
PATHS = 2**17


def tables() -> dict[str, str]:
    """Table -> the test module that has it."""
    return {p.stem.removeprefix("test_"): p.stem for p in sorted(Path(__file__).parent.glob("test_*.py"))}


def record(table: str, module: str) -> None:
    """One file, from the TRADES of its test module."""
    groups: dict[str, Sequence[Trade]] = getattr(importlib.import_module(f"tests.agreement.{module}"), "TRADES", {})
    if not groups:
        return
    with (DEVIATIONS / f"{table}.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["case", "quantity", "deviation"])
        for trade in (t for trades in groups.values() for t in trades):
            for row in rows(trade, PATHS, SEED):
                writer.writerow([row.case, row.quantity, f"{row.deviation if row.deviation > ROUNDING else 0.0:.3g}"])


if __name__ == "__main__":
    for table, module in tables().items():
        if table in (sys.argv[1:] or tables()):
            record(table, module)
