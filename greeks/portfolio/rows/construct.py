"""Models and payoffs from named values, such as a row of a book or a table of a market file."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping
from functools import cache
from typing import Any, cast

from greeks.fields import constraint_of, problems
from greeks.models.base import Model
from greeks.payoffs.base import Payoff
from greeks.portfolio.rows.cells import is_blank, read


def parameters(kind: type[Any]) -> Mapping[str, dataclasses.Field[Any]]:
    """The fields that the constructor of a dataclass takes, by name."""
    return _parameters(cast(Hashable, kind))


@cache
def _parameters(kind: Hashable) -> Mapping[str, dataclasses.Field[Any]]:
    return {item.name: item for item in dataclasses.fields(cast(type[Any], kind)) if item.init}


def construct(kind: type[Any], values: Mapping[str, object]) -> tuple[Any, list[str]]:
    """An object of the dataclass `kind`, or None with every reason why not.

    Parameters
    ----------
    kind : type
        A frozen dataclass with constraints on its fields.
    values : mapping of str to object
        Raw values by field name. A blank one stands for the field's default; other names are not looked at.

    Returns
    -------
    object or None
    list of str
        Empty exactly when there is an object.
    """
    given = {
        name: read(values[name], of)
        for name, of in _kinds(cast(Hashable, kind)).items()
        if name in values and not is_blank(values[name])
    }
    blank = _blanks(kind, given)
    wrong = _violations(kind, given) if blank or not _checks_itself(kind) else []
    if blank or wrong:
        return None, blank + wrong
    try:
        return kind(**given), []
    except Exception as error:  # the class may have demands of its own
        return None, _violations(kind, given) or _demands(kind, error)


@cache
def _kinds(kind: Hashable) -> Mapping[str, str]:
    """What each field holds, by name."""
    return {name: constraint_of(item).kind for name, item in _parameters(kind).items()}


def _checks_itself(kind: type[Any]) -> bool:
    """Whether the constructor checks the fields; a class with a `__post_init__` of its own may not."""
    return getattr(kind, "__post_init__", None) in (Model.__post_init__, Payoff.__post_init__)


def _demands(kind: type[Any], error: Exception) -> list[str]:
    return [f"{kind.__name__}: {line}" for line in str(error).splitlines() or [type(error).__name__]]


def _blanks(kind: type[Any], given: Mapping[str, object]) -> list[str]:
    return [
        f"{kind.__name__}.{name} is blank: expected a value, for it has no default; fill in {name!r}"
        for name in _needed(cast(Hashable, kind))
        if name not in given
    ]


@cache
def _needed(kind: Hashable) -> tuple[str, ...]:
    """The fields without a default."""
    return tuple(name for name, item in _parameters(kind).items() if _default(item) is dataclasses.MISSING)


def _violations(kind: type[Any], given: Mapping[str, object]) -> list[str]:
    """The complaints about the values given, had they got past the constructor, which may stop at its first."""
    draft = object.__new__(kind)
    for name, item in parameters(kind).items():
        object.__setattr__(draft, name, given.get(name, _default(item)))
    return [line for line in problems(draft) if line.partition(" = ")[0].partition(".")[2] in given]


def _default(item: dataclasses.Field[Any]) -> object:
    return item.default if item.default_factory is dataclasses.MISSING else item.default_factory()
