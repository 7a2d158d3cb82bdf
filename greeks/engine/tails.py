"""Whether a standard error can itself be trusted, read off the chunks of a run."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
FEWEST_CHUNKS = 8  # below, the spread of the chunks' variances says too little
TRUSTED = 0.05  # relative error of a standard error above which the user is told


def relative_error_of_error(counts: npt.NDArray[np.int64], comoments: Array) -> Array:
    """sd(std_error) / std_error of each sample, from the variances of the chunks.

    Independent chunks of n paths have variances that scatter by sqrt((kurtosis - 1) / n); so k of them give the
    scatter of the whole without a fourth moment having been summed, sqrt(Var(variances) / k) / mean / 2.
    """
    full = counts == counts[0]
    if full.sum() < FEWEST_CHUNKS:
        return np.zeros(comoments.shape[1])
    variances = np.diagonal(comoments[full], axis1=1, axis2=2) / (counts[0] - 1)
    with np.errstate(all="ignore"):
        mean = variances.mean(axis=0)
        scatter = variances.std(axis=0, ddof=1) / np.sqrt(full.sum())
        relative = 0.5 * scatter / mean
    return np.where(mean > 0.0, relative, 0.0)


def warning(relative: float, unmoved: bool) -> tuple[str, ...]:
    """What to tell the user of one number; `unmoved` where chance enters but no path differed from another."""
    if unmoved:
        return (
            "every path gave the same number: nothing is random at these parameters, or what matters is too rare for "
            "this many paths, and then the standard error of 0 means nothing",
        )
    if not relative > TRUSTED:
        return ()
    return (
        f"heavy tails: few paths make most of the variance, and the standard error is itself uncertain by about "
        f"{relative:.0%}; take more paths before trusting it, or another scheme or estimator",
    )
