"""Books and results on disk: CSV or Parquet, told apart by the suffix."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from greeks.errors import SchemaError

_TEXT = ("id", "underlying", "payoff", "dates")


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a book. Ids keep their leading zeros, and only an empty cell is blank: "NA" is a name."""
    path = Path(path)
    try:
        if _suffix(path) == ".csv":
            return pd.read_csv(
                path,
                dtype=dict.fromkeys(_TEXT, "str"),
                keep_default_na=False,
                na_values=[""],
                skipinitialspace=True,
            )
        return pd.read_parquet(path)
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
        else:
            frame.to_parquet(path)
    except OSError as error:
        raise SchemaError(f"file {path} cannot be written: {error.strerror or error}; check the path") from None


def check_suffix(path: str | Path) -> None:
    """Refuse now the name of a file that could not be written after an hour's work."""
    _suffix(Path(path))


def _suffix(path: Path) -> str:
    suffix = {".csv": ".csv", ".parquet": ".parquet", ".pq": ".parquet"}.get(path.suffix.lower())
    if suffix is None:
        raise SchemaError(f"file {path}: expected the suffix .csv or .parquet")
    return suffix
