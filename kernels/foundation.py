"""The machine code that programs share: draws, the loop over chunks, the reduction. Compiled once a machine.

Programs inline the scalar library and call everything else, so a new program costs its own statements only. The
shared code is in parts, each compiled when something first needs it: who never nets a book does not wait for that.
"""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType, ModuleType
from typing import Any

from . import library, modules

HEADER = """\
from math import inf, nan, sqrt
from greeks.kernels.intrinsics import bits_float, float_bits, fma, helper, kernel, opaque, reducer, wide_vectors
"""
CALLING = """\
from greeks.kernels.calling import (
    ACCUMULATE, BLOCK, COPY, DRAW, FETCH, FILL, FOLD, INVERT, SIMULATE, SWEEP, entry, invoke, routine, shared,
)
"""
PARTS = {  # part -> what it offers: name -> decorator
    "paths": {
        "simulate": "entry(SIMULATE, CACHED)",
        "uniforms": "shared(DRAW, KEY, CACHED)",
        "invert": "shared(INVERT, KEY, CACHED)",
        "normals": "shared(DRAW, KEY, CACHED)",
        "normal": "shared(DRAW, KEY, CACHED)",
        "copy": "shared(COPY, KEY, CACHED)",
        "accumulate": "shared(ACCUMULATE, KEY, CACHED)",
    },
    "pairs": {
        "mirrored_normals": "shared(DRAW, KEY, CACHED)",
        "mirrored_normal": "shared(DRAW, KEY, CACHED)",
        "fold": "shared(FOLD, KEY, CACHED)",
    },
    "points": {
        "fill": "shared(FILL, KEY, CACHED)",
        "fetch": "shared(FETCH, KEY, CACHED)",
    },
    "books": {"sweep": "entry(SWEEP, CACHED)"},
    "replays": {"replay": "routine(BLOCK, CACHED)"},
}
PART_OF = {name: part for part, names in PARTS.items() for name in names}


@dataclass(frozen=True, eq=False)
class Foundation:
    """key: the hash of all that programs inherit; names: what programs inline; sources: those of the parts."""

    key: str
    names: Mapping[str, Any]
    sources: Mapping[str, str]
    _parts: dict[str, ModuleType] = field(default_factory=dict, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def simulate(self) -> Callable[..., None]:
        """`chunks.simulate`."""
        return self.shared("simulate")  # type: ignore[no-any-return]

    @property
    def sweep(self) -> Callable[..., None]:
        """`chunks.sweep`."""
        return self.shared("sweep")  # type: ignore[no-any-return]

    def shared(self, name: str) -> Any:
        """One of the compiled functions, or a stand-in that calls it from compiled code."""
        return getattr(self.part(PART_OF[name]), name)

    def names_for(self, source: str) -> dict[str, Any]:
        """What a source may call: all that it may inline, and of the compiled functions those that it names."""
        return {**self.names, **self._called(library.names_in(ast.parse(source)))}

    def part(self, name: str) -> ModuleType:
        """A part, compiled or loaded at the first call."""
        with self._lock:
            if name not in self._parts:
                source = self.sources[name]
                called = self._called(library.names_in(ast.parse(source)) - PARTS[name].keys())
                self._parts[name], _ = modules.fetch(source, self.key_of(name), called)
            return self._parts[name]

    def key_of(self, part: str) -> str:
        """The hash of all that a part's machine code depends on."""
        return modules.hash_of(self.sources[part] + self.key)

    def _called(self, names: Iterable[str]) -> dict[str, Any]:
        return {name: self.shared(name) for name in sorted(PART_OF.keys() & set(names))}


@lru_cache(maxsize=1)
def foundation() -> Foundation:
    """The shared code of this process."""
    return build(MappingProxyType({part: part_source(part) for part in PARTS}), helper_source())


def build(sources: Mapping[str, str], helpers: str) -> Foundation:
    """`foundation` for given sources: both parts and helpers are compiled when first needed."""
    key = modules.hash_of("".join(sources.values()) + helpers)
    names = vars(modules.execute(helpers, f"{key}_helpers", None))
    return Foundation(key, MappingProxyType(names), sources)


def part_source(part: str) -> str:
    """The module that is compiled and kept: what the part offers and all it uses, but for what other parts offer."""
    elsewhere = PART_OF.keys() - PARTS[part].keys()
    needed = library.closure(PARTS[part], frozenset(elsewhere))
    return "\n\n".join([HEADER, CALLING, *map(definition, needed)]) + "\n"


def helper_source() -> str:
    """The module of functions that programs inline; each is compiled when a program first needs it."""
    compiled = {"philox", "functions", "normal", "exprel"}
    needed = [item for item in library.definitions().values() if item.file in compiled]
    return "\n\n".join([HEADER, *map(definition, needed)]) + "\n"


def definition(item: library.Definition) -> str:
    """A constant, or a function with its decorator; those over lanes ask for wide vectors."""
    if item.role == "constant":
        return item.text
    decorator = PARTS[PART_OF[item.name]][item.name] if item.name in PART_OF else item.role
    return f"@{decorator}\n{item.text if item.role == 'helper' else library.widened(item.text)}"
