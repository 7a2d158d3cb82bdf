"""One core for every benchmark, before any library has sized its thread pool."""

from __future__ import annotations

from benchmarks.contender import one_core

one_core()
