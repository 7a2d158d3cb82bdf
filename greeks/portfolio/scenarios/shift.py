"""One change of one parameter of a market."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from greeks.errors import GreeksError, SchemaError
from greeks.fields import finite, shown
from greeks.portfolio.rows.suggest import suggestion
from greeks.portfolio.scenarios.parameter import moved, resolve

RELATIVE = ("spot", "spots")
HOW = ("relative", "absolute", "to")
_TEXT = re.compile(r"^\s*(?P<to>=?)\s*(?P<number>[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)\s*(?P<percent>%?)\s*$")


@dataclass(frozen=True)
class Shift:
    """`parameter` becomes p (1 + size) when relative, p + size when absolute, size when set "to" it.

    Parameters
    ----------
    parameter : str
        A parameter of the models by its name, with "spot", "volatility" and "dividend" meant for every model that has
        one under another name: "spots", "sigma". One element of several: "spot[0]", "correlation[0,1]".
    size : float or str
        A number, or text as "-10%" (relative), "+0.01" (absolute), "=95" (to).
    how : {"relative", "absolute", "to"}, optional
        Spots move relatively and everything else absolutely, if left out.
    underlying : str, optional
        The one that moves; all of them, if left out.

    Examples
    --------
    >>> from greeks.models import BlackScholes
    >>> Shift("spot", "-10%").applied({"DAX": BlackScholes(spot=100.0, rate=0.05, volatility=0.2)})["DAX"].spot
    90.0
    >>> print(Shift("volatility", 0.01), "|", Shift("spot", -0.1), "|", Shift("rate", "=0.03", underlying="DAX"))
    volatility +0.01 | spot -10% | DAX rate =0.03
    """

    parameter: str
    size: Any
    how: str = ""
    underlying: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.parameter, str):
            raise SchemaError(f"Shift.parameter = {shown(self.parameter)}: expected a name such as 'spot'")
        size, how = _read(self.size, self.how or _usual(self.parameter), bool(self.how))
        object.__setattr__(self, "size", size)
        object.__setattr__(self, "how", how)

    def applied(self, market: Mapping[str, Any]) -> dict[str, Any]:
        """The market with the shift; models that do not move are the same objects."""
        self.check(market)
        return {name: self._model(name, model) if self._meant(name) else model for name, model in market.items()}

    def check(self, market: Mapping[str, Any]) -> None:
        """Refuse an underlying that is not there."""
        if self.underlying is not None and self.underlying not in market:
            near = suggestion(self.underlying, market)
            raise SchemaError(f"Shift.underlying = {self.underlying!r} is unknown: {near}")

    def new(self, old: Any) -> Any:
        """The parameter's value, or array of values, after the shift."""
        if self.how == "to":
            return 0.0 * old + self.size
        return old * (1.0 + self.size) if self.how == "relative" else old + self.size

    def __str__(self) -> str:
        size = {
            "relative": f"{100.0 * self.size:+.6g}%",
            "absolute": f"{self.size:+.6g}",
            "to": f"={self.size:.6g}",
        }[self.how]
        return " ".join(filter(None, (self.underlying, self.parameter, size)))

    def _meant(self, name: str) -> bool:
        return self.underlying in (None, name) and not self.nothing

    @property
    def nothing(self) -> bool:
        """Whether nothing moves."""
        return self.size == 0.0 and self.how != "to"

    def _model(self, name: str, model: Any) -> Any:
        field, index = resolve(model, self.parameter, name)
        try:
            return dataclasses.replace(model, **{field: moved(getattr(model, field), index, self.new)})
        except GreeksError as error:
            raise SchemaError(f"shift {str(self)!r} of {name!r}: {error}") from None


def _usual(parameter: str) -> str:
    return "relative" if parameter.partition("[")[0] in RELATIVE else "absolute"


def _read(size: object, how: str, told: bool) -> tuple[float, str]:
    if how not in HOW:
        raise SchemaError(f"Shift.how = {how!r}: expected one of {', '.join(map(repr, HOW))}")
    if isinstance(size, str):
        return _parsed(size, how, told)
    number = finite(size)
    if number is None:
        raise SchemaError(f"Shift.size = {shown(size)}: expected a finite number, or text as '-10%', '+0.01', '=95'")
    return number, how


def _parsed(text: str, how: str, told: bool) -> tuple[float, str]:
    found = _TEXT.match(text)
    if found is None or (found["to"] and found["percent"]):
        raise SchemaError(f"Shift.size = {text!r}: expected '-10%' (relative), '+0.01' (absolute) or '=95' (to)")
    number = float(found["number"])
    said = "to" if found["to"] else "relative" if found["percent"] else how if told or number == 0.0 else "absolute"
    if told and said != how:
        raise SchemaError(f"Shift.size = {text!r} with how = {how!r}: the text says {said!r}; leave `how` out")
    return (number / 100.0 if found["percent"] else number), said
