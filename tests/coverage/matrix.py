"""docs/capabilities.md, the matrix of what is offered: `python -m tests.coverage.matrix` writes it from the code."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from tests.coverage.cases import MODELS, NOTES, Case, greeks_of, greeks_of_model
from tests.coverage.estimators import Variant, legend, variants
from tests.coverage.offers import Offer, Unpayable, offers

PAGE = Path(__file__).resolve().parents[2] / "docs" / "capabilities.md"
TEXT = """\
# What is offered

Which estimators give which Greek of which payoff under which model. Written from the code by `make capabilities`; a
test holds it against the code. How well the intervals of each hold the truth is
[a page of its own](coverage.md).

## How to read the tables

A row is a payoff. Greeks of the model that are offered alike in all of its rows share a column; the last column has the
payoff's own parameters, by first derivatives. A cell names the *unbiased* estimators on offer:

{codes}
| – ¹ | none of these: the note of that number, below the table, says why |

`estimator="auto"`, the default, measures those of a cell that may be best in a pilot run and takes the one with the
least variance times work; `Blend()` mixes them. {bumps}

{models}

## Why estimators refuse

Each refusal is a `gk.UnsupportedError` with its reason and a remedy. The parameter that it names is replaced by θ here,
the jump by "a jump". Counted over all tables above.

{reasons}
"""
NOT_ITS_ORDER = "mixed: needs a second derivative"  # no reason: it is not what the estimator is for
DIGITS, RAISED = "0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"
OWN = "its own parameters"


@dataclass(frozen=True)
class Row:
    """One case, its offers by estimator."""

    case: Case
    offers: Sequence[Offer]

    def cell(self, greek: str) -> str:
        """The codes of what is offered, or a dash and who refuses why."""
        unbiased = [o for o in self.offers if o.variant.unbiased]
        given = [o.variant.code for o in unbiased if greek in o.chosen]
        return " ".join(given) or f"– {_objections(unbiased, greek)}"

    def own(self) -> str:
        """What is offered in the payoff's own parameters, those that are alike together."""
        alike: dict[str, list[str]] = {}
        for greek in greeks_of(self.case)[len(greeks_of_model(self.case)) :]:
            alike.setdefault(self.cell(greek), []).append(greek.removeprefix("d_"))
        return "; ".join(f"{', '.join(names)}: {cell}" for cell, names in alike.items())


def page() -> str:
    """The page as the code has it now."""
    made = [o for m in MODELS for o in offers(m)[0]]
    shown = [v.code for v in variants() if v.unbiased and v.single]
    return TEXT.format(
        codes=legend(shown),
        bumps=_about_bumps(made),
        models="\n\n".join(section(m) for m in MODELS),
        reasons=_why(made),
    )


def section(model: str) -> str:
    """One model: a table of payoffs and Greeks, and its notes."""
    made, unpayable = offers(model)
    rows = [Row(case, list(group)) for case, group in groupby(made, key=lambda o: o.case)]
    columns = _columns(rows)
    head = [f"| payoff | {' | '.join(', '.join(names) for names in columns)} | {OWN} |"]
    head += ["| --- " * (len(columns) + 2) + "|"]
    body = [f"| {r.case.payoff_name} | {' | '.join(r.cell(names[0]) for names in columns)} | {r.own()} |" for r in rows]
    table, notes = _numbered("\n".join(head + body))
    title = f"## {model}\n\n{_doc(model)} Scheme: {_schemes(rows)}."
    return "\n\n".join(part for part in (title, table, notes, _refused(unpayable)) if part)


def _schemes(rows: Sequence[Row]) -> str:
    """That of the dates, and another where it is of contracts that are watched all the time."""
    used = list(dict.fromkeys(f"`{row.case.scheme!r}`" for row in rows))
    return used[0] + "".join(f"; of contracts that are watched all the time {scheme}" for scheme in used[1:])


def _columns(rows: Sequence[Row]) -> list[list[str]]:
    """The Greeks of the model, those together whose cells are equal in every row."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for greek in greeks_of_model(rows[0].case):
        alike.setdefault(tuple(row.cell(greek) for row in rows), []).append(greek)
    return list(alike.values())


def _objections(refusing: Sequence[Offer], greek: str) -> str:
    """ "{C: why; L: why}": every estimator's reason, equal ones together; `_numbered` makes a note of it."""
    by_reason: dict[str, list[str]] = {}
    for o in refusing:
        why = _general(o.refused.get(greek, NOT_ITS_ORDER))
        if not why.startswith(NOT_ITS_ORDER):
            by_reason.setdefault(why, []).append(o.variant.code)
    said = [f"**{' '.join(codes)}** {why}" for why, codes in by_reason.items()]
    return "{" + ". ".join(said) + "}"


