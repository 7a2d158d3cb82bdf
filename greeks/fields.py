"""What the fields of models and payoffs may hold: declared on the field, all complaints at once.

A model or a payoff is a frozen dataclass; a constraint is the default of its field::

    @dataclass(frozen=True)
    class BlackScholes(Model):
        spot: Scalar = positive()
        rate: Scalar = real()
        volatility: Scalar = non_negative()
        dividend: Scalar = real(default=0.0)

A field without ``default=`` stays required. ``default=None`` or ``optional=True`` makes None a legal value.
"""

from __future__ import annotations

import dataclasses
import math
import numbers
import reprlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import MISSING, dataclass
from typing import Any

from greeks.errors import SchemaError

Rule = Callable[[object, object], str | None]
"""(value, owner) -> what was expected instead, or None when the value will do."""

_KEY = "greeks.constraint"

_HINTS = {
    "spot": "give today's price of the underlying",
    "spots": "give today's price of every underlying",
    "rate": "give a continuously compounded rate per year, 0.05 for 5 %",
    "dividend": "give a continuously compounded yield per year, 0.02 for 2 %",
    "dividends": "give one continuously compounded yield per year for each asset, 0.02 for 2 %",
    "volatility": "give the volatility per square root of a year, 0.2 for 20 %",
    "volatilities": "give one volatility per square root of a year for each asset, 0.2 for 20 %",
    "variance": "give today's instantaneous variance per year, the volatility squared: 0.04 for 20 %",
    "theta": "give the long-run variance per year, the volatility squared: 0.04 for 20 %",
    "kappa": "give the speed of mean reversion per year",
    "xi": "give the volatility of variance per square root of a year",
    "rho": "give the correlation of the two Brownian motions",
    "correlation": "repair the matrix: clip its eigenvalues above zero, then rescale its diagonal to 1",
    "strike": "give the strike in the currency of the spot",
    "barrier": "give the barrier in the currency of the spot",
    "maturity": "give the time to expiry in years, 0.5 for six months; an expired trade has no price here",
    "dates": "give a count n for the dates i * maturity / n, or year fractions such as (0.25, 0.5)",
}


@dataclass(frozen=True)
class Constraint:
    """One rule of one field, with the remedy to print when the value breaks it.

    `kind` tells readers of text, such as a book's cells, what to make of it: "number", "whole", "word",
    "flag", "dates", "vector", "matrix", or "" for whatever it looks like.
    """

    rule: Rule
    kind: str = ""
    hint: str = ""
    optional: bool = False

    def complaint(self, name: str, value: object, owner: object) -> str | None:
        """`Owner.name = value: expected this; do that`, or None."""
        if value is None and self.optional:
            return None
        expected = self.rule(value, owner)
        if expected is None:
            return None
        alternative = " or None" if self.optional else ""
        remedy = self.hint or _HINTS.get(name, "")
        return f"{type(owner).__name__}.{name} = {shown(value)}: expected {expected}{alternative}" + (
            f"; {remedy}" if remedy else ""
        )


# numbers


def as_float(value: object) -> float:
    """The float in a Python or NumPy real number or a 0-d array; TypeError for anything else, bool included.

    >>> as_float(3)
    3.0
    >>> as_float("3")
    Traceback (most recent call last):
    TypeError: '3' is not a real number
    """
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return _overflowing_float(value)
    if _is_array_scalar(value, "iuf"):
        return _overflowing_float(value)
    raise TypeError(f"{shown(value)} is not a real number")


def as_bool(value: object) -> bool:
    """The bool in a Python or NumPy truth value; TypeError for anything else, 0 and 1 included."""
    is_numpy_bool = (
        getattr(getattr(value, "dtype", None), "kind", "") == "b" and getattr(value, "shape", None) == ()
    )
    if isinstance(value, bool) or is_numpy_bool:
        return bool(value)
    raise TypeError(f"{shown(value)} is not True or False")


