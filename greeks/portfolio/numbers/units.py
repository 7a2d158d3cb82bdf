"""The units in which a desk reads Greeks: per volatility point, per basis point, per day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from greeks import fields
from greeks.errors import SchemaError
from greeks.estimators.greek import FIRST, SECOND
from greeks.fields import shown


@dataclass(frozen=True)
class DeskUnits:
    """How far a parameter moves in the unit of a Greek: dV / d(parameter) times the move.

    A second derivative is multiplied by both moves. Parameters that are not named here, the spot among them, move
    by 1.00.

    Parameters
    ----------
    volatility : 0.01, a volatility point: vega is the value of one.
    rate, dividend : 0.0001, a basis point: rho is the value of one.
    time : 1/365, a calendar day: theta is what a day costs.

    Examples
    --------
    >>> DeskUnits().factor("vega"), DeskUnits().factor("rho"), DeskUnits().factor("delta")
    (0.01, 0.0001, 1.0)
    >>> DeskUnits(time=1 / 252).factor("charm") == 1 / 252
    True
    """

    volatility: float = fields.positive(default=0.01)
    rate: float = fields.positive(default=0.0001)
    dividend: float = fields.positive(default=0.0001)
    time: float = fields.positive(default=1.0 / 365.0)

    def __post_init__(self) -> None:
        fields.check(self)

    def factor(self, greek: str) -> float:
        """What a Greek per 1.00 and per year is multiplied by."""
        factor = 1.0
        for word in _words(greek.partition("[")[0]):
            factor *= self._move(word)
        return factor

    def _move(self, word: str) -> float:
        singular = {"volatilities": "volatility", "dividends": "dividend"}.get(word, word)
        return float(getattr(self, singular, 1.0)) if singular in _MOVED else 1.0


_MOVED = ("volatility", "rate", "dividend", "time")


def _words(greek: str) -> tuple[str, ...]:
    """What a Greek differentiates in."""
    if greek in FIRST:
        return (FIRST[greek],)
    if greek in SECOND:
        return SECOND[greek]
    if greek.startswith("d_"):
        return (greek[2:],)
    return _pair(greek[3:]) if greek.startswith("d2_") else ()


def _pair(text: str) -> tuple[str, ...]:
    """The two names in "spot_volatility"; a single one stands for both."""
    for word in (*_MOVED, "volatilities", "dividends"):
        if text == word:
            return (word, word)
        if text.startswith(f"{word}_"):
            return (word, text[len(word) + 1 :])
        if text.endswith(f"_{word}"):
            return (text[: -len(word) - 1], word)
    return ()


def units_of(wanted: Any) -> DeskUnits | None:
    """The units meant: None for those of `sensitivities`, "desk" for the defaults of `DeskUnits`."""
    if wanted is None or isinstance(wanted, DeskUnits):
        return wanted
    if wanted == "desk":
        return DeskUnits()
    raise SchemaError(f"units = {shown(wanted)}: expected None (per 1.00, per year), 'desk' or greeks.DeskUnits(...)")


def factors(greeks: tuple[str, ...], units: DeskUnits | None) -> Mapping[str, float]:
    """By number; 1.0 without units."""
    return {greek: units.factor(greek) if units else 1.0 for greek in greeks}
