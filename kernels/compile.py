"""Program text to machine code: `load` adds the library and an entry point, compiles, and remembers."""

from __future__ import annotations

import ast
import hashlib
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from greeks.errors import UnsupportedError

from . import cache, library

ARRAYS = "float64[::1], float64[::1], float64[::1], float64[:, ::1], float64[:, :, ::1]"
SIMULATE = f"void(float64[::1], float64[:, ::1], int64, int64, int64, int64, {ARRAYS})"
REDUCE = "void(float64[::1], int64, int64, float64[::1], float64[:, ::1], float64[:, :, ::1])"
CPU_HEADER = """\
from math import inf, nan, sqrt
from greeks.kernels.intrinsics import bits_float, float_bits, fma, opaque, wide_vectors
from greeks.kernels.intrinsics import entry, helper, kernel, reducer
"""
ENTRIES = {"block": ("simulate", SIMULATE), "reduction": ("reduce", REDUCE)}
FILE = "program.py"
_loaded: dict[tuple[str, str], CompiledProgram] = {}
_lock = threading.RLock()


@dataclass(frozen=True, eq=False)
class CompiledProgram:
    """A program ready to run.

    text: what was asked for; source: the whole module it became; key: the hash of all it depends on;
    outputs, work, uniforms: the program's constants; entry: the compiled function; compiled: False if it
    came from the cache.
    """

    text: str
    source: str
    backend: str
    key: str
    outputs: int
    work: int
    uniforms: int
    compiled: bool
    entry: Callable[..., None] = field(repr=False)


def load(text: str, backend: str = "cpu") -> CompiledProgram:
    """Compile a program's text for a backend, or fetch what an earlier process compiled.

    text: constants LANES, ROW, OUTPUTS, WORK, UNIFORMS, OUT and a function `block` (cpu), or OUTPUTS and a
    function `path` (cuda). Raises UnsupportedError for an unknown backend or one this machine lacks.
    """
    with _lock:
        known = _loaded.get((text, backend))
        if known is None:
            known = _loaded[text, backend] = build(text, backend)
        return known


def build(text: str, backend: str) -> CompiledProgram:
    """`load` without the memory of this process."""
    if backend == "cuda":
        from . import cuda_source

        return cuda_source.build(text)
    if backend != "cpu":
        raise UnsupportedError(f"backend = {backend!r}: expected 'cpu' or 'cuda'")
    tree = ast.parse(text)
    defined = library.defined_in(tree)
    name, signature = ENTRIES["block" if "block" in defined else "reduction"]
    source = assemble(text, tree, name, signature)
    key = hash_of(source)
    function, compiled = fetch(source, key, name)
    constants = {c: int(str(defined.get(c, 0))) for c in ("OUTPUTS", "WORK", "UNIFORMS")}
    return CompiledProgram(
        text,
        source,
        backend,
        key,
        constants["OUTPUTS"],
        constants["WORK"],
        constants["UNIFORMS"],
        compiled,
        function,
    )


def assemble(text: str, tree: ast.Module, name: str, signature: str) -> str:
    """The module for the CPU: header, the library functions needed, the text, and the entry point."""
    defined = frozenset(library.defined_in(tree))
    needed = library.closure(library.names_in(tree) | {name}, defined)
    constants = [item.text for item in needed if item.role == "constant"]
    before = [cpu_function(item) for item in needed if item.role not in ("constant", "")]
    body = text if "block" in defined else ""
    numbers = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Assign)]
    final = [f"@entry({signature!r}, CACHED)\n{item.text}" for item in needed if item.name == name]
    return "\n\n".join([CPU_HEADER, *numbers, *constants, *before, widened(body), *final]) + "\n"


def cpu_function(item: library.Definition) -> str:
    """A library function with its decorator; those over lanes ask for wide vectors."""
    text = item.text if item.role == "helper" else widened(item.text)
    return f"@{item.role}\n{text}"


def widened(text: str) -> str:
    """Every function of `text` with a first statement that asks for 512-bit vectors."""
    return re.sub(r"^(def \w+\([^)]*\):)\n", r"\1\n    wide_vectors()\n", text, flags=re.MULTILINE)


def hash_of(source: str) -> str:
    """The hash of everything the machine code depends on: source, tools, processor, compiler settings."""
    import llvmlite
    import llvmlite.binding
    import numba
    import numpy
    from numba.core import config

    processor = config.CPU_NAME or llvmlite.binding.get_host_cpu_name()
    features = (
        config.CPU_FEATURES if config.CPU_FEATURES is not None else llvmlite.binding.get_host_cpu_features().flatten()
    )
    versions = (sys.version, numba.__version__, llvmlite.__version__, numpy.__version__)
    settings = (
        config.OPT,
        config.LOOP_VECTORIZE,
        config.SLP_VECTORIZE,
        config.ENABLE_AVX,
        config.BOUNDSCHECK,
    )
    intrinsics = Path(__file__).with_name("intrinsics.py").read_text(encoding="utf-8")
    everything = repr((source, intrinsics, versions, processor, features, settings))
    return hashlib.sha256(everything.encode()).hexdigest()[:40]


def fetch(source: str, key: str, name: str) -> tuple[Callable[..., None], bool]:
    """The compiled entry point, and whether it had to be compiled now."""
    kept = cache.find(key)
    if kept is not None:
        return entry_point(source, key, name, kept), False
    built = cache.begin()
    if built is None:
        return entry_point(source, key, name, None), True
    try:
        (built / FILE).write_text(source, encoding="utf-8")
        function = entry_point(source, key, name, built)
        cache.publish(built, key)
        return function, True
    except OSError as error:
        cache.warn_once(f"a compiled program could not be kept in {built.parent} ({error.strerror or error})")
        return entry_point(source, key, name, None), True
    finally:
        cache.abandon(built)


def entry_point(source: str, key: str, name: str, folder: Path | None) -> Callable[..., None]:
    """Execute a program's source, which compiles it, or loads its machine code from `folder`.

    The module is registered before it runs, since Numba looks it up by name, both to compile and to load.
    It is executed rather than imported, so that no byte code appears in a sealed folder.
    """
    module = ModuleType(f"greeks_program_{key}")
    file = str(folder / FILE) if folder else f"<{module.__name__}>"
    module.__dict__.update(__file__=file, CACHED=folder is not None)
    sys.modules[module.__name__] = module
    with beside_the_source():
        exec(compile(source, file, "exec"), module.__dict__)
    function: Callable[..., None] = getattr(module, name)
    return function


@contextmanager
def beside_the_source() -> Iterator[None]:
    """Keep Numba's files beside the program even if NUMBA_CACHE_DIR says otherwise: the seal covers them."""
    from numba.core import config

    elsewhere, config.CACHE_DIR = config.CACHE_DIR, ""
    try:
        yield
    finally:
        config.CACHE_DIR = elsewhere
