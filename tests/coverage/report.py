"""The whole suite: `python -m tests.coverage.report [CASE ...]` examines every offer and writes docs/coverage.md.

Outcomes are kept in `results.csv`, one row an interval examined; with cases named ("Heston", "CEV*Digital*"), only
theirs are made anew, with `--default` only those of default settings (over draws and over Sobol points), and with
`--continue` only what the file lacks.
Exit code 1 if an interval outside the band is not known, or one known to be outside is not.
"""

from __future__ import annotations

import csv
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass, fields
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.coverage import truths
from tests.coverage.cases import MODELS, Case, cases, matching
from tests.coverage.estimators import DEFAULT, PILOTED, SOBOL, Variant, legend, variants
from tests.coverage.intervals import AGAIN, FEW_PATHS, MANY_PATHS, PATHS, SEEDS, Outcome, band, examined
from tests.coverage.known import KNOWN, reason_for
from tests.coverage.offers import Unpayable, offered, offers_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "coverage.md"
FILE = Path(__file__).with_name("results.csv")
WORST = 12
CONTINUE, ONLY_DEFAULT = "--continue", "--default"
SHORT_OF_PATHS = "BlackScholes"  # the model whose single estimators are tried with few paths too
LONG_RUNS = ("BlackScholes", "MultiBlackScholes")  # those whose default settings are tried with many paths too
PROMISED = (PATHS, MANY_PATHS)  # the numbers of paths at which coverage is promised


TEXT = """\
# Do the intervals hold the truth?

Every number that pathgreeks estimates comes with an interval. Here is how often the 95 % intervals held the truth, for
models, payoffs, Greeks and estimators [on offer](capabilities.md), at one set of parameters each: {seeds} seeds,
{paths} paths a seed. Written by `make coverage`, which fails where an interval misses without a reason given here.

**{within} of {all} are within the band.**

{table}

A cell has the numbers, within the band / examined, and the share of all intervals that held the truth. In the columns:

{legend}

[Control variates](controls.md) are off (`controls=()`) but in the last two of these, so that the others show the
estimators themselves; [their own section](#default-settings) has the default settings, payoff by payoff.

## What was examined, and what was not

{extent}

Payoffs of which all Greeks on offer were examined, of all that there are.{left}

## Default settings

What you get if you name no estimator and no controls, which a pilot of at most 512 paths then chooses for each run;
with 8,192 paths, with the 65,536 of a default run, and with 8,192 points of `Sobol()`, whose standard errors are those
of independent scrambles:

{defaults}

## The rule

Of {seeds} intervals {low} to {high} must hold the truth: the exact binomial band that chance keeps to 99.9 % of the
time. Among thousands a few would leave it by chance alone, so an interval that does is tried again on {fresh} fresh
seeds, and misses if it is outside again. Seeds are fixed.

The truth is a closed form where there is one, else the mean of {truth_paths} paths (half as many in a few cases) of the
sharpest unbiased estimator, which the next sharpest must confirm on draws of its own; an estimator is held against the
other one where that is precise enough. Where default settings are sharper than any of those, the truth is theirs, of
{truth_paths} other paths or Sobol points, which the sharpest estimator without controls must confirm. The error of the
truth is allowed for, in quadrature: where it is no small part of an interval's, the share comes out above 95 %, as for
some intervals of **C**. A scheme with time steps is held against the truth of the same scheme: an interval knows
nothing of the [time-step bias](limitations.md#time-step-bias).

## Intervals that miss

{missing}

## The worst within the band

{worst}

## With {few_paths} paths

What is rare may not have happened yet in so few paths: coverage is not promised. {few_model}, single estimators
without controls and without second trials: {few_within} of {few_all} within the band.

{few_table}
"""


@dataclass(frozen=True)
class Result:
    """An outcome at a number of paths."""

    paths: int
    outcome: Outcome

    @property
    def key(self) -> tuple[str, str]:
        """The case and the estimator."""
        return f"{self.outcome.model}: {self.outcome.payoff}", self.outcome.estimator


