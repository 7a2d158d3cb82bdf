"""Modules of compiled functions: executed once, their machine code kept in the cache under a hash of their all."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from . import cache
from .interrupts import held_back

FILE = "program.py"
_lock = threading.RLock()  # Numba compiles one thing at a time anyhow, and its settings are global
BELOW = ("intrinsics.py", "calling.py", "pipeline.py", "workshop.py")  # what emitted sources are compiled with
SETTINGS = {  # of Numba, by which the same source becomes other machine code
    f"NUMBA_{name}"
    for name in ("OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "ENABLE_AVX", "BOUNDSCHECK", "CPU_NAME", "CPU_FEATURES")
}


def hash_of(source: str) -> str:
    """The hash of everything the machine code depends on: source, tools, processor, compiler settings."""
    return hashlib.sha256(f"{source}\0{surroundings()}".encode()).hexdigest()[:40]


@lru_cache(maxsize=1)
def surroundings() -> str:
    """What all machine code of this process depends on; Numba is asked nothing, since importing it takes long."""
    from llvmlite import binding

    versions = sys.version, *(version(name) for name in ("numba", "llvmlite", "numpy"))
    processor = binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()
    settings = sorted((name, value) for name, value in os.environ.items() if name in SETTINGS)
    below = [Path(__file__).with_name(name).read_text(encoding="utf-8") for name in BELOW]
    return repr((below, versions, processor, settings))


def version(package: str) -> str:
    """The version of a package, which is not imported for that, nor are metadata read, which takes as long as a price.

    >>> version("numpy") == __import__("numpy").__version__
    True
    """
    if package in sys.modules:
        return str(sys.modules[package].__version__)
    spec = find_spec(package)
    with suppress(OSError):
        if spec is not None and spec.origin:
            text = Path(spec.origin).with_name("_version.py").read_text(encoding="utf-8")
            if told := re.search(r'"version": "([^"]+)"', text):
                return told[1]
    from importlib import metadata

    return metadata.version(package)


def fetch(source: str, key: str, names: Mapping[str, Any] | None = None) -> tuple[ModuleType, bool]:
    """The module of a source, and whether it had to be compiled now; `names` are added to those it defines."""
    with held_back(), _lock:
        return fetch_alone(source, key, names)


def fetch_alone(source: str, key: str, names: Mapping[str, Any] | None) -> tuple[ModuleType, bool]:
    """`fetch` in one thread."""
    kept = cache.find(key)
    if kept is not None:
        return execute(source, key, kept, names), False
    built = cache.begin()
    if built is None:
        return execute(source, key, None, names), True
    try:
        (built / FILE).write_text(source, encoding="utf-8")
        module = execute(source, key, built, names)
        cache.publish(built, key)
        return module, True
    except OSError as error:
        cache.warn_once(f"a compiled program could not be kept in {built.parent} ({error.strerror or error})")
        return execute(source, key, None, names), True
    finally:
        cache.abandon(built)


def execute(source: str, key: str, folder: Path | None, names: Mapping[str, Any] | None = None) -> ModuleType:
    """Execute a source, which compiles its entry points, or loads their machine code from `folder`.

    The module is registered before it runs, since Numba looks it up by name, both to compile and to load.
    It is executed rather than imported, so that no byte code appears in a sealed folder.
    """
    module = ModuleType(f"greeks_program_{key}")
    file = str(folder / FILE) if folder else f"<{module.__name__}>"
    module.__dict__.update(names or {}, __name__=module.__name__, __file__=file, KEY=key, CACHED=folder is not None)
    sys.modules[module.__name__] = module
    with beside_the_source():
        exec(compile(source, file, "exec"), module.__dict__)
    return module


@contextmanager
def beside_the_source() -> Iterator[None]:
    """Keep Numba's files beside the program even if NUMBA_CACHE_DIR says otherwise: the seal covers them."""
    from numba.core import config

    elsewhere, config.CACHE_DIR = config.CACHE_DIR, ""
    try:
        yield
    finally:
        config.CACHE_DIR = elsewhere
