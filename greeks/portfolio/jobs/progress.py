"""How far a run is and how long it still takes, when somebody looks: in a terminal or in a notebook."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Advance = Callable[[int], None]


@contextmanager
def watching(trades: int, show: bool, doing: str = "pricing") -> Iterator[Advance]:
    """A function to call with the number of trades just finished; a bar goes with it where `show` says so."""
    if not show:
        yield lambda done: None
    elif _in_notebook():
        yield _Notebook(trades, doing).advance
    else:
        with _bar() as bar:
            task = bar.add_task(doing, total=trades)
            yield lambda done: bar.advance(task, done)


def _bar() -> Any:
    """On the standard error stream, gone when the run is over."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), "trades,", TimeRemainingColumn())
    return Progress(*columns, "left", console=Console(stderr=True), transient=True)


def _in_notebook() -> bool:
    if "ipykernel" not in sys.modules:
        return False
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


class _Notebook:
    """One line of output that is written over: no widgets are asked for."""

    def __init__(self, trades: int, doing: str) -> None:
        from IPython.display import display

        self.trades, self.doing, self.done, self.started = trades, doing, 0, time.monotonic()
        self.shown = 0.0
        show: Any = display
        self.line = show({"text/plain": self.text()}, raw=True, display_id=True)

    def advance(self, done: int) -> None:
        self.done += done
        now = time.monotonic()
        if self.done >= self.trades or now - self.shown > 0.2:
            self.shown = now
            self.line.update({"text/plain": self.text()}, raw=True)

    def text(self) -> str:
        """How many trades are done, and for how long the others may still take."""
        seconds = time.monotonic() - self.started
        left = seconds / self.done * (self.trades - self.done) if self.done else 0.0
        ending = f", about {left:.0f} s left" if 0 < self.done < self.trades else f" in {seconds:.1f} s"
        return f"{self.doing}: {self.done:,} of {self.trades:,} trades{ending if self.done else ''}"
