"""What a run was asked for, in a form that two runs can be told apart by, and by what."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import pandas as pd

import greeks
from greeks.portfolio.jobs.settings import Settings

Manifest = dict[str, dict[str, str]]
SHOWN = 5
NOT_ASKED = ("threads",)
"""Settings that change no number."""


@dataclass(frozen=True)
class Request:
    """Everything that the numbers of a run, and their table, depend on."""

    book: pd.DataFrame
    labels: pd.DataFrame
    market: Mapping[str, Any]
    payoffs: Mapping[str, type[Any]]
    greeks: Sequence[str]
    settings: Settings
    units: object
    columns: Sequence[str]
    """Those of the book that the result has in front."""

    def manifest(self) -> Manifest:
        """Digests of rows and models, and the settings, by name."""
        cells = zip(self.book.index, self.book.itertuples(index=False, name=None), strict=True)
        rows = [digest(row) for row in cells]
        names = [name or f"row {i}" for i, name in enumerate(self.labels["id"])]
        return {
            "settings": self._settings(),
            "market": {str(name): digest(model) for name, model in self.market.items()},
            "book": dict(zip(names, rows, strict=True)),
            "order": {"of the rows": digest(list(zip(names, rows, strict=True)))},
        }

    def _settings(self) -> dict[str, str]:
        asked = {
            item.name: canonical(getattr(self.settings, item.name))
            for item in dataclasses.fields(self.settings)
            if item.name not in NOT_ASKED
        }
        own = {name: canonical(kind) for name, kind in self.payoffs.items()}
        return asked | {
            "greeks": canonical(list(self.greeks)),
            "units": canonical(self.units),
            "columns": canonical([*self.book.columns, "->", *self.columns]),
            "payoffs": canonical(own),
            "version of greeks": greeks.__version__,
        }


def canonical(value: object) -> str:
    """A text that equal values share, in this process and in the next.

    Examples
    --------
    >>> canonical({"b": 1.0, "a": (2, None)}), canonical([0.5, 1.0]) == canonical((0.5, 1.0))
    ("{'a': [2, None], 'b': 1.0}", True)
    """
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    if dataclasses.is_dataclass(value):
        fields = (f"{item.name}={canonical(getattr(value, item.name, None))}" for item in dataclasses.fields(value))
        return f"{canonical(type(value))}({', '.join(fields)})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k!r}: {canonical(v)}" for k, v in sorted(value.items(), key=str)) + "}"
    if hasattr(value, "tolist"):
        return canonical(value.tolist())
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(canonical, value))}]"
    return repr(value)


def digest(value: object) -> str:
    return blake2b(canonical(value).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def changes(was: Manifest, now: Manifest) -> list[str]:
    """What differs between two requests, a line each."""
    lines = []
    for kind, noun in (("settings", ""), ("market", "model of "), ("book", "trade ")):
        old, new = was.get(kind, {}), now.get(kind, {})
        changed = [name for name in new if name in old and old[name] != new[name]]
        if kind == "settings":
            lines += [f"{name} was {old[name]}, is now {new[name]}" for name in changed]
        else:
            lines += _listed(f"{noun}{{}} changed", changed)
        lines += _listed(f"{noun}{{}} added", [name for name in new if name not in old])
        lines += _listed(f"{noun}{{}} gone", [name for name in old if name not in new])
    if not lines and was != now:
        lines.append("the rows are in another order")
    return lines


def _listed(text: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return [text.format(", ".join(map(repr, names[:SHOWN])) + more)]
