"""The machine code that programs share: draws, the loop over chunks, the reduction. Compiled once a machine.

Programs inline the scalar library and call everything else, so a new program costs its own statements only. The
shared code is in parts, each compiled when something first needs it: who never nets a book does not wait for that.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from . import library, linking, modules, objects

HEADER = """\
from math import inf, nan, sqrt
from greeks.kernels.intrinsics import (
    bits_float, float_bits, fma, helper, kernel, matrix_of, opaque, reducer, wide_vectors,
)
"""
CALLING = """\
from greeks.kernels.calling import (
    ACCUMULATE, BLOCK, COPY, DRAW, FETCH, FILL, FOLD, INVERT, RESIDUALS, SIMULATE, SWEEP, invoke,
)
"""
PARTS = {  # part -> what it offers: name -> decorator and signature
    "paths": {
        "simulate": ("entry", "SIMULATE"),
        "uniforms": ("shared", "DRAW"),
        "invert": ("shared", "INVERT"),
        "normals": ("shared", "DRAW"),
        "normal": ("shared", "DRAW"),
        "copy": ("shared", "COPY"),
        "accumulate": ("shared", "ACCUMULATE"),
    },
    "pairs": {
        "mirrored_normals": ("shared", "DRAW"),
        "mirrored_normal": ("shared", "DRAW"),
        "fold": ("shared", "FOLD"),
    },
    "points": {
        "fill": ("shared", "FILL"),
        "fetch": ("shared", "FETCH"),
    },
    "books": {"sweep": ("entry", "SWEEP")},
    "replays": {"replay": ("routine", "BLOCK")},
    "pilots": {"residuals": ("entry", "RESIDUALS")},
}
PART_OF = {name: part for part, names in PARTS.items() for name in names}
CALL = re.compile(r"(?<!def )\b(\w+)\(")


@dataclass(frozen=True, eq=False)
class Foundation:
    """key: the hash of all that programs inherit."""

    key: str
    _parts: dict[str, objects.Functions] = field(default_factory=dict, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @cached_property
    def simulate(self) -> linking.Entry:
        """`chunks.simulate`."""
        return self.shared("simulate").entry()

    @cached_property
    def sweep(self) -> linking.Entry:
        """`chunks.sweep`."""
        return self.shared("sweep").entry()

    @cached_property
    def residuals(self) -> linking.Entry:
        """`regression.residuals`."""
        return self.shared("residuals").entry()

    def shared(self, name: str) -> objects.Linked:
        """One of the compiled functions."""
        return self.part(PART_OF[name])[name]

    def part(self, name: str) -> objects.Functions:
        """A part, compiled or linked at the first call."""
        with self._lock:
            if name not in self._parts:
                self._parts[name], _ = objects.fetch(lambda: part_source(name), self.key_of(name), self)
            return self._parts[name]

    def key_of(self, part: str) -> str:
        """The hash of all that a part's machine code depends on."""
        return modules.hash_of(part + self.key)

    def calls_of(self, source: str) -> list[str]:
        """The compiled functions that a source calls and does not define itself."""
        defined = set(re.findall(r"^def (\w+)", source, re.MULTILINE))
        return sorted((set(CALL.findall(source)) & PART_OF.keys()) - defined)

    def link(self, calls: Iterable[str]) -> None:
        """Have them in this process under their symbols."""
        for name in calls:
            self.shared(name)

    def names_for(self, calls: Iterable[str]) -> dict[str, Any]:
        """What a source may use: all that it may inline, and stand-ins that call compiled functions."""
        from . import calling

        stand_ins = {
            name: calling.external(self.shared(name).made.public, getattr(calling, PARTS[PART_OF[name]][name][1]))
            for name in calls
        }
        return {**self.helpers, **stand_ins}

    @cached_property
    def helpers(self) -> Mapping[str, Any]:
        """What programs inline, each compiled when a program first needs it."""
        return vars(modules.execute(helper_source(), f"{self.key}_helpers", None))


@lru_cache(maxsize=1)
def foundation() -> Foundation:
    """The shared code of this process."""
    return Foundation(modules.hash_of(repr((PARTS, HEADER, CALLING, library.text()))))


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
    return f"@{decorator(item)}\n{item.text if item.role == 'helper' else library.widened(item.text)}"


def decorator(item: library.Definition) -> str:
    """What a function of the library is compiled by."""
    if item.name not in PART_OF:
        return item.role
    by, signature = PARTS[PART_OF[item.name]][item.name]
    return f"{by}({signature})"
