"""The bar of a long run, in a terminal and in a notebook; and the accessor, whoever is imported first."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from greeks.portfolio.jobs import progress


class Line:
    """A notebook's line of output."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def show(self, data: dict[str, str], **more: Any) -> Line:
        self.texts.append(data["text/plain"])
        return self

    def update(self, data: dict[str, str], **more: Any) -> None:
        self.texts.append(data["text/plain"])


def test_a_notebook_has_one_line_that_is_written_over(monkeypatch: pytest.MonkeyPatch) -> None:
    line, now = Line(), [0.0]
    monkeypatch.setattr("IPython.display.display", line.show)
    monkeypatch.setattr(progress, "_in_notebook", lambda: True)
    monkeypatch.setattr("greeks.portfolio.jobs.progress.time.monotonic", lambda: now[0])
    with progress.watching(4000, True) as advance:
        for now[0], done in [(10.0, 1000), (10.1, 0), (40.0, 3000)]:
            advance(done)
    assert line.texts == [
        "pricing: 0 of 4,000 trades",
        "pricing: 1,000 of 4,000 trades, about 30 s left",
        "pricing: 4,000 of 4,000 trades in 40.0 s",
    ]


def test_a_terminal_has_a_bar_on_the_error_stream(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.watching(4, True) as advance:
        advance(4)
    assert capsys.readouterr().out == ""


def test_nothing_is_shown_unasked(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.watching(4, False) as advance:
        advance(4)
    assert capsys.readouterr() == ("", "")


def test_the_accessor_is_there_whoever_is_imported_first() -> None:
    check = (
        "import sys, greeks; assert 'pandas' not in sys.modules; import pandas; print(pandas.DataFrame().greeks.run)"
    )
    found = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True).stdout
    assert "Accessor.run" in found
