"""What was worked out of a request, on disk: a later process that is asked the like of it need not work it out again.

An entry is found by a digest of all that it was made of. That is what formulas turned out to be when they were traced,
not the code of a model or a payoff, whoever wrote it; and this package, by the state of its files. What is made of
objects of other classes is not kept. An entry that is damaged counts for none.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import pickle
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from greeks.expressions.node import Expr
from greeks.expressions.packing import packed, unpacked

PACKAGE = __name__.partition(".")[0]
FOLDER = "requests"
STATES = 4  # of the package, of which entries are kept: that of every environment, and while it is worked on
SETTLED = 2.0  # seconds that a file must have been there before it was loaded, lest it was still being changed
LOADED = time.time()
_kept: dict[str, int] = {}  # how much of an entry is on disk


class ForeignError(TypeError):
    """Something that is not told by its value."""


def key_of(*parts: object) -> str:
    """The name of an entry that was made of these parts, empty where there can be none."""
    state = state_of_package()
    try:
        return f"{state}/{_digest(told(parts))}" if state else ""
    except (ForeignError, RecursionError):
        return ""


def find(key: str) -> Any:
    """What is kept under a key, or None."""
    try:
        data = _file(key).read_bytes() if key else b""
        if data[:32] != hashlib.sha256(data[32:]).digest():
            return None
        _kept[key], value = unpacked(data[32:])
    except (OSError, pickle.UnpicklingError, EOFError, AttributeError, ImportError, ValueError, TypeError, IndexError):
        return None
    return value


def keep(key: str, value: object, extent: int) -> None:
    """Keep a value under a key, unless as much of it is kept; where nothing can be written, nothing is."""
    if not key or _kept.get(key, 0) >= extent:
        return
    _kept[key] = extent
    with suppress(OSError, pickle.PicklingError, AttributeError, TypeError, RuntimeError):
        data = packed((extent, value))
        _write(_file(key), hashlib.sha256(data).digest() + data)


def told(value: object) -> str:
    """A text that two values share if and only if they are the same, in this process and in the next.

    >>> told({"b": (1.0, None)})
    "{'b': (1.0,None,),}"
    """
    if isinstance(value, Expr):
        return value.digest.hex()
    if isinstance(value, type):
        return _of_package(value)
    if isinstance(value, Mapping):
        return "{" + "".join(f"{told(k)}: {told(v)}," for k, v in value.items()) + "}"
    if isinstance(value, (tuple, list)):
        return "(" + "".join(f"{told(v)}," for v in value) + ")"
    if value is None or isinstance(value, (str, bool, int, float)):
        return repr(value)
    if dataclasses.is_dataclass(value):
        of = (f"{f.name}={told(getattr(value, f.name))}," for f in dataclasses.fields(value))
        return f"{_of_package(type(value))}({''.join(of)})"
    raise ForeignError(f"{type(value).__name__}")


def _of_package(kind: type) -> str:
    """The name of a class of this package: its code is told by the state of the package."""
    if not kind.__module__.startswith(f"{PACKAGE}."):
        raise ForeignError(kind.__qualname__)
    return f"{kind.__module__}.{kind.__qualname__}"


@lru_cache(maxsize=1)
def state_of_package() -> str:
    """The state of the files of this package, empty if they may not be those that this process has loaded."""
    try:
        files = sorted(file for folder in sys.modules[PACKAGE].__path__ for file in _files(folder))
    except OSError:
        return ""
    if not files or max(max(times) for *_, times in files) > (LOADED - SETTLED) * 1e9:
        return ""
    return _digest(repr((sys.version, files)))


def _files(folder: str | Path) -> Iterator[tuple[str, int, tuple[int, int]]]:
    """Path, size and times (of content, and of name) of every source."""
    for entry in os.scandir(folder):
        if entry.is_dir():
            yield from _files(entry.path)
        elif entry.name.endswith(".py"):
            stat = entry.stat()
            yield entry.path, stat.st_size, (stat.st_mtime_ns, stat.st_ctime_ns)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _file(key: str) -> Path:
    from greeks.kernels import cache

    return cache.folder() / FOLDER / key


def _write(file: Path, data: bytes) -> None:
    """The whole file or none of it, however many processes write it."""
    if not file.parent.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        _forget(file.parent)
    own = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        own.write_bytes(data)
        os.replace(own, file)
    finally:
        own.unlink(missing_ok=True)


def _forget(newest: Path) -> None:
    """Remove entries of old states of the package."""
    import shutil  # takes its time to import

    states = sorted(newest.parent.iterdir(), key=lambda state: state.stat().st_mtime)
    for state in states[:-STATES]:
        shutil.rmtree(state, ignore_errors=True)
