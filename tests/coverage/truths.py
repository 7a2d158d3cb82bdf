"""What is true of every case: a formula, or many paths of two different estimators that agree.

`python -m tests.coverage.truths` adds what `truths.csv` lacks; with cases named ("Heston", "CEV*Digital*"), theirs
alone, and with `--anew` those that are there too.
A truth belongs to its scheme: where that is not exact it is the derivative of the discretised price, so that an
interval is not blamed for the time step. A row has the sharpest of the unbiased estimators, and the next sharpest,
from draws of its own, to check it. Intervals of default settings are sharper than those of any estimator without
controls: `--sharper` replaces truths by those of default settings over Sobol points, where these are sharper by far,
which the sharpest estimator without controls then checks.
"""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from functools import cache
from pathlib import Path

import greeks as gk
from tests.coverage.cases import MODELS, Case, matching
from tests.coverage.closed_forms import closed_form
from tests.coverage.estimators import DEFAULT, SOBOL, Variant
from tests.coverage.offers import Offer, Unpayable, offered, offers_of
from tests.coverage.simulation import simulated

FILE = Path(__file__).with_name("truths.csv")
PATHS = 2**21
FIRST_SEED = 10**6  # far from the seeds of the intervals
FORMULA = "formula"
BUMP = Variant("bump", gk.FiniteDifference(5e-3), "a bump of 0.5 %", unbiased=False)
FARTHEST = 4.5  # standard errors between the two estimates of a truth
SHARP = 0.25  # an estimate is precise enough for a truth if its error is this much of the interval's
BY_FAR = 0.5  # of the error of the sharpest estimator, that default settings must have to take its place
ANEW, SHARPER = "--anew", "--sharper"


@dataclass(frozen=True)
class Truth:
    """One number, known twice: by the sharpest estimator, and by another (by the formula alone, where there is one)."""

    model: str
    payoff: str
    greek: str
    value: float
    error: float
    by: str
    check: float
    check_error: float
    check_by: str

    @property
    def z(self) -> float:
        """Standard errors between the two."""
        gap, error = abs(self.value - self.check), math.hypot(self.error, self.check_error)
        return 0.0 if gap <= 1e-9 * (1.0 + abs(self.value)) else gap / error if error else math.inf

    def against(self, estimator: str, error: float, certain: bool) -> tuple[float, float]:
        """(value, error) to hold an interval of `estimator` against: of another one, if that is sharp enough."""
        use_check = estimator == self.by and (certain or self.check_error <= SHARP * error)
        return (self.check, self.check_error) if use_check else (self.value, self.error)


@cache
def truths() -> Mapping[tuple[str, str, str], Truth]:
    """Every truth on file, by model, payoff and Greek."""
    with FILE.open(newline="", encoding="utf-8") as handle:
        found = [_read(row) for row in csv.DictReader(handle)]
    return {(t.model, t.payoff, t.greek): t for t in found}


def truth_of(case: Case, greek: str) -> Truth:
    """The truth about one Greek of a case."""
    try:
        return truths()[case.model_name, case.payoff_name, greek]
    except KeyError:
        raise LookupError(f"{case}, {greek}: no truth on file; run python -m tests.coverage.truths") from None


def _read(row: Mapping[str, str]) -> Truth:
    return Truth(**{f.name: float(row[f.name]) if f.type == "float" else row[f.name] for f in fields(Truth)})  # type: ignore[arg-type]


def computed(case: Case, known: Collection[tuple[str, str, str]] = ()) -> list[Truth]:
    """The truths of one case, if a Greek is on offer which is not known."""
    on_offer = offers_of(case)
    if isinstance(on_offer, Unpayable):
        return []
    wanted = ["price", *dict.fromkeys(g for o in on_offer for g in o.greeks)]
    lacking = any((case.model_name, case.payoff_name, g) not in known for g in wanted)
    return list(_of_case(case, on_offer, wanted)) if lacking else []


def sharpened(case: Case, known: Mapping[tuple[str, str, str], Truth]) -> list[Truth]:
    """The truths of one case that default settings over Sobol points know better by far than what is on file.

    What was by default settings before keeps its check; what is not known yet is checked by the first estimator that
    gives it.
    """
    if isinstance(offers_of(case), Unpayable):
        return []
    offer = offered(case, SOBOL)
    of_case = {g: known.get((case.model_name, case.payoff_name, g)) for g in ["price", *offer.greeks]}
    if all(t is not None and t.by == FORMULA for t in of_case.values()):
        return []
    of_case |= _by_the_first(case, [g for g, t in of_case.items() if t is None])
    found = simulated(offer, PATHS, FIRST_SEED - 2)
    old = [(t, found[g]) for g, t in of_case.items() if t is not None and g in found]
    return [_by_default(t, e) for t, e in old if t.by != FORMULA and (not t.check_by or e.std_error < BY_FAR * t.error)]