def as_vector(value: object) -> tuple[float, ...]:
    """The floats of a sequence or 1-d array; TypeError when it holds anything but real numbers."""
    return tuple(as_float(item) for item in _items(value))


def as_matrix(value: object) -> tuple[tuple[float, ...], ...]:
    """The rows of a sequence of sequences or of a 2-d array; TypeError as `as_vector`."""
    return tuple(as_vector(row) for row in _items(value))


def shown(value: object) -> str:
    """`repr`, short and on one line, NumPy numbers as plain ones."""
    try:
        plain = value.item() if _is_array_scalar(value, "biuf") else value  # type: ignore[attr-defined]
        return " ".join(reprlib.repr(plain).split())
    except Exception:  # a foreign object may refuse to be shown; the complaint about it must still be made
        return f"<{type(value).__name__}>"


def _is_array_scalar(value: object, kinds: str) -> bool:
    """A NumPy scalar or 0-d array, told by its attributes so that NumPy itself need not be imported."""
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    return isinstance(kind, str) and kind in kinds and getattr(value, "shape", None) == ()


def _overflowing_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _items(value: object) -> Iterable[object]:
    is_array = hasattr(value, "dtype") and getattr(value, "ndim", 0) >= 1
    if is_array or (isinstance(value, Sequence) and not isinstance(value, (str, bytes))):
        return list(value)  # type: ignore[call-overload, no-any-return]
    raise TypeError(f"{shown(value)} is not a sequence")


def _finite(value: object) -> float | None:
    try:
        number = as_float(value)
    except TypeError:
        return None
    return number if math.isfinite(number) else None


# scalar constraints


def positive(default: object = MISSING, *, hint: str = "", optional: bool = False) -> Any:
    """A finite number > 0."""
    return _field(_number("> 0", lambda v: v > 0.0), "number", default, hint, optional)


def non_negative(default: object = MISSING, *, hint: str = "", optional: bool = False) -> Any:
    """A finite number >= 0."""
    return _field(_number(">= 0", lambda v: v >= 0.0), "number", default, hint, optional)


def real(default: object = MISSING, *, hint: str = "", optional: bool = False) -> Any:
    """Any finite number."""
    return _field(_number("", lambda v: True), "number", default, hint, optional)


def between(
    low: float,
    high: float,
    default: object = MISSING,
    *,
    hint: str = "",
    optional: bool = False,
    open_ends: bool = False,
) -> Any:
    """A finite number in [low, high]; with `open_ends`, strictly inside."""
    if open_ends:
        return _field(
            _number(f"in ({low:g}, {high:g})", lambda v: low < v < high), "number", default, hint, optional
        )
    return _field(
        _number(f"in [{low:g}, {high:g}]", lambda v: low <= v <= high), "number", default, hint, optional
    )


def whole(minimum: int = 0, default: object = MISSING, *, hint: str = "", optional: bool = False) -> Any:
    """A whole number >= minimum."""

    def rule(value: object, owner: object) -> str | None:
        is_good = _is_whole(value) and as_float(value) >= minimum
        return None if is_good else f"a whole number >= {minimum}"

    return _field(rule, "whole", default, hint, optional)


def choice(*words: str, default: object = MISSING, hint: str = "", optional: bool = False) -> Any:
    """One of a few words."""
    expected = "one of " + ", ".join(repr(word) for word in words)

    def rule(value: object, owner: object) -> str | None:
        return None if isinstance(value, str) and value in words else expected

    return _field(rule, "word", default, hint, optional)


def flag(default: object = MISSING, *, hint: str = "", optional: bool = False) -> Any:
    """True or False."""

    def rule(value: object, owner: object) -> str | None:
        try:
            as_bool(value)
        except TypeError:
            return "True or False"
        return None

    return _field(rule, "flag", default, hint, optional)


def date_grid(default: object = MISSING, *, hint: str = "", optional: bool = False) -> Any:
    """A count n >= 1, or strictly increasing year fractions >= 0 up to `maturity`."""
    return _field(_dates, "dates", default, hint, optional)


