"""A parameter of a model by the name that a user has for it, and its value after a change."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from greeks.errors import SchemaError
from greeks.estimators.greek import PLURAL
from greeks.portfolio.rows.construct import parameters
from greeks.portfolio.rows.suggest import suggestion

_NAME = re.compile(r"^(?P<word>\w+)(?:\[(?P<index>\d+(?:,\s*\d+)*)\])?$")
SHORT = {"vol": "volatility"}
VEGA = "volatility"


def field_of(model: Any, word: str) -> str | None:
    """The model's field that a word means: its own name, the plural, or the model's own word for the volatility."""
    word = SHORT.get(word, word)
    own = model.words.get("vega", word) if word == VEGA else word
    known = parameters(type(model))
    return next((name for name in (own, PLURAL.get(own, own)) if name in known), None)


def resolve(model: Any, name: str, underlying: str) -> tuple[str, tuple[int, ...]]:
    """The field, and the element of it or () for all of it.

    Raises
    ------
    SchemaError
        If the model has no such parameter.
    """
    found = _NAME.match(name) if isinstance(name, str) else None
    if found is None:
        raise SchemaError(f"parameter {name!r}: expected a name such as 'spot', 'kappa' or 'spot[0]'")
    field = field_of(model, found["word"])
    if field is None:
        raise SchemaError(
            f"parameter {name!r}: {type(model).__name__} of {underlying!r} has none of that name; "
            f"{suggestion(name, parameters(type(model)))}; name the underlyings that have it, as "
            f"Shift({name!r}, ..., underlying=...)"
        )
    return field, tuple(int(i) for i in (found["index"] or "").split(",") if i)


def moved(value: Any, index: tuple[int, ...], new: Callable[[Any], Any]) -> Any:
    """The value with `new` applied to it, to all its elements, or to one; a correlation keeps its diagonal."""
    array = np.asarray(value, dtype=np.float64)
    if len(index) not in (0, array.ndim) or any(i >= n for i, n in zip(index, array.shape, strict=False)):
        raise SchemaError(f"index {list(index)}: expected {array.ndim} indices within the shape {array.shape}")
    if array.ndim == 0:
        return float(new(float(array)))
    changed = np.where(_chosen(array, index), new(array), array)
    return tuple(map(tuple, changed.tolist())) if array.ndim == 2 else tuple(changed.tolist())


def _chosen(array: npt.NDArray[np.float64], index: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    chosen = np.full(array.shape, not index)
    if index:
        chosen[index] = True
    if array.ndim == 2:
        chosen = (chosen | chosen.T) & ~np.eye(len(array), dtype=bool)
    return chosen
