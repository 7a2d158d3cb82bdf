"""Weights spread over the steps between dates (Bismut, Elworthy and Li; Malliavin calculus)."""

from __future__ import annotations

from dataclasses import dataclass

from greeks.estimators.base import Estimator
from greeks.estimators.direction import Direction
from greeks.estimators.handover import EVENLY_HANDED
from greeks.estimators.likelihood_ratio import refuse_one_draw_a_date, weighted
from greeks.expressions.fold import Fold


@dataclass(frozen=True)
class Malliavin(Estimator):
    """dE[f(X_T)]/dx = E[f(X_T) (1/T) int_0^T b(X_t)^-1 J_t . dW_t], J_t = dX_t/dx; likewise for parameters.

    A tangent rides along the path as in pathwise differentiation; each step hands 1/(steps left to the next date) of
    it to the density of that step. So the payoff is not differentiated and may jump. For the start this is the
    formula of Bismut, Elworthy and Li, whose variance stays bounded as steps get finer; for a volatility the variance
    grows as the logarithm of the number of steps, where a likelihood ratio's grows as the number itself. Unbiased for
    the discretised path.

    Needs coefficients that are Lipschitz in the state (differentiably so for second derivatives). Where the diffusion
    may soon die out, all is handed over at once.

    Raises
    ------
    UnsupportedError
        Without a density, or with one exact draw a date: that is `LikelihoodRatio()`.

    Examples
    --------
    >>> import greeks as gk
    >>> model, digital = gk.CEV(spot=100.0, rate=0.05, sigma=2.0, beta=0.5), gk.DigitalCall(strike=100.0, maturity=1.0)
    >>> weights = gk.LikelihoodRatio(), gk.Malliavin()
    >>> runs = [gk.sensitivities(model, digital, ["vega"], estimator=w, paths=2**12)["vega"] for w in weights]
    >>> runs[1].std_error < 0.5 * runs[0].std_error
    True

    References
    ----------
    Bismut (1984), "Large deviations and the Malliavin calculus"; Elworthy and Li (1994), "Formulae for the derivatives
    of heat semigroups"; Fournie, Lasry, Lebuchoux, Lions and Touzi (1999), section 3; Chen and Glasserman (2007),
    "Malliavin Greeks without Malliavin calculus", which derives the weights from the discretised path as here.
    """

    name = "Malliavin"

    def apply(self, fold: Fold, directions: tuple[Direction, ...]) -> Fold:
        refuse_one_draw_a_date(fold, self.name)
        return weighted(fold, directions, EVENLY_HANDED)