# vector constraints


def vector(default: object = MISSING, *, length_of: str = "", hint: str = "", optional: bool = False) -> Any:
    """Finite numbers, at least one; as many as the field named `length_of` has, when given."""
    return _field(_vector("", lambda v: True, length_of), "vector", default, hint, optional)


def positive_vector(
    default: object = MISSING, *, length_of: str = "", hint: str = "", optional: bool = False
) -> Any:
    """Finite numbers > 0; lengths as in `vector`."""
    return _field(_vector("> 0", lambda v: v > 0.0, length_of), "vector", default, hint, optional)


def non_negative_vector(
    default: object = MISSING, *, length_of: str = "", hint: str = "", optional: bool = False
) -> Any:
    """Finite numbers >= 0; lengths as in `vector`."""
    return _field(_vector(">= 0", lambda v: v >= 0.0, length_of), "vector", default, hint, optional)


def correlation_matrix(
    default: object = MISSING, *, length_of: str = "", hint: str = "", optional: bool = False
) -> Any:
    """A symmetric positive-definite matrix with unit diagonal, one row for each entry of `length_of`."""

    def rule(value: object, owner: object) -> str | None:
        return _correlation(value, _length(owner, length_of))

    return _field(rule, "matrix", default, hint, optional)


# checking


def problems(obj: object) -> list[str]:
    """Every violated constraint of a dataclass instance, one line each, in field order.

    A field declared without a constraint need only hold finite numbers where it holds numbers; `maturity` and
    `dates` are asked more, since the engine itself reads them.
    """
    found = []
    for item in dataclasses.fields(obj):  # type: ignore[arg-type]
        complaint = constraint_of(item).complaint(item.name, getattr(obj, item.name, None), obj)
        if complaint is not None:
            found.append(complaint)
    return found


def check(obj: object) -> None:
    """Raise one `SchemaError` that lists every problem of `obj`; a sound object passes in silence.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Flat:
    ...     spot: float = positive()
    ...     volatility: float = non_negative()
    >>> check(Flat(100.0, -0.2))
    Traceback (most recent call last):
    greeks.errors.SchemaError: Flat.volatility = -0.2: expected a finite number >= 0; \
give the volatility per square root of a year, 0.2 for 20 %
    """
    found = problems(obj)
    if found:
        raise SchemaError("\n".join(found))


def constraint_of(field: dataclasses.Field[Any]) -> Constraint:
    """The constraint declared on a dataclass field, or the lenient one that a plain field gets."""
    constraint: Constraint = field.metadata.get(_KEY) or _PLAIN.get(field.name, _UNDECLARED)
    return constraint


# the rules


def _field(rule: Rule, kind: str, default: object, hint: str, optional: bool) -> Any:
    metadata = {_KEY: Constraint(rule, kind, hint, optional or default is None)}
    if default is MISSING:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def _number(condition: str, holds: Callable[[float], bool]) -> Rule:
    expected = f"a finite number {condition}".rstrip()

    def rule(value: object, owner: object) -> str | None:
        number = _finite(value)
        return None if number is not None and holds(number) else expected

    return rule


def _vector(condition: str, holds: Callable[[float], bool], length_of: str) -> Rule:
    kind = f"finite numbers {condition}".rstrip()

    def rule(value: object, owner: object) -> str | None:
        length = _length(owner, length_of)
        expected = f"a sequence of {f'{length} ' if length else ''}{kind}" + (
            f", one for each of {length_of}" if length else ""
        )
        try:
            items = list(_items(value))
        except TypeError:
            return expected
        if not items or (length and len(items) != length):
            return f"{expected} (it has {len(items)})"
        return _first_bad(items, expected, holds)

    return rule


def _first_bad(items: Sequence[object], expected: str, holds: Callable[[float], bool]) -> str | None:
    for i, item in enumerate(items):
        number = _finite(item)
        if number is None or not holds(number):
            return f"{expected} (entry [{i}] is {shown(item)})"
    return None


