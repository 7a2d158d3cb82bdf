"""What agreement with a reference value means, and the check of it.

An estimate agrees if it lies within four standard errors of the truth (plus the accuracy of the truth). That alone
would let a hopelessly noisy estimator pass, so that the standard error is bounded as well: `deviations/` holds the
standard deviation of one sample for every case and quantity, and no run may exceed it by half.
`python -m tests.agreement.record` writes those files anew, after a change that is meant to change them; a difference
then shows in review.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pytest

import greeks as gk
from tests.oracle import Case

DEVIATIONS = Path(__file__).parent / "deviations"
HEADROOM = 1.5
ROUNDING = 1e-5  # what a control leaves of a payoff that is certain, where the deviation is 0 but for rounding
USUAL, FARTHEST, EXCEPTIONS = 4.0, 4.5, 1 / 500  # of the rows of one test, so many may lie between the two

Weights = Mapping[str, float]
"""A quantity of the reference as a sum of our Greeks: {"d_correlation[1,0]": 1.0, ...}."""


@dataclass(frozen=True)
class Trade:
    """A case of the oracle as we would ask for it."""

    case: Case
    model: gk.Model
    payoff: gk.Payoff
    quantities: Mapping[str, Weights]
    scheme: gk.Scheme | None = None
    estimator: str | gk.Estimator | Mapping[str, gk.Estimator] = "auto"
    controls: Literal["auto"] | tuple[gk.ControlVariate, ...] = ()  # estimators are judged alone, and compile sooner

    @property
    def greeks(self) -> list[str]:
        """Every Greek that some quantity needs."""
        return list(dict.fromkeys(g for w in self.quantities.values() for g in w if g != "price"))


@dataclass(frozen=True)
class Row:
    """One quantity of one case: estimate and truth."""

    case: str
    quantity: str
    estimate: gk.Estimate = field(repr=False)
    truth: float
    accuracy: float = field(repr=False)

    @property
    def z(self) -> float:
        """Standard errors between the estimate and the interval that holds the truth."""
        gap = max(abs(self.estimate.value - self.truth) - self.accuracy, 0.0)
        if self.estimate.std_error == 0.0:
            return math.inf if gap else 0.0
        return gap / self.estimate.std_error

    @property
    def deviation(self) -> float:
        """Standard deviation of one sample."""
        return self.estimate.std_error * math.sqrt(self.estimate.paths)

    def __str__(self) -> str:
        e = self.estimate
        near = f"{e.value:.6g} +- {e.std_error:.2g}, truth {self.truth:.8g}, z {self.z:.2f}"
        return f"{self.case} {self.quantity}: {near}, {e.estimator}"


def quantities(case: Case, names: Mapping[str, str | Weights], omit: Iterable[str] = ()) -> dict[str, Weights]:
    """Every quantity of a case but `omit`, as a sum of Greeks; `names` translates those that we call differently."""
    found: dict[str, Weights] = {}
    for q in case.values:
        if q not in set(omit):
            ours = names.get(q, q)
            found[q] = {ours: 1.0} if isinstance(ours, str) else ours
    return found


def every(kinds: Iterable[str], fast: Collection[str]) -> list[Any]:
    """Kinds as parameters of a test: those of `fast` in every run, their likes among the slow checks."""
    return [kind if kind in fast else pytest.param(kind, marks=pytest.mark.slow) for kind in kinds]


def rows(trade: Trade, paths: int, seed: int) -> list[Row]:
    """One run for all quantities of a trade."""
    settings = {"scheme": trade.scheme, "estimator": trade.estimator, "controls": trade.controls}
    found = gk.sensitivities(
        trade.model,
        trade.payoff,
        trade.greeks,
        paths=paths,
        seed=seed,
        **settings,  # type: ignore[arg-type]
    )
    return [
        Row(trade.case.id, q, found.combination(weights, q), *trade.case.values[q])
        for q, weights in trade.quantities.items()
    ]


def assert_agreement(table: str, trades: Sequence[Trade], paths: int = 2**16, seed: int = 2026) -> None:
    """Every quantity of every trade agrees, and its standard error is as small as recorded in `table`.

    Each trade has a seed of its own: on common draws a thousand rows would be little more than one trial.
    """
    found = [row for i, trade in enumerate(trades) for row in rows(trade, paths, seed + i)]
    assert_close(found)
    assert_sharp(table, found)


def assert_close(found: Sequence[Row]) -> None:
    """None farther than 4.5 standard errors, and at most one in 500 farther than 4."""
    far = sorted((row for row in found if not row.z < USUAL), key=lambda row: -row.z)
    too_far = [row for row in far if not row.z < FARTHEST]
    assert not too_far and len(far) <= len(found) * EXCEPTIONS, f"{len(far)} of {len(found)} disagree:\n" + lines(far)


def assert_sharp(table: str, found: Sequence[Row]) -> None:
    """No standard deviation of a sample above the recorded one by more than the headroom."""
    known = deviations(table)
    blunt = [row for row in found if not row.deviation <= HEADROOM * known[row.case, row.quantity] + ROUNDING]
    assert not blunt, f"{len(blunt)} of {len(found)} are noisier than `{table}` has them:\n" + lines(blunt)


def assert_unbiased(found: Sequence[Row], usual_run: int = 100_000) -> None:
    """The bias of the time steps is below the standard error of a run of 100,000 paths."""

    def bias(row: Row) -> float:
        return max(abs(row.estimate.value - row.truth) - USUAL * row.estimate.std_error, 0.0)

    biased = [row for row in found if bias(row) > row.deviation / math.sqrt(usual_run)]
    assert not biased, f"{len(biased)} of {len(found)} are biased:\n" + lines(biased)


def lines(found: Sequence[Row]) -> str:
    """The worst rows, one a line."""
    return "\n".join(map(str, found[:40]))


def assert_refused(trade: Trade, greek: str, because: str) -> None:
    """A typed refusal that names the Greek, the reason and the remedy."""
    with pytest.raises(gk.UnsupportedError) as refusal:
        gk.sensitivities(trade.model, trade.payoff, [greek], scheme=trade.scheme, paths=256)
    for part in (f'"{greek}"', because, "FiniteDifference()"):
        assert part in str(refusal.value)


def assert_bump_agrees(
    trade: Trade, greek: str, relative: float, bias: float, quantity: str = "", paths: int = 2**17
) -> None:
    """`FiniteDifference(relative)` within its bias, a fraction of the truth; its standard error below 2 % of it."""
    bump = gk.FiniteDifference(relative)
    found = gk.sensitivities(trade.model, trade.payoff, [greek], estimator=bump, paths=paths, seed=6)[greek]
    truth, _ = trade.case.values[quantity or greek]
    row = Row(trade.case.id, greek, found, truth, bias * abs(truth))
    assert_close([row])
    assert found.std_error < 0.02 * abs(truth), str(row)


@cache
def deviations(table: str) -> dict[tuple[str, str], float]:
    """Recorded standard deviations of one sample, by case and quantity."""
    with (DEVIATIONS / f"{table}.csv").open(newline="", encoding="utf-8") as handle:
        return {(r["case"], r["quantity"]): float(r["deviation"]) for r in csv.DictReader(handle)}
