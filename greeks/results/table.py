"""Estimates as a table: for terminals and for notebooks."""

from __future__ import annotations

import html
from collections.abc import Sequence

from greeks.results.estimate import Estimate

HEADINGS = ("greek", "value ± std_error", "estimator", "reason")
REASON_WIDTH = 60


def plain(title: str, estimates: Sequence[Estimate], notes: Sequence[str]) -> str:
    """Columns of text; reasons are cut to what fits a terminal."""
    table = [[*cells, _clipped(reason)] for *cells, reason in _rows(estimates)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]
    return "\n".join([title, "", *lines, *notes])


def as_html(title: str, estimates: Sequence[Estimate], notes: Sequence[str]) -> str:
    """The same for notebooks, with all of the reasons."""
    head, *body = ([html.escape(cell) for cell in row] for row in _rows(estimates))
    rows = [f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in body]
    heading = "".join(f"<th>{cell}</th>" for cell in head)
    below = "".join(f"<p>{html.escape(note)}</p>" for note in notes)
    return (
        f"<p>{html.escape(title)}</p>"
        f"<table><thead><tr>{heading}</tr></thead><tbody>{''.join(rows)}</tbody></table>{below}"
    )


def _rows(estimates: Sequence[Estimate]) -> list[tuple[str, str, str, str]]:
    values = _aligned([str(estimate) for estimate in estimates])
    rows = [(e.greek, value, e.estimator, e.reason) for e, value in zip(estimates, values, strict=True)]
    return [HEADINGS, *rows]


def _aligned(values: Sequence[str]) -> list[str]:
    """`value ± error`, padded so that the ± signs stand under one another."""
    pairs = [value.partition(" ± ") for value in values]
    width = max((len(value) for value, _, _ in pairs), default=0)
    return [f"{value:>{width}}{sign}{error}" for value, sign, error in pairs]


def _clipped(reason: str) -> str:
    return reason if len(reason) <= REASON_WIDTH else f"{reason[: REASON_WIDTH - 1]}…"
