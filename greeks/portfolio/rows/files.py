"""Books and results on disk: CSV, Parquet or Arrow, told apart by the suffix."""

from __future__ import annotations

import warnings
from pathlib import Path

import pandas as pd

from greeks.errors import SchemaError

_SUFFIXES = {
    ".csv": ".csv",
    ".parquet": ".parquet",
    ".pq": ".parquet",
    ".arrow": ".arrow",
    ".arrows": ".arrow",
    ".feather": ".arrow",
    ".ipc": ".arrow",
}
_MAGIC = b"ARROW1"
_SEPARATORS = (";", "\t", "|")
_TEXT = ("id", "underlying", "payoff", "dates")


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a book. Ids keep their leading zeros, and only an empty cell is blank: "NA" is a name."""
    path = Path(path)
    try:
        if _suffix(path) == ".csv":
            return _read_csv(path)
        return pd.read_parquet(path) if _suffix(path) == ".parquet" else _read_arrow(path)
    except OSError as error:
        raise SchemaError(f"file {path} cannot be read: {error.strerror or error}; check the path") from None
    except ValueError as error:
        raise SchemaError(f"file {path} is not {_suffix(path)[1:]}: {error}") from None


def write_table(frame: pd.DataFrame, path: str | Path) -> None:
    """Write a result; a CSV keeps every digit."""
    path = Path(path)
    try:
        if _suffix(path) == ".csv":
            frame.to_csv(path, index=False)
        elif _suffix(path) == ".parquet":
            frame.to_parquet(path)
        else:
            _write_arrow(frame, path)
    except OSError as error:
        raise SchemaError(f"file {path} cannot be written: {error.strerror or error}; check the path") from None


def check_writable(path: str | Path) -> None:
    """Refuse now the name of a file that could not be written after an hour's work."""
    path = Path(path)
    _suffix(path)
    check_folder_of(path)


def check_folder_of(path: Path) -> None:
    """Refuse a file in a folder that is not there."""
    if not path.parent.is_dir():
        raise SchemaError(f"file {path} cannot be written: there is no folder {path.parent}; check the path")


def _read_csv(path: Path) -> pd.DataFrame:
    """With commas, as many cells in every row as there are columns."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            frame = pd.read_csv(
                path,
                dtype=dict.fromkeys(_TEXT, "str"),
                keep_default_na=False,
                na_values=[""],
                skipinitialspace=True,
                index_col=False,
            )
        except pd.errors.ParserWarning:
            raise SchemaError(
                f"file {path}: a row has more cells than there are columns; put quotes round what has commas in it"
            ) from None
    alone = str(frame.columns[0]) if len(frame.columns) == 1 else ""
    for separator in _SEPARATORS:
        if separator in alone:
            raise SchemaError(
                f"file {path}: expected commas between the columns, not {separator!r}; save it with commas"
            )
    return frame


def _suffix(path: Path) -> str:
    suffix = _SUFFIXES.get(path.suffix.lower())
    if suffix is None:
        raise SchemaError(f"file {path}: expected the suffix .csv, .parquet or .arrow")
    return suffix


def _read_arrow(path: Path) -> pd.DataFrame:
    """Arrow's file format, which Feather is, or its stream format."""
    import pyarrow as pa

    with pa.OSFile(str(path)) as file:
        is_file = file.read(len(_MAGIC)) == _MAGIC
        file.seek(0)
        reader = pa.ipc.open_file(file) if is_file else pa.ipc.open_stream(file)
        frame: pd.DataFrame = reader.read_all().to_pandas()
    return frame


def _write_arrow(frame: pd.DataFrame, path: Path) -> None:
    import pyarrow as pa

    table = pa.Table.from_pandas(frame)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