def _by_default(t: Truth, e: gk.Estimate) -> Truth:
    check = (t.check, t.check_error, t.check_by) if t.by in (DEFAULT.code, SOBOL.code) else (t.value, t.error, t.by)
    return Truth(t.model, t.payoff, t.greek, e.value, e.std_error, SOBOL.code, *check)


def _by_the_first(case: Case, greeks: Sequence[str]) -> dict[str, Truth]:
    """One estimate of each of these Greeks, by the first unbiased estimator without controls that is offered."""
    on_offer = offers_of(case) if greeks else ()
    left, found = list(greeks), dict[str, Truth]()
    for k, o in enumerate(() if isinstance(on_offer, Unpayable) else on_offer):
        if o.variant.unbiased and (mine := o.only(left)).greeks:
            run = simulated(mine, PATHS, FIRST_SEED + k)
            name = (case.model_name, case.payoff_name)
            found |= {
                g: Truth(*name, g, e.value, e.std_error, o.variant.code, math.nan, math.nan, "")
                for g, e in run.items()
                if g in left
            }
            left = [g for g in left if g not in found]
    return found


def _of_case(case: Case, offered: Sequence[Offer], wanted: Sequence[str]) -> Iterator[Truth]:
    exact = closed_form(case)
    if exact:
        for greek in wanted:
            yield Truth(
                case.model_name, case.payoff_name, greek, exact(greek), 0.0, FORMULA, exact(greek), 0.0, FORMULA
            )
        return
    bump = Offer(case, BUMP, {g: "" for g in wanted[1:]}, {})
    sources = [o for o in offered if o.variant.unbiased and o.greeks]
    runs = {o.variant.code: simulated(o, PATHS, FIRST_SEED + i) for i, o in enumerate([*sources, bump])}
    for greek in wanted:
        yield _sharpest_two(case, greek, {code: run[greek] for code, run in runs.items() if greek in run})


def _sharpest_two(case: Case, greek: str, found: Mapping[str, gk.Estimate]) -> Truth:
    """A bump, being biased, is the truth only where there is nothing else; then it checks itself with other draws."""
    ranked = sorted(found, key=lambda code: (code == BUMP.code, found[code].std_error))
    first, second = (ranked * 2)[:2]
    if first == second:
        return _by_bumps(case, greek, found[first])
    a, b = found[first], found[second]
    return Truth(case.model_name, case.payoff_name, greek, a.value, a.std_error, first, b.value, b.std_error, second)


def _by_bumps(case: Case, greek: str, bumped: gk.Estimate) -> Truth:
    """Where nothing unbiased is offered: a bump, and another of twice the size on draws of its own."""
    wider = replace(BUMP, estimator=gk.FiniteDifference(1e-2))
    second = simulated(Offer(case, wider, {greek: ""}, {}), PATHS, FIRST_SEED - 1)[greek]
    return Truth(
        *(case.model_name, case.payoff_name, greek),
        *(bumped.value, bumped.std_error, BUMP.code),
        *(second.value, second.std_error, "wider bump"),
    )


def _write(found: Sequence[Truth]) -> None:
    with FILE.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow([f.name for f in fields(Truth)])
        writer.writerows([f"{v:.12g}" if isinstance(v, float) else v for v in astuple(t)] for t in found)


def _main(arguments: Sequence[str]) -> int:
    """New truths of the cases named, or of all; 1 if some are doubtful."""
    selected = matching([a for a in arguments if a not in (ANEW, SHARPER)])
    kept = dict(truths()) if FILE.exists() else {}
    new: dict[tuple[str, str, str], Truth] = {}
    for case in selected:
        found = sharpened(case, kept) if SHARPER in arguments else computed(case, () if ANEW in arguments else kept)
        new |= {(t.model, t.payoff, t.greek): t for t in found}
        kept |= new
        _write(sorted(kept.values(), key=lambda t: list(MODELS).index(t.model)))  # at once: they take an hour
    doubtful = [t for t in new.values() if not t.z < FARTHEST]
    for t in doubtful:
        print(f"{t.model}, {t.payoff}, {t.greek}: {t.by} and {t.check_by} are {t.z:.1f} standard errors apart")
    return int(bool(doubtful))


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
