"""The time-step bias that the finest level leaves, from the means of the corrections.

If E[P_l] - E[P] = c r^l with r = refine^-alpha, corrections have means m[l] = E[P_l - P_(l-1)] in geometric sequence,
and what is left after level L is E[P_L] - E[P] = -m[L] r / (1 - r). Means are known with errors and the weak order
alpha is not known, so the answer is an average over orders, each weighted by how well it explains the last few means.

Source: Giles (2008), "Multilevel Monte Carlo path simulation", section 4.2, which takes the largest of
m[L-1] r and m[L]; the average over alpha is ordinary Bayesian regression.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from greeks.engine.sampling.bias import Bias

Array = npt.NDArray[np.float64]
ORDERS = np.linspace(0.5, 2.0, 31)
EXPECTED, SPREAD = 1.0, 0.3  # weak order of Euler's scheme and its like for smooth functionals
LAST = 3  # means that are looked at: coarser levels say less of the limit
ROUGH = 0.15  # relative deviation of a mean from the sequence that higher orders make


def remainder(means: Array, errors: Array, refine: int) -> Bias:
    """The bias after the last of the corrections 1, 2, ..., whose means and standard errors are given.

    >>> remainder(np.array([0.4, 0.2, 0.1]), np.array([1e-3, 1e-3, 1e-3]), 2).value.__round__(1)
    -0.1
    """
    means, errors = means[-LAST:], errors[-LAST:]
    variances = errors**2 + (ROUGH * means) ** 2
    known = variances > 0.0
    if not known.any():
        return Bias(0.0, 0.0)
    weights = 1.0 / variances[known]
    back = np.arange(len(means) - 1, -1, -1)[known]
    ratios = float(refine) ** -ORDERS
    sequence = ratios[:, None] ** -back  # (orders, means), 1 at the last
    precision = (weights * sequence**2).sum(axis=1)
    last = (weights * sequence * means[known]).sum(axis=1) / precision
    misfit = (weights * (means[known] - last[:, None] * sequence) ** 2).sum(axis=1)
    prior = ((ORDERS - EXPECTED) / SPREAD) ** 2
    belief = np.exp(-0.5 * (misfit + prior - (misfit + prior).min())) / np.sqrt(precision)
    belief /= belief.sum()
    factor = -ratios / (1.0 - ratios)
    value = float(belief @ (factor * last))
    variance = float(belief @ (factor**2 / precision + (factor * last - value) ** 2))
    return Bias(value, float(np.sqrt(variance)))
