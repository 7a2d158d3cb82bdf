"""The table of a run taken from that of its pilot: its numbers are there, among those of the other candidates.

What all paths share is computed by the same operations whatever else a program computes, so that a number which is
copied has the bits that it would have had.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from greeks.engine.programs.program import Program
from greeks.engine.terms.grid import TimeGrid

Integers = npt.NDArray[np.int64]


def places(of: Program, lender: Program, grid: TimeGrid) -> Integers | None:
    """Where in the lender's table each number of a program's own stands; None if one is not there.

    Cells that a program leaves empty are given any number.
    """
    mine, theirs, opening = of.table, lender.table, int(grid.observes_start)
    fine, (own_dates, dates) = (_fine_rows(of, grid), _fine_rows(lender, grid)), (_dates(p, grid) for p in (of, lender))
    seen, unseen = (opening + np.flatnonzero(which) for which in (grid.observed, ~grid.observed))
    once = np.zeros(1, dtype=np.int64)
    parts = (
        (mine.parameters, theirs.parameters, once, once),
        (mine.head.columns, theirs.head.columns, once + mine.parameter_width, once + theirs.parameter_width),
        (mine.fine.columns, theirs.fine.columns, *fine),
        (mine.seen.columns, theirs.seen.columns, own_dates[seen], dates[seen]),
        (mine.unseen.columns, theirs.unseen.columns, own_dates[unseen], dates[unseen]),
        (mine.opening.columns, theirs.opening.columns, own_dates[:opening], dates[:opening]),
    )
    found = np.zeros(max(1, int(own_dates[-1]) + of.date_width), dtype=np.int64)
    for columns, lent, to, begins in parts:
        if not columns.keys() <= lent.keys():
            return None
        for e, at in columns.items():
            span = np.arange(max(e.size, 1))
            found[to[:, None] + (at + span)] = begins[:, None] + (lent[e] + span)
    return found


def _fine_rows(p: Program, grid: TimeGrid) -> Integers:
    """Where the row of each fine step begins."""
    return p.head_width + np.arange(int(grid.substeps.sum()), dtype=np.int64) * p.fine_width


def _dates(p: Program, grid: TimeGrid) -> Integers:
    """Where the row of each date begins, that of the start first if it is looked at."""
    after = p.head_width + int(grid.substeps.sum()) * p.fine_width
    return after + np.arange(len(grid.ends) + int(grid.observes_start), dtype=np.int64) * p.date_width