def examine(tasks: Sequence[tuple[Case, Variant]], workers: int) -> Iterator[list[Result]]:
    """The results of each task, on all cores."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from track(pool.map(_examined, tasks), "offers", len(tasks), console=Console(stderr=True))


def tasks_of(case: Case) -> list[tuple[Case, Variant]]:
    """Every offer of a case, and the choices by a pilot."""
    single = offers_of(case)
    if isinstance(single, Unpayable):
        return []
    return [(case, variant) for variant in (*(o.variant for o in single if o.greeks), *PILOTED)]


def _examined(task: tuple[Case, Variant]) -> list[Result]:
    """One offer, with few paths or many too where it is one for that, so that nothing is compiled twice."""
    offer = offered(*task)
    found = [Result(PATHS, o) for o in examined(offer)]
    if offer.variant == DEFAULT and offer.case.model_name in LONG_RUNS:
        found += [Result(MANY_PATHS, o) for o in examined(offer, MANY_PATHS)]
    elif offer.case.model_name == SHORT_OF_PATHS and offer.variant.single:
        found += [Result(FEW_PATHS, o) for o in examined(offer, FEW_PATHS, retry=False)]
    return found


def stored() -> list[Result]:
    """The results on file."""
    types: dict[str, Callable[[str], Any]] = {
        "str": str,
        "int": int,
        "float": float,
        "bool": lambda text: text == "True",
    }
    if not FILE.exists():
        return []
    with FILE.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    kinds = {f.name: types[str(f.type)] for f in fields(Outcome)}
    return [Result(int(r["paths"]), Outcome(**{k: kind(r[k]) for k, kind in kinds.items()})) for r in rows]


def store(results: Sequence[Result]) -> None:
    """The results in order of the models, to three digits so that differences show what has changed."""
    order = list(MODELS)
    with FILE.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["paths", *(f.name for f in fields(Outcome))])
        for r in sorted(results, key=lambda r: (order.index(r.outcome.model), -r.paths, r.key)):
            writer.writerow([r.paths, *(f"{v:.3g}" if isinstance(v, float) else v for v in astuple(r.outcome))])


def misses(results: Sequence[Result]) -> list[Outcome]:
    """Outside the band at the numbers of paths for which coverage is promised."""
    return [r.outcome for r in results if r.paths in PROMISED and not r.outcome.within]


def faults(results: Sequence[Result]) -> list[str]:
    """What a release must not have: a miss that is not known, and an entry of `known` that is none."""
    missed = misses(results)
    unknown = [f"outside the band: {o}" for o in missed if not reason_for(o)]
    idle = [f"known, but covered: {k}" for k in KNOWN if not any(k.matches(o) for o in missed)]
    return unknown + idle


def page(results: Sequence[Result]) -> str:
    """docs/coverage.md."""
    promised = [r.outcome for r in results if r.paths == PATHS]
    few = [r.outcome for r in results if r.paths == FEW_PATHS]
    low, high = band(SEEDS)
    worst = sorted((o for o in promised if o.within and not o.certain), key=attrgetter("coverage"))[:WORST]
    return TEXT.format(
        seeds=f"{SEEDS}",
        paths=f"{PATHS:,}",
        low=low,
        high=high,
        fresh=f"{AGAIN * SEEDS:,}",
        truth_paths=f"{truths.PATHS:,}",
        within=f"{sum(o.within for o in promised):,}",
        all=f"{len(promised):,}",
        extent=_extent(promised),
        left=_left(promised),
        table=_table(promised),
        legend=legend(_codes(promised)),
        defaults=_defaults(results),
        missing=_missing(misses(results)),
        worst=_listed(worst),
        few_paths=f"{FEW_PATHS:,}",
        few_within=f"{sum(o.within for o in few):,}",
        few_all=f"{len(few):,}",
        few_table=_table(few),
        few_model=SHORT_OF_PATHS,
    )


def _extent(found: Sequence[Outcome]) -> str:
    """Of how many payoffs of each model the single estimators and each choice by a pilot were examined."""
    kinds = [v.code for v in PILOTED]
    head = [f"| model | single estimators | {' | '.join(kinds)} |", "| --- " * (len(kinds) + 2) + "|"]
    return "\n".join(head + [f"| {m} | {' | '.join(_seen_of(m, found))} |" for m in MODELS])


def _seen_of(model: str, found: Sequence[Outcome]) -> Iterator[str]:
    every = [c.payoff_name for c in cases(model)]
    for code in (None, *(v.code for v in PILOTED)):
        seen = _payoffs_of(model, code, found)
        yield f"{len(seen)} of {len(every)}"


def _payoffs_of(model: str, code: str | None, found: Sequence[Outcome]) -> set[str]:
    """The payoffs of which an estimator was examined; without one, any of those that are no choice by a pilot."""
    chosen = {v.code for v in PILOTED}
    return {
        o.payoff for o in found if o.model == model and (o.estimator == code if code else o.estimator not in chosen)
    }


def _left(found: Sequence[Outcome]) -> str:
    """The payoffs of each model of which no single estimator was examined."""
    said = []
    for model in MODELS:
        every, seen = [c.payoff_name for c in cases(model)], _payoffs_of(model, None, found)
        if len(seen) < len(every):
            said.append(f"{model}: {'; '.join(p for p in every if p not in seen) if seen else 'all'}.")
    if not said:
        return ""
    head = "What intervals do for the others has not been measured. No single estimator was examined of"
    return f" {head}\n\n" + "\n".join(f"- {line}" for line in said)


def _defaults(results: Sequence[Result]) -> str:
    """The default settings, a row a payoff, a column a number of paths."""
    columns = [(DEFAULT.code, n, f"{n:,} paths") for n in PROMISED] + [(SOBOL.code, PATHS, f"{PATHS:,} Sobol points")]
    head = [f"| model | payoff | {' | '.join(words for *_, words in columns)} |", "| --- " * (len(columns) + 2) + "|"]
    rows = []
    for case in matching(()):
        here = [r for r in results if r.key[0] == str(case) and r.key[1] in (DEFAULT.code, SOBOL.code)]
        if here:
            cells = (_share([r.outcome for r in here if (r.key[1], r.paths) == (by, n)]) for by, n, _ in columns)
            rows.append(f"| {case.model_name} | {case.payoff_name} | {' | '.join(cells)} |")
    return "\n".join(head + rows)


def _key(r: Result) -> tuple[str, str]:
    return r.key


def _codes(found: Sequence[Outcome]) -> list[str]:
    used = {o.estimator for o in found}
    return [v.code for v in variants() if v.code in used]


def _table(found: Sequence[Outcome]) -> str:
    codes, models = _codes(found), [m for m in MODELS if any(o.model == m for o in found)]
    head = [f"| model | {' | '.join(codes)} |", "| --- " * (len(codes) + 1) + "|"]
    return "\n".join(head + [f"| {m} | {' | '.join(_cell(found, m, c) for c in codes)} |" for m in models])


def _cell(found: Sequence[Outcome], model: str, code: str) -> str:
    return _share([o for o in found if o.model == model and o.estimator == code])


def _share(here: Sequence[Outcome]) -> str:
    """Within the band / examined, and the share of intervals that held the truth."""
    if not here:
        return "–"
    share = sum(o.inside for o in here) / sum(o.trials for o in here)
    return f"{sum(o.within for o in here)} / {len(here)}, {share:.1%}"


def _missing(missed: Sequence[Outcome]) -> str:
    if not missed:
        return "None."
    by_reason = groupby(sorted(missed, key=reason_for), key=reason_for)
    return "\n\n".join(_explained(why or "Not explained yet.", list(those)) for why, those in by_reason)


def _explained(why: str, those: Sequence[Outcome]) -> str:
    """A reason and the intervals that it is given for, the worst of them if they are many."""
    shown = sorted(those, key=attrgetter("coverage"))[:WORST]
    more = f" The worst {len(shown)} of {len(those)}:" if len(those) > len(shown) else ""
    return f"{why}{more}\n\n{_listed(shown)}"


def _listed(found: Sequence[Outcome]) -> str:
    head = "| model | payoff | Greek | estimator | held | bias / standard error | standard error / true one |"
    lines = [
        f"| {o.model} | {o.payoff} | {o.greek} | {o.estimator} | {o.inside} of {o.trials}, {o.coverage:.1%} "
        f"| {o.bias:+.2f} | {o.honesty:.2f} |"
        for o in found
    ]
    return "\n".join([head, "| --- " * 7 + "|", *lines])


def _show(results: Sequence[Result]) -> None:
    promised = [r.outcome for r in results if r.paths == PATHS]
    table = Table("model", *_codes(promised), title="within the band / examined, share that held the truth")
    for model in MODELS:
        table.add_row(model, *(_cell(promised, model, code) for code in _codes(promised)))
    console = Console()
    console.print(table)
    for fault in faults(results):
        console.print(fault, highlight=False, soft_wrap=True)


def _main(arguments: Sequence[str]) -> int:
    """Examines, and keeps every result on file at once: what was interrupted goes on with --continue."""
    selected = matching([a for a in arguments if a not in (CONTINUE, ONLY_DEFAULT)])
    kept = {key: list(group) for key, group in groupby(sorted(stored(), key=_key), key=_key)}
    tasks: dict[tuple[str, str], tuple[Case, Variant]] = {}
    for case in selected:
        on_offer = [(case, v) for v in (DEFAULT, SOBOL)] if ONLY_DEFAULT in arguments else tasks_of(case)
        codes = {variant.code for _, variant in on_offer}
        if ONLY_DEFAULT not in arguments:
            kept = {key: r for key, r in kept.items() if key[0] != str(case) or key[1] in codes}
        tasks |= {(str(case), variant.code): (case, variant) for case, variant in on_offer}
    if CONTINUE in arguments:
        tasks = {key: task for key, task in tasks.items() if key not in kept}
    for new in examine(list(tasks.values()), int(os.environ.get("WORKERS", os.cpu_count() or 1))):
        kept[new[0].key] = new
        store([r for group in kept.values() for r in group])
    PAGE.write_text(page(stored()), encoding="utf-8")
    _show(stored())
    return int(bool(faults(stored())))


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
