"""Pathwise derivatives of a payoff whose jumps are smoothed over a width, extrapolated to no width at all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from greeks.errors import SchemaError, UnsupportedError
from greeks.estimators.base import Estimator
from greeks.estimators.direction import Direction
from greeks.estimators.pathwise import Pathwise
from greeks.estimators.smoothed.relaxation import Relaxation
from greeks.estimators.smoothed.ruler import Ruler
from greeks.expressions.fold import Carry, Fold, depending
from greeks.expressions.node import ZERO, Expr, const, substitute, symbol

MOST_HALVINGS = 4


@dataclass(frozen=True)
class Smoothed(Estimator):
    """d/dtheta E[f_h(X)], with 1{S > K} in f replaced by Phi((S - K) / h), h = width * |K|. Biased, by O(h^2).

    What a payoff does with a path is smoothed, exits included; a contract is then alive by a weight in (0, 1), and
    derivatives of every order are pathwise. Kinks stay in prices and first derivatives, and are smoothed for second
    ones. The same paths are seen at widths h, h / 2, ..., h / 2^halvings and extrapolated to 0 in h^2 (Richardson);
    one width more tells what bias is left: `Estimate.bias`. The price with this estimator is the smoothed one too.

    The variance grows like 1 / h. Jumps that decide on one another's amounts (a count of smoothed events in a
    kink or another condition, two conditions at one level) leave a bias of order h, which is extrapolated less well.

    Parameters
    ----------
    width : h as a fraction of the level of each jump, in (0, 1); of a comparison of logarithms, h itself. Levels
        below 0.01 count as 0.01. Where both sides vary, of the value that one has at the start.
    halvings : 0 to 4; 0 keeps the one width.

    Examples
    --------
    >>> import greeks as gk
    >>> model = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2, dividend=0.02)
    >>> digital = gk.DigitalCall(strike=100.0, maturity=1.0)
    >>> wide = gk.Smoothed(width=0.2, halvings=0)
    >>> delta = gk.sensitivities(model, digital, ["delta"], estimator=wide)["delta"]
    >>> delta.estimator, abs(delta.value - delta.bias - 0.018774) < abs(delta.value - 0.018774)
    ('smoothed (biased)', True)

    References
    ----------
    Glasserman (2003), section 7.2.3; Richardson (1911) for the extrapolation, as in Romberg (1955).
    """

    width: float = 0.02
    halvings: int = 1
    name = "smoothed (biased)"
    changes_price = True

    def __post_init__(self) -> None:
        if not isinstance(self.width, (int, float)) or not 0.0 < self.width < 1.0:
            raise SchemaError(
                f"Smoothed.width = {self.width!r}: expected a number in (0, 1); give the width of a step as a "
                "fraction of its level, 0.02 for 2 %"
            )
        if type(self.halvings) is not int or not 0 <= self.halvings <= MOST_HALVINGS:
            raise SchemaError(
                f"Smoothed.halvings = {self.halvings!r}: expected a whole number from 0 to {MOST_HALVINGS}; "
                "1 extrapolates from two widths"
            )

    @property
    def remark(self) -> str:
        """The widths, for the reason."""
        widths = [f"{100.0 * self.width / 2**k:.3g} %" for k in range(self.halvings + 1)]
        if len(widths) == 1:
            return f"steps {widths[0]} wide"
        return f"extrapolated from steps {', '.join(widths[:-1])} and {widths[-1]} wide"

    def apply(self, fold: Fold, directions: tuple[Direction, ...]) -> Fold:
        widths = [self.width / 2**k for k in range(self.halvings + 2)]
        smooth = [_relaxed(fold, h, len(directions) > 1, f"@{k}") for k, h in enumerate(widths)]
        if smooth[0].outputs["price"] is fold.outputs["price"]:
            raise UnsupportedError("smoothed: there is no jump to smooth")
        samples = [f.outputs["price"] for f in smooth]
        estimate, better = (_combined(extrapolating(m), samples) for m in (len(widths) - 1, len(widths)))
        together = replace(
            fold,
            carries=tuple({c.symbol: c for f in smooth for c in f.carries}.values()),
            outputs={**fold.outputs, "price": estimate, "bias": estimate - better},
            scoring=None,
            no_density="what is smoothed is no longer read as a path with a density",
            exit=None,
        )
        return Pathwise().apply(together.pruned(), directions)


def extrapolating(widths: int) -> list[float]:
    """Weights of samples at h, h / 2, h / 4, ... whose sum is free of h^2, h^4, ...: Lagrange's, at h = 0.

    >>> extrapolating(2)
    [-0.3333333333333333, 1.3333333333333333]
    """
    squares = [0.25**k for k in range(widths)]
    return [math.prod(y / (y - x) for y in squares if y != x) for x in squares]


def _combined(weights: Sequence[float], samples: Sequence[Expr]) -> Expr:
    total = ZERO
    for w, sample in zip(weights, samples, strict=False):  # the last sample is that of the bias alone
        total = total + const(w) * sample
    return total


def _relaxed(fold: Fold, width: float, kinks: bool, mark: str) -> Fold:
    """The smooth fold; carries that are not the same as before have a new name. The model keeps its kinks."""
    ruler = Ruler(fold)
    model, payoff = Relaxation(ruler, width, kinks=False), Relaxation(ruler, width, kinks)
    outputs = {k: payoff(e) for k, e in fold.outputs.items()}
    smooth = [replace(c.changed(model), observe=payoff(c.observe)) for c in fold.carries]
    new = {c.symbol for c, before in zip(smooth, fold.carries, strict=True) if c != before}
    names = {s: symbol(f"{s}{mark}", s.size) for s in new | depending(fold, new)}

    def renamed(c: Carry) -> Carry:
        return replace(c.changed(lambda e: substitute(e, names)), symbol=names.get(c.symbol, c.symbol))

    return replace(
        fold,
        carries=tuple(renamed(c) for c in smooth),
        outputs={k: substitute(e, names) for k, e in outputs.items()},
    )
