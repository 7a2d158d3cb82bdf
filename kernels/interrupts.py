"""Ctrl-C kept waiting while LLVM runs, where Python would swallow it or turn it into another error."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def held_back() -> Iterator[None]:
    """Let a compilation of some seconds finish before KeyboardInterrupt is raised.

    LLVM calls back into Python through ctypes, which drops exceptions raised there. Only the main thread receives
    signals; elsewhere, and where Ctrl-C has a handler that is not Python's, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    usual = signal.getsignal(signal.SIGINT)
    if usual is not signal.default_int_handler:
        yield
        return
    waiting: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        waiting.append(number)

    signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
    if waiting:
        raise KeyboardInterrupt
