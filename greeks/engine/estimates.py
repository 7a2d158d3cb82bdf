"""Estimates, with their errors and what to know of them, from the moments of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from greeks.engine.batches import independent
from greeks.engine.bias import Bias
from greeks.engine.control import Array
from greeks.engine.reading import Reading, mixed
from greeks.engine.tails import Tails, known, tails_of, warning
from greeks.results import Estimate
from greeks.samplers import INDEPENDENT, Design

if TYPE_CHECKING:
    from greeks.kernels.moments import Chunks

ROUNDING = 2.0**-36  # relative; the error of a number that no path changes, after cancellations near expiry


def read(
    readings: Sequence[Reading], chunks: Chunks, design: Design = INDEPENDENT
) -> tuple[dict[str, Estimate], Array]:
    """Estimates and the covariance of their errors, from chunks of samples."""
    moments = independent(chunks, design)
    n = moments.count
    values = np.array([r.mean(moments.mean) for r in readings])
    covariance = mixed(readings, np.asarray(moments.comoment)) / (n - 1) / n
    errors = np.maximum(np.sqrt(np.maximum(np.diag(covariance), 0.0)), ROUNDING * np.abs(values))
    still = np.diag(covariance) == 0.0
    with np.errstate(over="ignore"):
        covariance[np.diag_indices_from(covariance)] = errors**2
    of_columns = tails_of(chunks, list(range(len(moments.mean))), design)
    estimates = {
        r.greek: _estimate(r, float(v), float(e), r.tails(of_columns), bool(same), Bias.of(r.bias, moments))
        for r, v, e, same in zip(readings, values, errors, still, strict=True)
    }
    return estimates, covariance


def _estimate(r: Reading, value: float, error: float, tails: Tails, still: bool, bias: Bias | None) -> Estimate:
    return Estimate(
        r.greek,
        value,
        error,
        tails.paths,
        r.estimator,
        "; ".join(filter(None, (r.reason, str(bias or "")))),
        warning(tails, r.estimator, r.random and still) + (bias.warning(error) if bias else ()),
        known(tails.kurtosis),
        known(tails.largest_share),
        None if bias is None else bias.value,
        tails.degrees,
    )
