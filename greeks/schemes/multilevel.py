"""Multilevel Monte Carlo: what is averaged on each level."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from greeks.errors import SchemaError, UnsupportedError
from greeks.expressions.fold import Fold
from greeks.expressions.node import const
from greeks.expressions.trace import Parameter
from greeks.models.base import Model
from greeks.schemes.base import Scheme, SteppedScheme
from greeks.schemes.coupling import side_by_side, swapped
from greeks.schemes.richardson import check_stepped
from greeks.schemes.transition import Transition

MOST_REFINE, MOST_LEVELS = 8, 16
LEAST, LEAST_SMOOTH = 1024, 8  # samples of any level; of fine ones under strong order one
PILOT, LEAST_PILOT = 4096, 256  # samples of the pilot on level 0, half as many on each level after; at least
OF_NEEDED = 32  # of the samples that a level's run needs its pilot has one in so many
SAMPLES = ("price", "unit", "bias")  # outputs that are averaged


@dataclass(frozen=True)
class Multilevel(Scheme):
    """E[P_L] = E[P_0] + sum_l E[P_l - P_(l-1)], each term from paths of its own; level l has steps * refine^l steps.

    A correction P_l - P_(l-1) is one Brownian path on two grids, and has so little variance on fine grids that few
    paths are needed there. Under schemes of strong order one P_l is the mean of two fine paths, the second with the
    noise of every coarse step in the opposite order, which takes off most of what is left. Polynomials of the noise are
    among the controls of all levels. Variances come from pilots that are not used otherwise, and from samples; paths
    are allocated so that the work is least, for the price and all Greeks at once. Greeks are estimated on every level
    by whatever estimator is valid and cheapest there.

    With `std_error=`, the target holds for the whole error, sqrt(std_error^2 + bias^2): levels are added until the
    time-step bias, estimated from the means of the corrections, leaves room for it. Otherwise `paths` are shared out
    over the levels. `Estimate.paths` counts those of all levels; `Estimate.std_error` is the sampling error alone, and
    `Estimate.bias` the time-step bias.

    Parameters
    ----------
    scheme : of the coarsest level: `Euler(steps=1)`, `Milstein(steps=1)`, `QE(steps=1)`. Full convergence of the
        variances needs a scheme of strong order one: Milstein with one Brownian motion, QE for square-root variance.
    refine : steps of a level in one of the level before, 2 to 8. 2 is best where variances of corrections fall with the
        square of the step or faster, so that coarse levels carry the work; 4 for prices under Euler's steps, where
        every level has its part of the work and fewer are better.
    levels : how many there are, 1 to 16; by default as many as the target needs, or 5 without a target.

    Raises
    ------
    SchemaError : `scheme` has no steps, or a number is out of its range.

    Examples
    --------
    >>> import greeks as gk
    >>> model = gk.CEV(spot=100.0, rate=0.05, sigma=2.0, beta=0.5)
    >>> scheme = gk.Multilevel(gk.Milstein(steps=2))
    >>> call = gk.price(model, gk.Call(strike=100.0, maturity=1.0), scheme=scheme, std_error=0.02, seed=1)
    >>> abs(call.value - 10.453885) < 0.06 and call.std_error**2 + call.bias**2 <= 0.02**2
    True

    References
    ----------
    Giles (2008), "Multilevel Monte Carlo path simulation", with refinement by 4 of Euler's steps; Giles (2015),
    "Multilevel Monte Carlo methods", section 2; Giles and Szpruch (2014), "Antithetic multilevel Monte Carlo estimation
    for multi-dimensional SDEs without Levy area simulation".
    """

    scheme: SteppedScheme
    refine: int = 2
    levels: int | None = None
    several_grids = True

    def __post_init__(self) -> None:
        check_stepped("Multilevel", self.scheme)
        _whole("refine", self.refine, 2, MOST_REFINE)
        if self.levels is not None:
            _whole("levels", self.levels, 1, MOST_LEVELS)

    def transition(self, model: Model, parameters: Mapping[str, Parameter], observed: Collection[int]) -> Transition:
        raise UnsupportedError(
            "Multilevel is made of several simulations, and here one is asked for: use it in greeks.sensitivities or "
            f"greeks.price, or scheme=greeks.{self.scheme!r} here"
        )

    def substeps(self, interval: float, horizon: float) -> int:
        """Those of the coarsest level."""
        return self.scheme.substeps(interval, horizon)

    @property
    def inner(self) -> Scheme:
        return self.scheme

    @property
    def fall(self) -> float:
        """How many times less variance a correction may have than the one before, at most."""
        return 2.0 * float(self.refine) ** (3 if self._smooth else 2)

    def least(self, level: int) -> int:
        """Samples that a level has at least.

        Under strong order one a fine level of which a target needs fewer has next to no part in the error; elsewhere
        few paths may make much of a correction, of which too few samples see nothing.
        """
        return max(LEAST_SMOOTH, LEAST >> level) if self._smooth else LEAST

    def pilot(self, level: int, needed: float = math.inf) -> int:
        """Samples of a level's pilot, where its run needs so many without one; none where these are few."""
        least = LEAST_PILOT if self._smooth else LEAST
        if math.isinf(needed):
            return max(PILOT >> level, least)
        if self._smooth and needed < 2 * least:
            return 0
        return int(min(max(needed / OF_NEEDED, least), PILOT))

    @property
    def decline(self) -> float:
        """How many times less variance a correction has than the one before, by theory."""
        return math.pow(self.refine, 2.0 * self.scheme.strong_order)

    @property
    def _smooth(self) -> bool:
        """Whether variances of corrections fall with the square of the step or faster."""
        return self.scheme.strong_order >= 1.0

    def on_level(self, level: int) -> Scheme:
        """The scheme of a level's samples: its time grid is the coarser one of the two."""
        return self.scheme if level == 0 else Correction(self.scheme, self.refine, self.refine ** (level - 1))


@dataclass(frozen=True)
class Correction(Scheme):
    """P_fine - P_coarse: a coarse step is `times` finer than the scheme's, a fine one `refine` times finer still.

    Under a scheme of strong order one P_fine is the mean of two paths, see `swapped`.
    """

    scheme: SteppedScheme
    refine: int
    times: int = 1
    several_grids = True

    @property
    def inner(self) -> Scheme:
        return self.scheme

    def transition(self, model: Model, parameters: Mapping[str, Parameter], observed: Collection[int]) -> Transition:
        return self.scheme.transition(model, parameters, observed)

    def substeps(self, interval: float, horizon: float) -> int:
        return self.times * self.scheme.substeps(interval, horizon)

    def sampled(self, fold: Fold) -> Fold:
        if self.scheme.strong_order < 1.0:  # there the largest part of fine - coarse is even in the noise's order
            chains = side_by_side(fold, self.refine, 1)
            coarse, fine = chains.outputs
            return chains.combined({**fine, **{k: fine[k] - coarse[k] for k in SAMPLES if k in fine}})
        chains = swapped(fold, self.refine)
        coarse, fine, other = chains.outputs
        corrected = {k: const(0.5) * (fine[k] + other[k]) - coarse[k] for k in SAMPLES if k in fine}
        return chains.combined({**fine, **corrected})


def _whole(name: str, value: object, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise SchemaError(f"Multilevel.{name} = {value!r}: expected a whole number from {least} to {most}")
