"""Whether a standard error can itself be trusted, read off the chunks of a run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from greeks.engine.sampling.tally import Rows
from greeks.samplers import INDEPENDENT, Design

if TYPE_CHECKING:
    from greeks.kernels.moments import Chunks

Array = npt.NDArray[np.float64]
FEWEST_CHUNKS = 8  # below, the spread of the chunks' variances says too little
TRUSTED = 0.05  # relative error of a standard error above which the user is told
LEFT = 0.1  # the same for what controls left of a sample: little, and most of it where sample and control part
HEAVY = 30.0  # kurtosis below which it is only the paths that are few
EXACT = 1e-9  # relative error below which nobody asks how well it is known
LARGE = 0.01  # share of one path that is worth telling
REMEDIES = {  # estimator -> what helps against its heavy tails
    "pathwise": "derivatives of a square root that comes near 0 have such tails, as those of Heston's variance where "
    "2 kappa theta < xi^2, and more paths hardly help: use estimator=greeks.FiniteDifference(), or another scheme",
    "likelihood ratio": "weights have such tails where steps are short, of second order, or carry derivatives of a "
    "square root that comes near 0: use estimator=greeks.Conditional() or greeks.FiniteDifference(), or more paths",
    "conditional": "the noise that is integrated out decides on few paths only, or the variance comes near 0: use "
    "another estimator, or more paths",
    "mixed": "weights of short steps or of high order have such tails: use estimator=greeks.FiniteDifference(), or "
    "more paths",
}
MORE = "take more paths, or another estimator"
CONTROLLED = "most paths hardly differ from their controls: take more paths, or controls=() for plain samples"


@dataclass(frozen=True)
class Tails:
    """What the paths of one number say of their own law; NaN for what is not known.

    paths: how many; error_of_error: sd(std_error) / std_error; kurtosis, largest_share, degrees: see
    `results.Estimate`.
    """

    paths: int
    error_of_error: float = 0.0
    kurtosis: float = math.nan
    largest_share: float = math.nan
    degrees: int | None = None

    def heavy(self, trusted: float = TRUSTED) -> bool:
        """Whether few paths make most of the variance, and not just because all paths are few."""
        return self.error_of_error > max(trusted, 0.5 * math.sqrt(HEAVY / self.paths))


def tails_of(chunks: Chunks, columns: list[int], design: Design = INDEPENDENT) -> list[Tails]:
    """The tails of some of the samples, in their order, from the chunks of a run."""
    rows = Rows.of(chunks, design.families)
    return [of_all[k] for of_all in [tails(rows.merged(len(rows.counts)), design)] for k in columns]


def tails(merged: Rows, design: Design = INDEPENDENT) -> list[Tails]:
    """The tails of all samples, from the one row of a whole run; of families of points only how many paths there are.

    The variance of n paths has a relative error of sqrt((kurtosis - 1) / n), its root half of that; and kurtosis is
    at least n share^2. Neither is known of the chunks that set the coefficient of a control: what they hide shows
    in the scatter of the chunks' variances.
    """
    samples = int(merged.counts[0])
    if design.families > 1:
        alike = Tails(samples * design.families * design.together, degrees=design.families - 1)
        return [alike] * merged.means.shape[2]
    shape = merged.shape
    kurtosis, share = shape.kurtosis, shape.largest_share
    with np.errstate(invalid="ignore"):
        doubt = np.fmax(0.5 * np.sqrt((kurtosis - 1.0) / samples), 0.5 * share)
    unseen = shape.seen < samples
    if unseen.any():
        doubt = np.where(unseen, np.fmax(doubt, error_from_scatter(*merged.variances)), doubt)
    table = np.column_stack([np.nan_to_num(doubt), kurtosis, share])
    return [Tails(samples * design.together, *row) for row in table.tolist()]


def error_from_scatter(count: Array, mean: Array, squares: Array) -> Array:
    """sd(std_error) / std_error of each sample, from the variances of the chunks; 0 where chunks are too few.

    Independent chunks of n paths have variances that scatter by sqrt((kurtosis - 1) / n); so k of them give the
    scatter of the whole without a fourth moment having been summed, sqrt(Var(variances) / k) / mean / 2. `squares`:
    the sum of the squared deviations of the variances.
    """
    with np.errstate(all="ignore"):
        relative = 0.5 * np.sqrt(squares / (count - 1.0) / count) / mean
    return np.where((count >= FEWEST_CHUNKS) & (mean > 0.0), relative, 0.0)


def warning(
    tails: Tails, estimator: str, unmoved: bool, controlled: bool = False, exact: bool = False
) -> tuple[str, ...]:
    """What to tell the user of one number.

    unmoved: chance enters but no path differed from another; exact: its error is nothing to speak of.
    """
    if unmoved:
        return (
            "every path gave the same number: nothing is random at these parameters, or what matters is too rare for "
            "this many paths, and then the standard error of 0 means nothing",
        )
    if exact or not tails.heavy(LEFT if controlled else TRUSTED):
        return ()
    makers = f"one path makes {tails.largest_share:.1%}" if tails.largest_share >= LARGE else "few paths make much"
    return (
        f"heavy tails: {makers} of the variance, and the standard error is itself uncertain by about "
        f"{tails.error_of_error:.0%}; {CONTROLLED if controlled else REMEDIES.get(estimator, MORE)}",
    )


def known(number: float) -> float | None:
    """None for NaN: a diagnostic that there is not, rather than one that is no number."""
    return None if math.isnan(number) else number
