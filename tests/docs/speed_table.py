"""The README's table of speeds, made from the tables in benchmarks/README.md so that the two cannot differ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.docs.snippets import ROOT

LIBRARIES = ("NumPy", "Numba loop", "JAX", "PyTorch", "QuantLib")
OPENING, CLOSING = "<!-- speeds -->", "<!-- /speeds -->"
_TASK = re.compile(r"^\*\*T\d+\. (?P<what>.*?)\.\*\* Target: standard error (?P<target>\S+) on", re.MULTILINE)


@dataclass(frozen=True)
class Row:
    """One contender on one task: who, seconds to the target error, that over ours, and what is not right."""

    who: str
    seconds: str
    over_ours: str
    not_right: str


def speed_table(benchmarks: str) -> str:
    """A row a task: our seconds, and for each library the best of its ways, as a multiple of ours."""
    lines = [f"| | ± | pathgreeks | {' | '.join(LIBRARIES)} |", "| --- " * (len(LIBRARIES) + 3) + "|"]
    lines += [
        f"| {what} | {target} | {_ours(rows)} | {' | '.join(_best(rows, x) for x in LIBRARIES)} |"
        for what, target, rows in tasks(benchmarks)
    ]
    return "\n".join([*lines, "", _machine(benchmarks)])


def tasks(benchmarks: str) -> Iterator[tuple[str, str, list[Row]]]:
    """(what is priced, the error to reach, contenders) of every table of the side-by-side section."""
    begin = benchmarks.index("<!-- side_by_side -->")
    section = benchmarks[begin : benchmarks.index("<!-- /side_by_side -->")]
    starts = list(_TASK.finditer(section))
    for here, after in zip(starts, [*(s.start() for s in starts[1:]), len(section)], strict=True):
        cells = [line.strip("| ").split(" | ") for line in section[here.end() : after].splitlines() if line[:1] == "|"]
        padded = [[*(c.strip() for c in row), "", ""][:7] for row in cells[2:]]
        yield here["what"], here["target"], [Row(c[0], c[2], c[3], c[6].strip("| ")) for c in padded]


def _ours(rows: Sequence[Row]) -> str:
    return next(r.seconds for r in rows if r.who == "pathgreeks, auto")


def _best(rows: Sequence[Row], library: str) -> str:
    """Rows come fastest first. A multiple of ours without its range, and what that contender gets wrong."""
    right = [r for r in rows if r.who.startswith(library) and r.over_ours not in ("", "never")]
    if not right:
        return "–"
    multiple = f"{right[0].over_ours.split(' (')[0]}x"
    return f"{multiple} ({right[0].not_right})" if right[0].not_right else multiple


def _machine(benchmarks: str) -> str:
    return benchmarks[: benchmarks.index("<!-- /side_by_side -->")].rstrip().splitlines()[-1]


def with_speeds(readme: str) -> str:
    """The README with its table of speeds brought up to date."""
    table = speed_table((ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8"))
    before, rest = readme.split(OPENING)
    return f"{before}{OPENING}\n{table}\n{CLOSING}{rest.split(CLOSING)[1]}"


if __name__ == "__main__":
    path = ROOT / "README.md"
    path.write_text(with_speeds(path.read_text(encoding="utf-8")), encoding="utf-8")
