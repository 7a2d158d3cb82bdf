"""Reference values the library is tested against: `cases("A", payoff="call")`.

Conventions and origin of the numbers: `tests/data/README.md`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Case:
    """One contract under one model, and every quantity known about it."""

    id: str
    model: str
    payoff: str
    params: dict[str, float]
    values: dict[str, tuple[float, float]] = field(repr=False)  # quantity -> (value, its accuracy)
    source: str = field(repr=False)
    notes: str = field(repr=False)

    def __str__(self) -> str:
        return self.id


def cases(
    family: str,
    payoff: str | Iterable[str] | None = None,
    *,
    model: str | None = None,
    id_contains: str = "",
) -> list[Case]:
    """The cases of one family: "A", "B1", "B2", "C", "D", "F" or "H".

    Asking for what is not there is an error: an empty list would let a test pass by testing nothing.
    """
    wanted = None if payoff is None else {payoff} if isinstance(payoff, str) else set(payoff)
    found = [
        case
        for case in _family(family)
        if (wanted is None or case.payoff in wanted)
        and (model is None or case.model == model)
        and id_contains in case.id
    ]
    if missing := (wanted or set()) - {case.payoff for case in found}:
        known = sorted({case.payoff for case in _family(family)})
        raise LookupError(f"family {family!r} has no case of payoff {sorted(missing)}; it has {known}")
    if not found:
        raise LookupError(f"family {family!r} has no case with model={model!r}, id_contains={id_contains!r}")
    return found


@cache
def _family(family: str) -> tuple[Case, ...]:
    files = sorted(DATA.glob(f"{family}_*.csv"))
    if len(files) != 1:
        raise LookupError(f"no oracle family {family!r}; there are {sorted(p.stem for p in DATA.glob('*.csv'))}")
    grouped: dict[tuple[str, str, str], list[dict[str, str]]] = {}
    with files[0].open(newline="", encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            grouped.setdefault((row["case_id"], row["model"], row["payoff"]), []).append(row)
    return tuple(_case(rows) for rows in grouped.values())


def _case(rows: list[dict[str, str]]) -> Case:
    first = rows[0]
    values = {row["quantity"]: (float(row["value"]), float(row["abs_accuracy"])) for row in rows}
    return Case(
        first["case_id"],
        first["model"],
        first["payoff"],
        _parameters(first["params"]),
        values,
        first["source"],
        " | ".join(dict.fromkeys(row["notes"] for row in rows if row["notes"])),
    )


def _parameters(text: str) -> dict[str, float]:
    """`"S0=100 K=95.5"` -> `{"S0": 100.0, "K": 95.5}`."""
    pairs = (item.split("=") for item in text.split())
    return {name: float(value) for name, value in pairs}
