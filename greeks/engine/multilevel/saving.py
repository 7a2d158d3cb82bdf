"""Multilevel results in files: as those of one simulation (`engine.saving`), with trees for every level."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any

from greeks.engine.keeping.saving import arrays_of, choice_of, choice_text, request_of, request_text, tally_of, write
from greeks.engine.multilevel.origin import LadderOrigin
from greeks.engine.multilevel.rung import Rung
from greeks.samplers import Design

VERSION = 2  # of the format: readers of version 1 know of no levels


def save(origin: LadderOrigin, path: str | os.PathLike[str]) -> None:
    """Write a result; a file of this name is replaced only once the new one is whole."""
    header = {
        **request_text(origin, VERSION),
        "levels": [_text(rung) for rung in origin.rungs],
        "stopped": origin.stopped,
        "elapsed": origin.elapsed,
    }
    arrays: dict[str, Any] = {}
    for number, rung in enumerate(origin.rungs):
        for stream, tally in rung.tallies.items():
            arrays |= arrays_of(f"{number}/{stream}", tally)
    write(header, arrays, path)


def origin_of(header: Mapping[str, Any], arrays: Mapping[str, Any], types: Sequence[type]) -> LadderOrigin:
    """What was saved."""
    rungs = tuple(_rung(of, f"{number}", arrays) for number, of in enumerate(header["levels"]))
    return LadderOrigin(*request_of(header, types), rungs, header["stopped"], header["elapsed"])


def _text(rung: Rung) -> dict[str, Any]:
    """All of a level but its samples."""
    choice = choice_text(rung.decision, rung.chosen, rung.readings)
    own = {"steps": rung.steps, "design": dataclasses.asdict(rung.design), "streams": list(rung.tallies)}
    return {**choice, **own}


def _rung(of: Mapping[str, Any], name: str, arrays: Mapping[str, Any]) -> Rung:
    tallies = {stream: tally_of(f"{name}/{stream}", arrays) for stream in of["streams"]}
    return Rung(*choice_of(of), of["steps"], Design(**of["design"]), tallies)