def _length(owner: object, length_of: str) -> int:
    try:
        return len(list(_items(getattr(owner, length_of)))) if length_of else 0
    except (TypeError, AttributeError):
        return 0  # that field has a complaint of its own


def _is_whole(value: object) -> bool:
    return _is_array_scalar(value, "iu") or (isinstance(value, int) and not isinstance(value, bool))


def _dates(value: object, owner: object) -> str | None:
    expected = "a whole number >= 1 or strictly increasing year fractions >= 0"
    if _is_whole(value):
        return None if as_float(value) >= 1.0 else expected
    try:
        items = list(_items(value))
    except TypeError:
        return expected
    return _bad_fractions(items, expected, _finite(getattr(owner, "maturity", None)))


def _bad_fractions(items: Sequence[object], expected: str, maturity: float | None) -> str | None:
    if not items:
        return f"{expected} (it is empty)"
    previous = -math.ulp(0.0)  # today, 0, may be a date
    for i, item in enumerate(items):
        date = _finite(item)
        if date is None or date <= previous:
            return f"{expected} (entry [{i}] is {shown(item)})"
        previous = date
    if maturity is not None and previous > maturity:
        return f"{expected}, the last not after the maturity {maturity:g} (it is {previous:g})"
    return None


def _correlation(value: object, length: int) -> str | None:
    expected = f"a correlation matrix{f' of {length} rows' if length else ''}"
    try:
        rows = as_matrix(value)
    except TypeError:
        return f"{expected}, a square of finite numbers"
    n = len(rows)
    if not n or any(len(row) != n for row in rows) or (length and n != length):
        return (
            f"{expected}, square (the rows have {', '.join(str(len(row)) for row in rows) or 'no'} entries)"
        )
    return _bad_entry(rows, expected) or _indefinite(rows, expected)


def _bad_entry(rows: Sequence[Sequence[float]], expected: str) -> str | None:
    for i, row in enumerate(rows):
        for j, entry in enumerate(row):
            if not math.isfinite(entry):
                return f"{expected}, a square of finite numbers (entry [{i}][{j}] is {entry!r})"
            if abs(entry - rows[j][i]) > 1e-12:
                return f"{expected}, symmetric ([{i}][{j}] is {entry!r}, [{j}][{i}] is {rows[j][i]!r})"
        if abs(row[i] - 1.0) > 1e-12:
            return f"{expected} with unit diagonal (entry [{i}][{i}] is {row[i]!r})"
    return None


def _indefinite(rows: Sequence[Sequence[float]], expected: str) -> str | None:
    """By the pivots of a Cholesky factorisation."""
    if _has_cholesky(rows):
        return None
    return f"{expected}, positive definite (some mix of the assets has variance <= 0)"


def _has_cholesky(rows: Sequence[Sequence[float]]) -> bool:
    lower: list[list[float]] = []
    for i, row in enumerate(rows):
        factor: list[float] = []
        for j in range(i):
            partial = sum(a * b for a, b in zip(factor, lower[j], strict=False))
            factor.append((row[j] - partial) / lower[j][j])
        pivot = row[i] - sum(a * a for a in factor)
        if not pivot > 1e-14:  # rounding of the sums, of order 1e-16 for each of the entries, all at most 1
            return False
        lower.append([*factor, math.sqrt(pivot)])
    return True


def _undeclared(value: object, owner: object) -> str | None:
    if isinstance(value, complex):
        return "a finite real number"
    if isinstance(value, (tuple, list)):
        return next(filter(None, (_undeclared(item, owner) for item in value)), None)
    try:
        return None if math.isfinite(as_float(value)) else "a finite number"
    except TypeError:
        return None


_UNDECLARED = Constraint(_undeclared)
_PLAIN = {
    "maturity": Constraint(_number("> 0", lambda v: v > 0.0), "number"),
    "dates": Constraint(_dates, "dates", optional=True),
}
