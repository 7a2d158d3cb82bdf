"""What is done of a run, on disk, so that a run killed at any point goes on where it stopped.

Each job's outcomes are a file of their own, written whole or not at all. When all are there they become one file, and
theirs go. The manifest, which says what was asked for, is written before the first of them and kept in the last.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

import pandas as pd

from greeks.errors import SchemaError
from greeks.portfolio.jobs.fingerprint import Manifest, changes
from greeks.portfolio.jobs.job import Job
from greeks.portfolio.jobs.storage import (
    TEMPORARY,
    columns_of,
    file_of,
    manifest_of,
    read_outcomes,
    read_risk,
    whole,
    write_outcomes,
    write_risk,
)
from greeks.portfolio.numbers.outcome import Outcome
from greeks.portfolio.numbers.risk import Risk


class Ledger:
    """The files of one run: `final`, and until that is there a folder of parts beside it."""

    def __init__(self, out: str | Path, manifest: Manifest) -> None:
        self.final, self.manifest = file_of(out), manifest
        self.parts = self.final.with_name(f"{self.final.name}.parts")

    @contextmanager
    def begun(self, resume: bool) -> Iterator[None]:
        """Find what there is, which must be of the same request, and let nobody else write meanwhile."""
        self._check(resume)
        if self.finished(resume):
            yield
            return
        try:
            self.parts.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SchemaError(f"out: {self.parts} cannot be made: {error.strerror or error}; check the path") from None
        with _locked(self.parts):
            self._prepare()
            yield

    def finished(self, resume: bool) -> bool:
        """Whether nothing is left to do."""
        return resume and self.final.exists() and not self.parts.exists()

    def result(self) -> Risk:
        """What the finished run returned."""
        risk = read_risk(self.final)
        return risk[columns_of(self.final)]

    def find(self, job: Job) -> dict[int, Outcome] | None:
        """A job's outcomes, if it was done before."""
        path = self._part(job)
        return read_outcomes(path) if path.exists() else None

    def write(self, job: Job, outcomes: dict[int, Outcome]) -> None:
        """Keep a job's outcomes."""
        write_outcomes(self._part(job), list(outcomes), list(outcomes.values()))

    def finish(self, risk: Risk, quantities: pd.DataFrame) -> None:
        """One file of all; the parts go when it is there."""
        assert risk.joint is not None
        write_risk(self.final, risk, quantities, risk.joint, self.manifest)
        done = self.parts.with_name(f"{self.parts.name}{TEMPORARY}")
        os.replace(self.parts, done)  # all parts go at once, so that none is missed and done again
        shutil.rmtree(done)

    def _check(self, resume: bool) -> None:
        was = self._asked_before()
        if not resume and self.parts.exists():
            raise SchemaError(
                f"out: an unfinished run is in {self.parts}: go on with resume=True, or delete it to begin anew"
            )
        if resume and was is not None and was != self.manifest:
            raise SchemaError(
                f"out: {self.final} is of another request: {'; '.join(changes(was, self.manifest))}. Ask for the same, "
                "or take another path"
            )

    def _asked_before(self) -> Manifest | None:
        manifest = self.parts / "manifest.json"
        if manifest.exists():
            found: Manifest = json.loads(manifest.read_text(encoding="utf-8"))
            return found
        return manifest_of(self.final) if self.final.exists() else None

    def _prepare(self) -> None:
        shutil.rmtree(self.parts.with_name(f"{self.parts.name}{TEMPORARY}"), ignore_errors=True)
        for torn in self.parts.glob(f"*{TEMPORARY}"):
            torn.unlink()
        text = json.dumps(self.manifest, indent=1)
        whole(self.parts / "manifest.json", lambda path: _write(path, text))

    def _part(self, job: Job) -> Path:
        name = blake2b(repr((job.positions, job.settings.paths)).encode(), digest_size=8).hexdigest()
        return self.parts / f"{job.positions[0]:08d}-{name}.parquet"


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Refuse a second writer; a process that dies leaves no lock behind."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover - not everywhere
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise SchemaError(f"out: another run is writing to {folder} now; take another path, or wait for it") from None
    try:
        yield
    finally:
        os.close(handle)
