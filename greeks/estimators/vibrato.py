"""A tangent up to the last step before a date, the score of that step."""

from __future__ import annotations

from dataclasses import dataclass

from greeks.estimators.base import Estimator
from greeks.estimators.direction import Direction
from greeks.estimators.handover import AT_LAST
from greeks.estimators.likelihood_ratio import refuse_one_draw_a_date, weighted
from greeks.expressions.fold import Fold


@dataclass(frozen=True)
class Vibrato(Estimator):
    """dE[f(X_N)]/dtheta = E[f(X_N) (J . d log p(X_N | x; theta)/dx + d log p(X_N | x; theta)/dtheta)], J = dx/dtheta.

    x = X_{N-1} is the state one step before the date; its tangent J is pathwise. The payoff is not differentiated and
    may jump. The variance is of the order of the number of steps, so that few steps suit it. Unbiased for the
    discretised path.

    Needs coefficients that are Lipschitz in the state (differentiably so for second derivatives). Where the diffusion
    may soon die out, the tangent is handed over before.

    Raises
    ------
    UnsupportedError
        Without a density, or with one exact draw a date: that is `LikelihoodRatio()`.

    Examples
    --------
    >>> import greeks as gk
    >>> model, digital = gk.CEV(spot=100.0, rate=0.05, sigma=2.0, beta=0.5), gk.DigitalCall(strike=100.0, maturity=1.0)
    >>> gk.sensitivities(model, digital, ["delta"], estimator=gk.Vibrato(), paths=2**12)["delta"].estimator
    'vibrato'

    References
    ----------
    Giles (2009), "Vibrato Monte Carlo sensitivities", section 2.
    """

    name = "vibrato"

    def apply(self, fold: Fold, directions: tuple[Direction, ...]) -> Fold:
        refuse_one_draw_a_date(fold, self.name)
        return weighted(fold, directions, AT_LAST)
