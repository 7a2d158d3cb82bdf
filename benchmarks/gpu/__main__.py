"""Speeds on a device, written to RESULTS.md: `python -m benchmarks.gpu`. Without a device it says so, and no more.

`--simulated` plays a handful of paths in Numba's simulator, to try this program itself; its figures mean nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
ROUNDS = 7


def main() -> int:
    """Measure and write; 0 also where there is no device."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--simulated", action="store_true")
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    if asked.simulated:
        os.environ["NUMBA_ENABLE_CUDASIM"] = "1"
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # JAX would take three quarters of the memory
    import greeks as gk

    cuda = gk.backends()["cuda"]
    if not cuda.available:
        print(f"no figures: {cuda.reason}")
        return 0
    told: list[str] = []
    for part in parts(asked.rounds, asked.simulated):
        print(part, end="\n\n", flush=True)
        told.append(part)
        if not asked.simulated:  # as far as it got, should a later part take the process with it
            asked.out.write_text("# Measured on devices\n\n" + "\n\n".join(told) + "\n", encoding="utf-8")
    return 0


def parts(rounds: int, simulated: bool) -> Iterator[str]:
    """What the report is made of, each part when it is measured."""
    from benchmarks.gpu import tables

    size = tables.Size(70, 70, 70, 1) if simulated else tables.Size(2**24, 2**18, 2**15, rounds)
    yield tables.stamp()
    for task in tables.TASKS:
        yield tables.of_task(task, size, simulated)
    yield tables.of_book(5 if simulated else 10_000, 70 if simulated else 2**14, size.rounds)


if __name__ == "__main__":
    sys.exit(main())
