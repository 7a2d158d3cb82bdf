"""Results in files: numbers as arrays, the request as text, nothing that runs when it is read.

A file is a zip archive of NumPy arrays without pickles (.npz). "header" is JSON in UTF-8: the request, the choices
made for it and how its numbers are read; the other arrays are the moments of the nodes of each strand's tree
(`engine.sampling.tally`), "strand/level/field", and how controls are taken off, "strand/mixing". Floats of the header
are written so that they come back bit for bit. An instance is {"is": its public name in greeks, or "module:class" of
a class of the user's, field: value, ...}; a tuple is a list.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from greeks.engine.choosing.decision import Decision
from greeks.engine.keeping.origin import Origin
from greeks.engine.sampling.reading import Reading
from greeks.engine.sampling.samples import Samples, Strand
from greeks.engine.sampling.settings import Settings
from greeks.engine.sampling.tally import Rows, Tally
from greeks.engine.sampling.targets import Relative
from greeks.errors import GreeksError, SchemaError
from greeks.fields import shown
from greeks.models.base import Model
from greeks.payoffs.base import Payoff
from greeks.results import Sensitivities
from greeks.samplers import Design

if TYPE_CHECKING:
    from greeks.engine.multilevel.origin import LadderOrigin

FORMAT, VERSION = "greeks result", 2
ALONE = 1  # version of files of one simulation
ROOMS = ("models", "payoffs", "schemes", "samplers", "estimators", "controls")
CLASS = "is"


def save(origin: Origin, path: str | os.PathLike[str]) -> None:
    """Write a result; a file of this name is replaced only once the new one is whole."""
    write(_header(origin), _arrays(origin.samples), path)


def write(header: Mapping[str, Any], arrays: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """A file of arrays and of the text that says what they are."""
    text = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    to = Path(path)
    handle, name = tempfile.mkstemp(prefix=f".{to.name}.", dir=to.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, allow_pickle=False, header=text, **arrays)
        os.replace(name, to)
    except BaseException:
        os.unlink(name)
        raise


def load(path: str | os.PathLike[str], *, types: Sequence[type] = ()) -> Sensitivities:
    """A result that `Sensitivities.save` wrote, bit for bit, ready to `resume` and to `merge`.

    Parameters
    ----------
    path : the file.
    types : classes of your own that the request uses, models or payoffs. Only what is passed here, and the classes of
        greeks, is made of what the file says: reading a file runs no code of it.

    Raises
    ------
    SchemaError : the file is none of ours, is not whole, is of a newer version, or needs a class that was not passed.

    Examples
    --------
    >>> import tempfile, greeks as gk
    >>> model, payoff = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2), gk.AsianCall(100.0, 1.0, 12)
    >>> r = gk.sensitivities(model, payoff, ["delta"], paths=2**14)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     r.save(f"{folder}/asian.npz")
    ...     again = gk.load(f"{folder}/asian.npz")
    >>> again["delta"] == r["delta"]
    True
    """
    name = os.fspath(path)
    try:
        with zipfile.ZipFile(path) as archive:  # all of it is checked before any of it is believed
            broken = archive.testzip()
        if broken:
            raise zipfile.BadZipFile(broken)
        with np.load(path, allow_pickle=False) as arrays:
            return _origin({key: arrays[key] for key in arrays.files}, types).result()
    except FileNotFoundError:
        raise
    except GreeksError as error:
        raise type(error)(f"{name}: {error}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise SchemaError(
            f"{name}: no whole result of greeks: cut short, damaged, or a file of another kind"
        ) from error
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise SchemaError(f"{name}: a file of this kind that greeks did not write, {error!r}") from error


def encoded(value: Any) -> Any:
    """A value of a request as JSON has it."""
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (tuple, list, np.ndarray)):
        return [encoded(v) for v in value]
    if isinstance(value, (set, frozenset)):
        return {CLASS: "set", "of": sorted(encoded(v) for v in value)}
    if isinstance(value, Mapping):
        return {CLASS: "dict", **{str(k): encoded(v) for k, v in value.items()}}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kind = type(value)
        known = kind.__name__ if _public().get(kind.__name__) is kind else f"{kind.__module__}:{kind.__qualname__}"
        return {CLASS: known, **{f.name: encoded(getattr(value, f.name)) for f in dataclasses.fields(value) if f.init}}
    raise SchemaError(f"{shown(value)} cannot be saved: expected numbers, text, or dataclasses and sequences of them")


def decoded(value: Any, types: Sequence[type] = ()) -> Any:
    """The value that `encoded` wrote; of classes only the public ones of greeks and `types`."""
    if isinstance(value, list):
        return tuple(decoded(v, types) for v in value)
    if not isinstance(value, dict):
        return value
    kind = value[CLASS]
    inside = {k: decoded(v, types) for k, v in value.items() if k != CLASS}
    if kind == "set":
        return frozenset(inside["of"])
    return inside if kind == "dict" else _class(kind, types)(**inside)


def _class(name: str, types: Sequence[type]) -> Any:
    if name in _public():
        return _public()[name]
    alike = [t for t in types if t.__qualname__ == name.partition(":")[2]]
    exact = [t for t in alike if f"{t.__module__}:{t.__qualname__}" == name]
    found = exact or alike
    if len(found) != 1:
        short = name.split(":")[-1].split(".")[-1]
        raise SchemaError(
            f"it is of the class {name}, which is none of greeks: pass it, load(..., types=[{short}]); given: "
            f"{', '.join(t.__qualname__ for t in types) or 'none'}"
        )
    return found[0]


@lru_cache
def _public() -> Mapping[str, type]:
    """The public classes of greeks, by name, that a request may hold."""
    found: dict[str, type] = {Relative.__name__: Relative}
    for room in ROOMS:
        public = vars(import_module(f"greeks.{room}"))
        found |= {k: v for k, v in public.items() if isinstance(v, type) and dataclasses.is_dataclass(v)}
    return found


class Request(Protocol):
    """What every origin of a result has."""

    @property
    def model(self) -> Model: ...
    @property
    def payoff(self) -> Payoff: ...
    @property
    def greeks(self) -> tuple[str, ...]: ...
    @property
    def settings(self) -> Settings: ...


def request_text(origin: Request, version: int) -> dict[str, Any]:
    """The beginning of every header."""
    return {
        "format": FORMAT,
        "version": version,
        "greeks": sys.modules["greeks"].__version__,
        "model": encoded(origin.model),
        "payoff": encoded(origin.payoff),
        "wanted": list(origin.greeks),
        "settings": {f.name: encoded(getattr(origin.settings, f.name)) for f in dataclasses.fields(Settings)},
    }


def request_of(header: Mapping[str, Any], types: Sequence[type]) -> tuple[Any, Any, tuple[str, ...], Settings]:
    """Model, payoff, Greeks and settings."""
    settings = Settings(**{k: decoded(v, types) for k, v in header["settings"].items()})
    return decoded(header["model"], types), decoded(header["payoff"], types), tuple(header["wanted"]), settings


def choice_text(decision: Decision, chosen: Sequence[Sequence[str]], readings: Sequence[Reading]) -> dict[str, Any]:
    """What was chosen, and how numbers are read."""
    return {
        "decision": {f.name: encoded(getattr(decision, f.name)) for f in dataclasses.fields(Decision)},
        "chosen": chosen,
        "readings": [dataclasses.asdict(r) for r in readings],
    }


def choice_of(text: Mapping[str, Any]) -> tuple[Decision, tuple[tuple[str, ...], ...], tuple[Reading, ...]]:
    """The same from a header."""
    return (
        Decision(**{k: decoded(v) for k, v in text["decision"].items()}),
        decoded(text["chosen"]),
        tuple(Reading(**{k: decoded(v) for k, v in r.items()}) for r in text["readings"]),
    )


def arrays_of(name: str, tally: Tally) -> dict[str, Any]:
    """The nodes of a tree, level by level."""
    found: dict[str, Any] = {}
    for level, (at, rows) in enumerate(tally.levels):
        found[f"{name}/{level}/at"] = at
        found |= {f"{name}/{level}/{field}": of for field, of in rows._asdict().items()}
    return found


def tally_of(name: str, arrays: Mapping[str, Any]) -> Tally:
    """The same tree."""
    levels: list[tuple[Any, Rows]] = []
    while f"{name}/{len(levels)}/at" in arrays:
        of = f"{name}/{len(levels)}"
        rows = Rows(*(arrays[f"{of}/{field}"] for field in Rows._fields))
        if len({len(a) for a in (arrays[f"{of}/at"], *rows)}) != 1:
            raise ValueError(f"arrays of different lengths in {of}")
        levels.append((arrays[f"{of}/at"], rows))
    return Tally(tuple(levels))


def _header(origin: Origin) -> dict[str, Any]:
    samples = origin.samples
    return {
        **request_text(origin, ALONE),
        **choice_text(origin.decision, origin.chosen, origin.readings),
        "design": dataclasses.asdict(samples.design),
        "strands": {stream: strand.first for stream, strand in samples.strands.items()},
        "stopped": samples.stopped,
        "elapsed": origin.elapsed,
    }


def _arrays(samples: Samples) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for stream, strand in samples.strands.items():
        if strand.mixing is not None:
            found[f"{stream}/mixing"] = strand.mixing
        found |= arrays_of(f"{stream}", strand.tally)
    return found


def _origin(arrays: Mapping[str, Any], types: Sequence[type]) -> Origin | LadderOrigin:
    if "header" not in arrays:
        raise SchemaError("a file of arrays that greeks did not write")
    header = json.loads(bytes(arrays["header"]))
    if header["format"] != FORMAT or header["version"] > VERSION:
        raise SchemaError(
            f"written by greeks {header['greeks']} in version {header['version']} of the format; this is "
            f"version {VERSION}: update greeks"
        )
    if "levels" in header:
        from greeks.engine.multilevel.saving import origin_of

        return origin_of(header, arrays, types)
    strands = {
        int(k): Strand(first, tally_of(k, arrays), arrays.get(f"{k}/mixing")) for k, first in header["strands"].items()
    }
    samples = Samples(strands, Design(**header["design"]), header["stopped"])
    return Origin(*request_of(header, types), *choice_of(header), samples, header["elapsed"])
