"""Numbers, flags, vectors and matrices in whatever dress they come, NumPy's too, though it is not needed."""

from __future__ import annotations

import math
import numbers
import reprlib
from collections.abc import Iterable, Sequence
from typing import Any


def as_float(value: object) -> float:
    """The float in a Python or NumPy real number or a 0-d array; TypeError for anything else, bool included.

    >>> as_float(3)
    3.0
    >>> as_float("3")
    Traceback (most recent call last):
    TypeError: '3' is not a real number
    """
    if type(value) is float:
        return value
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return _overflowing_float(value)
    if _is_array_scalar(value, "iuf"):
        return _overflowing_float(value)
    raise TypeError(f"{shown(value)} is not a real number")


def as_bool(value: object) -> bool:
    """The bool in a Python or NumPy truth value; TypeError for anything else, 0 and 1 included."""
    if isinstance(value, bool) or _is_array_scalar(value, "b"):
        return bool(value)
    raise TypeError(f"{shown(value)} is not True or False")


def as_vector(value: object) -> tuple[float, ...]:
    """The floats of a sequence or 1-d array; TypeError when it holds anything but real numbers."""
    return tuple(as_float(item) for item in items_of(value))


def as_matrix(value: object) -> tuple[tuple[float, ...], ...]:
    """The rows of a sequence of sequences or of a 2-d array; TypeError as `as_vector`."""
    return tuple(as_vector(row) for row in items_of(value))


def finite(value: object) -> float | None:
    if type(value) is float:
        return value if math.isfinite(value) else None
    try:
        number = as_float(value)
    except TypeError:
        return None
    return number if math.isfinite(number) else None


def is_whole(value: object) -> bool:
    return _is_array_scalar(value, "iu") or (isinstance(value, int) and not isinstance(value, bool))


def items_of(value: object) -> Iterable[object]:
    is_array = hasattr(value, "dtype") and getattr(value, "ndim", 0) >= 1
    if is_array or (isinstance(value, Sequence) and not isinstance(value, (str, bytes))):
        return list(value)  # type: ignore[call-overload, no-any-return]
    raise TypeError(f"{shown(value)} is not a sequence")


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
