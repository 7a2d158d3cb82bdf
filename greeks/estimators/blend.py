"""The minimum-variance combination of several unbiased estimators."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Blend:
    """sum_k w_k Y_k with sum_k w_k = 1, the w that have the least variance: w = C^-1 1 / (1' C^-1 1), C = Cov(Y).

    Takes every unbiased estimator Y_k that is valid for a Greek. The weights come from a pilot on draws of its own,
    so they are independent of what they weigh and the combination is unbiased too. It never has (much) more variance
    than the best estimator alone, but pays for the time of all: ask for it where estimators err in opposite
    directions, such as a pathwise sample and a score.

    Examples
    --------
    >>> import greeks as gk
    >>> model = gk.CEV(spot=100.0, rate=0.05, sigma=2.0, beta=0.5)
    >>> r = gk.sensitivities(model, gk.Call(strike=100.0, maturity=1.0), ["delta"], estimator=gk.Blend(), paths=8192)
    >>> r["delta"].estimator != "pathwise"
    True

    References
    ----------
    Fu (2006), "Gradient estimation", section 5; Glasserman (2003), section 4.1.3 (optimal weights are regression).
    """
