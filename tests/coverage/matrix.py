"""docs/capabilities.md, the matrix of what is offered: `python -m tests.coverage.matrix` writes it from the code."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from tests.coverage.cases import MODELS, NOTES, Case, greeks_of, greeks_of_model
from tests.coverage.estimators import Variant, legend, variants
from tests.coverage.offers import Offer, Unpayable, offers

PAGE = Path(__file__).resolve().parents[2] / "docs" / "capabilities.md"
TEXT = """\
# What is offered

Which estimators give which Greek of which payoff under which model. Written from the code by
`python -m tests.coverage.matrix`; a test holds it against the code. How well their intervals hold the truth:
[Do the intervals hold the truth?](coverage.md)

In a cell are the unbiased estimators on offer; of those that it considers, `estimator="auto"` takes the one that a
pilot run finds best. A number means that there is none, and leads to the reasons below the table. {bump}

{legend}

{models}

## Why estimators refuse

Each refusal is a `gk.UnsupportedError` with its reason; the parameter and the jump that it names are replaced by θ and
"a jump" here, and counted over all tables above.

{reasons}
"""
NOT_ITS_ORDER = "mixed: needs a second derivative"  # no reason: it is not what the estimator is for
EVERYWHERE = "`FiniteDifference()` (**FD**, biased) is left out: it gives every Greek here, by request."


@dataclass(frozen=True)
class _Row:
    """One case, its offers by estimator."""

    case: Case
    offers: Sequence[Offer]

    @property
    def greeks(self) -> list[str]:
        return greeks_of(self.case)


def page() -> str:
    """The page as the code has it now."""
    made = [o for m in MODELS for o in offers(m)[0]]
    shown = [v.code for v in variants() if v.unbiased and v.single]
    return TEXT.format(
        bump=_about_bumps(made),
        legend=legend(shown),
        models="\n\n".join(section(m) for m in MODELS),
        reasons=_why(made),
    )


def section(model: str) -> str:
    """One model: a table of payoffs and Greeks, and its notes."""
    made, unpayable = offers(model)
    rows = [_Row(case, list(group)) for case, group in groupby(made, key=lambda o: o.case)]
    greeks = greeks_of_model(rows[0].case)
    notes: dict[str, int] = {}
    head = [f"| payoff | {' | '.join(greeks)} | its own parameters |", "| --- " * (len(greeks) + 2) + "|"]
    body = [f"| {row.case.payoff_name} | {' | '.join(_cells(row, greeks, notes))} |" for row in rows]
    title = f"## {model}\n\n{_doc(model)} Scheme: `{rows[0].case.scheme!r}`."
    foot = [f"{number}. {reason}" for reason, number in notes.items()]
    return "\n\n".join(part for part in (title, "\n".join(head + body), "\n".join(foot), _refused(unpayable)) if part)


def _cells(row: _Row, greeks: Sequence[str], notes: dict[str, int]) -> list[str]:
    """A cell a Greek of the model, and one for all parameters of the payoff."""
    own = [f"{g.removeprefix('d_')} {_cell(row, g, notes)}" for g in row.greeks if g not in greeks]
    return [*(_cell(row, g, notes) for g in greeks), "; ".join(own)]


def _doc(model: str) -> str:
    return f"`{(type(MODELS[model][0]).__doc__ or '').splitlines()[0].rstrip('.')}`.{NOTES.get(model, '')}"


def _cell(row: _Row, greek: str, notes: dict[str, int]) -> str:
    unbiased = [o for o in row.offers if o.variant.unbiased]
    given = [o.variant.code for o in unbiased if greek in o.chosen]
    if given:
        return " ".join(given)
    why = [_general(o.refused[greek]) for o in unbiased if greek in o.refused]
    reason = "; ".join(part for part in dict.fromkeys(why) if not part.startswith(NOT_ITS_ORDER))
    return f"– ({notes.setdefault(reason, len(notes) + 1)})"


def _refused(unpayable: Sequence[Unpayable]) -> str:
    """Payoffs that the model does not pay at all, by reason."""
    by_reason: dict[str, list[str]] = {}
    for u in unpayable:
        by_reason.setdefault(u.reason, []).append(u.case.payoff_name)
    return "\n".join(f"- Not at all: {'; '.join(names)}. {reason}." for reason, names in by_reason.items())


def _about_bumps(made: Sequence[Offer]) -> str:
    lacking = [f"{o.case}, {g}" for o in made if o.variant.code == "FD" for g in o.refused]
    return f"{EVERYWHERE[:-1]} but {'; '.join(lacking)}." if lacking else EVERYWHERE


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