def _numbered(table: str) -> tuple[str, str]:
    """The table with numbers in place of its reasons, and the numbered reasons."""
    numbers: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        return str(numbers.setdefault(found[1], len(numbers) + 1)).translate(str.maketrans(DIGITS, RAISED))

    table = re.sub(r"\{(.*?)\}", number, table)
    return table, "\n".join(f"{n}. {reason}." for reason, n in numbers.items())


def written(model: str) -> dict[str, dict[str, str]]:
    """What the page says: payoff -> Greek -> its cell, reasons in place of numbers; none for what cannot be paid."""
    text = PAGE.read_text(encoding="utf-8").partition(f"## {model}\n")[2].partition("\n## ")[0]
    notes = dict(re.findall(r"^(\d+)\. (.*)\.$", text, re.MULTILINE))
    lines = [line[2:-2].split(" | ") for line in text.splitlines() if line.startswith("| ")]
    refused = re.findall(r"^- Not at all: (.*?)\. ", text, re.MULTILINE)
    unpayable: dict[str, dict[str, str]] = {name: {} for names in refused for name in names.split("; ")}
    return {row[0]: _cells_of(lines[0], row, notes) for row in lines[2:]} | unpayable


def _cells_of(head: Sequence[str], row: Sequence[str], notes: Mapping[str, str]) -> dict[str, str]:
    """A row of the page by Greek; the payoff's own parameters are one entry, named as in the table's head."""

    def reason(found: re.Match[str]) -> str:
        return "– {" + notes[found[1].translate(str.maketrans(RAISED, DIGITS))] + "}"

    cells = [re.sub(f"– ([{RAISED}]+)", reason, cell) for cell in row[1:]]
    return {greek: cell for names, cell in zip(head[1:], cells, strict=False) for greek in names.split(", ")}


def _doc(model: str) -> str:
    return f"`{(type(MODELS[model][0]).__doc__ or '').splitlines()[0].rstrip('.')}`.{NOTES.get(model, '')}"


def _refused(unpayable: Sequence[Unpayable]) -> str:
    """Payoffs that the model does not pay at all, by reason."""
    by_reason: dict[str, list[str]] = {}
    for u in unpayable:
        by_reason.setdefault(u.reason, []).append(u.case.payoff_name)
    return "\n".join(f"- Not at all: {'; '.join(names)}. {reason}." for reason, names in by_reason.items())


def _about_bumps(made: Sequence[Offer]) -> str:
    """What the biased ones give, which are left out of the cells."""
    said = []
    for v in variants():
        lacking = [g for o in made if o.variant == v for g in o.refused]
        if v.single and not v.unbiased:
            given = f"all but {len(lacking)} of them" if lacking else "all of them"
            said.append(f"{v.says.partition(':')[0]} (**{v.code}**) gives {given}")
    return f"Biased estimators are left out of the\ncells: by request {' and '.join(said)}."


def _why(made: Sequence[Offer]) -> str:
    """A table for each estimator: reason, how often, an example."""
    return "\n\n".join(part for v in variants() if v.single for part in _reasons(v, made))


def _reasons(variant: Variant, made: Sequence[Offer]) -> Iterator[str]:
    refusals = [(_general(why), o, g) for o in made if o.variant == variant for g, why in o.refused.items()]
    refusals = [r for r in refusals if not r[0].startswith(NOT_ITS_ORDER)]
    if not refusals:
        return
    counted = Counter(reason for reason, _, _ in refusals)
    examples = {reason: f"{o.case}, {g}" for reason, o, g in reversed(refusals)}
    yield f"### {variant.code}: {variant.says}"
    rows = [f"| {reason} | {n} | {examples[reason]} |" for reason, n in sorted(counted.items(), key=_most_frequent)]
    yield "\n".join(["| reason | refusals | such as |", "| --- | --- | --- |", *rows])


def _most_frequent(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


_RULES = (
    (r"\bin [\w\[\],]+(?= would| has| is not valid)", "in θ"),
    (r"moves with [\w\[\],]+", "moves with θ"),
    (r"the jump at .*?(?=, which|\. |; |$)", "a jump"),
    (r"^conditional: .* cannot be solved", "conditional: a condition cannot be solved"),
    (r"(depends on|also depends on) \w*(stat|log|seen)_\w+", r"\1 a statistic"),
    (r"levels?, .* and others$", "level"),
    (r"\. Remedy: .*$", ""),
    (r"\|", "\\|"),
)


def _general(reason: str) -> str:
    """A reason without the names that it has in one case."""
    for pattern, general in _RULES:
        reason = re.sub(pattern, general, reason)
    parts = [p.strip().rstrip(".") for p in re.split(r"(?<=[a-z])\. |; (?=pathwise|likelihood|mixed)", reason)]
    return "; ".join(dict.fromkeys(p for p in parts if p))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
