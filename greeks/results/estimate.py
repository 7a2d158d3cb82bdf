"""One number, its uncertainty, and where it comes from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from greeks.errors import SchemaError
from greeks.figures import with_error


@dataclass(frozen=True)
class Estimate:
    """The estimate of one number by the mean of many paths.

    Attributes
    ----------
    greek : str
        What was estimated: "price", "delta", "d2_spot_volatility", ...
    value : float
        The estimate; Greeks are per 1.00 of the parameter, per year for time.
    std_error : float
        The standard error of `value`, in the same unit.
    paths : int
        Paths simulated.
    estimator : str
        The name of the estimator used.
    reason : str
        Why that estimator.
    warnings : tuple of str
        What to know before trusting the number, a heavy tail for one.
    kurtosis : float, optional
        n sum d^4 / (sum d^2)^2 of the paths' deviations d from their mean: 3 for a normal law. The standard error
        has a relative error of sqrt((kurtosis - 1) / paths) / 2 of its own.
    largest_share : float, optional
        The part of sum d^2 that the one largest deviation has.
    bias : float, optional
        What is estimated of E[value] - truth, where the estimator is biased and can tell; `std_error` does not
        contain it.
    degrees : int, optional
        Degrees of freedom of the standard error, where it rests on few independent numbers: one less than the
        scrambles of a point set. None where it rests on all paths.

    The fourth powers are those of one chunk of 4,096 paths in four, the largest deviation is that of all. Both are
    None where they are not known: for sums of estimates, for point sets, where paths do not differ, and for samples
    with a control in a run so short (16,384 paths) that what is known went into the control's coefficient.

    Examples
    --------
    >>> delta = Estimate("delta", 0.586851, 0.000412, 131072, "Pathwise", "the payoff is continuous")
    >>> print(delta)
    0.58685 ± 0.00041
    >>> low, high = delta.interval(0.95)
    >>> low < 0.5869 < high
    True
    """

    greek: str
    value: float
    std_error: float
    paths: int
    estimator: str = ""
    reason: str = ""
    warnings: tuple[str, ...] = ()
    kurtosis: float | None = None
    largest_share: float | None = None
    bias: float | None = None
    degrees: int | None = None

    @property
    def effective_paths(self) -> float | None:
        """paths / kurtosis: the number of equally large paths on which the standard error rests."""
        return None if self.kurtosis is None else self.paths / self.kurtosis

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """value -/+ z std_error, z the (1 + level) / 2 quantile of the standard normal law, or Student's of `degrees`.

        Examples
        --------
        >>> Estimate("price", 0.0, 1.0, 2**16, degrees=15).interval(0.95)[1].__round__(4)
        2.1314
        """
        if not 0.0 < level < 1.0:
            raise SchemaError(f"level = {level!r}: expected a probability strictly between 0 and 1, such as 0.95")
        half = _quantile(0.5 + 0.5 * level, self.degrees) * self.std_error
        return self.value - half, self.value + half

    def z_score(self, truth: float) -> float:
        """(value - truth) / std_error; without any error 0 when exactly right and infinite otherwise."""
        miss = self.value - truth
        if self.std_error == 0.0:
            return miss * math.inf if miss else 0.0
        return miss / self.std_error

    def __float__(self) -> float:
        return float(self.value)

    def __str__(self) -> str:
        return with_error(self.value, self.std_error)


def _quantile(p: float, degrees: int | None) -> float:
    """The quantile of a normal mean over its standard error, that error known or estimated."""
    if degrees is None:
        return NormalDist().inv_cdf(p)
    from scipy.special import stdtrit

    return float(stdtrit(degrees, p))
