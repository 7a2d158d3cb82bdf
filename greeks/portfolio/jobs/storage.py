"""Outcomes and results as Parquet files, each written whole or not at all."""

from __future__ import annotations

import base64
import json
import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from greeks.errors import SchemaError
from greeks.portfolio.numbers.joint import Joint
from greeks.portfolio.numbers.outcome import Outcome
from greeks.portfolio.numbers.risk import Risk
from greeks.portfolio.rows.book import stream_of

if TYPE_CHECKING:
    import pyarrow as pa

KEY = b"greeks"
BATCHES = "batches"
TEMPORARY = ".tmp"


def whole(path: Path, write: Callable[[Path], None]) -> None:
    """Write a file under another name and rename it when it is on the disk, so that whoever finds it finds it whole."""
    temporary = path.with_name(path.name + TEMPORARY)
    write(temporary)
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(temporary, path)


def write_outcomes(path: Path, positions: Sequence[int], outcomes: Sequence[Outcome]) -> None:
    """The outcomes of some rows of a book."""
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.table(
        {
            "position": pa.array(positions, pa.int64()),
            "status": pa.array([o.status for o in outcomes], pa.string()),
            "greeks": pa.array([list(o.greeks) for o in outcomes], pa.list_(pa.string())),
            "values": pa.array([o.values for o in outcomes], pa.list_(pa.float64())),
            "std_errors": pa.array([o.std_errors for o in outcomes], pa.list_(pa.float64())),
            "batches": pa.array([o.batches.ravel() for o in outcomes], pa.list_(pa.float64())),
            "estimator": pa.array([o.estimator for o in outcomes], pa.string()),
            "paths": pa.array([o.paths for o in outcomes], pa.int64()),
            "degrees": pa.array([o.degrees for o in outcomes], pa.int64()),
        }
    )
    whole(path, lambda temporary: parquet.write_table(table, temporary))


def read_outcomes(path: Path) -> dict[int, Outcome]:
    """By position."""
    from pyarrow import parquet

    return {row["position"]: _outcome(row) for row in parquet.read_table(path).to_pylist()}


def _outcome(row: Mapping[str, Any]) -> Outcome:
    greeks = tuple(row["greeks"])
    batches = np.array(row["batches"], dtype=float).reshape(len(greeks), -1 if greeks else 0)
    values, errors = np.array(row["values"], dtype=float), np.array(row["std_errors"], dtype=float)
    return Outcome(row["status"], greeks, values, errors, batches, row["estimator"], row["paths"], row["degrees"])


def check_storable(labels: pd.DataFrame) -> None:
    """Refuse now what could not be written after an hour's work."""
    try:
        _table(labels)
    except Exception as error:  # of pyarrow, of many kinds
        raise SchemaError(
            f"out: the book's own columns or index cannot be written to Parquet ({error}); make them text or numbers, "
            "or drop them"
        ) from None


def write_risk(path: Path, risk: Risk, quantities: pd.DataFrame, joint: Joint, manifest: Mapping[str, Any]) -> None:
    """A result with all that `net` needs: what trades are, their numbers, and those of every batch."""
    import pyarrow as pa
    from pyarrow import parquet

    front = pd.concat([joint.labels, quantities], axis=1)
    table = _table(pd.concat([front[[name for name in front if name not in risk]], pd.DataFrame(risk)], axis=1))
    size = int(np.prod(joint.batches.shape[1:]))
    flat = pa.FixedSizeListArray.from_arrays(pa.array(joint.batches.ravel()), size) if size else pa.nulls(len(risk))
    facts = {
        "greeks": list(joint.greeks),
        "labels": list(joint.labels.columns),
        "columns": list(risk.columns),
        "manifest": _packed(manifest),
    }
    table = table.append_column(BATCHES, flat)
    table = table.replace_schema_metadata({**table.schema.metadata, KEY: json.dumps(facts).encode()})
    whole(path, lambda temporary: parquet.write_table(table, temporary))


def read_risk(path: str | Path) -> Risk:
    """The result that `run(..., out=path)` wrote, a file or a folder, with `net` as good as before it was written.

    Raises
    ------
    SchemaError
        If there is no such file, or something else wrote it.
    """
    return _restored(*_read(file_of(path)))


def manifest_of(path: Path) -> Any:
    """What the run that wrote a result was asked for."""
    return _unpacked(_read(path)[1]["manifest"])


def columns_of(path: Path) -> list[str]:
    """The columns that `run` returned, without those that the file has to tell the trades."""
    columns: list[str] = _read(path)[1]["columns"]
    return columns


def file_of(out: str | Path) -> Path:
    """The file that holds the result: `out` itself where its suffix says so, else risk.parquet in a folder."""
    out = Path(out)
    return out if out.suffix.lower() in (".parquet", ".pq") else out / "risk.parquet"


def _table(frame: pd.DataFrame) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_pandas(frame)


def _read(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    from pyarrow import parquet

    try:
        table = parquet.read_table(path)
    except OSError as error:
        raise SchemaError(f"file {path} cannot be read: {error.strerror or error}; check the path") from None
    except ValueError as error:
        raise SchemaError(f"file {path} is not parquet: {error}") from None
    facts = (table.schema.metadata or {}).get(KEY)
    if facts is None:
        raise SchemaError(f"file {path} was not written by greeks.run(..., out=...): its sums have no known error")
    return table, json.loads(facts)


def _restored(table: pa.Table, facts: Mapping[str, Any]) -> Risk:
    """The frame as it was, and what its rows share."""
    greeks = tuple(facts["greeks"])
    batches = table.column(BATCHES).combine_chunks()
    flat = np.empty(0) if table.num_rows == 0 or batches.null_count else np.asarray(batches.flatten())
    risk = Risk(table.drop_columns([BATCHES]).to_pandas())
    labels = pd.DataFrame(risk[facts["labels"]])
    risk.joint = Joint(
        labels,
        tuple(risk["status"]),
        np.array([stream_of(name) for name in labels["underlying"]], dtype=np.int64),
        greeks,
        risk[list(greeks)].to_numpy(dtype=float),
        flat.reshape(len(risk), len(greeks), -1 if flat.size else 0),
    )
    return risk


def _packed(value: object) -> str:
    return base64.b85encode(zlib.compress(json.dumps(value).encode(), 9)).decode()


def _unpacked(text: str) -> Any:
    return json.loads(zlib.decompress(base64.b85decode(text)))
