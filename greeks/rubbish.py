"""Python's garbage collector, kept from looking at everything again and again while much is made that stays."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Objects between two looks at the youngest; Python's 700 take a quarter of a book's time, a tenth of a compilation's.
MADE = 50_000
_lock = threading.Lock()
_usual: list[tuple[int, int, int]] = []  # for everyone who is inside, what to go back to


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Collect less often, unless it is not done at all; when the last of several threads leaves, as before."""
    with _lock:
        _usual.append(gc.get_threshold() if not _usual else _usual[0])
        youngest, *older = _usual[0]
        gc.set_threshold(max(youngest, MADE) if youngest else 0, *older)
    try:
        yield
    finally:
        with _lock:
            usual = _usual.pop()
            if not _usual:
                gc.set_threshold(*usual)
