"""The machine code that programs share: draws, the loop over chunks, the reduction. Compiled once a machine.

Programs inline the scalar library and call everything else, so a new program costs its own statements only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
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
COMPILED = {  # name -> decorator
    "simulate": "entry(SIMULATE, CACHED)",
    "sweep": "entry(SWEEP, CACHED)",
    "replay": "routine(BLOCK, CACHED)",
    "uniforms": "shared(DRAW, KEY, CACHED)",
    "invert": "shared(INVERT, KEY, CACHED)",
    "normals": "shared(DRAW, KEY, CACHED)",
    "normal": "shared(DRAW, KEY, CACHED)",
    "copy": "shared(COPY, KEY, CACHED)",
    "mirrored_normals": "shared(DRAW, KEY, CACHED)",
    "mirrored_normal": "shared(DRAW, KEY, CACHED)",
    "fold": "shared(FOLD, KEY, CACHED)",
    "fill": "shared(FILL, KEY, CACHED)",
    "fetch": "shared(FETCH, KEY, CACHED)",
    "accumulate": "shared(ACCUMULATE, KEY, CACHED)",
}
OFFERED = (  # what a program may call besides the scalar functions
    "normals", "normal", "copy", "mirrored_normals", "mirrored_normal", "fold", "fill", "fetch",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Foundation:
    """key: the hash of all that programs inherit; names: what programs may call; the rest: see `chunks`."""

    key: str
    simulate: Callable[..., None]
    sweep: Callable[..., None]
    replay: Any
    names: Mapping[str, Any]


@lru_cache(maxsize=1)
def foundation() -> Foundation:
    """The shared code of this process, compiled or fetched at the first call."""
    return build(shared_source(), helper_source())


@lru_cache(maxsize=4)
def build(shared: str, helpers: str) -> Foundation:
    """`foundation` for given sources: shared code compiled or loaded, helpers compiled when first needed."""
    key = modules.hash_of(shared + helpers)
    module, _ = modules.fetch(shared, key)
    names = dict(vars(modules.execute(helpers, f"{key}_helpers", None)))
    names |= {name: getattr(module, name) for name in OFFERED}
    return Foundation(key, module.simulate, module.sweep, module.replay, MappingProxyType(names))


def shared_source() -> str:
    """The module that is compiled and kept: what COMPILED names and all it uses."""
    needed = library.closure(COMPILED)
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
    decorator = COMPILED.get(item.name, item.role)
    return f"@{decorator}\n{item.text if item.role == 'helper' else library.widened(item.text)}"
