"""A folder of compiled programs that cannot go stale or be caught half written, and may fail at any time.

One program is one folder, named by the hash of everything its machine code depends on. It is built under a
private name, sealed with a digest of its files, and renamed into place: complete or absent, whatever
interrupts the process and however many build the same one. A folder that no longer matches its seal is
thrown away. Where nothing can be written, the caller compiles in memory.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import time
import warnings
from contextlib import suppress
from pathlib import Path

SEAL = "seal"
PRIVATE = ".building-"
_warned: set[str] = set()


def folder() -> Path:
    """Where compiled programs live: GREEKS_CACHE_DIR, or the platform's folder for caches."""
    override = os.environ.get("GREEKS_CACHE_DIR")
    if override:
        return Path(override).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "pathgreeks" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/pathgreeks"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pathgreeks"


def digest(program: Path) -> str:
    """One hash over the names and contents of a program's files, its seal apart."""
    total = hashlib.sha256()
    for file in sorted(path for path in program.rglob("*") if path.is_file() and path.name != SEAL):
        total.update(file.relative_to(program).as_posix().encode())
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def find(key: str) -> Path | None:
    """The program's folder if it is there and intact; a damaged one is removed."""
    program = folder() / key
    try:
        if (program / SEAL).read_text(encoding="ascii") == digest(program):
            return program
    except (OSError, UnicodeDecodeError):
        if not os.path.exists(program):
            return None
    discard(program)
    return None


def discard(program: Path) -> None:
    """Remove a program's folder: renamed first, so that nobody finds half of it."""
    with suppress(OSError):
        grave = Path(tempfile.mkdtemp(prefix=PRIVATE, dir=program.parent))
        program.rename(grave / "damaged")
        shutil.rmtree(grave, ignore_errors=True)


def begin() -> Path | None:
    """A private folder to build a program in; None, with one warning, where the cache cannot be written."""
    try:
        folder().mkdir(parents=True, exist_ok=True)
        sweep()
        return Path(tempfile.mkdtemp(prefix=PRIVATE, dir=folder()))
    except OSError as error:
        reason = error.strerror or str(error)
        warn_once(
            f"compiled programs cannot be kept in {folder()} ({reason}), so every process compiles anew; "
            "set GREEKS_CACHE_DIR to a folder that can be written"
        )
        return None


def publish(built: Path, key: str) -> None:
    """Seal a finished build and rename it into place; if another process was first, keep that one."""
    with suppress(OSError):
        (built / SEAL).write_text(digest(built), encoding="ascii")
        built.rename(folder() / key)


def abandon(built: Path) -> None:
    """Remove what is left of a private folder."""
    shutil.rmtree(built, ignore_errors=True)


def sweep(age: float = 86400.0) -> None:
    """Remove private folders that killed processes left behind more than `age` seconds ago."""
    for leftover in folder().glob(f"{PRIVATE}*"):
        with suppress(OSError):
            if time.time() - leftover.stat().st_mtime > age:
                shutil.rmtree(leftover, ignore_errors=True)


def warn_once(message: str) -> None:
    """Warn, but only once in this process for one message."""
    if message not in _warned:
        _warned.add(message)
        warnings.warn(message, RuntimeWarning, stacklevel=2)
