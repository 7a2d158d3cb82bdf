"""The whole suite: `python -m tests.coverage.report [MODEL ...]` examines every offer and writes docs/coverage.md.

Outcomes are kept in `results.csv`, one row an interval examined; with models named, only theirs are made anew, and with
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
from tests.coverage.cases import MODELS, Case, cases
from tests.coverage.estimators import PILOTED, Variant, legend, variants
from tests.coverage.intervals import AGAIN, FEW_PATHS, PATHS, SEEDS, Outcome, band, examined
from tests.coverage.known import KNOWN, reason_for
from tests.coverage.offers import offered, offers

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "coverage.md"
FILE = Path(__file__).with_name("results.csv")
WORST = 12
CONTINUE = "--continue"
SHORT_OF_PATHS = "BlackScholes"  # the model that is tried with few paths too


TEXT = """\
# Do the intervals hold the truth?

Every number that pathgreeks estimates comes with an interval. Here is how often the 95 % intervals held the truth, for
every model, payoff, Greek and estimator [on offer](capabilities.md), at one set of parameters each: {seeds} seeds,
{paths} paths a seed. Written by `make coverage`, which fails where an interval misses without a reason given here.

**{within} of {all} are within the band.** Models examined: {models}.{left}

{table}

A cell has the numbers, within the band / examined, and the share of all intervals that held the truth. In the columns:

{legend}

## The rule

Of {seeds} intervals {low} to {high} must hold the truth: the exact binomial band that chance keeps to 99.9 % of the
time. Among thousands a few would leave it by chance alone, so an interval that does is tried again on {fresh} fresh
seeds, and misses if it is outside again. Seeds are fixed.

The truth is a closed form where there is one, else the mean of {truth_paths} paths (half as many in a few cases) of the
sharpest unbiased estimator, which the next sharpest must confirm on draws of its own; an estimator is held against the
other one where that is precise enough. A scheme with time steps is held against the truth of the same scheme: an
interval knows nothing of the
[time-step bias](limitations.md#time-step-bias).

## Intervals that miss

{missing}

## The worst within the band

{worst}

## With {few_paths} paths

Below 8,192 paths the coefficients of controls are fitted on the same paths that they are applied to, and what is rare
may not have happened yet: coverage is not promised. {few_model} without second trials: {few_within} of {few_all} within
the band.

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


def tasks_of(model: str) -> list[tuple[Case, Variant]]:
    """Every offer of a model, and the choices by a pilot."""
    single = [(offer.case, offer.variant) for offer in offers(model)[0] if offer.greeks]
    return single + [(case, variant) for case in dict.fromkeys(case for case, _ in single) for variant in PILOTED]


def _examined(task: tuple[Case, Variant]) -> list[Result]:
    """One offer, with few paths too where the model is the one for it, so that nothing is compiled twice."""
    offer = offered(*task)
    found = [Result(PATHS, o) for o in examined(offer)]
    if offer.case.model_name == SHORT_OF_PATHS:
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
    """Outside the band at the number of paths for which coverage is promised."""
    return [r.outcome for r in results if r.paths == PATHS and not r.outcome.within]


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
    seen = {o.model for o in promised}
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
        models=", ".join(m for m in MODELS if m in seen),
        left=_left(promised),
        table=_table(promised),
        legend=legend(_codes(promised)),
        missing=_missing([o for o in promised if not o.within]),
        worst=_listed(worst),
        few_paths=f"{FEW_PATHS:,}",
        few_within=f"{sum(o.within for o in few):,}",
        few_all=f"{len(few):,}",
        few_table=_table(few),
        few_model=SHORT_OF_PATHS,
    )


def _left(found: Sequence[Outcome]) -> str:
    """Models without any result, and what the others lack: payoffs, and choices that come with every payoff."""
    none = [m for m in MODELS if m not in {o.model for o in found}]
    said = [f"{', '.join(none)}"] if none else []
    for m in (m for m in MODELS if m not in none):
        all_payoffs, seen = {c.payoff_name for c in cases(m)}, {o.payoff for o in found if o.model == m}
        lacking = [f"{len(all_payoffs - seen)} of {len(all_payoffs)} payoffs"] if all_payoffs - seen else []
        lacking += [v.code for v in PILOTED if v.code not in {o.estimator for o in found if o.model == m}]
        said += [f"{', '.join(lacking)} of {m}"] if lacking else []
    return f" Yet to be examined: {'; '.join(said)}." if said else ""


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
    here = [o for o in found if o.model == model and o.estimator == code]
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
    models = [a for a in arguments if a != CONTINUE] or list(MODELS)
    tasks = {(str(case), variant.code): (case, variant) for m in models for case, variant in tasks_of(m)}
    kept = [r for r in stored() if r.key in tasks or r.outcome.model not in models]
    if CONTINUE in arguments:
        tasks = {key: task for key, task in tasks.items() if key not in {r.key for r in kept}}
    results = {key: list(group) for key, group in groupby(sorted(kept, key=_key), key=_key)}
    for new in examine(list(tasks.values()), int(os.environ.get("WORKERS", os.cpu_count() or 1))):
        results[new[0].key] = new
        store([r for group in results.values() for r in group])
    PAGE.write_text(page(stored()), encoding="utf-8")
    _show(stored())
    return int(bool(faults(stored())))


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
