"""Compiled functions as object files in the cache, under a hash of all that their machine code depends on.

A source is compiled where its folder is missing, and linked in either case; Numba is imported to compile only.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from greeks.rubbish import seldom_collected

from . import cache, linking
from .interrupts import held_back

FILE, MANIFEST = "program.py", "manifest.json"
_lock = threading.RLock()  # Numba compiles one thing at a time anyhow, and its settings are global


@dataclass(frozen=True)
class Made:
    """A compiled function: its name, its symbol in its object file, that by which others call it, its arguments."""

    name: str
    symbol: str
    public: str
    kinds: str

    def linked(self, code: bytes) -> int:
        """Where it is, after linking."""
        address = linking.link(code, self.symbol)
        if self.public:
            linking.publish(self.public, address)
        return address


@dataclass(frozen=True)
class Linked:
    """A compiled function of this process."""

    made: Made
    address: int

    def entry(self) -> linking.Entry:
        """For Python to call."""
        return linking.Entry(self.address, self.made.kinds)


Functions = Mapping[str, Linked]


class Base(Protocol):
    """The compiled functions that sources may call."""

    def calls_of(self, source: str) -> list[str]: ...
    def link(self, calls: Iterable[str]) -> None: ...
    def names_for(self, calls: Iterable[str]) -> Mapping[str, Any]: ...


def fetch(source: Callable[[], str], key: str, base: Base) -> tuple[Functions, bool]:
    """The functions of a source by name, and whether they had to be compiled now.

    source: asked for to compile only; base: what it may use besides what it defines and imports.
    """
    with held_back(), _lock:
        kept = cache.find(key)
        if kept is not None:
            return found(kept, base), False
        from .workshop import Workshop

        text = source()
        calls, workshop = base.calls_of(text), Workshop(key)
        with seldom_collected():
            workshop.compile(text, base.names_for(calls))
        keep(text, key, calls, workshop.codes)
        return workshop.functions, True


def found(folder: Path, base: Base) -> Functions:
    """What is in a folder, in the order in which it was made: a function may call those before it."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    base.link(manifest["calls"])
    every = [Made(**fields) for fields in manifest["functions"]]
    return {made.name: Linked(made, made.linked((folder / f"{made.name}.o").read_bytes())) for made in every}


def keep(source: str, key: str, calls: Sequence[str], codes: Mapping[Made, bytes]) -> None:
    """Write a folder; what cannot be kept is compiled again by the next process, of which one warning tells."""
    built = cache.begin()
    if built is None:
        return
    manifest = {"calls": calls, "functions": [asdict(made) for made in codes]}
    try:
        (built / FILE).write_text(source, encoding="utf-8")
        for made, code in codes.items():
            (built / f"{made.name}.o").write_bytes(code)
        (built / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        cache.publish(built, key)
    except OSError as error:
        cache.warn_once(f"a compiled program could not be kept in {built.parent} ({error.strerror or error})")
    finally:
        cache.abandon(built)
